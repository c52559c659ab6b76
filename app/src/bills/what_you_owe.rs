//! What you owe: one sum first, one act, then the periods in the order money will follow.

use leptos::prelude::*;
use receivables::api::accounts::{AccountDocument, CurrentBill, DuePeriod, PaymentInProgress};
use receivables::bill::{DerivedStatus, status};
use receivables::calendar::CivilDate;
use receivables::ids::AccountId;
use receivables::money::{Currency, MinorUnits};
use receivables::open_item::Standing;
use receivables::payment::PaymentStage;
use receivables::words::Message;

use super::account_line::{account_line, account_switcher};
use super::bill_name;
use crate::api;
use crate::page::Page;
use crate::session::Visit;
use crate::sign_in::passkey;
use crate::ui::browser;
use crate::ui::dates::{due_line, relative};
use crate::ui::heading::heading;
use crate::ui::link::{about, link};
use crate::ui::loaded::loaded;
use crate::ui::money::{money, money_text};
use crate::ui::notice::paragraph;
use crate::ui::status_tag::bill_tags;
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::{count, fill, say};

/// How many periods are drawn at once; the rest comes when asked for.
const PERIODS_AT_ONCE: usize = 50;

pub fn home() -> View {
    match Visit::here().first_account() {
        Some(account) => page(account),
        None => el("div")
            .class("page")
            .child(heading(say(Message::NoAccountTitle)))
            .child(el("p").child(say(Message::NoAccount)))
            .show(),
    }
}

pub fn page(account: AccountId) -> View {
    Visit::here().look_at(account);
    loaded(move || api::due_periods(account), draw)
}

fn draw(bill: CurrentBill) -> View {
    let id = bill.account.id;
    el("div")
        .class("page")
        .child(account_switcher(id))
        .child(passkey::offer())
        .child(sums(&bill))
        .child(in_progress(&bill))
        .child(periods(bill))
        .child(
            el("nav")
                .class("more")
                .attr("aria-label", say(Message::MoreOnThisAccount))
                .child(link(Page::PastBills(id), "", say(Message::SeePastBills)))
                .child(link(Page::Payments(id), "", say(Message::SeePayments)))
                .child(link(Page::YourSignIn, "", say(Message::YourSignIn))),
        )
        .show()
}

fn sums(bill: &CurrentBill) -> View {
    let account = &bill.account;
    let may_pay = Visit::here().may_pay(account.id);
    let act = (may_pay && account.available_to_pay.is_positive())
        .then(|| link(Page::HowMuch(account.id), "button primary", say(Message::MakeAPayment)));
    if act.is_some() {
        browser::fetch_paying_ahead();
    }
    el("section")
        .class("owed")
        .child(account_line(&account.number, &account.name))
        .child(heading(headline(account)))
        .child(facts_list(bill))
        .child(act)
        .show()
}

pub fn facts_list(bill: &CurrentBill) -> View {
    let facts: Vec<_> = facts(&bill.account, bill.today)
        .into_iter()
        .map(|(look, words)| el("li").attr("data-tone", look).child(words))
        .collect();
    el("ul").class("owed-facts").child(facts).show()
}

/// One sum, in words: never a minus, never "debit".
pub fn headline(account: &AccountDocument) -> String {
    let sum = |amount| money_text(amount, account.currency);
    if account.owed.is_positive() {
        fill(Message::YouOwe, &[("amount", &sum(account.owed))])
    } else if account.credit_on_account.is_positive() {
        fill(Message::YouAreInCredit, &[("amount", &sum(account.credit_on_account))])
    } else {
        say(Message::NothingToPayNow).to_owned()
    }
}

fn facts(account: &AccountDocument, today: CivilDate) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let mut tell = |look, message, amount: MinorUnits| {
        if amount.is_positive() {
            let amount = money_text(amount, account.currency);
            facts.push((look, fill(message, &[("amount", &amount)])));
        }
    };
    tell("late", Message::AmountPastDue, account.past_due);
    if account.owed.is_positive() {
        tell("good", Message::CreditOnAccountIs, account.credit_on_account);
    }
    tell("part", Message::AmountInProgress, account.in_progress);
    tell("quiet", Message::AmountOnHold, account.on_hold);
    if let Some(next) = account.next_due {
        let amount = money_text(next.amount, account.currency);
        let places = [
            ("amount", amount.as_str()),
            ("day", &next.on.in_words()),
            ("relative", &relative(next.on, today)),
        ];
        facts.push(("", fill(Message::NextDueIs, &places)));
    }
    if account.owed.is_positive() && account.available_to_pay.is_zero() {
        facts.push(("", say(Message::AllInProgress).to_owned()));
    }
    facts
}

