//! What a payer is shown is what is posted, and what is refused beforehand is refused at the
//! start, for any account, amount and choice of bills. P09; the rules alone are tried a million
//! times by the properties of `receivables`.

use crate::support;
use std::collections::BTreeMap;

use crate::support::proof::{Dice, Proof};
use crate::support::{On, TestAccount, TestPortal};
use receivables::allocation::{DirectedAmount, Direction, Preview, RestOfDirection, preview};
use receivables::ids::PaymentId;
use receivables::money::MinorUnits;
use receivables::payment::PaymentState;
use server::gateway::sandbox::TestCard;
use server::payments::{AccountView, Starting, refusal_of};

/// Payments of one portal with its rules, one after the other.
const RULES: [(&str, &str); 6] = [
    ("oldest_due_first", "refuse"),
    ("oldest_due_first", "credit"),
    ("newest_first", "refuse"),
    ("smallest_first", "credit"),
    ("proportional", "refuse"),
    ("whole_bills_only", "credit"),
];
const PAYMENTS_OF_AN_ACCOUNT: usize = 5;
const DUE: [&str; 6] =
    ["2026-07-15", "2026-09-15", "2026-10-15", "2026-11-22", "2026-12-15", "2027-01-15"];

fn between(dice: &mut Dice, least: i64, most: i64) -> i64 {
    least + i64::try_from(dice.below(usize::try_from(most - least + 1).unwrap())).unwrap()
}

async fn drawn_account(portal: &TestPortal, dice: &mut Dice) -> TestAccount {
    let mut bills = Vec::new();
    for _ in 0..1 + dice.below(5) {
        let total = match dice.below(3) {
            0 => between(dice, 1, 120),
            _ => between(dice, 1, 30_000),
        };
        bills.push((DUE[dice.below(DUE.len())], total));
    }
    let account = portal.account(&bills).await;
    for bill_id in &account.bills {
        if dice.below(8) == 0 {
            portal.hold(*bill_id, "a question").await;
        }
    }
    account
}

/// Mostly what somebody could mean; at times nothing, less than nothing, or too much.
fn drawn_amount(dice: &mut Dice, owed: i64) -> i64 {
    match dice.below(10) {
        0 => owed,
        1 => owed + between(dice, -60, 60),
        2 => between(dice, -5, 60),
        _ => between(dice, 1, owed.max(1)),
    }
}

fn drawn_direction(dice: &mut Dice, view: &AccountView) -> Direction {
    if view.items.is_empty() || dice.below(3) > 0 {
        return Direction::default();
    }
    let rests = [RestOfDirection::FollowsOrder, RestOfDirection::StaysOnAccount];
    let rest = rests[dice.below(2)];
    let mut bills = Vec::new();
    for _ in 0..1 + dice.below(3) {
        let item = &view.items[dice.below(view.items.len())];
        let most = item.available().get().max(1) + i64::from(dice.below(8) == 0);
        bills.push(DirectedAmount {
            bill_id: item.bill_id,
            amount: MinorUnits::new(between(dice, 1, most)),
        });
    }
    Direction { bills, rest }
}

/// What the browser shows, or why it shows nothing, and what it would send.
struct Drawn {
    shown: Result<Preview, &'static str>,
    wish: Starting,
}

async fn drawn(portal: &TestPortal, account: &TestAccount, dice: &mut Dice) -> Drawn {
    let view = portal.view(account).await;
    let owed = view.items.iter().map(|item| item.available().get()).sum();
    let amount = MinorUnits::new(drawn_amount(dice, owed));
    let direction = drawn_direction(dice, &view);
    let shown = preview(&view.snapshot(), amount, &direction);
    // Somebody who sends what no page shows sends some fingerprint.
    let any = preview(&view.snapshot(), MinorUnits::new(1), &Direction::default());
    let sent = shown.as_ref().or(any.as_ref()).map(|preview| preview.fingerprint.clone());
    let whole = view.preview_of_received(MinorUnits::new(1), &Direction::default()).unwrap();
    let mut wish = portal.wish_for(account, &whole);
    wish.request.amount = amount;
    wish.request.direction = direction;
    wish.request.fingerprint = sent.unwrap_or(whole.fingerprint);
    Drawn { shown: shown.map_err(|refusal| refusal_of(&refusal, &view).code()), wish }
}

async fn applied(portal: &TestPortal, payment_id: PaymentId) -> BTreeMap<String, i64> {
    let query = "select bill_id, cast(sum(amount) as bigint) from application \
                 where payment_id = $1 group by bill_id";
    let rows: Vec<(String, i64)> = sqlx::query_as(query)
        .bind(payment_id.to_string())
        .fetch_all(portal.portal.db.read())
        .await
        .unwrap();
    rows.into_iter().collect()
}

async fn is_posted_as_shown(portal: &TestPortal, account: &TestAccount, pay: (Starting, Preview)) {
    let (wish, shown) = pay;
    let payment_id = wish.request.id;
    let started = portal.start(wish).await.unwrap();
    portal.choose(&started, TestCard::Success).await;
    portal.news_arrives().await;
    assert_eq!(portal.payment(payment_id).await.state, PaymentState::Posted);
    let lines = shown.lines.iter().map(|line| (line.bill_id.to_string(), line.amount.get()));
    assert_eq!(applied(portal, payment_id).await, lines.collect(), "{shown:?}");
    let view = portal.view(account).await;
    let left: i64 = view.items.iter().map(|item| item.available().get()).sum();
    assert_eq!((left, view.credit), (shown.owed_after.get(), shown.credit_after), "{shown:?}");
}

async fn shown_is_posted(on: On) {
    let mut proof = Proof::begin("P09", on, 6_000);
    let (mut posted, mut refusals) = (0, BTreeMap::<&'static str, usize>::new());
    for (order, overpayment) in RULES {
        let flags = [("payments.order", order), ("payments.overpayment", overpayment)];
        let Some(portal) = TestPortal::open_with(on, &flags).await else { return };
        for _ in 0..proof.n / RULES.len() / PAYMENTS_OF_AN_ACCOUNT {
            let account = drawn_account(&portal, &mut proof.dice).await;
            for _ in 0..PAYMENTS_OF_AN_ACCOUNT {
                let Drawn { shown, wish } = drawn(&portal, &account, &mut proof.dice).await;
                match shown {
                    Ok(shown) => {
                        is_posted_as_shown(&portal, &account, (wish, shown)).await;
                        posted += 1;
                    }
                    Err(code) => {
                        let refused = portal.start(wish).await.unwrap_err();
                        assert_eq!(refused.code(), code, "{refused:?}");
                        *refusals.entry(code).or_default() += 1;
                    }
                }
            }
        }
        let started = portal.count("payment").await;
        assert_eq!(started, portal.intents().await, "what was refused has left nothing behind");
        portal.the_book_is_exact().await;
        portal.close().await;
    }
    proof.counted("posted as shown", posted);
    for (code, times) in &refusals {
        proof.counted(&format!("refused as shown: {code}"), times);
    }
    assert!(posted > proof.n / 4 && refusals.len() > 3, "what was drawn proves too little");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shown_is_posted_and_what_is_refused_is_refused_on_sqlite() {
    shown_is_posted(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shown_is_posted_and_what_is_refused_is_refused_on_postgres() {
    if support::postgres_url().is_some() {
        shown_is_posted(On::Postgres).await;
    }
}
