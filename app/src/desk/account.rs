//! An account: what is due as the customer sees it, who sees it, what was paid, what was put right.

use receivables::api::accounts::CurrentBill;
use receivables::api::corrections::{
    AdjustmentDocument, AdjustmentKind, AdjustmentPage, AdjustmentState,
};
use receivables::api::payments::{PaymentPage, PaymentRow};
use receivables::api::people::PeopleOfAccount;
use receivables::ids::AccountId;
use receivables::open_item::Standing;
use receivables::payment::PaymentStage;

use super::place::{DeskPage, link};
use super::requests;
use super::staff::Desk;
use crate::api;
use crate::bills::account_line::account_line;
use crate::bills::{bill_name, what_you_owe};
use crate::page::Page;
use crate::payments::method_words;
use crate::session::Visit;
use crate::ui::heading::heading;
use crate::ui::link::about;
use crate::ui::loaded::loaded;
use crate::ui::money::{money, money_text};
use crate::ui::notice::{Tone, notice, paragraph};
use crate::ui::paged::{Rows, paged};
use crate::ui::status_tag::stage_tag;
use crate::ui::table::{self, cell, row, row_head};
use crate::ui::view::{Show, View, el, views};

pub fn page(account: AccountId) -> View {
    Visit::here().look_at(account);
    loaded(move || api::due_periods(account), draw)
}

fn draw(bill: CurrentBill) -> View {
    let account = bill.account.id;
    let head = views![
        account_line(&bill.account.number, &bill.account.name),
        heading(what_you_owe::headline(&bill.account)),
        what_you_owe::facts_list(&bill),
        acts(account)
    ];
    el("div")
        .class("page desk-account")
        .child(el("section").class("owed").child(head))
        .child(people(account))
        .child(what_you_owe::in_progress(&bill))
        .child(holding(&bill))
        .child(what_you_owe::periods(bill))
        .child(payments(account))
        .child(adjustments(account))
        .child(section("timeline", "What happened", super::timeline::timeline(account)))
        .child(
            el("nav")
                .class("more")
                .attr("aria-label", "More about this account")
                .child(link(DeskPage::Customers(Page::PastBills(account)), "", "Past bills"))
                .child(link(DeskPage::AsCustomer(account), "", "See what the customer sees")),
        )
        .show()
}

/// The way to hold each bill, or to release it.
fn holding(bill: &CurrentBill) -> View {
    if !Desk::here().may("hold_bill") || bill.due_periods.is_empty() {
        return ().show();
    }
    let rows: Vec<_> = bill
        .due_periods
        .iter()
        .take(50)
        .map(|due| {
            let name = bill_name(due.period, &due.item.bill_number);
            let verb = match due.item.standing {
                Standing::InDispute => "Release",
                _ => "Hold",
            };
            el("li").child(link(DeskPage::Hold(due.item.bill_id), "", format!("{verb} {name}")))
        })
        .collect();
    el("details")
        .child(el("summary").child("Hold or release a bill"))
        .child(el("ul").class("people").child(rows))
        .show()
}

fn acts(account: AccountId) -> View {
    let adjust = Desk::here().may("give_credit") || Desk::here().may("propose_write_off");
    let record = Desk::here()
        .may("record_payment")
        .then(|| link(DeskPage::Record(account), "button", "Record a payment"));
    let adjust =
        adjust.then(|| link(DeskPage::Adjust(account), "button", "Credit note or write-off"));
    el("p")
        .class("acts")
        .child(link(DeskPage::WhatIf(account), "button primary", "What would a payment do?"))
        .child(record)
        .child(adjust)
        .child(link(DeskPage::AsCustomer(account), "button", "View as customer"))
        .show()
}

fn people(account: AccountId) -> View {
    let drawn = |answer: PeopleOfAccount| {
        let rows: Vec<_> = answer
            .people
            .into_iter()
            .map(|person| {
                let what = format!("{} · {}", person.email, person.role.code());
                el("li").child(person.name).child(" ").child(el("span").class("hint").child(what))
            })
            .collect();
        match rows.is_empty() {
            true => paragraph("Nobody was invited to this account yet."),
            false => el("ul").class("people").child(rows).show(),
        }
    };
    section("people", "People", loaded(move || requests::people(account), drawn))
}

fn section(id: &'static str, title: &'static str, content: View) -> View {
    el("section")
        .attr("aria-labelledby", id)
        .child(el("h2").attr("id", id).child(title))
        .child(content)
        .show()
}

fn payments(account: AccountId) -> View {
    let ask = move |after: Option<&str>| api::payments(account, after);
    section("payments", "Payments", paged(ask, read_payments, payments_frame, no_payments))
}

const PAYMENT_COLUMNS: [&str; 4] = ["Day", "How", "Status", "Amount"];

