//! The receipt: a page to keep, and a sheet to print. It shows what was posted and computes
//! nothing.

use receivables::api::receipts::{Receipt, ReceiptLine};
use receivables::ids::PaymentId;
use receivables::money::Currency;
use receivables::words::Message;

use crate::api;
use crate::bills::account_line::account_line;
use crate::bills::bill_name;
use crate::page::Page;
use crate::pay::reason_words;
use crate::payments::method_words;
use crate::session::Visit;
use crate::ui::browser;
use crate::ui::heading::heading;
use crate::ui::link::link;
use crate::ui::loaded::loaded;
use crate::ui::money::{money, money_text};
use crate::ui::table::{self, cell, facts, row, row_head};
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::{fill, say};

pub fn page(payment: PaymentId) -> View {
    loaded(
        move || api::receipt(payment),
        |receipt: Receipt| {
            Visit::here().look_at(receipt.account_id);
            let demo = receipt.demo.then(|| {
                el("p").class("demo-stamp").child(el("strong").child(say(Message::DemoReceipt)))
            });
            el("div")
                .class("page document")
                .child(el("p").class("biller").child(receipt.biller_name.clone()))
                .child(heading(fill(Message::ReceiptTitle, &[("number", &receipt.number)])))
                .child(account_line(&receipt.account_number, &receipt.account_name))
                .child(demo)
                .child(receipt_body(&receipt))
                .child(acts(&receipt))
                .show()
        },
    )
}

/// Everything but the heading: also stands on the page of a payment that was received.
pub fn receipt_body(receipt: &Receipt) -> View {
    let currency = receipt.currency;
    let text = |text: String| Show::show(text).show();
    let mut rows = vec![
        (say(Message::FactReceipt), text(receipt.number.clone())),
        (say(Message::FactPaidOn), text(receipt.paid_on.in_words())),
        (say(Message::FactMethod), text(method_words(receipt.method.as_deref(), receipt.tender))),
        (say(Message::FactAmount), money(receipt.amount, currency)),
        (say(Message::FactLeftToPay), money(receipt.left_to_pay, currency)),
    ];
    if receipt.past_due.is_positive() {
        rows.push((say(Message::FactPastDue), money(receipt.past_due, currency)));
    }
    if let Some(next) = receipt.next_due {
        let amount = money_text(next.amount, currency);
        let places = [("amount", amount.as_str()), ("day", &next.on.in_words())];
        rows.push((say(Message::FactNextDue), text(fill(Message::AmountOnDay, &places))));
    }
    for (message, amount) in
        [(Message::FactRefunded, receipt.refunded), (Message::FactWithdrawn, receipt.withdrawn)]
    {
        if amount.is_positive() {
            rows.push((say(message), money(amount, currency)));
        }
    }
    let differs = receipt.differs_from_preview.then(|| {
        el("p").class("notice").attr("data-tone", "part").child(say(Message::ReceiptDiffers))
    });
    views![facts(rows), differs, split(receipt)].show()
}

pub fn acts(receipt: &Receipt) -> View {
    el("p")
        .class("acts screen-only")
        .child(
            el("button")
                .attr("type", "button")
                .class("button")
                .on("click", |_| browser::print())
                .child(say(Message::PrintOrSave)),
        )
        .child(link(Page::Account(receipt.account_id), "button", say(Message::BackToWhatYouOwe)))
        .show()
}

fn split(receipt: &Receipt) -> View {
    let columns = [
        say(Message::ColumnPeriod),
        say(Message::FactBilled),
        say(Message::ColumnLeftBefore),
        say(Message::ColumnThisPayment),
        say(Message::ColumnLeftAfter),
    ];
    let currency = receipt.currency;
    let mut rows: Vec<_> =
        receipt.lines.iter().map(|line| receipt_line(line, columns, currency)).collect();
    if receipt.credit_on_account.is_positive() {
        let cells = vec![
            row_head(say(Message::CreditOnAccount)),
            cell("", ()),
            cell("", ()),
            cell(columns[3], money(receipt.credit_on_account, currency)),
            cell("", ()),
        ];
        rows.push(row("", cells));
    }
    table::table(say(Message::ReceiptCaption).show(), table::head(&columns), rows.show())
}

fn receipt_line(line: &ReceiptLine, columns: [&'static str; 5], currency: Currency) -> View {
    let name = bill_name(line.period, &line.bill_number);
    let what = views![
        link(Page::Bill(line.bill_id), "", name),
        el("span").class("hint").child(fill(Message::BillNumber, &[("number", &line.bill_number)]))
    ];
    let paid = views![
        money(line.amount, currency),
        el("span").class("hint").child(reason_words(line.reason))
    ];
    let cells = vec![
        row_head(what),
        cell(columns[1], money(line.bill_total, currency)),
        cell(columns[2], money(line.left_before, currency)),
        cell(columns[3], paid),
        cell(columns[4], money(line.left_to_pay, currency)),
    ];
    row("", cells)
}
