//! Check and pay: the server's own preview, the card, one press. Drawn from the payment's stage
//! on the server, so that Back and reload cannot pay twice.

use leptos::prelude::*;
use leptos::task::spawn_local;
use receivables::allocation::Preview;
use receivables::api::payments::{PaymentDocument, PreviewDocument, PreviewRequest};
use receivables::api::portal::GatewayMode;
use receivables::ids::AccountId;
use receivables::payment::PaymentStage;
use receivables::words::Message;
use web_sys::Event;

use super::card_form::CardForm;
use super::checked_split::checked_split;
use super::draft::Seen;
use super::paying::{Paying, Step, Trouble};
use super::trouble_notice::trouble_notice;
use super::{attempt, sandbox_cards};
use crate::api::{self, Failure};
use crate::page::Page;
use crate::payments::result::cancel_button;
use crate::session::Visit;
use crate::ui::browser;
use crate::ui::busy_button::busy_button;
use crate::ui::heading::heading;
use crate::ui::link::{about, link};
use crate::ui::loaded::loading;
use crate::ui::money::{money, money_text};
use crate::ui::notice::{failure_notice, failure_words};
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::{fill, say};

pub const BANK_ASKS: &str = "bank-asks";
pub const TROUBLE: &str = "trouble";
const CARD_FIELDS: &str = "card-fields";
const OFFLINE_REASON: &str = "offline-reason";

/// What this page is, as far as the server says.
#[derive(Clone)]
enum Found {
    /// No amount has been chosen in this tab.
    Nothing,
    ToCheck {
        seen: Box<Seen>,
        now: Box<Preview>,
    },
    /// Begun already: its own preview stands, and a card is still to be given.
    Begun(Box<PaymentDocument>),
    /// Nothing can be paid with it any more.
    Done(Box<PaymentDocument>),
    Refused(Failure),
    Failed(Failure),
}

pub fn page(account: AccountId) -> View {
    let visit = Visit::here();
    visit.look_at(account);
    let found: RwSignal<Option<Found>> = RwSignal::new(None);
    let ask = move || {
        found.set(None);
        spawn_local(async move {
            let now = find(account).await;
            if matches!(now, Found::Failed(Failure::SignedOut)) {
                return visit.signed_out();
            }
            let _ = found.try_set(Some(now));
        });
    };
    ask();
    (move || match found.get() {
        None => loading(),
        Some(Found::Nothing) => choose_first(account, None),
        Some(Found::Refused(failure)) => choose_first(account, Some(&failure)),
        Some(Found::Failed(failure)) => failure_notice(&failure, ask),
        Some(Found::Done(payment)) => already_done(&payment),
        Some(Found::Begun(payment)) => {
            let preview = payment.preview.clone();
            let seen = attempt::draft(account).and_then(|draft| draft.seen);
            let seen = seen.filter(|seen| seen.preview.fingerprint == preview.fingerprint);
            let uses_credit = seen.as_ref().is_some_and(|seen| seen.uses_credit);
            let direction = seen.map(|seen| seen.direction).unwrap_or_default();
            let paying = paying(account, visit, preview, direction, uses_credit);
            paying.started.set(Some(*payment));
            draw(paying)
        }
        Some(Found::ToCheck { seen, now }) => {
            let Seen { direction, preview, uses_credit } = *seen;
            let paying = paying(account, visit, preview, direction, uses_credit);
            if paying.preview.read_untracked().fingerprint != now.fingerprint {
                paying.show_changed(*now);
                paying.trouble.set(Some(Trouble::Changed));
            } else {
                paying.preview.set(*now);
            }
            draw(paying)
        }
    })
    .show()
}

async fn find(account: AccountId) -> Found {
    if let Some(attempt) = attempt::remembered(account) {
        match api::payment(attempt.payment).document::<PaymentDocument>().await {
            Ok(payment) => match payment.stage {
                PaymentStage::AwaitingPayer | PaymentStage::Declined => {
                    return Found::Begun(Box::new(payment));
                }
                // It came to nothing: what was chosen can be paid by another payment.
                PaymentStage::Failed | PaymentStage::Cancelled | PaymentStage::Expired => {
                    attempt::forget(account);
                }
                _ => return Found::Done(Box::new(payment)),
            },
            // Remembered before it was ever sent.
            Err(Failure::Problem(problem)) if problem.status == 404 => {}
            Err(failure) => return Found::Failed(failure),
        }
    }
    let Some(seen) = attempt::draft(account).and_then(|draft| draft.seen) else {
        return Found::Nothing;
    };
    let request = PreviewRequest {
        amount: seen.preview.amount,
        currency: seen.preview.currency,
        direction: seen.direction.clone(),
        use_credit: seen.uses_credit,
    };
    match api::preview(account, &request).document::<PreviewDocument>().await {
        Ok(now) => Found::ToCheck { seen: Box::new(seen), now: Box::new(now.preview) },
        Err(Failure::Problem(problem)) if problem.status == 422 || problem.status == 409 => {
            Found::Refused(Failure::Problem(problem))
        }
        Err(failure) => Found::Failed(failure),
    }
}

