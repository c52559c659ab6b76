//! What a payment would settle, row by row, and what comes of it.

use leptos::prelude::*;
use receivables::allocation::{OrderedItems, Preview};
use receivables::api::accounts::{CurrentBill, DuePeriod};
use receivables::bill::status;
use receivables::money::MinorUnits;
use receivables::open_item::Standing;
use receivables::words::Message;

use super::draft::Choice;
use super::how_much::Asking;
use super::reason_words;
use crate::bills::bill_name;
use crate::ui::dates::due_line;
use crate::ui::money::{money, money_text};
use crate::ui::status_tag::bill_tags;
use crate::ui::table::{cell, facts, head, row_head, table};
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::{count, fill, say};

/// The split of what is asked, on its way into the page.
#[derive(Clone, Copy)]
pub struct Split {
    /// Nothing while it cannot be said.
    pub shown: ReadSignal<Option<Preview>>,
    /// What is shown belongs to what was typed before: it is hidden, in its place, until the
    /// split of a long list is worked out.
    pub behind: ReadSignal<bool>,
}

pub fn columns() -> [&'static str; 4] {
    [
        say(Message::ColumnPeriod),
        say(Message::ColumnLeftNow),
        say(Message::ColumnThisPayment),
        say(Message::ColumnLeftAfter),
    ]
}

pub fn view(asking: &Asking, split: Split) -> View {
    let bill = &asking.bill;
    let currency = bill.account.currency;
    let ordered = OrderedItems::new(bill.rules.order, &asking.items, bill.today);
    let mut due: Vec<&DuePeriod> = bill.due_periods.iter().collect();
    // In the order money follows; what takes none comes last.
    due.sort_by_key(|due| ordered.position(due.item.bill_id));
    let mut rows: Vec<_> = due
        .into_iter()
        .map(|due| match due.item.available().is_positive() {
            true => payable_row(bill, due, split),
            false => left_out_row(bill, due),
        })
        .collect();
    rows.push(credit_row(bill, split));
    let caption = move || match &*split.shown.read() {
        Some(split) => {
            let amount = money_text(split.amount, currency);
            fill(Message::PreviewCaption, &[("amount", &amount)])
        }
        None => say(Message::PreviewCaptionEmpty).to_owned(),
    };
    let caption = el("span").child(caption);
    table(caption.show(), head(&columns()), rows.show())
}

fn period_head(bill: &CurrentBill, due: &DuePeriod) -> View {
    let item = &due.item;
    let tags = bill_tags(status(item, bill.today, bill.due_soon_days));
    views![
        bill_name(due.period, &item.bill_number),
        tags,
        el("span").class("hint").child(due_line(item.due_on, bill.today))
    ]
    .show()
}

fn payable_row(bill: &CurrentBill, due: &DuePeriod, split: Split) -> View {
    let columns = columns();
    let currency = bill.account.currency;
    let (id, available) = (due.item.bill_id, due.item.available());
    let line = Memo::new(move |_| {
        let split = split.shown.read();
        let line = split.as_ref()?.lines.iter().find(|line| line.bill_id == id)?;
        Some((line.amount, line.after, line.reason))
    });
    let in_flight = due.item.in_flight.is_positive().then(|| {
        let amount = money_text(due.item.in_flight, currency);
        el("span").class("hint").child(fill(Message::AmountInProgress, &[("amount", &amount)]))
    });
    let amount = move || match line.get() {
        Some((amount, ..)) => money_text(amount, currency),
        None => say(Message::NothingOnThis).to_owned(),
    };
    let reason = move || line.get().map(|(.., reason)| reason_words(reason));
    let after = move || line.get().map_or(available, |(_, after, _)| after);
    let settled = move || after().is_zero().then(|| say(Message::Settled));
    let gets = move || line.get().is_some();
    el("tr")
        .attr("role", "row")
        .class_when("gets", gets)
        .child(row_head(period_head(bill, due)))
        .child(cell(columns[1], views![money(available, currency), in_flight]))
        .child(cell(
            columns[2],
            views![el("bdi").class("money").child(amount), el("span").class("hint").child(reason)],
        ))
        .child(cell(
            columns[3],
            views![
                el("bdi").class("money").child(move || money_text(after(), currency)),
                el("span").class("hint settled").child(settled)
            ],
        ))
        .show()
}

/// On hold, or wholly in progress: named, so that nobody looks for it, and why.
fn left_out_row(bill: &CurrentBill, due: &DuePeriod) -> View {
    let currency = bill.account.currency;
    let reason = match (due.item.standing, &due.hold_reason) {
        (Standing::InDispute, Some(reason)) => {
            fill(Message::LeftOutOnHoldBecause, &[("reason", reason)])
        }
        (Standing::InDispute, None) => say(Message::LeftOutOnHold).to_owned(),
        _ => say(Message::LeftOutInProgress).to_owned(),
    };
    el("tr")
        .attr("role", "row")
        .class("left-out")
        .child(row_head(period_head(bill, due)))
        .child(cell(columns()[1], money(due.item.open, currency)))
        .child(
            el("td")
                .attr("role", "cell")
                .attr("colspan", "2")
                .child(el("span").class("cell-value").child(reason)),
        )
        .show()
}

fn credit_row(bill: &CurrentBill, split: Split) -> View {
    let currency = bill.account.currency;
    let before = bill.account.credit_on_account;
    (move || {
        let columns = columns();
        let split = split.shown.read();
        let added = split.as_ref().map_or(MinorUnits::ZERO, |split| split.credit_added);
        if before.is_zero() && added.is_zero() {
            return None;
        }
        let after = split.as_ref().map_or(before, |split| split.credit_after);
        Some(
            el("tr")
                .attr("role", "row")
                .class("credit")
                .child(row_head(say(Message::CreditOnAccount)))
                .child(cell(columns[1], money(before, currency)))
                .child(cell(columns[2], added.is_positive().then(|| money(added, currency))))
                .child(cell(columns[3], money(after, currency))),
        )
    })
    .show()
}

