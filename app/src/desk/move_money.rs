//! Move what a payment settled: from its bills to others, or to credit on account.

use leptos::prelude::*;
use receivables::api::accounts::CurrentBill;
use receivables::api::corrections::{MoveDocument, ReapplicationRequest, UnapplicationRequest};
use receivables::api::payments::PaymentDocument;
use receivables::ids::PaymentId;

use super::act::{Act, act};
use super::fields::{BillSum, BillSums};
use super::place::{DeskPage, link};
use super::requests;
use crate::api;
use crate::bills::account_line::account_line;
use crate::bills::bill_name;
use crate::json;
use crate::ui::field::FieldError;
use crate::ui::heading::heading;
use crate::ui::loaded::loaded;
use crate::ui::money::money_text;
use crate::ui::notice::{Tone, notice};
use crate::ui::table::facts;
use crate::ui::view::{Show, View, el, views};

pub fn page(payment: PaymentId) -> View {
    loaded(
        move || api::payment(payment),
        |payment: PaymentDocument| {
            let account = payment.account_id;
            loaded(move || api::due_periods(account), move |bill| draw(&payment, &bill))
        },
    )
}

fn draw(payment: &PaymentDocument, bill: &CurrentBill) -> View {
    let (id, currency) = (payment.id, payment.currency);
    let errors = RwSignal::new(Vec::new());
    let from = BillSums { part: "from", rows: settled(payment), currency };
    let to = BillSums { part: "to", rows: open(bill), currency };
    let fields = views![
        el("p")
            .class("hint")
            .child("What is taken back and not given to another bill stays as credit on account."),
        from.show("Take back from", errors),
        to.show("Give to", errors)
    ];
    let first = from.rows.first().map(|row| format!("from-{}", row.bill_id)).unwrap_or_default();
    let ask = move |how| {
        let (take_back, bills) = match (from.read(), to.read()) {
            (Ok(from), Ok(to)) => (from, to),
            (from, to) => {
                return Err([from.err(), to.err()].into_iter().flatten().flatten().collect());
            }
        };
        if take_back.is_empty() && bills.is_empty() {
            let words = "Type how much is moved, and from which bill.".to_owned();
            return Err(vec![FieldError { field: first.clone(), words }]);
        }
        Ok(match bills.is_empty() {
            true => requests::unapply(id, &UnapplicationRequest { bills: take_back }, how),
            false => requests::reapply(id, &ReapplicationRequest { take_back, bills }, how),
        })
    };
    let done = |text: &str| {
        let moved: MoveDocument = json::read(text).ok()?;
        Some(notice(Tone::Status, "The money was moved", effect(&moved)))
    };
    el("div")
        .class("page")
        .child(account_line(&payment.account_number, ""))
        .child(heading("Move to other bills"))
        .child(act(Act {
            errors,
            fields: fields.show(),
            ask: Box::new(ask),
            effect: Box::new(|text| json::read(text).ok().map(|moved| effect(&moved))),
            press: |_| Some("Move it".to_owned()),
            done: Box::new(done),
        }))
        .child(el("p").child(link(DeskPage::Payment(id), "", "Back to the payment")))
        .show()
}

fn settled(payment: &PaymentDocument) -> Vec<BillSum> {
    let row = |line: &receivables::allocation::PreviewLine| {
        let amount = money_text(line.amount, payment.currency);
        let name = format!("Bill {}", line.bill_number);
        BillSum::of(line.bill_id, name, format!("{amount} of this payment went to it at first"))
    };
    payment.preview.lines.iter().map(row).collect()
}

fn open(bill: &CurrentBill) -> Vec<BillSum> {
    let currency = bill.account.currency;
    bill.due_periods
        .iter()
        .filter(|due| due.item.available().is_positive())
        .map(|due| {
            let left = money_text(due.item.available(), currency);
            let name = bill_name(due.period, &due.item.bill_number);
            BillSum::of(due.item.bill_id, name, format!("{left} left to pay"))
        })
        .collect()
}

fn effect(moved: &MoveDocument) -> View {
    let currency = moved.currency;
    changes(&moved.bills, currency, Some((moved.credit_before, moved.credit_after)))
}

/// What becomes of bills and of credit on account.
pub fn changes(
    bills: &[receivables::moves::BillChange],
    currency: receivables::money::Currency,
    credit: Option<(receivables::money::MinorUnits, receivables::money::MinorUnits)>,
) -> View {
    use crate::ui::money::money;
    use crate::ui::table::{cell, head, row, row_head, table};
    const COLUMNS: [&str; 3] = ["Bill", "Left now", "Left after"];
    let rows: Vec<_> = bills
        .iter()
        .map(|bill| {
            row(
                "gets",
                vec![
                    row_head(bill.bill_number.clone()),
                    cell(COLUMNS[1], money(bill.before, currency)),
                    cell(COLUMNS[2], money(bill.after, currency)),
                ],
            )
        })
        .collect();
    let lines =
        (!rows.is_empty()).then(|| table("What it does".show(), head(&COLUMNS), rows.show()));
    let credit = credit.map(|(before, after)| {
        let text = format!("{} → {}", money_text(before, currency), money_text(after, currency));
        facts(vec![("Credit on account", text.show())])
    });
    views![lines, credit].show()
}