fn paying(
    account: AccountId,
    visit: Visit,
    preview: Preview,
    direction: receivables::allocation::Direction,
    uses_credit: bool,
) -> Paying {
    Paying {
        account,
        direction: StoredValue::new(direction),
        uses_credit,
        preview: RwSignal::new(preview),
        seen_before: RwSignal::new(None),
        step: RwSignal::new(Step::Ready),
        trouble: RwSignal::new(None),
        started: RwSignal::new(None),
        card: RwSignal::new(String::new()),
        fields: StoredValue::new_local(None),
        visit,
    }
}

fn choose_first(account: AccountId, refused: Option<&Failure>) -> View {
    let (title, words) = match refused {
        None => (Message::ChooseFirstTitle, say(Message::ChooseFirst).show()),
        Some(failure) => (Message::NoLongerWorksTitle, failure_words(failure)),
    };
    el("div")
        .class("page narrow")
        .child(heading(say(title)))
        .child(el("div").child(words))
        .child(el("p").child(link(
            Page::HowMuch(account),
            "button primary",
            say(Message::ChooseHowMuch),
        )))
        .show()
}

fn already_done(payment: &PaymentDocument) -> View {
    let amount = money_text(payment.amount, payment.currency);
    el("div")
        .class("page narrow")
        .child(heading(say(Message::AlreadyDoneTitle)))
        .child(el("p").child(fill(Message::AlreadyDone, &[("amount", &amount)])))
        .child(
            el("p")
                .class("acts")
                .child(link(Page::Payment(payment.id), "button primary", say(Message::SeePayment)))
                .child(link(
                    Page::Account(payment.account_id),
                    "button",
                    say(Message::BackToWhatYouOwe),
                )),
        )
        .show()
}

fn draw(paying: Paying) -> View {
    let online = browser::online();
    let press = move |event: Event| {
        event.prevent_default();
        spawn_local(paying.pay());
    };
    let label = move || {
        let amount = paying.preview.read();
        let amount = money_text(amount.amount, amount.currency);
        match paying.step.get() {
            Step::Ready => fill(Message::PayNow, &[("amount", &amount)]),
            _ => fill(Message::Paying, &[("amount", &amount)]),
        }
    };
    let busy = move || paying.is_busy() || !online.get();
    let offline = move || {
        (!online.get()).then(|| {
            el("p")
                .class("field-error")
                .attr("id", OFFLINE_REASON)
                .attr("role", "status")
                .child(say(Message::OfflineCannotPay))
        })
    };
    let cancel = move || {
        let started = paying.started.read();
        let waits = paying.step.get() == Step::Ready;
        started.as_ref().filter(|_| waits).map(|payment| cancel_button(payment.id, paying.visit))
    };
    el("div")
        .class("page check")
        .child(heading(say(Message::CheckTitle)))
        .child(el("div").attr("id", TROUBLE).attr("tabindex", "-1").child(trouble_notice(paying)))
        .child(move || summary(paying))
        .child(
            el("form")
                .attr("novalidate", "")
                .on("submit", press)
                .child(card(paying))
                .child(bank_asks(paying))
                .child(waiting(paying))
                .child(offline)
                .child(el("div").class("pay-go").child(busy_button(label, busy)).child(cancel)),
        )
        .show()
}

