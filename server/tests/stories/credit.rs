//! Credit on account pays the bills that come: what must hold whatever the bills, the credit and
//! the payments in flight are. Many accounts, drawn from a seed, on both databases.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::support::{On, TestAccount, TestPortal};
use receivables::calendar::{CivilDate, Micros};
use receivables::ids::{AccountId, BillId, PaymentId};
use receivables::money::MinorUnits;
use receivables::open_item::OpenItem;
use receivables::tender::Tender;
use server::clock::Chance;
use server::db::{Command, DbError};
use server::external_payments::{ExternalPayment, Recording, record_external_payment};
use server::state::Shared;
use sqlx::AnyConnection;

const ACCOUNTS: u64 = 40;
const SMALLEST: i64 = 500;

/// A small generator: the same accounts in every run.
struct Draw(u64);

impl Draw {
    fn up_to(&mut self, most: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        i64::try_from((self.0 >> 33) % u64::try_from(most + 1).unwrap()).unwrap()
    }

    fn due_on(&mut self) -> String {
        format!("2026-{:02}-{:02}", 1 + self.up_to(11), 1 + self.up_to(27))
    }
}

/// Money that came to the office, more than is owed: the rest is credit.
struct AtTheOffice {
    portal: Shared,
    account_id: AccountId,
    payment_id: PaymentId,
    amount: i64,
    today: CivilDate,
    now: Micros,
    chance: Arc<dyn Chance>,
}

impl Command for AtTheOffice {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        let payment = ExternalPayment {
            id: self.payment_id,
            account_id: self.account_id,
            amount: MinorUnits::new(self.amount),
            tender: Tender::Cash,
            received_on: self.today,
            received_at: self.now,
            source: "office",
            source_ref: self.payment_id.to_string(),
        };
        let settings = &self.portal.settings;
        let recording = Recording {
            rules: settings.payment_rules(receivables::money::Currency::USD),
            biller_name: &settings.biller.name,
            demo: true,
            now: self.now,
        };
        record_external_payment(tx, &payment, recording, self.chance.as_ref()).await?.unwrap();
        Ok(())
    }
}

async fn paid_at_the_office(portal: &TestPortal, account: &TestAccount, amount: i64) {
    let shared = &portal.portal;
    let (ms, chance) = shared.id_parts();
    let command = AtTheOffice {
        portal: shared.clone(),
        account_id: account.id,
        payment_id: PaymentId::from_parts(ms, &chance),
        amount,
        today: shared.today(),
        now: shared.now(),
        chance: shared.chance.clone(),
    };
    shared.db.write(command).await.unwrap();
}

/// What is open on each bill, oldest due first, and the credit.
struct Standing {
    items: Vec<OpenItem>,
    credit: i64,
}

async fn standing(portal: &TestPortal, account: &TestAccount) -> Standing {
    let view = portal.view(account).await;
    let mut items = view.items.clone();
    items.sort_by(|a, b| a.oldest_due_key().cmp(&b.oldest_due_key()));
    Standing { items, credit: view.credit.get() }
}

fn reserved(items: &[OpenItem]) -> BTreeMap<BillId, i64> {
    let held = items.iter().filter(|item| item.in_flight.is_positive());
    held.map(|item| (item.bill_id, item.in_flight.get())).collect()
}

/// What a new bill of `total` did to an account that stood as `before`.
fn assert_credit_was_applied_rightly(before: &Standing, after: &Standing, total: i64, case: &str) {
    let owed = |items: &[OpenItem]| items.iter().map(|item| item.open.get()).sum::<i64>();
    let applied = before.credit - after.credit;
    assert!((0..=before.credit).contains(&applied), "{case}: never beyond the credit");
    assert_eq!(owed(&before.items) + total - owed(&after.items), applied, "{case}: sums are kept");
    assert_eq!(reserved(&before.items), reserved(&after.items), "{case}: payers keep their hold");
    for item in &after.items {
        assert!(item.open >= item.in_flight, "{case}: what is reserved was spent");
    }
    let available: i64 = after.items.iter().map(|item| item.available().get()).sum();
    assert!(after.credit == 0 || available == 0, "{case}: credit stays while a bill is open");
    // Oldest first: once a bill has something left, nothing newer was given anything.
    let was: BTreeMap<BillId, i64> =
        before.items.iter().map(|item| (item.bill_id, item.open.get())).collect();
    let given =
        |item: &OpenItem| was.get(&item.bill_id).copied().unwrap_or(total) - item.open.get();
    let mut unpaid_older = false;
    for item in &after.items {
        assert!(!unpaid_older || given(item) == 0, "{case}: a newer bill before an older one");
        unpaid_older |= item.available().is_positive();
    }
}

async fn tell_one(portal: &TestPortal, seed: u64) {
    let draw = &mut Draw(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let bills: Vec<(String, i64)> =
        (0..draw.up_to(3)).map(|_| (draw.due_on(), 1 + draw.up_to(9_000))).collect();
    let bills: Vec<(&str, i64)> = bills.iter().map(|(due, total)| (due.as_str(), *total)).collect();
    let account = portal.account(&bills).await;
    let available: i64 = standing(portal, &account).await.items.iter().map(|i| i.open.get()).sum();
    // Some are paying a part while the money comes in at the office.
    if available > 2 * SMALLEST && draw.up_to(2) > 0 {
        portal.started(&account, SMALLEST + draw.up_to(available - 2 * SMALLEST)).await;
    }
    for _ in 0..=draw.up_to(2) {
        paid_at_the_office(portal, &account, available + 1 + draw.up_to(8_000)).await;
    }
    for n in 0..=draw.up_to(4) {
        let before = standing(portal, &account).await;
        let total = 1 + draw.up_to(9_000);
        portal.bill(account.id, &draw.due_on(), total).await;
        let after = standing(portal, &account).await;
        assert_credit_was_applied_rightly(&before, &after, total, &format!("seed {seed}.{n}"));
    }
}

stories! {
    async fn whatever_comes_credit_pays_the_oldest_and_leaves_what_payers_hold(
        portal: TestPortal
    ) {
        for seed in 1..=ACCOUNTS {
            tell_one(portal, seed).await;
        }
        // The accounts were worth drawing: credit was applied, and some of it while others paid.
        let kinds = "posting where kind = 'credit_applied'";
        assert!(portal.count(kinds).await > 20, "{}", portal.count(kinds).await);
        assert!(portal.count("reservation").await > 5);
    }
}
