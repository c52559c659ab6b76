//! How a payment came out: one page per outcome, drawn from the stage the server knows, each
//! saying whether money was taken. Safe to reload and to keep.

use leptos::prelude::*;
use leptos::task::spawn_local;
use receivables::api::payments::PaymentDocument;
use receivables::api::receipts::Receipt;
use receivables::calendar::CivilDate;
use receivables::dispute::DisputeState;
use receivables::ids::PaymentId;
use receivables::payment::PaymentStage;
use receivables::refund::RefundState;
use receivables::tender::Tender;
use receivables::words::Message;

use super::method_words;
use crate::api::{self, Failure};
use crate::bills::account_line::account_line;
use crate::page::Page;
use crate::pay::attempt;
use crate::receipts::receipt::{acts, receipt_body};
use crate::session::Visit;
use crate::ui::browser;
use crate::ui::heading::heading;
use crate::ui::link::link;
use crate::ui::loaded::{loaded, loading};
use crate::ui::money::money_text;
use crate::ui::notice::{failure_notice, money_words};
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::{fill, say};

type Known = RwSignal<Option<Result<PaymentDocument, Failure>>>;

pub fn page(payment: PaymentId) -> View {
    // Coming back from the bank the gateway adds a secret to the address. We ask our own
    // server instead, and leave nothing for a screenshot or a history to keep.
    if browser::has_query() {
        browser::bare_address();
    }
    let known: Known = RwSignal::new(None);
    let visit = Visit::here();
    let ask = move || spawn_local(follow(payment, known, visit));
    ask();
    // Drawn again only for another stage, so that a poll disturbs nobody who is reading.
    let stage = Memo::new(move |_| match &*known.read() {
        None => None,
        Some(Ok(payment)) => Some(Ok(payment.stage)),
        Some(Err(failure)) => Some(Err(failure.clone())),
    });
    (move || match stage.get() {
        None => loading(),
        Some(Err(failure)) => failure_notice(&failure, ask),
        Some(Ok(_)) => match known.get_untracked() {
            Some(Ok(payment)) => draw(payment, visit),
            _ => loading(),
        },
    })
    .show()
}

/// Polls while news is expected: every 2 seconds, then slower, as long as the page is shown.
async fn follow(payment: PaymentId, known: Known, visit: Visit) {
    let mut pause_ms = 2_000;
    loop {
        let answer = api::payment(payment).document::<PaymentDocument>().await;
        let waits = match &answer {
            Ok(payment) => {
                matches!(payment.stage, PaymentStage::InProgress | PaymentStage::Checking)
            }
            Err(Failure::SignedOut) => return visit.signed_out(),
            // Once something is shown, a missed poll is no news.
            Err(Failure::NoAnswer) => known.try_with_untracked(Option::is_some) == Some(true),
            Err(_) => false,
        };
        let missed = waits && answer.is_err();
        if !missed && known.try_set(Some(answer)).is_some() {
            return;
        }
        if !waits {
            return;
        }
        browser::sleep_ms(pause_ms).await;
        pause_ms = (pause_ms + pause_ms / 2).min(30_000);
        if known.try_with_untracked(|_| ()).is_none() {
            return;
        }
    }
}

fn draw(payment: PaymentDocument, visit: Visit) -> View {
    visit.look_at(payment.account_id);
    let amount = money_text(payment.amount, payment.currency);
    let bank = payment.tender == Tender::BankDebit;
    let (title, tone) = match payment.stage {
        PaymentStage::Paid => (Message::ResultPaid, "good"),
        PaymentStage::InProgress if bank => (Message::ResultBankStarted, "part"),
        PaymentStage::InProgress => (Message::ResultInProgress, "part"),
        PaymentStage::Checking => (Message::ResultChecking, "soon"),
        PaymentStage::Declined => (Message::ResultDeclined, "late"),
        PaymentStage::Failed => (Message::ResultFailed, "late"),
        PaymentStage::Cancelled => (Message::ResultCancelled, "quiet"),
        PaymentStage::Expired => (Message::ResultExpired, "quiet"),
        PaymentStage::AwaitingPayer => (Message::ResultNotFinished, "quiet"),
    };
    el("div")
        .class("page document")
        .child(
            el("section")
                .class("result")
                .attr("data-tone", tone)
                .child(account_line(&payment.account_number, ""))
                .child(heading(say(title)))
                .child(
                    el("div")
                        .attr("role", "status")
                        .child(el("p").class("money-sentence").child(money_sentence(&payment)))
                        .child(explanation(&payment, &amount))
                        .child(went_back(&payment)),
                )
                .child(el("p").class("hint").child(fill(
                    Message::PaymentReference,
                    &[("reference", &payment.id.to_string())],
                )))
                .child(next_step(&payment, visit)),
        )
        .child(receipt(&payment))
        .show()
}

