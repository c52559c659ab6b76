//! Every payment on an account, newest first.

use receivables::api::payments::{PaymentPage, PaymentRow};
use receivables::ids::AccountId;
use receivables::payment::PaymentStage;
use receivables::words::Message;

use super::method_words;
use crate::api;
use crate::bills::account_line::account_switcher;
use crate::page::Page;
use crate::session::Visit;
use crate::ui::heading::heading;
use crate::ui::link::{about, link};
use crate::ui::money::{money, money_text};
use crate::ui::notice::paragraph;
use crate::ui::paged::{Rows, paged};
use crate::ui::status_tag::stage_tag;
use crate::ui::table::{self, cell, row, row_head};
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::{fill, say};

pub fn page(account: AccountId) -> View {
    Visit::here().look_at(account);
    el("div")
        .class("page")
        .child(account_switcher(account))
        .child(heading(say(Message::Payments)))
        .child(paged(move |after| api::payments(account, after), read, frame, empty))
        .child(el("p").child(link(Page::Account(account), "", say(Message::BackToWhatYouOwe))))
        .show()
}

fn columns() -> [&'static str; 5] {
    [
        say(Message::ColumnDay),
        say(Message::ColumnMethod),
        say(Message::ColumnStatus),
        say(Message::ColumnReceipt),
        say(Message::ColumnAmount),
    ]
}

fn read(text: &str) -> Option<Rows> {
    let page: PaymentPage = crate::json::read(text).ok()?;
    Some(Rows { rows: page.items.into_iter().map(payment_row).collect(), next: page.next })
}

fn payment_row(payment: PaymentRow) -> View {
    let columns = columns();
    // What was received, once it was; until then what was asked for.
    let amount = match payment.stage {
        PaymentStage::Paid => payment.received,
        _ => payment.amount,
    };
    let text = money_text(amount, payment.currency);
    let see = match payment.receipt_number {
        Some(number) => link(Page::Receipt(payment.id), "", number),
        None => link(Page::Payment(payment.id), "", views![say(Message::SeePayment), about(text)]),
    };
    let went_back =
        [(Message::RowRefunded, payment.refunded), (Message::RowWithdrawn, payment.withdrawn)];
    let went_back = went_back.into_iter().filter(|(_, amount)| amount.is_positive());
    let went_back: Vec<View> = went_back
        .map(|(message, amount)| {
            let amount = money_text(amount, payment.currency);
            el("span").class("hint").child(fill(message, &[("amount", &amount)])).show()
        })
        .collect();
    let cells = vec![
        row_head(payment.started_on.in_words()),
        cell(columns[1], method_words(payment.method.as_deref(), payment.tender)),
        cell(columns[2], views![stage_tag(payment.stage), went_back.show()]),
        cell(columns[3], see),
        cell(columns[4], money(amount, payment.currency)),
    ];
    row("", cells)
}

fn frame(rows: View) -> View {
    table::table(say(Message::PaymentsCaption).show(), table::head(&columns()), rows)
}

fn empty() -> View {
    el("div").class("empty").child(paragraph(say(Message::NoPayments))).show()
}