fn read_payments(text: &str) -> Option<Rows> {
    let page: PaymentPage = crate::json::read(text).ok()?;
    Some(Rows { rows: page.items.into_iter().map(payment_row).collect(), next: page.next })
}

fn payment_row(payment: PaymentRow) -> View {
    let amount = match payment.stage {
        PaymentStage::Paid => payment.received,
        _ => payment.amount,
    };
    let currency = payment.currency;
    let went_back = [
        ("went back", payment.refunded),
        ("is on its way back", payment.refunding),
        ("was taken back by the bank", payment.withdrawn),
    ];
    let went_back: Vec<_> = went_back
        .into_iter()
        .filter(|(_, sum)| sum.is_positive())
        .map(|(words, sum)| {
            el("span").class("hint").child(format!("{} {words}", money_text(sum, currency)))
        })
        .collect();
    let day = views![payment.started_on.in_words(), about(money_text(amount, currency))];
    let cells = vec![
        row_head(link(DeskPage::Payment(payment.id), "", day)),
        cell(PAYMENT_COLUMNS[1], method_words(payment.method.as_deref(), payment.tender)),
        cell(PAYMENT_COLUMNS[2], views![stage_tag(payment.stage), went_back]),
        cell(PAYMENT_COLUMNS[3], money(amount, currency)),
    ];
    row("", cells)
}

fn payments_frame(rows: View) -> View {
    table::table("Newest first".show(), table::head(&PAYMENT_COLUMNS), rows)
}

fn no_payments() -> View {
    paragraph("Nothing was paid on this account.")
}

fn adjustments(account: AccountId) -> View {
    let ask = move |after: Option<&str>| requests::adjustments(account, after);
    let list = paged(ask, read_adjustments, adjustments_frame, no_adjustments);
    section("adjustments", "Credit notes and write-offs", list)
}

const ADJUSTMENT_COLUMNS: [&str; 4] = ["What", "Why", "Status", "Amount"];

pub const fn kind_words(kind: AdjustmentKind) -> &'static str {
    match kind {
        AdjustmentKind::CreditNote => "Credit note",
        AdjustmentKind::WriteOff => "Write-off",
    }
}

pub fn state_words(adjustment: &AdjustmentDocument) -> String {
    let desk = Desk::here();
    let by = |name: &Option<String>| desk.called(name.as_deref().unwrap_or_default());
    let proposed_by = desk.called(&adjustment.proposed_by);
    match adjustment.state {
        AdjustmentState::Proposed => {
            format!("proposed by {proposed_by}, waits for approval")
        }
        AdjustmentState::Posted if adjustment.decided_by.is_some() => {
            let by = by(&adjustment.decided_by);
            format!("proposed by {proposed_by}, approved by {by}")
        }
        AdjustmentState::Posted => format!("by {proposed_by}"),
        AdjustmentState::Declined => format!("declined by {}", by(&adjustment.decided_by)),
        AdjustmentState::Reversed => format!("taken back by {}", by(&adjustment.reversed_by)),
    }
}

fn read_adjustments(text: &str) -> Option<Rows> {
    let page: AdjustmentPage = crate::json::read(text).ok()?;
    Some(Rows { rows: page.items.into_iter().map(adjustment_row).collect(), next: page.next })
}

fn adjustment_row(adjustment: AdjustmentDocument) -> View {
    let (state, kind) = (state_words(&adjustment), kind_words(adjustment.kind));
    let amount = money_text(adjustment.amount, adjustment.currency);
    let what = match adjustment.id {
        Some(id) => {
            let page = DeskPage::Decide(adjustment.account_id, id);
            link(page, "", views![kind, about(amount)])
        }
        None => kind.show(),
    };
    let cells = vec![
        row_head(what),
        cell(ADJUSTMENT_COLUMNS[1], adjustment.reason),
        cell(ADJUSTMENT_COLUMNS[2], state),
        cell(ADJUSTMENT_COLUMNS[3], money(adjustment.amount, adjustment.currency)),
    ];
    row("", cells)
}

fn adjustments_frame(rows: View) -> View {
    table::table("Newest first".show(), table::head(&ADJUSTMENT_COLUMNS), rows)
}

fn no_adjustments() -> View {
    paragraph("None so far.")
}

/// The customer's own page, to look at: nothing on it does anything.
pub fn as_customer(account: AccountId) -> View {
    let words = el("p").child("Nothing can be pressed here. ").child(link(
        DeskPage::Account(account),
        "",
        "Back to the account",
    ));
    let stay = |event: web_sys::Event| {
        event.prevent_default();
        event.stop_propagation();
    };
    el("div")
        .class("page")
        .child(notice(Tone::Status, "This is what the customer sees", words.show()))
        .child(el("div").class("as-customer").on("click", stay).child(what_you_owe::page(account)))
        .show()
}