fn money_sentence(payment: &PaymentDocument) -> String {
    if payment.stage != PaymentStage::Paid {
        return money_words(payment.stage.money_taken()).to_owned();
    }
    let amount = money_text(payment.received, payment.currency);
    let method = method_words(payment.method.as_deref(), payment.tender);
    fill(Message::WeTook, &[("amount", &amount), ("method", &method)])
}

fn explanation(payment: &PaymentDocument, amount: &str) -> View {
    let bank_says = payment.decline.as_deref().filter(|_| payment.stage == PaymentStage::Declined);
    let message = match payment.stage {
        PaymentStage::Paid => Message::ReceiptSent,
        PaymentStage::InProgress if payment.tender == Tender::BankDebit => Message::BankTakesDays,
        PaymentStage::InProgress => Message::BankConfirming,
        PaymentStage::Checking => Message::CheckingExplained,
        PaymentStage::Declined => Message::DeclinedExplained,
        PaymentStage::Failed => Message::FailedExplained,
        PaymentStage::Cancelled => Message::CancelledExplained,
        PaymentStage::Expired => Message::ExpiredExplained,
        PaymentStage::AwaitingPayer => Message::NotFinishedExplained,
    };
    let email = Visit::here().customer().map(|customer| customer.email).unwrap_or_default();
    let words = fill(message, &[("amount", amount), ("email", &email)]);
    views![bank_says.map(|says| el("p").child(says.to_owned())), el("p").child(words)].show()
}

/// Refunds and disputes since, in words.
fn went_back(payment: &PaymentDocument) -> View {
    let sentence = |message, amount, on: CivilDate| {
        let amount = money_text(amount, payment.currency);
        let words = fill(message, &[("amount", &amount), ("day", &on.in_words())]);
        el("p").child(words).show()
    };
    let refunds = payment.refunds.iter().map(|refund| {
        let message = match refund.state {
            RefundState::Done => Message::RefundDone,
            RefundState::Failed => Message::RefundCameBack,
            _ => Message::RefundUnderWay,
        };
        sentence(message, refund.amount, refund.on)
    });
    let disputes = payment.disputes.iter().filter_map(|dispute| match dispute.state {
        _ if dispute.withdrawn.is_positive() => {
            Some(sentence(Message::PaymentWithdrawn, dispute.withdrawn, dispute.on))
        }
        DisputeState::Open => Some(sentence(Message::PaymentDisputed, dispute.amount, dispute.on)),
        _ => None,
    });
    refunds.chain(disputes).collect::<Vec<View>>().show()
}

fn next_step(payment: &PaymentDocument, visit: Visit) -> View {
    let (id, account) = (payment.id, payment.account_id);
    let start_again = |message| link(Page::HowMuch(account), "button primary", say(message));
    match payment.stage {
        PaymentStage::Declined | PaymentStage::AwaitingPayer => {
            let message = match payment.stage {
                PaymentStage::Declined => Message::UseAnotherCard,
                _ => Message::FinishPayment,
            };
            // The check page draws itself from the payment it finds remembered.
            let remember = move |_| attempt::remember(account, id);
            el("p")
                .class("acts")
                .child(el("span").on("click", remember).child(link(
                    Page::Check(account),
                    "button primary",
                    say(message),
                )))
                .child(cancel_button(id, visit))
                .show()
        }
        PaymentStage::Failed | PaymentStage::Cancelled | PaymentStage::Expired => el("p")
            .class("acts")
            .child(start_again(Message::StartAgain))
            .child(link(Page::Account(account), "button", say(Message::BackToWhatYouOwe)))
            .show(),
        PaymentStage::InProgress | PaymentStage::Checking => el("p")
            .class("acts")
            .child(link(Page::Account(account), "button", say(Message::BackToWhatYouOwe)))
            .show(),
        PaymentStage::Paid => ().show(),
    }
}

/// Cancels at the gateway by way of our server; only its answer counts.
pub fn cancel_button(payment: PaymentId, visit: Visit) -> View {
    let busy = RwSignal::new(false);
    let cancel = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match api::cancel_payment(payment).send().await {
                Err(Failure::SignedOut) => visit.signed_out(),
                // Cancelled, or too late for that: the page of the payment says which.
                _ if browser::path() == Page::Payment(payment).path() => browser::reload(),
                _ => browser::load(Page::Payment(payment)),
            }
        });
    };
    el("button")
        .attr("type", "button")
        .class("button")
        .on("click", cancel)
        .live_attr("aria-disabled", move || busy.get().to_string())
        .child(say(Message::CancelPayment))
        .show()
}

fn receipt(payment: &PaymentDocument) -> View {
    if payment.stage != PaymentStage::Paid {
        return ().show();
    }
    let id = payment.id;
    loaded(
        move || api::receipt(id),
        move |receipt: Receipt| {
            views![
                receipt_body(&receipt),
                el("p").class("acts screen-only").child(link(
                    Page::Receipt(id),
                    "button",
                    say(Message::SeeReceipt)
                )),
                acts(&receipt)
            ]
            .show()
        },
    )
}