/// What is left after it, and the change in words.
pub fn outcome(asking: &Asking, split: Split) -> View {
    let bill = asking.bill.clone();
    let draft = asking.draft;
    // A memo, so that typing alone draws nothing.
    let chooses = Memo::new(move |_| draft.read().choice == Some(Choice::ChosenBills));
    let words = move || {
        let split = split.shown.read();
        let Some(split) = &*split else {
            return el("p").class("outcome empty").child(say(Message::PreviewEmpty)).show();
        };
        let mut words = change_in_words(split);
        if chooses.get() {
            words.extend(older_left_behind(split, &bill));
        }
        let words: Vec<_> = words.into_iter().map(|words| el("p").child(words)).collect();
        el("div").class("outcome").child(sums_after(split)).child(words).show()
    };
    el("div").class_when("behind", move || split.behind.get()).child(words).show()
}

pub fn sums_after(split: &Preview) -> View {
    let currency = split.currency;
    let mut rows = vec![(say(Message::LeftToPayAfter), money(split.owed_after, currency))];
    if split.past_due_before.is_positive() {
        rows.push((say(Message::PastDueAfter), money(split.past_due_after, currency)));
    }
    if let Some(next) = split.next_due {
        let amount = money_text(next.amount, currency);
        let places = [("amount", amount.as_str()), ("day", &next.on.in_words())];
        let text = fill(Message::AmountOnDay, &places);
        rows.push((say(Message::FactNextDue), Show::show(text).show()));
    }
    facts(rows)
}

pub fn change_in_words(split: &Preview) -> Vec<String> {
    let mut words = Vec::new();
    let sum = |amount| money_text(amount, split.currency);
    if split.owed_after.is_zero() {
        words.push(say(Message::NothingLeftAfter).to_owned());
    } else if split.past_due_before.is_positive() && split.past_due_after.is_zero() {
        words.push(say(Message::NoLongerPastDue).to_owned());
    } else if split.past_due_after.is_positive() {
        let amount = sum(split.past_due_after);
        words.push(fill(Message::StillPastDue, &[("amount", &amount)]));
    }
    if split.credit_added.is_positive() {
        words.push(fill(Message::MoreThanOwedStays, &[("amount", &sum(split.credit_added))]));
    }
    words
}

/// What the payer's own choice does differently: older bills it passes over stay past due.
fn older_left_behind(split: &Preview, bill: &CurrentBill) -> Option<String> {
    let left = |due: &&DuePeriod| {
        let line = split.lines.iter().find(|line| line.bill_id == due.item.bill_id);
        due.item.is_overdue(bill.today)
            && line.map_or(due.item.available(), |line| line.after).is_positive()
    };
    let names: Vec<String> = bill
        .due_periods
        .iter()
        .filter(left)
        .map(|due| bill_name(due.period, &due.item.bill_number))
        .collect();
    match names.as_slice() {
        [] => None,
        [one] => Some(fill(Message::OneStaysPastDue, &[("period", one)])),
        many => Some(fill(Message::SomeStayPastDue, &[("periods", &many.join(", "))])),
    }
}

/// `August 2026 settled, $35.00 left`: the whole result in a line.
pub fn in_short(split: &Preview, bill: &CurrentBill) -> String {
    let name = |id| {
        let due = bill.due_periods.iter().find(|due| due.item.bill_id == id);
        due.map(|due| bill_name(due.period, &due.item.bill_number)).unwrap_or_default()
    };
    let left = money_text(split.owed_after, split.currency);
    let mut settled = split.lines.iter().filter(|line| line.after.is_zero());
    let what = match (settled.next(), settled.count(), split.lines.first()) {
        (Some(one), 0, _) => fill(Message::OneSettled, &[("period", &name(one.bill_id))]),
        (Some(_), more, _) => count(more + 1, Message::OneSettled, Message::SomeSettled),
        (None, _, Some(first)) => {
            let amount = money_text(first.amount, split.currency);
            let places = [("amount", amount.as_str()), ("period", &name(first.bill_id))];
            match split.lines.len() {
                1 => fill(Message::GoesTowards, &places),
                _ => count(split.lines.len(), Message::OneGetsAPart, Message::SomeGetAPart),
            }
        }
        (None, _, None) => say(Message::CreditOnAccount).to_owned(),
    };
    fill(Message::ResultLine, &[("what", &what), ("left", &left)])
}

pub fn in_a_sentence(split: &Preview, bill: &CurrentBill) -> String {
    let amount = money_text(split.amount, split.currency);
    let places = [("amount", amount.as_str()), ("result", &in_short(split, bill))];
    let mut sentence = fill(Message::PreviewNews, &places);
    for words in change_in_words(split) {
        sentence.push(' ');
        sentence.push_str(&words);
    }
    sentence
}

/// On phones it stays in sight and leads to the table.
pub fn result_line(asking: &Asking, split: Split) -> View {
    let bill = asking.bill.clone();
    let words = move || split.shown.read().as_ref().map(|split| in_short(split, &bill));
    let shown = move || split.shown.read().is_some();
    el("a")
        .class("result-line")
        .class_when("shown", shown)
        .class_when("behind", move || split.behind.get())
        .attr("href", "#preview")
        .attr("rel", "external")
        .child(el("span").child(words))
        .child(el("span").class("result-open").child(say(Message::SeeTheSplit)))
        .show()
}
