//! What an account looks like to a preview, read in one moment, and refusals in its words.

use receivables::allocation::{
    AccountSnapshot, CreditUsed, Direction, Overpayment, PaymentRules, Preview, PreviewLine,
    PreviewRefusal, Reason, preview, use_credit,
};
use receivables::bill::BillingPeriod;
use receivables::calendar::CivilDate;
use receivables::ids::{AccountId, BillId};
use receivables::money::{Currency, MinorUnits};
use receivables::open_item::{OpenItem, PartPayment};
use receivables::words::{Language, bill_numbers, preview_refusal};
use sqlx::AnyConnection;

use crate::accounts::AccountRow;
use crate::bills::{StoredItem, open_items};
use crate::db::DbError;
use crate::problem::Refusal;
use crate::state::Portal;

/// Everything a preview of one account depends on.
#[derive(Clone, Debug)]
pub struct AccountView {
    pub id: AccountId,
    pub currency: Currency,
    pub credit: MinorUnits,
    pub rules: PaymentRules,
    pub today: CivilDate,
    pub stored: Vec<StoredItem>,
    pub items: Vec<OpenItem>,
}

impl AccountView {
    fn new(
        id: AccountId,
        currency: Currency,
        credit: MinorUnits,
        rules: PaymentRules,
        today: CivilDate,
        stored: Vec<StoredItem>,
    ) -> Self {
        let items = stored.iter().map(|stored| stored.item.clone()).collect();
        Self { id, currency, credit, rules, today, stored, items }
    }

    pub fn snapshot(&self) -> AccountSnapshot<'_> {
        AccountSnapshot {
            currency: self.currency,
            items: &self.items,
            credit_on_account: self.credit,
            rules: self.rules,
            today: self.today,
        }
    }

    /// How money that is here is split: none of the limits for payers holds, and the rest stays
    /// on account. Its payer's own words are followed, whatever payers online may say.
    pub fn preview_of_received(
        &self,
        amount: MinorUnits,
        direction: &Direction,
    ) -> Result<Preview, PreviewRefusal> {
        let least = MinorUnits::new(1);
        let mut account = self.snapshot();
        account.rules = PaymentRules {
            overpayment: Overpayment::Credit,
            directions: true,
            smallest_payment: least,
            gateway_minimum: least,
            largest_payment: MinorUnits::MAX,
            ..account.rules
        };
        let whole_or_part =
            |item: &OpenItem| OpenItem { part_payment: PartPayment::Any, ..item.clone() };
        let items: Vec<OpenItem> = self.items.iter().map(whole_or_part).collect();
        account.items = &items;
        preview(&account, amount, direction).map(|split| self.with_periods(split))
    }

    /// The account as a payment finds it once credit has gone first, and what the credit settles.
    pub fn with_credit_used(mut self) -> (Self, Vec<PreviewLine>) {
        let CreditUsed { lines, items, credit_left } =
            use_credit(&self.items, self.credit, self.today);
        let named = lines.iter().filter_map(|line| {
            let item = self.items.iter().find(|item| item.bill_id == line.bill_id)?;
            Some(PreviewLine {
                bill_id: line.bill_id,
                bill_number: item.bill_number.clone(),
                period: self.period_of(line.bill_id),
                due_on: item.due_on,
                before: line.before,
                amount: line.amount,
                after: line.after,
                reason: Reason::YourCredit,
            })
        });
        let named = named.collect();
        self.items = items;
        self.credit = credit_left;
        (self, named)
    }

    pub fn period_of(&self, bill_id: BillId) -> Option<BillingPeriod> {
        self.stored.iter().find(|stored| stored.item.bill_id == bill_id)?.period
    }

    /// Adds to a preview's lines what the rules do not need and people do: the periods.
    pub fn with_periods(&self, mut preview: Preview) -> Preview {
        for line in &mut preview.lines {
            line.period = self.period_of(line.bill_id);
        }
        preview
    }
}

/// The view for showing: no lock, one moment of the database.
pub async fn view_of(portal: &Portal, account: &AccountRow) -> Result<AccountView, DbError> {
    let biller = portal.settings.payment_rules(account.currency);
    let mut connection = portal.db.read().acquire().await?;
    view_in(&mut connection, account, &biller, portal.today()).await
}

/// The view by a connection in hand: in a command, the one that holds the account's lock.
pub async fn view_in(
    tx: &mut AnyConnection,
    account: &AccountRow,
    biller: &PaymentRules,
    today: CivilDate,
) -> Result<AccountView, DbError> {
    let stored = open_items(&mut *tx, account.id).await?;
    let rules = account.rules(biller);
    Ok(AccountView::new(account.id, account.currency, account.credit, rules, today, stored))
}

/// A refused preview as an answer, in the payer's words, pointing at the field.
pub fn refusal_of(refusal: &PreviewRefusal, view: &AccountView) -> Refusal {
    let words =
        preview_refusal(Language::EnglishUs, refusal, view.currency, bill_numbers(&view.items));
    let pointer = match refusal {
        PreviewRefusal::Amount(_) => "#/amount",
        PreviewRefusal::Direction(_) => "#/direction/bills",
    };
    // A bill that stopped taking payments is a conflict with what happened meanwhile, not a
    // malformed wish.
    match refusal.code() {
        code @ "bill-not-payable" => Refusal::conflict(code, words).at(pointer),
        code => Refusal::unprocessable(code, words).at(pointer),
    }
}
