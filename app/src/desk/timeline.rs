//! Everything that happened on an account, in words: what, who and why.

use receivables::api::timeline::{TimelineKind, TimelinePage, TimelineRow, Who};
use receivables::ids::AccountId;
use receivables::money::Currency;

use super::place::{DeskPage, link};
use super::requests;
use crate::page::Page;
use crate::ui::browser;
use crate::ui::money::money_text;
use crate::ui::notice::paragraph;
use crate::ui::paged::{Rows, paged};
use crate::ui::table::{self, cell, row, row_head};
use crate::ui::view::{Show, View, el, views};

const COLUMNS: [&str; 4] = ["Day", "What happened", "Who and why", "Amount"];

pub fn timeline(account: AccountId) -> View {
    let ask = move |after: Option<&str>| requests::timeline(account, after);
    paged(ask, read, frame, empty)
}

fn read(text: &str) -> Option<Rows> {
    let page: TimelinePage = crate::json::read(text).ok()?;
    let (account, currency) = (page.account_id, page.currency);
    let rows = page.items.into_iter().map(|item| shown(account, currency, item)).collect();
    Some(Rows { rows, next: page.next })
}

fn frame(rows: View) -> View {
    table::table("Everything, newest first".show(), table::head(&COLUMNS), rows)
}

fn empty() -> View {
    paragraph("Nothing has happened here yet.")
}

fn shown(account: AccountId, currency: Currency, item: TimelineRow) -> View {
    let day = browser::day_of(&item.at).map(|day| day.in_words());
    // `2026-11-22T12:00:00Z`: the day is the reader's, the moment the record's own.
    let moment = item.at.get(11..16).map(|time| format!("{time} UTC")).unwrap_or_default();
    let what = words(item.kind);
    let waited = matches!(
        item.kind,
        TimelineKind::ExternalPaymentProposed | TimelineKind::ExternalPaymentDeclined
    );
    let subject = match (item.payment_id, item.adjustment_id) {
        (Some(payment), _) if waited => link(DeskPage::DecideExternal(account, payment), "", what),
        (Some(payment), _) => link(DeskPage::Payment(payment), "", what),
        (None, Some(adjustment)) => link(DeskPage::Decide(account, adjustment), "", what),
        (None, None) => what.show(),
    };
    let bills: Vec<_> = item
        .bills
        .iter()
        .map(|bill| {
            let amount = bill.amount.map(|amount| format!(" {}", money_text(amount, currency)));
            let name = format!("Bill {}", bill.number);
            let page = DeskPage::Customers(Page::Bill(bill.bill_id));
            el("span").class("hint").child(link(page, "", name)).child(amount)
        })
        .collect();
    let about: Vec<_> = [item.person, item.method, item.receipt_number.map(receipt_words)]
        .into_iter()
        .flatten()
        .map(|words| el("span").class("hint").child(words))
        .collect();
    let why = item.why.map(|why| el("span").class("hint").child(why));
    let amount = item.amount.map(|amount| money_text(amount, currency));
    let when = views![day.unwrap_or(item.at), el("span").class("hint").child(moment)];
    let cells = vec![
        row_head(when),
        cell(COLUMNS[1], views![subject, bills, about]),
        cell(COLUMNS[2], views![who_words(item.who), why]),
        cell(COLUMNS[3], el("bdi").class("money").child(amount)),
    ];
    row("", cells)
}

fn receipt_words(number: String) -> String {
    format!("Receipt {number}")
}

fn who_words(who: Who) -> String {
    match who {
        Who::Staff { name } => name,
        Who::Customer { name } => format!("{name}, the customer"),
        Who::Program { name } => format!("{name}, a program"),
        Who::Gateway => "The card service".to_owned(),
        Who::Portal => "The portal".to_owned(),
    }
}

const fn words(kind: TimelineKind) -> &'static str {
    match kind {
        TimelineKind::BillIssued => "Bill issued",
        TimelineKind::BillHeld => "Bill on hold",
        TimelineKind::BillReleased => "Bill released",
        TimelineKind::BillCancelled => "Bill cancelled",
        TimelineKind::PaymentStarted => "Payment started",
        TimelineKind::PaymentReceived => "Payment received",
        TimelineKind::ExternalPaymentRecorded => "Payment from elsewhere recorded",
        TimelineKind::ExternalPaymentProposed => "Payment from elsewhere proposed",
        TimelineKind::ExternalPaymentApproved => "Payment from elsewhere approved",
        TimelineKind::ExternalPaymentDeclined => "Payment from elsewhere declined",
        TimelineKind::PaymentFailed => "Payment failed",
        TimelineKind::PaymentCancelled => "Payment cancelled",
        TimelineKind::PaymentExpired => "Payment ran out of time",
        TimelineKind::PaymentMoved => "Payment moved",
        TimelineKind::CreditApplied => "Credit on account used",
        TimelineKind::CreditNoteGiven => "Credit note",
        TimelineKind::WriteOffProposed => "Write-off proposed",
        TimelineKind::WriteOffApproved => "Write-off approved",
        TimelineKind::WriteOffDeclined => "Write-off declined",
        TimelineKind::CreditNoteReversed => "Credit note taken back",
        TimelineKind::WriteOffReversed => "Write-off taken back",
        TimelineKind::RefundRequested => "Refund asked for",
        TimelineKind::RefundDone => "Refund done",
        TimelineKind::RefundFailed => "Refund failed",
        TimelineKind::RefundRefused => "Refund refused",
        TimelineKind::RefundCancelled => "Refund cancelled",
        TimelineKind::DisputeOpened => "Dispute opened",
        TimelineKind::DisputeWithdrawn => "The bank took money back",
        TimelineKind::DisputeReinstated => "The bank gave money again",
        TimelineKind::DisputeWon => "Dispute won",
        TimelineKind::DisputeLost => "Dispute lost",
        TimelineKind::DisputeClosed => "Dispute closed",
        TimelineKind::PersonInvited => "Person invited",
        TimelineKind::InvitationSentAgain => "Invitation sent again",
        TimelineKind::InvitationAccepted => "Invitation accepted",
        TimelineKind::InvitationRevoked => "Invitation revoked",
        TimelineKind::AccessTakenBack => "Access taken back",
        TimelineKind::LetterSent => "Letter sent",
        TimelineKind::LetterWaiting => "Letter on its way",
        TimelineKind::LetterNotSent => "Letter not sent",
    }
}
