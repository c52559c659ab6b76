//! The mail that tells a payer of money that went back: a letter in the outbox, in the posting's
//! own transaction.

use std::sync::LazyLock;

use receivables::give_back::GivenBack;
use receivables::ids::BillId;
use receivables::money::{MinorUnits, Money};
use serde::Serialize;
use sqlx::AnyConnection;

use super::super::store::PaymentRecord;
use super::store::RefundRecord;
use crate::accounts::LockedAccount;
use crate::bills;
use crate::db::DbError;
use crate::outbox::{NewOutbox, OutboxKind, Sender, Templates, enqueue, templates};
use crate::receipts;
use crate::state::Portal;

static TEMPLATES: LazyLock<Templates> =
    templates!("templates/subject.txt", "templates/letter.txt", "templates/letter.html");

#[derive(Serialize)]
struct Words<'a> {
    biller: &'a str,
    account_number: &'a str,
    account_name: &'a str,
    public_url: &'a str,
    amount: String,
    paid: String,
    on: String,
    /// `Visa 4242`, or nothing where staff gave it back themselves.
    method: Option<&'a str>,
    bills: Vec<BillWords>,
    from_credit: Option<String>,
}

#[derive(Serialize)]
struct BillWords {
    bill: String,
    opened: String,
    left: String,
}

pub(super) async fn send(
    tx: &mut AnyConnection,
    portal: &Portal,
    account: &LockedAccount,
    payment: &PaymentRecord,
    payer: Option<String>,
    refund: &RefundRecord,
    given: &GivenBack,
) -> Result<(), DbError> {
    let numbers = bills::open_items(&mut *tx, account.id).await?;
    let number = |id: BillId| {
        let stored = numbers.iter().find(|stored| stored.item.bill_id == id);
        stored.map_or_else(String::new, |stored| stored.item.bill_number.clone())
    };
    let money = |amount: MinorUnits| Money::new(amount, refund.currency).to_string();
    let bills = given.bills().into_iter().map(|bill| BillWords {
        bill: number(bill.bill_id),
        opened: money(bill.amount),
        left: money(bill.after),
    });
    let by_gateway = refund.gateway.is_some();
    let words = Words {
        biller: &portal.settings.biller.name,
        account_number: &account.number,
        account_name: &account.name,
        public_url: &portal.settings.public_url,
        amount: money(refund.amount),
        paid: money(payment.received),
        on: portal.today().in_words(),
        method: payment.method.as_deref().filter(|_| by_gateway),
        bills: bills.collect(),
        from_credit: given.from_credit.is_positive().then(|| money(given.from_credit)),
    };
    let sender = Sender { biller: portal.settings.biller.name.clone(), demo: portal.is_demo() };
    let letter = TEMPLATES.write(&sender, words);
    let receivers = match payer {
        Some(payer) => vec![payer],
        None => receipts::holders(tx, account.id).await?,
    };
    for to in receivers {
        let now = portal.now();
        let new = NewOutbox {
            id: portal.outbox_id(),
            account_id: Some(account.id),
            kind: OutboxKind::RefundMail,
            payload: crate::outbox::Letter { to: Some(to), ..letter.clone() }.payload(),
            due_at: now,
        };
        enqueue(&mut *tx, &new, now).await?;
    }
    Ok(())
}
