//! The server's own split, as a table. Where it differs from what the payer saw before, the
//! cells that changed say so in words.

use receivables::allocation::{Preview, PreviewLine};
use receivables::words::Message;

use super::preview_table::{change_in_words, columns, sums_after};
use super::reason_words;
use crate::bills::bill_name;
use crate::ui::money::{money, money_text};
use crate::ui::table::{cell, head, row, row_head, table};
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::{count, fill, say};

/// Rows drawn; the rest is counted. Nobody checks more by eye.
const ROWS_AT_MOST: usize = 200;

pub fn checked_split(now: &Preview, before: Option<&Preview>) -> View {
    let mut rows: Vec<_> =
        now.lines.iter().take(ROWS_AT_MOST).map(|line| line_row(line, now, before)).collect();
    let gone = before.into_iter().flat_map(|before| &before.lines);
    let gone = gone.filter(|line| now.lines.iter().all(|new| new.bill_id != line.bill_id));
    rows.extend(gone.take(ROWS_AT_MOST).map(|line| gone_row(line, now)));
    if now.credit_added.is_positive() {
        let columns = columns();
        let cells = vec![
            row_head(say(Message::CreditOnAccount)),
            cell(columns[1], money(now.credit_before, now.currency)),
            cell(columns[2], money(now.credit_added, now.currency)),
            cell(columns[3], money(now.credit_after, now.currency)),
        ];
        rows.push(row("credit", cells));
    }
    let more = now.lines.len().checked_sub(ROWS_AT_MOST).filter(|more| *more > 0);
    let more = more.map(|more| {
        el("p").class("hint").child(count(more, Message::OneMoreBill, Message::MoreBills))
    });
    let words: Vec<_> =
        change_in_words(now).into_iter().map(|words| el("p").child(words)).collect();
    views![
        table(say(Message::CheckCaption).show(), head(&columns()), rows.show()),
        more,
        el("div").class("outcome").child(sums_after(now)).child(words)
    ]
    .show()
}

fn line_row(line: &PreviewLine, now: &Preview, before: Option<&Preview>) -> View {
    let columns = columns();
    let old = before.map(|before| before.lines.iter().find(|old| old.bill_id == line.bill_id));
    // Some(None): this bill was not part of it before.
    let was = |old_amount: fn(&PreviewLine) -> receivables::money::MinorUnits| {
        let words = match old? {
            None => say(Message::NewInThisPayment).to_owned(),
            Some(old) if old_amount(old) == old_amount(line) => return None,
            Some(old) => {
                let amount = money_text(old_amount(old), now.currency);
                fill(Message::ChangedFrom, &[("amount", &amount)])
            }
        };
        Some(el("strong").class("changed").child(words))
    };
    let name = bill_name(line.period, &line.bill_number);
    let due = line.due_on.map(|day| {
        el("span").class("hint").child(fill(Message::DueDay, &[("day", &day.in_words())]))
    });
    let number = line.period.map(|_| {
        el("span").class("hint").child(fill(Message::BillNumber, &[("number", &line.bill_number)]))
    });
    let settled = line.after.is_zero().then(|| say(Message::Settled));
    let cells = vec![
        row_head(views![name, number, due]),
        cell(columns[1], views![money(line.before, now.currency), was(|line| line.before)]),
        cell(
            columns[2],
            views![
                money(line.amount, now.currency),
                was(|line| line.amount),
                el("span").class("hint").child(reason_words(line.reason))
            ],
        ),
        cell(
            columns[3],
            views![
                money(line.after, now.currency),
                was(|line| line.after),
                el("span").class("hint settled").child(settled)
            ],
        ),
    ];
    row("gets", cells)
}

fn gone_row(line: &PreviewLine, now: &Preview) -> View {
    let amount = money_text(line.amount, now.currency);
    let words = fill(Message::NoLongerInThisPayment, &[("amount", &amount)]);
    el("tr")
        .attr("role", "row")
        .class("left-out")
        .child(row_head(bill_name(line.period, &line.bill_number)))
        .child(el("td").attr("role", "cell").attr("colspan", "3").child(
            el("span").class("cell-value").child(el("strong").class("changed").child(words)),
        ))
        .show()
}
