//! Accounts with twelve open bills each, and payments that wait to be posted.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use futures_util::future::try_join_all;
use receivables::allocation::{DirectedAmount, Direction, Preview, RestOfDirection, preview};
use receivables::calendar::Micros;
use receivables::ids::{AccountId, BillId, CustomerId, PaymentId, PostingId};
use receivables::money::{Currency, MinorUnits};
use receivables::open_item::PartPayment;
use receivables::payment::PaymentState;
use receivables::tender::Tender;
use server::accounts::{self, NewAccount, NewCustomer};
use server::bills::{self, NewBill};
use server::db::{Command, DbError, expect_rows, widened};
use server::payments::{self, PaymentRecord};
use server::sign_in::Reach;
use server::state::Portal;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::Outcome;
use crate::stage::Stage;

const BILLS: i32 = 12;
const BILL_TOTAL: MinorUnits = MinorUnits::new(1_000_000);
/// A third to each of the three oldest bills, so that every payment does the same work.
const THIRD: i64 = 200;
pub const AMOUNT: MinorUnits = MinorUnits::new(3 * THIRD);

pub struct Account {
    pub id: AccountId,
    pub customer_id: CustomerId,
    pub email: String,
    pub direction: Direction,
    preview: Preview,
}

struct Open {
    account: NewAccount,
    bills: Vec<NewBill>,
    now: Micros,
}

impl Command for Open {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        accounts::open_account(tx, &self.account, self.now).await?;
        let issued = bills::issue_bills(tx, self.account.id, &self.bills, self.now).await?;
        issued.map_err(|_| DbError::inconsistent("bill", "total", self.account.id))
    }
}

pub async fn open_accounts(stage: &Stage, how_many: usize) -> Outcome<Vec<Account>> {
    let mut accounts = Vec::with_capacity(how_many);
    let numbers: Vec<usize> = (0..how_many).collect();
    for some in numbers.chunks(50) {
        let opened = some.iter().map(|number| open_account(stage, *number));
        accounts.extend(try_join_all(opened).await?);
    }
    Ok(accounts)
}

async fn open_account(stage: &Stage, number: usize) -> Outcome<Account> {
    let portal = &stage.portal;
    let (ms, chance) = portal.id_parts();
    let id = AccountId::from_parts(ms, &chance);
    let (ms, chance) = portal.id_parts();
    let customer_id = CustomerId::from_parts(ms, &chance);
    let email = format!("payer-{number}@customers.example");
    let customer = NewCustomer { id: customer_id, email: email.clone(), name: "Ada".to_owned() };
    let account = NewAccount {
        id,
        number: format!("{:06}", 100_000 + number),
        name: format!("Household {number}"),
        currency: Currency::USD,
        customers: vec![customer],
    };
    let bills: Vec<NewBill> = (0..BILLS).map(|month| new_bill(portal, month)).collect();
    let oldest: Vec<BillId> = bills.iter().take(3).map(|bill| bill.id).collect();
    portal.db.write(Open { account, bills, now: portal.now() }).await?;

    let amount = MinorUnits::new(THIRD);
    let direction = Direction {
        bills: oldest.into_iter().map(|bill_id| DirectedAmount { bill_id, amount }).collect(),
        rest: RestOfDirection::FollowsOrder,
    };
    let row = accounts::find_within(portal.db.read(), id, Reach::Own(customer_id)).await?;
    let view = payments::view_of(portal, &row.ok_or("the account is not there")?).await?;
    let preview = preview(&view.snapshot(), AMOUNT, &direction)?;
    Ok(Account { id, customer_id, email, direction, preview })
}

fn new_bill(portal: &Portal, month: i32) -> NewBill {
    let (ms, chance) = portal.id_parts();
    let (posting_ms, posting_chance) = portal.id_parts();
    let issued_on = portal.today().plus_days((month - BILLS) * 30);
    NewBill {
        id: BillId::from_parts(ms, &chance),
        posting_id: PostingId::from_parts(posting_ms, &posting_chance),
        number: format!("B-{month:02}"),
        period: None,
        issued_on,
        due_on: Some(issued_on.plus_days(21)),
        total: BILL_TOTAL,
        lines: Vec::new(),
        hold_reason: None,
        part_payment: PartPayment::Any,
    }
}

/// Started payments whose money is about to arrive, each used once by whoever posts it.
#[derive(Default)]
pub struct Waiting(Mutex<VecDeque<PaymentRecord>>);

impl Waiting {
    pub fn take(&self) -> Option<PaymentRecord> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    pub fn take_some(&self, at_most: usize) -> Vec<PaymentRecord> {
        std::iter::from_fn(|| self.take()).take(at_most).collect()
    }

    /// Starts as many more as are missing, spread over all accounts.
    pub async fn fill(&mut self, stage: &Stage, accounts: &[Account], up_to: usize) -> Outcome {
        let queue = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let missing = up_to.saturating_sub(queue.len());
        let mut started = Vec::with_capacity(missing);
        for account in accounts.iter().cycle().take(missing) {
            started.push(awaiting_payer(&stage.portal, account));
        }
        for some in started.chunks(100) {
            stage.portal.db.write(StartMany(some.to_vec())).await?;
        }
        queue.extend(started);
        Ok(())
    }
}

fn awaiting_payer(portal: &Portal, account: &Account) -> PaymentRecord {
    let (ms, chance) = portal.id_parts();
    let id = PaymentId::from_parts(ms, &chance);
    let now = portal.now();
    PaymentRecord {
        id,
        account_id: account.id,
        started_by: account.customer_id.to_string(),
        session_hash: Some("a session".to_owned()),
        idempotency_key: id.to_string(),
        request_hash: id.to_string(),
        amount: AMOUNT,
        currency: Currency::USD,
        tender: Tender::Card,
        method: None,
        direction: account.direction.clone(),
        preview: account.preview.clone(),
        state: PaymentState::AwaitingPayer,
        decline: None,
        gateway: portal.gateway_name().to_owned(),
        gateway_ref: Some(format!("pi_sbx_{id}")),
        received: MinorUnits::ZERO,
        refunded: MinorUnits::ZERO,
        refunding: MinorUnits::ZERO,
        withdrawn: MinorUnits::ZERO,
        started_at: now,
        expires_at: now.plus_minutes(30),
        changed_at: now,
        look_at: Some(now.plus_minutes(30)),
        looks: 0,
        asked_at: Micros(0),
        // Its first line of history is there.
        version: 1,
    }
}

/// Payments as they are once the gateway knows them, many a statement.
struct StartMany(Vec<PaymentRecord>);

impl Command for StartMany {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        payments::record_posted(tx, &self.0).await?;
        let reserve = "insert into reservation (payment_id, bill_id, account_id, amount) \
             values ($1, $2, $3, $4)";
        let rows = self.0.len() * 3;
        let mut query = sqlx::query(AssertSqlSafe(widened(reserve, rows)));
        for payment in &self.0 {
            for line in &payment.preview.lines {
                query = query
                    .bind(payment.id.to_string())
                    .bind(line.bill_id.to_string())
                    .bind(payment.account_id.to_string())
                    .bind(line.amount.get());
            }
        }
        expect_rows(&query.execute(tx).await?, rows as u64, "reservation")
    }
}
