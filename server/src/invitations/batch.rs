//! `paydown invite`: one person, the people of a file, or every customer who never came.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use receivables::api::roles::AccountRole;
use receivables::ids::AccountId;
use sqlx::Row;
use thiserror::Error;

use super::invite::{Invite, Invited, Invitee, LONGEST_NAME, NotInvited};
use crate::accounts;
use crate::db::DbError;
use crate::sign_in::EmailAddress;
use crate::state::Shared;

/// Customers who never signed in and were never asked, with one of their accounts a row.
const NEVER_CAME: &str = "
select c.email, c.name, a.account_id, a.role from customer c
join account_customer a on a.customer_id = c.id
where not exists (select 1 from session s where s.customer_id = c.id)
  and not exists (
    select 1 from invitation i where i.email = c.email
      and (i.accepted_at is not null or i.revoked_at is not null
        or i.expires_at > $1 and i.tries_left > 0))
order by c.email, a.role, a.account_id";

pub(super) const SQL: &[&str] = &[NEVER_CAME];

/// Of one transaction: payers wait no longer than for an import.
const A_COMMIT: usize = 100;
/// What an invitation holds at most; a landlord of more accounts gets several.
const ACCOUNTS_EACH: usize = 20;

#[derive(clap::Args, Clone, Debug)]
pub struct InviteArgs {
    /// The address of the person to invite.
    #[arg(requires = "account", required_unless_present_any = ["all", "file"])]
    #[arg(conflicts_with_all = ["all", "file"])]
    pub email: Option<String>,
    /// The number or id of an account they are invited to; several may be given.
    #[arg(long, requires = "email")]
    pub account: Vec<String>,
    /// What they are called in the mail; the address, if not given.
    #[arg(long, requires = "email")]
    pub name: Option<String>,
    /// They may see the accounts and not pay them.
    #[arg(long, requires = "email")]
    pub viewer: bool,
    /// Invite every customer who never signed in and was not asked yet.
    #[arg(long, conflicts_with = "file")]
    pub all: bool,
    /// Invite the people of a CSV file with the columns email, name, account and role; a person
    /// of several accounts has several rows.
    #[arg(long)]
    pub file: Option<PathBuf>,
    /// The operator in whose name it is done.
    #[arg(long)]
    pub by: String,
    /// Only say how many would be invited.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Error)]
pub enum InviteError {
    #[error("there is no account {0}")]
    NoSuchAccount(String),
    #[error("{0}")]
    NotInvited(#[from] NotInvited),
    #[error("row {row}: {why}; nobody was invited")]
    Row { row: usize, why: String },
    #[error("{}: {why}", file.display())]
    Unreadable { file: PathBuf, why: String },
    #[error(transparent)]
    Database(#[from] DbError),
}

/// How many were invited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub invited: usize,
    /// The same is open already; no other mail was sent.
    pub before: usize,
    /// Customers whose address no invitation can be sent to.
    pub skipped: usize,
    pub dry_run: bool,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { invited, before, skipped, dry_run } = self;
        if *dry_run {
            write!(f, "Dry run: {invited} would be invited. Nothing was written.")?;
        } else {
            let mails = "A running server sends the mails.";
            write!(f, "{invited} invited, {before} asked before. {mails}")?;
        }
        match skipped {
            0 => Ok(()),
            _ => write!(f, " {skipped} left out: their address is not one plain e-mail address."),
        }
    }
}

/// Invites them. Stopped and started again it goes on where it was: who is asked already is not
/// asked twice.
pub async fn run(portal: &Shared, args: &InviteArgs) -> Result<Summary, InviteError> {
    let mut summary = Summary { dry_run: args.dry_run, ..Summary::default() };
    let invitees = match (&args.email, &args.file) {
        (Some(email), _) => vec![one(portal, email, args).await?],
        (None, Some(file)) => gather(of_file(portal, file).await?)?,
        (None, None) => {
            let rows = never_came(portal).await?;
            let (plain, others): (Vec<_>, Vec<_>) =
                rows.into_iter().partition(|row| EmailAddress::parse(&row.email).is_ok());
            summary.skipped = others.iter().map(|row| &row.email).collect::<BTreeSet<_>>().len();
            gather(plain)?
        }
    };
    if args.dry_run {
        summary.invited = invitees.len();
        return Ok(summary);
    }
    let bar = progress(invitees.len());
    for some in invitees.chunks(A_COMMIT) {
        let command = Invite::new(portal, &args.by, some.to_vec());
        for invited in portal.db.write(command).await? {
            match invited {
                Invited::Now(_) => summary.invited += 1,
                Invited::Before(_) => summary.before += 1,
            }
        }
        bar.inc(some.len() as u64);
    }
    bar.finish_and_clear();
    portal.work.outbox.notify_one();
    Ok(summary)
}

async fn one(portal: &Shared, email: &str, args: &InviteArgs) -> Result<Invitee, InviteError> {
    let mut ids = Vec::new();
    for name in &args.account {
        ids.push(account(portal, name).await?);
    }
    let role = if args.viewer { AccountRole::Viewer } else { AccountRole::Payer };
    Ok(Invitee::parse(email, args.name.as_deref().unwrap_or(email), &ids, role)?)
}

async fn account(portal: &Shared, name: &str) -> Result<AccountId, InviteError> {
    let found = accounts::find_by_name(portal.db.read(), name).await?;
    found.ok_or_else(|| InviteError::NoSuchAccount(name.to_owned()))
}

/// A person with accounts in one role, as they are gathered.
struct Gathered {
    row: usize,
    email: String,
    name: String,
    role: AccountRole,
    accounts: Vec<AccountId>,
}

impl Gathered {
    fn invitees(self) -> Result<Vec<Invitee>, InviteError> {
        let Self { row, email, name, role, accounts } = self;
        let each = |some: &[AccountId]| {
            let why = |why: NotInvited| InviteError::Row { row, why: why.to_string() };
            Invitee::parse(&email, &name, some, role).map_err(why)
        };
        accounts.chunks(ACCOUNTS_EACH).map(each).collect()
    }
}

fn gather(rows: Vec<Gathered>) -> Result<Vec<Invitee>, InviteError> {
    let mut people: Vec<Gathered> = Vec::new();
    for row in rows {
        match people.last_mut() {
            Some(last) if last.email == row.email && last.role == row.role => {
                last.accounts.extend(row.accounts);
            }
            _ => people.push(row),
        }
    }
    let invitees: Result<Vec<_>, _> = people.into_iter().map(Gathered::invitees).collect();
    Ok(invitees?.concat())
}

async fn never_came(portal: &Shared) -> Result<Vec<Gathered>, InviteError> {
    let query = sqlx::query(NEVER_CAME).bind(portal.now().0);
    let found = query.fetch_all(portal.db.read()).await.map_err(DbError::from)?;
    let rows = found.iter().enumerate().map(|(n, row)| {
        let email: String = row.try_get("email")?;
        let (account, name): (String, String) = (row.try_get("account_id")?, row.try_get("name")?);
        let wrong = |column| DbError::inconsistent("account_customer", column, &account);
        Ok(Gathered {
            row: n + 1,
            role: AccountRole::parse(row.try_get("role")?).ok_or_else(|| wrong("role"))?,
            // An import takes longer ones.
            name: greeting(&name, &email),
            accounts: vec![AccountId::parse(&account).map_err(|_| wrong("account_id"))?],
            email,
        })
    });
    Ok(rows.collect::<Result<_, DbError>>()?)
}

/// The whole file is read and checked before anybody is invited.
async fn of_file(portal: &Shared, file: &PathBuf) -> Result<Vec<Gathered>, InviteError> {
    let unreadable = |why: String| InviteError::Unreadable { file: file.clone(), why };
    let bytes = tokio::fs::read(file).await.map_err(|error| unreadable(error.to_string()))?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes.as_slice());
    let headers = reader.headers().map_err(|error| unreadable(error.to_string()))?.clone();
    let place = |name: &str| headers.iter().position(|header| header.eq_ignore_ascii_case(name));
    let (Some(email), Some(number)) = (place("email"), place("account")) else {
        return Err(unreadable("it needs the columns email and account".to_owned()));
    };
    let (name, role) = (place("name"), place("role"));
    let mut rows = Vec::new();
    for (n, record) in reader.records().enumerate() {
        // As a spreadsheet counts: the header is row 1.
        let row = n + 2;
        let wrong = |why: &str| InviteError::Row { row, why: why.to_owned() };
        let record = record.map_err(|error| wrong(&error.to_string()))?;
        let cell = |at: Option<usize>| at.and_then(|at| record.get(at)).filter(|t| !t.is_empty());
        let email = cell(Some(email)).ok_or_else(|| wrong("it has no email"))?.to_lowercase();
        let number = cell(Some(number)).ok_or_else(|| wrong("it has no account"))?;
        let role = match cell(role) {
            None => AccountRole::Payer,
            Some(role) => AccountRole::parse(&role.to_lowercase())
                .ok_or_else(|| wrong("a role is payer or viewer"))?,
        };
        let accounts = vec![account(portal, number).await.map_err(|error| match error {
            InviteError::NoSuchAccount(number) => wrong(&format!("there is no account {number}")),
            other => other,
        })?];
        let name = cell(name).unwrap_or(&email).to_owned();
        rows.push(Gathered { row, email, name, role, accounts });
    }
    rows.sort_by(|a, b| (&a.email, a.role.code()).cmp(&(&b.email, b.role.code())));
    Ok(rows)
}

/// What a customer is called in the mail.
fn greeting(name: &str, email: &str) -> String {
    let name = if name.trim().is_empty() { email } else { name.trim() };
    name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect()
}

/// A bar on a terminal, nothing elsewhere.
fn progress(people: usize) -> ProgressBar {
    let bar = ProgressBar::new(people as u64);
    let style =
        ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len} people, {eta} left");
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
