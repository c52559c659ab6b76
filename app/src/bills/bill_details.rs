//! One bill: its lines frozen, and every payment part applied to it.

use receivables::api::bills::{BillApplication, BillDetails, BillDetailsLine};
use receivables::bill::{BillStatus, DerivedStatus};
use receivables::ids::BillId;
use receivables::money::Currency;
use receivables::words::Message;

use super::account_line::account_line;
use super::bill_name;
use crate::api;
use crate::page::Page;
use crate::session::Visit;
use crate::ui::dates::due_line;
use crate::ui::heading::heading;
use crate::ui::link::link;
use crate::ui::loaded::loaded;
use crate::ui::money::{money, money_text};
use crate::ui::status_tag::bill_tags;
use crate::ui::table::{self, cell, facts, row, row_head};
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::{fill, say};

pub fn page(bill: BillId) -> View {
    loaded(move || api::bill(bill), draw)
}

fn draw(bill: BillDetails) -> View {
    Visit::here().look_at(bill.account_id);
    let name = bill_name(bill.period, &bill.number);
    let status = DerivedStatus {
        main: bill.status,
        part_paid: bill.part_paid,
        in_progress: bill.in_flight.is_positive(),
    };
    let hold = (bill.status == BillStatus::Disputed).then(|| {
        let reason = bill
            .hold_reason
            .as_deref()
            .map(|reason| fill(Message::HoldReason, &[("reason", reason)]));
        el("p").child(say(Message::OnHoldLine)).child(" ").child(reason)
    });
    let may_pay = Visit::here().may_pay(bill.account_id);
    let pay =
        (may_pay && bill.open.less(bill.in_flight).is_positive() && hold.is_none()).then(|| {
            link(Page::HowMuch(bill.account_id), "button primary", say(Message::MakeAPayment))
        });
    el("div")
        .class("page document")
        .child(account_line(&bill.account_number, ""))
        .child(heading(fill(Message::BillFor, &[("period", &name)])))
        .child(bill_tags(status))
        .child(hold)
        .child(sums(&bill))
        .child(pay)
        .child(lines(&bill))
        .child(applications(&bill.applications, bill.currency))
        .child(el("p").class("screen-only").child(link(
            Page::Account(bill.account_id),
            "",
            say(Message::BackToWhatYouOwe),
        )))
        .show()
}

fn sums(bill: &BillDetails) -> View {
    let sum = |amount| money(amount, bill.currency);
    let text = |text: String| Show::show(text).show();
    let mut rows = vec![
        (say(Message::FactBillNumber), text(bill.number.clone())),
        (say(Message::FactIssued), text(bill.issued_on.in_words())),
    ];
    if bill.open.is_positive() {
        rows.push((say(Message::FactDue), text(due_line(bill.due_on, bill.today))));
    } else if let Some(due_on) = bill.due_on {
        rows.push((say(Message::FactDue), text(due_on.in_words())));
    }
    rows.push((say(Message::FactBilled), sum(bill.total)));
    rows.push((say(Message::FactPaid), sum(bill.paid)));
    if bill.in_flight.is_positive() {
        rows.push((say(Message::StatusInProgress), sum(bill.in_flight)));
    }
    rows.push((say(Message::LeftToPay), sum(bill.open)));
    facts(rows)
}

fn lines(bill: &BillDetails) -> View {
    let currency = bill.currency;
    let columns = [
        say(Message::ColumnWhat),
        say(Message::ColumnTax),
        say(Message::ColumnAmount),
        say(Message::ColumnPaid),
    ];
    let mut rows: Vec<_> =
        bill.lines.iter().map(|line| bill_line(line, columns, currency)).collect();
    let total = vec![
        row_head(say(Message::Total)),
        cell("", ()),
        cell(columns[2], money(bill.total, currency)),
        cell(columns[3], money(bill.paid, currency)),
    ];
    rows.push(row("total", total));
    table::table(say(Message::BillLinesCaption).show(), table::head(&columns), rows.show())
}

fn bill_line(shown: &BillDetailsLine, columns: [&'static str; 4], currency: Currency) -> View {
    let line = &shown.line;
    let unit = money_text(line.unit_price, currency);
    let times = (line.quantity != "1").then(|| {
        let places = [("quantity", line.quantity.as_str()), ("price", &unit)];
        el("span").class("hint").child(fill(Message::QuantityTimes, &places))
    });
    let discount = line.discount.is_positive().then(|| {
        let amount = money_text(line.discount, currency);
        el("span").class("hint").child(fill(Message::LessDiscount, &[("amount", &amount)]))
    });
    let rate = line.tax.is_positive().then(|| {
        views![
            " ",
            el("span").class("hint").child("(").child(line.tax_rate.clone()).child("\u{a0}%)")
        ]
    });
    let what = views![line.description.clone(), times, discount];
    let cells = vec![
        row_head(what),
        cell(columns[1], views![money(line.tax, currency), rate]),
        cell(columns[2], money(line.amount, currency)),
        cell(columns[3], money(shown.paid, currency)),
    ];
    row("", cells)
}

fn applications(applications: &[BillApplication], currency: Currency) -> View {
    if applications.is_empty() {
        return el("p").class("hint").child(say(Message::NoPaymentsOnBill)).show();
    }
    let columns =
        [say(Message::ColumnDay), say(Message::ColumnReceipt), say(Message::ColumnAmount)];
    let rows: Vec<_> = applications
        .iter()
        .map(|application| {
            let receipt = match &application.receipt_number {
                Some(number) => link(Page::Receipt(application.payment_id), "", number.clone()),
                None => link(Page::Payment(application.payment_id), "", say(Message::SeePayment)),
            };
            let cells = vec![
                row_head(application.applied_on.in_words()),
                cell(columns[1], receipt),
                cell(columns[2], money(application.amount, currency)),
            ];
            row("", cells)
        })
        .collect();
    table::table(say(Message::BillPaymentsCaption).show(), table::head(&columns), rows.show())
}
