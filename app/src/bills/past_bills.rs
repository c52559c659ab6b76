//! Past bills: paid, newest first.

use receivables::api::bills::{BillPage, BillRow};
use receivables::ids::AccountId;
use receivables::words::Message;

use super::account_line::account_switcher;
use super::bill_name;
use crate::api;
use crate::page::Page;
use crate::session::Visit;
use crate::ui::heading::heading;
use crate::ui::link::link;
use crate::ui::money::money;
use crate::ui::notice::paragraph;
use crate::ui::paged::{Rows, paged};
use crate::ui::table::{self, cell, row, row_head};
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::{fill, say};

pub fn page(account: AccountId) -> View {
    Visit::here().look_at(account);
    el("div")
        .class("page")
        .child(account_switcher(account))
        .child(heading(say(Message::PastBills)))
        .child(paged(move |after| api::past_bills(account, after), read, frame, empty))
        .child(el("p").child(link(Page::Account(account), "", say(Message::BackToWhatYouOwe))))
        .show()
}

fn columns() -> [&'static str; 4] {
    [
        say(Message::ColumnPeriod),
        say(Message::ColumnDue),
        say(Message::ColumnPaidOn),
        say(Message::FactBilled),
    ]
}

fn read(text: &str) -> Option<Rows> {
    let page: BillPage = crate::json::read(text).ok()?;
    Some(Rows { rows: page.items.into_iter().map(bill_row).collect(), next: page.next })
}

fn bill_row(bill: BillRow) -> View {
    let columns = columns();
    let name = bill_name(bill.period, &bill.number);
    let what = views![
        link(Page::Bill(bill.id), "", name),
        el("span").class("hint").child(fill(Message::BillNumber, &[("number", &bill.number)]))
    ];
    let day = |day: Option<receivables::calendar::CivilDate>| {
        day.map_or_else(|| "–".to_owned(), receivables::calendar::CivilDate::in_words)
    };
    let cells = vec![
        row_head(what),
        cell(columns[1], day(bill.due_on)),
        cell(columns[2], day(bill.paid_on)),
        cell(columns[3], money(bill.total, bill.currency)),
    ];
    row("", cells)
}

fn frame(rows: View) -> View {
    table::table(say(Message::PastBillsCaption).show(), table::head(&columns()), rows)
}

fn empty() -> View {
    el("div").class("empty").child(paragraph(say(Message::NoPastBills))).show()
}
