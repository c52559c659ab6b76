//! Credit on account pays the next bills: when one arrives, what was paid and not applied is
//! applied, oldest first, from one minor unit up. It also goes first when a payer lets it.
//!
//! What payments in flight have reserved is left to them.

use receivables::allocation::{AllocationLine, CreditUsed, Reason, use_credit};
use receivables::calendar::{CivilDate, Micros};
use receivables::ids::{AccountId, AdjustmentId, ApplicationId, PaymentId, PostingId};
use receivables::money::MinorUnits;
use receivables::open_item::OpenItem;
use sqlx::{AnyConnection, Row};

use crate::accounts::{self, LockedAccount};
use crate::bills;
use crate::clock::{Chance, ten_bytes, unix_ms};
use crate::db::{Command, DbError};
use crate::ledger::{self, BookAccount, NewApplication, NewEntry, NewPosting, PostingKind};
use crate::state::{Portal, Shared};

/// What of each payment and credit note is still on account, the oldest first.
const ON_ACCOUNT: &str = "
select x.payment_id, x.adjustment_id, cast(sum(-e.amount) as bigint) as on_account
from entry e join posting x on x.id = e.posting_id
where e.account_id = $1 and e.book_account = 'credit_on_account'
group by x.payment_id, x.adjustment_id having sum(e.amount) < 0
order by min(x.recorded_at), x.payment_id, x.adjustment_id";

pub(super) const SQL: &[&str] = &[ON_ACCOUNT];

/// When, and by whose chance.
pub struct Occasion<'a> {
    pub today: CivilDate,
    pub now: Micros,
    pub chance: &'a dyn Chance,
}

/// Settles what is open with an account's credit, as the payer asks for it.
pub async fn spend(portal: &Shared, account_id: AccountId) -> Result<MinorUnits, DbError> {
    portal.db.write(Spend { portal: portal.clone(), account_id }).await
}

struct Spend {
    portal: Shared,
    account_id: AccountId,
}

impl Command for Spend {
    type Reply = MinorUnits;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<MinorUnits, DbError> {
        apply_credit(tx, self.account_id, &Occasion::of(&self.portal)).await
    }
}

impl<'a> Occasion<'a> {
    pub fn of(portal: &'a Portal) -> Self {
        Self { today: portal.today(), now: portal.now(), chance: portal.chance.as_ref() }
    }
}

/// Applies an account's credit to what is open. Call it in the command that issued bills.
pub async fn apply_credit(
    tx: &mut AnyConnection,
    account_id: AccountId,
    occasion: &Occasion<'_>,
) -> Result<MinorUnits, DbError> {
    let Some(account) = accounts::lock(tx, account_id).await? else {
        return Ok(MinorUnits::ZERO);
    };
    if !account.credit.is_positive() {
        return Ok(MinorUnits::ZERO);
    }
    let stored = bills::open_items(&mut *tx, account_id).await?;
    let items: Vec<OpenItem> = stored.into_iter().map(|stored| stored.item).collect();
    let CreditUsed { mut lines, credit_left, .. } =
        use_credit(&items, account.credit, occasion.today);
    for (source, on_account) in on_account(tx, account_id).await? {
        let part = take(&mut lines, on_account);
        if !part.is_empty() {
            post_part(tx, &account, source, &part, occasion).await?;
        }
    }
    let applied = account.credit.less(credit_left);
    accounts::change_credit(tx, account_id, MinorUnits::new(applied.get().saturating_neg()))
        .await?;
    Ok(applied)
}

/// Whose credit it is: of a payment, or of a credit note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CreditSource {
    payment_id: Option<PaymentId>,
    adjustment_id: Option<AdjustmentId>,
}

async fn on_account(
    tx: &mut AnyConnection,
    account_id: AccountId,
) -> Result<Vec<(CreditSource, MinorUnits)>, DbError> {
    let rows = sqlx::query(ON_ACCOUNT).bind(account_id.to_string()).fetch_all(tx).await?;
    rows.iter()
        .map(|row| {
            let payment: Option<String> = row.try_get("payment_id")?;
            let adjustment: Option<String> = row.try_get("adjustment_id")?;
            let wrong = |column| DbError::inconsistent("posting", column, account_id);
            let source = CreditSource {
                payment_id: payment
                    .map(|id| PaymentId::parse(&id))
                    .transpose()
                    .map_err(|_| wrong("payment_id"))?,
                adjustment_id: adjustment
                    .map(|id| AdjustmentId::parse(&id))
                    .transpose()
                    .map_err(|_| wrong("adjustment_id"))?,
            };
            Ok((source, MinorUnits::new(row.try_get("on_account")?)))
        })
        .collect()
}

/// The first lines up to `amount`; a line that one payment's credit does not cover is shared
/// with the next payment's.
fn take(lines: &mut Vec<AllocationLine>, amount: MinorUnits) -> Vec<AllocationLine> {
    let mut left = amount;
    let mut taken = Vec::new();
    while left.is_positive() && !lines.is_empty() {
        let line = lines.remove(0);
        let given = line.amount.min(left);
        left = left.less(given);
        taken.push(AllocationLine { amount: given, after: line.before.less(given), ..line });
        let rest = line.amount.less(given);
        if rest.is_positive() {
            let before = line.before.less(given);
            lines.insert(0, AllocationLine { before, amount: rest, ..line });
        }
    }
    taken
}

async fn post_part(
    tx: &mut AnyConnection,
    account: &LockedAccount,
    credit: CreditSource,
    lines: &[AllocationLine],
    occasion: &Occasion<'_>,
) -> Result<(), DbError> {
    let Occasion { today, now, chance, .. } = *occasion;
    let (ms, id) = (unix_ms(now), PostingId::from_parts(unix_ms(now), &ten_bytes(chance)));
    let sum = lines.iter().fold(MinorUnits::ZERO, |sum, line| sum.plus_at_most_max(line.amount));
    let spent = NewEntry { book_account: BookAccount::CreditOnAccount, bill_id: None, amount: sum };
    let settled = lines.iter().map(|line| NewEntry {
        book_account: BookAccount::Receivable,
        bill_id: Some(line.bill_id),
        amount: MinorUnits::new(line.amount.get().saturating_neg()),
    });
    let applications = lines.iter().map(|line| NewApplication {
        id: ApplicationId::from_parts(ms, &ten_bytes(chance)),
        bill_id: line.bill_id,
        amount: line.amount,
        reverses: None,
        reason: Reason::YourCredit,
    });
    let posting = NewPosting {
        id,
        account_id: account.id,
        kind: PostingKind::CreditApplied,
        source: "credit".to_owned(),
        source_ref: id.to_string(),
        payment_id: credit.payment_id,
        adjustment_id: credit.adjustment_id,
        effective_on: today,
        recorded_at: now,
        currency: account.currency,
        entries: std::iter::once(spent).chain(settled).collect(),
        applications: applications.collect(),
    };
    ledger::append(tx, &posting).await?;
    bills::settle_applications(tx, account.id, id, today, lines.len()).await
}
