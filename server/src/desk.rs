//! What an operator puts right from the terminal: the same acts as by the API, under the name of
//! an operator, each with `--dry-run`.

use std::fmt::Write;

use receivables::allocation::DirectedAmount;
use receivables::api::corrections::{
    AdjustmentDocument, AdjustmentKind, AdjustmentRequest, MoveDocument,
};
use receivables::api::refunds::{RefundPreview, RefundRequest};
use receivables::ids::{AccountId, AdjustmentId, BillId, PaymentId};
use receivables::money::{Currency, MinorUnits, Money};
use receivables::moves::BillChange;
use receivables::typed_amount::parse_typed_amount;
use receivables::words::{Language, typed_amount_error};
use sqlx::Row;
use thiserror::Error;

use crate::adjustments::{self, Decision, Proposal};
use crate::clock::Chance;
use crate::db::DbError;
use crate::invitations::{self, InviteArgs, InviteError};
use crate::key_desk::{self, ApiClientCommand, KeyDeskError, OperatorCommand};
use crate::payments::{self, Moving, Refunding};
use crate::problem::Refusal;
use crate::sign_in::{Action, Caller, Resource, named};
use crate::state::Shared;

const ACCOUNT: &str = "select id, currency from account where number = $1";
const ACCOUNT_OF_PAYMENT: &str = "
select a.id, a.currency from payment p join account a on a.id = p.account_id where p.id = $1";
const BILL: &str = "select id from bill where account_id = $1 and number = $2";

/// Every SQL text of this file, for the test that prepares them on both engines.
pub const SQL: &[&[&str]] = &[&[ACCOUNT, ACCOUNT_OF_PAYMENT, BILL]];

#[derive(clap::Subcommand, Debug)]
pub enum DeskCommand {
    /// Give, end or list the keys of operators.
    Operator {
        #[command(subcommand)]
        what: OperatorCommand,
    },
    /// Give, rotate, end or list the keys of programs.
    ApiClient {
        #[command(subcommand)]
        what: ApiClientCommand,
    },
    /// Move what a payment settled: to other bills, or to credit on account.
    Move(MoveArgs),
    /// Give a part of a payment back, or all.
    Refund(RefundArgs),
    /// Take off what was asked for: of a bill, or for the account.
    CreditNote(AdjustArgs),
    /// Propose to give up what a bill asks for; another operator approves it.
    WriteOff(AdjustArgs),
    /// Approve, decline or take back an adjustment.
    Decide(DecideArgs),
    /// Invite a customer, or many at once, by a mail with a link.
    Invite(InviteArgs),
}

#[derive(clap::Args, Debug)]
pub struct MoveArgs {
    /// The payment: pay_…
    payment: PaymentId,
    /// The operator in whose name it is done.
    #[arg(long)]
    by: String,
    /// BILL=AMOUNT: take back so much of what the payment settled of a bill.
    #[arg(long)]
    take_back: Vec<String>,
    /// BILL=AMOUNT: settle so much of a bill with it.
    #[arg(long)]
    settle: Vec<String>,
    /// Only say what it would do.
    #[arg(long)]
    dry_run: bool,
}

#[derive(clap::Args, Debug)]
pub struct RefundArgs {
    /// The payment: pay_…
    payment: PaymentId,
    /// How much, as one would type it: 45, 45.50, 1,234.50.
    amount: String,
    /// The operator in whose name it is done.
    #[arg(long)]
    by: String,
    /// Why, for those who read the books later.
    #[arg(long)]
    reason: Option<String>,
    /// Only say what it would do.
    #[arg(long)]
    dry_run: bool,
}

#[derive(clap::Args, Debug)]
pub struct AdjustArgs {
    /// The account's number.
    account: String,
    /// How much, as one would type it: 45, 45.50, 1,234.50.
    amount: String,
    /// The bill's number.
    #[arg(long)]
    bill: Option<String>,
    /// Why, for those who read the books later.
    #[arg(long)]
    reason: String,
    /// The operator in whose name it is done.
    #[arg(long)]
    by: String,
    /// Only say what it would do.
    #[arg(long)]
    dry_run: bool,
}