/// The facts that bind, each with the way to change it.
fn summary(paying: Paying) -> View {
    let preview = paying.preview.read();
    let customer = paying.visit.customer();
    let account = customer.as_ref().and_then(|customer| {
        let account = customer.accounts.iter().find(|account| account.id == paying.account)?;
        let number = fill(Message::AccountNumber, &[("number", &account.number)]);
        Some(format!("{number} · {}", account.name))
    });
    let email = customer.map(|customer| customer.email).unwrap_or_default();
    let change = |what| {
        let content = views![say(Message::Change), about(say(what))];
        link(Page::HowMuch(paying.account), "", content)
    };
    let amount = money(preview.amount, preview.currency);
    views![
        el("dl")
            .class("summary")
            .child(
                el("div")
                    .child(el("dt").child(say(Message::FactAmount)))
                    .child(el("dd").class("sum").child(amount))
                    .child(el("dd").class("change").child(change(Message::ChangeAmount)))
            )
            .child(
                el("div")
                    .child(el("dt").child(say(Message::FactAccount)))
                    .child(el("dd").child(account))
            )
            .child(
                el("div")
                    .child(el("dt").child(say(Message::FactReceiptGoesTo)))
                    .child(el("dd").child(email))
            ),
        checked_split(&preview, paying.seen_before.read().as_ref()),
        el("p").class("change-split").child(link(
            Page::HowMuch(paying.account),
            "",
            say(Message::ChangeSplit),
        ))
    ]
    .show()
}

fn card(paying: Paying) -> View {
    let mode = Memo::new(move |_| paying.visit.gateway_mode());
    let legend = say(Message::CardTitle);
    let fields = move || match mode.get() {
        None => loading(),
        Some(GatewayMode::Sandbox) => sandbox_cards::view(paying.card),
        Some(GatewayMode::Test | GatewayMode::Live) => gateway_fields(paying),
    };
    el("section")
        .class("card")
        .attr("aria-label", legend)
        .child(el("h2").child(legend))
        .child(fields)
        .show()
}

/// The gateway puts its fields up inside; nothing of ours is ever drawn in there.
fn gateway_fields(paying: Paying) -> View {
    let portal = paying.visit.portal.get_untracked();
    let key = portal.and_then(|portal| portal.publishable_key).unwrap_or_default();
    let (amount, currency) = {
        let preview = paying.preview.read_untracked();
        (preview.amount, preview.currency)
    };
    request_animation_frame(move || {
        spawn_local(async move {
            match CardForm::mount(&key, amount, currency, CARD_FIELDS).await {
                Ok(fields) => drop(paying.fields.try_set_value(Some(fields))),
                Err(_) => drop(paying.trouble.try_set(Some(Trouble::CardFieldsUnavailable))),
            }
        });
    });
    el("div").attr("id", CARD_FIELDS).show()
}

/// The sandbox's stand-in for the page of the payer's bank.
fn bank_asks(paying: Paying) -> View {
    let asks = Memo::new(move |_| paying.step.get() == Step::BankAsks);
    let answer = move |outcome| move |_| spawn_local(paying.answer_bank(outcome));
    (move || {
        asks.get().then(|| {
            el("section")
                .class("bank")
                .attr("id", BANK_ASKS)
                .attr("tabindex", "-1")
                .attr("aria-labelledby", "bank-title")
                .child(el("h2").attr("id", "bank-title").child(say(Message::BankAsksTitle)))
                .child(el("p").child(say(Message::BankAsks)))
                .child(
                    el("p")
                        .class("acts")
                        .child(
                            el("button")
                                .attr("type", "button")
                                .class("button primary")
                                .on("click", answer("complete"))
                                .child(say(Message::BankApprove)),
                        )
                        .child(
                            el("button")
                                .attr("type", "button")
                                .class("button")
                                .on("click", answer("fail"))
                                .child(say(Message::BankRefuse)),
                        ),
                )
        })
    })
    .show()
}

/// What is happening, in words that change at 0, 10 and 30 seconds.
fn waiting(paying: Paying) -> View {
    let words = Memo::new(move |_| match paying.step.get() {
        Step::Ready => None,
        Step::BankAsks => Some(Message::WaitingForYou),
        Step::Starting => Some(Message::StartingPayment),
        Step::Waiting { seconds: 0..10 } => Some(Message::WaitingForBank),
        Step::Waiting { seconds: 10..30 } => Some(Message::WaitingLonger),
        Step::Waiting { .. } => Some(Message::WaitingSafeToClose),
    });
    let way_out = move || {
        let started = paying.started.read();
        let payment = started.as_ref().filter(|_| words.get() == Some(Message::WaitingSafeToClose));
        payment.map(|payment| link(Page::Payment(payment.id), "", say(Message::SeePayment)))
    };
    el("div")
        .class("waiting")
        .attr("role", "status")
        .attr("aria-live", "polite")
        .child(move || words.get().map(|words| el("p").child(say(words))))
        .child(way_out)
        .show()
}