pub fn in_progress(bill: &CurrentBill) -> View {
    let currency = bill.account.currency;
    let rows: Vec<_> = bill
        .payments_in_progress
        .iter()
        .map(|payment| el("li").child(payment_in_progress(payment, currency)))
        .collect();
    if rows.is_empty() {
        return ().show();
    }
    el("section")
        .class("notice")
        .attr("data-tone", "part")
        .attr("aria-labelledby", "in-progress")
        .child(
            el("h2")
                .attr("id", "in-progress")
                .class("notice-title")
                .child(say(Message::InProgressTitle)),
        )
        .child(el("ul").child(rows))
        .show()
}

fn payment_in_progress(payment: &PaymentInProgress, currency: Currency) -> View {
    let message = match payment.stage {
        PaymentStage::AwaitingPayer | PaymentStage::Declined => Message::StartedNotFinished,
        _ => Message::SentNotConfirmed,
    };
    let amount = money_text(payment.amount, currency);
    let words = fill(message, &[("amount", &amount), ("day", &payment.started_on.in_words())]);
    views![words, " ", link(Page::Payment(payment.id), "", say(Message::SeePayment))].show()
}

pub fn periods(bill: CurrentBill) -> View {
    let (today, soon) = (bill.today, bill.due_soon_days);
    let currency = bill.account.currency;
    let all = bill.due_periods.len();
    if all == 0 {
        return el("section")
            .class("empty")
            .child(el("h2").child(say(Message::NothingDueTitle)))
            .child(paragraph(say(Message::NothingDue)))
            .show();
    }
    let shown = RwSignal::new(PERIODS_AT_ONCE.min(all));
    let due = StoredValue::new(bill.due_periods);
    let rows = move || {
        let due = due.read_value();
        due.iter()
            .take(shown.get())
            .map(|due| period(due, today, soon, currency))
            .collect::<Vec<_>>()
    };
    let shown_of = move || {
        let places = [("shown", &*shown.get().to_string()), ("all", &all.to_string())];
        fill(Message::ShownOf, &places)
    };
    // Hidden, not taken away: the button keeps the focus while rows come in above it.
    let more = el("p")
        .class("more-rows")
        .live_attr("hidden", move || (shown.get() >= all).then_some(""))
        .child(shown_of)
        .child(" ")
        .child(
            el("button")
                .attr("type", "button")
                .class("button")
                .on("click", move |_| shown.update(|n| *n = (*n + PERIODS_AT_ONCE).min(all)))
                .child(say(Message::ShowMore)),
        );
    el("section")
        .attr("aria-labelledby", "due-periods")
        .child(el("h2").attr("id", "due-periods").child(say(Message::DuePeriodsTitle)))
        .child(el("p").class("hint").child(count(
            all,
            Message::OneBillOldestFirst,
            Message::BillsOldestFirst,
        )))
        .child(el("ol").class("periods").child(rows))
        .child(more)
        .show()
}

fn period(due: &DuePeriod, today: CivilDate, soon: i32, currency: Currency) -> View {
    let item = &due.item;
    let name = bill_name(due.period, &item.bill_number);
    let status = status(item, today, soon);
    let billed = money_text(item.total, currency);
    let places = [("number", item.bill_number.as_str()), ("amount", &billed)];
    el("li")
        .class("period")
        .child(
            el("div")
                .class("period-what")
                .child(el("h3").child(name.clone()))
                .child(bill_tags(status))
                .child(period_line(due, today))
                .child(el("p").class("hint").child(fill(Message::BillNumberAndTotal, &places)))
                .child(paid_so_far(due, status, currency)),
        )
        .child(
            el("div")
                .class("period-left")
                .child(el("span").class("label").child(say(Message::LeftToPay)))
                .child(money(item.open, currency))
                .child(link(
                    Page::Bill(item.bill_id),
                    "",
                    views![say(Message::SeeBill), about(name)],
                )),
        )
        .show()
}

fn period_line(due: &DuePeriod, today: CivilDate) -> View {
    if due.item.standing == Standing::InDispute {
        let reason =
            due.hold_reason.clone().map(|reason| fill(Message::HoldReason, &[("reason", &reason)]));
        return el("p").child(say(Message::OnHoldLine)).child(" ").child(reason).show();
    }
    el("p").child(due_line(due.item.due_on, today)).show()
}

/// The bar repeats the sentence for the eye only.
fn paid_so_far(due: &DuePeriod, status: DerivedStatus, currency: Currency) -> View {
    let item = &due.item;
    let in_flight = item.in_flight.is_positive().then(|| {
        let amount = money_text(item.in_flight, currency);
        paragraph(fill(Message::AmountInProgress, &[("amount", &amount)]))
    });
    let part = status.part_paid.then(|| {
        let paid = item.total.less(item.open);
        let text = money_text(paid, currency);
        views![
            el("p").child(fill(Message::PaidSoFar, &[("amount", &text)])),
            el("progress")
                .attr("aria-hidden", "true")
                .attr("max", item.total.get().to_string())
                .attr("value", paid.get().to_string())
        ]
    });
    views![part, in_flight].show()
}