#[derive(clap::Args, Debug)]
pub struct DecideArgs {
    #[arg(value_enum)]
    decision: DecisionWord,
    /// The adjustment: adj_…
    adjustment: AdjustmentId,
    /// The operator in whose name it is done.
    #[arg(long)]
    by: String,
    /// Only say what it would do.
    #[arg(long)]
    dry_run: bool,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum DecisionWord {
    Approve,
    Decline,
    Reverse,
}

#[derive(Debug, Error)]
pub enum DeskError {
    #[error("there is no account {0}")]
    NoSuchAccount(String),
    #[error("there is no payment {0}")]
    NoSuchPayment(PaymentId),
    #[error("the account has no bill {0}")]
    NoSuchBill(String),
    #[error("{0:?} is not BILL=AMOUNT")]
    NotBillAndAmount(String),
    #[error("there is no operator {0} with a key that still opens anything")]
    NoSuchOperator(String),
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Invite(#[from] InviteError),
    #[error(transparent)]
    Keys(#[from] KeyDeskError),
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<Refusal> for DeskError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.detail().to_owned())
    }
}

/// Does it, and says what was done.
pub async fn run(portal: &Shared, command: DeskCommand) -> Result<String, DeskError> {
    match command {
        DeskCommand::Operator { what } => Ok(key_desk::operator(portal, what).await?),
        DeskCommand::ApiClient { what } => Ok(key_desk::api_client(portal, what).await?),
        DeskCommand::Move(args) => move_payment(portal, args).await,
        DeskCommand::Refund(args) => refund(portal, args).await,
        DeskCommand::CreditNote(args) => adjust(portal, AdjustmentKind::CreditNote, args).await,
        DeskCommand::WriteOff(args) => adjust(portal, AdjustmentKind::WriteOff, args).await,
        DeskCommand::Decide(args) => decide(portal, args).await,
        DeskCommand::Invite(args) => invite(portal, args).await,
    }
}

/// Only under a name that still has a key, and its roles decide there as everywhere.
async fn known(portal: &Shared, name: &str) -> Result<Caller, DeskError> {
    let staff = named(portal, name).await?;
    staff.map(Caller::Staff).ok_or_else(|| DeskError::NoSuchOperator(name.to_owned()))
}

async fn move_payment(portal: &Shared, args: MoveArgs) -> Result<String, DeskError> {
    let operator = known(portal, &args.by).await?.staff(Action::Move, Resource::Portal)?.name;
    let found = account(portal, ACCOUNT_OF_PAYMENT, &args.payment.to_string()).await?;
    let account = found.ok_or(DeskError::NoSuchPayment(args.payment))?;
    let moving = Moving {
        operator,
        idempotency_key: (!args.dry_run).then(|| one_time_key(portal.chance.as_ref())),
        payment_id: args.payment,
        take_back: lines(portal, account, &args.take_back).await?,
        settle: lines(portal, account, &args.settle).await?,
    };
    Ok(moved(&payments::move_payment(portal, moving).await?))
}

async fn refund(portal: &Shared, args: RefundArgs) -> Result<String, DeskError> {
    let caller = known(portal, &args.by).await?;
    let found = account(portal, ACCOUNT_OF_PAYMENT, &args.payment.to_string()).await?;
    let (_, currency) = found.ok_or(DeskError::NoSuchPayment(args.payment))?;
    let amount = typed(&args.amount, currency)?;
    let operator = payments::may_refund(portal, caller, amount)?.name;
    let request = RefundRequest { amount, currency, reason: args.reason };
    let preview = payments::preview_refund(portal, args.payment, &request).await?;
    let mut text = refund_words(&preview, args.dry_run);
    if args.dry_run {
        return Ok(text);
    }
    let idempotency_key = one_time_key(portal.chance.as_ref());
    let refunding = Refunding { operator, payment_id: args.payment, idempotency_key, request };
    let refund = payments::refund(portal, refunding).await?.refund;
    let why = refund.failure.map(|why| format!(": {why}")).unwrap_or_default();
    let _ = write!(text, "\n{} is {}{why}.", refund.id, refund.state.code());
    Ok(text)
}

fn refund_words(preview: &RefundPreview, dry_run: bool) -> String {
    let money = |amount| Money::new(amount, preview.currency).to_string();
    let mut text = opening(dry_run);
    for line in &preview.lines {
        let (before, after) = (money(line.left_before), money(line.left_after));
        let _ = writeln!(text, "Bill {}: left to pay {before} -> {after}", line.bill_number);
    }
    let (before, after) = (money(preview.credit_before), money(preview.credit_after));
    let _ = writeln!(text, "Credit on account: {before} -> {after}");
    let (before, after) = (money(preview.refundable_before), money(preview.refundable_after));
    let _ = write!(text, "Can still go back: {before} -> {after}");
    if preview.by_hand {
        text.push_str("\nNo gateway took this payment: give the money back yourself.");
    }
    text
}

async fn adjust(
    portal: &Shared,
    kind: AdjustmentKind,
    args: AdjustArgs,
) -> Result<String, DeskError> {
    let caller = known(portal, &args.by).await?;
    let found = account(portal, ACCOUNT, &args.account).await?;
    let account = found.ok_or_else(|| DeskError::NoSuchAccount(args.account.clone()))?;
    let bill_id = match &args.bill {
        Some(number) => Some(bill(portal, account.0, number).await?),
        None => None,
    };
    let request = AdjustmentRequest {
        kind,
        bill_id,
        amount: typed(&args.amount, account.1)?,
        currency: account.1,
        reason: args.reason,
    };
    let proposal = Proposal {
        operator: adjustments::may_propose(portal, caller, &request)?.name,
        idempotency_key: (!args.dry_run).then(|| one_time_key(portal.chance.as_ref())),
        account_id: account.0,
        request,
    };
    Ok(adjusted(&adjustments::propose(portal, proposal).await?))
}

async fn invite(portal: &Shared, args: InviteArgs) -> Result<String, DeskError> {
    let by = known(portal, &args.by).await?.staff(Action::Invite, Resource::Portal)?.name;
    let args = InviteArgs { by, ..args };
    Ok(invitations::run(portal, &args).await?.to_string())
}

async fn decide(portal: &Shared, args: DecideArgs) -> Result<String, DeskError> {
    let caller = known(portal, &args.by).await?;
    let decision = match args.decision {
        DecisionWord::Approve => Decision::Approve,
        DecisionWord::Decline => Decision::Decline,
        DecisionWord::Reverse => Decision::Reverse,
    };
    let (id, dry_run) = (args.adjustment, args.dry_run);
    Ok(adjusted(&adjustments::decide(portal, caller, id, decision, dry_run).await?))
}

/// A command typed twice is two acts, as the person at the terminal sees what it did.
fn one_time_key(chance: &dyn Chance) -> String {
    let mut bytes = [0; 16];
    chance.fill(&mut bytes);
    hex::encode(bytes)
}

async fn account(
    portal: &Shared,
    question: &'static str,
    key: &str,
) -> Result<Option<(AccountId, Currency)>, DeskError> {
    let found = sqlx::query(question).bind(key).fetch_optional(portal.db.read()).await;
    let Some(row) = found.map_err(DbError::from)? else { return Ok(None) };
    let wrong = |column| DbError::inconsistent("account", column, key);
    let text = |column| row.try_get::<String, _>(column).map_err(DbError::from);
    let id = AccountId::parse(&text("id")?).map_err(|_| wrong("id"))?;
    let currency = Currency::parse(&text("currency")?).map_err(|_| wrong("currency"))?;
    Ok(Some((id, currency)))
}

async fn bill(portal: &Shared, account_id: AccountId, number: &str) -> Result<BillId, DeskError> {
    let query = sqlx::query(BILL).bind(account_id.to_string()).bind(number);
    let found = query.fetch_optional(portal.db.read()).await.map_err(DbError::from)?;
    let row = found.ok_or_else(|| DeskError::NoSuchBill(number.to_owned()))?;
    let id: String = row.try_get("id").map_err(DbError::from)?;
    BillId::parse(&id).map_err(|_| DbError::inconsistent("bill", "id", id).into())
}

async fn lines(
    portal: &Shared,
    (account_id, currency): (AccountId, Currency),
    named: &[String],
) -> Result<Vec<DirectedAmount>, DeskError> {
    let mut lines = Vec::with_capacity(named.len());
    for text in named {
        let (number, amount) =
            text.rsplit_once('=').ok_or_else(|| DeskError::NotBillAndAmount(text.clone()))?;
        let bill_id = bill(portal, account_id, number).await?;
        lines.push(DirectedAmount { bill_id, amount: typed(amount, currency)? });
    }
    Ok(lines)
}

fn typed(text: &str, currency: Currency) -> Result<MinorUnits, DeskError> {
    let language = Language::EnglishUs;
    parse_typed_amount(text, currency, language.number_style())
        .map_err(|error| DeskError::Refused(typed_amount_error(language, &error, text, currency)))
}

fn moved(document: &MoveDocument) -> String {
    let money = |amount| Money::new(amount, document.currency).to_string();
    let mut text = opening(document.dry_run);
    bills(&mut text, &document.bills, document.currency);
    let (before, after) = (money(document.credit_before), money(document.credit_after));
    let _ = write!(text, "Credit on account: {before} -> {after}");
    text
}

fn adjusted(document: &AdjustmentDocument) -> String {
    let mut text = opening(document.dry_run);
    if let Some(id) = document.id {
        let _ = writeln!(text, "{id} is {}.", document.state.code());
    }
    bills(&mut text, &document.bills, document.currency);
    let credit = Money::new(document.credit_added, document.currency);
    let _ = write!(text, "Added to the account's credit: {credit}");
    text
}

fn opening(dry_run: bool) -> String {
    if dry_run { "Nothing is written. It would do this:\n".to_owned() } else { String::new() }
}

fn bills(text: &mut String, changes: &[BillChange], currency: Currency) {
    for bill in changes {
        let (before, after) = (Money::new(bill.before, currency), Money::new(bill.after, currency));
        let _ = writeln!(text, "Bill {}: left to pay {before} -> {after}", bill.bill_number);
    }
}
