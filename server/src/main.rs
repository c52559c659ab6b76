//! The `paydown` program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use receivables::ids::MemberId;
use server::clock::{Clock, SystemChance, SystemClock, instant_text};
use server::config::{self, Loaded};
use server::db::{self, Database};
use server::imports::FileMap;
use server::staff_sign_in::break_glass::{self, BreakGlassCommand};
use server::staff_sign_in::{self, EndMember};
use server::start::{Injected, start};
use server::{
    audit, backup, counter, demo, desk, external_payments, imports, ledger, privacy, router, serve,
    work_list,
};

/// Prints a line; a reader who has gone away is no fault of ours.
macro_rules! tell {
    ($($words:tt)*) => {{
        let text = format!($($words)*);
        let line_end = if text.ends_with('\n') { "" } else { "\n" };
        let _ = write!(std::io::stdout().lock(), "{text}{line_end}");
    }};
}

/// The portal where people pay a part of what they owe and see what it settles.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// A TOML file of settings; else paydown.toml in this folder, if there is one.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    /// Overrides database_url.
    #[arg(long, global = true)]
    database_url: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the portal.
    Serve {
        /// Overrides the address to listen on.
        #[arg(long)]
        listen: Option<String>,
        /// Overrides the address people see.
        #[arg(long)]
        public_url: Option<String>,
    },
    /// Bring the database's tables up to date.
    Migrate,
    /// Load the demo customers and say whom to sign in as.
    Demo,
    /// Load accounts and bills, or payments, from a file.
    Import(imports::ImportArgs),
    /// Show what a payment would settle; nothing is stored.
    Preview(counter::PreviewArgs),
    #[command(flatten)]
    Desk(desk::DeskCommand),
    /// Verify the invariants of the book.
    Check,
    /// Write a verified backup to a new file, also while the server runs.
    Backup { file: PathBuf },
    /// Restore a backup into the configured database, which must be empty.
    Restore {
        file: PathBuf,
        /// Then ask the gateway for what was paid after the backup, and post it.
        #[arg(long)]
        verify: bool,
        /// The head of the audit trail that was kept last: says how many acts are missing.
        #[arg(long)]
        head: Option<audit::Head>,
    },
    /// Ask the gateway for what was paid after the backup this database was restored from.
    Replay,
    /// Write the book for an accounting program, to standard output.
    Export(ledger::ExportArgs),
    /// Show or forget what is known about a person.
    Privacy {
        #[command(subcommand)]
        command: PrivacyCommand,
    },
    /// Copy a database with everybody's names, addresses and references replaced, for tests.
    Anonymise {
        /// The address of the database to copy, as in database_url.
        source: String,
        /// The address of an empty one.
        target: String,
    },
    /// Print the head of the audit trail and verify every act of it.
    Audit {
        /// A head that was kept elsewhere: proves that nothing was cut off since.
        #[arg(long)]
        head: Option<audit::Head>,
    },
    /// Post money that named no account to the account whose it is.
    Match {
        /// The gateway's name of the payment: `pi_…`.
        reference: String,
        /// The account's number or id.
        account: String,
    },
    /// List what waits for a person, or end an item of it.
    Work {
        #[command(subcommand)]
        command: Option<WorkCommand>,
    },
    /// List the members of staff who signed in, or end the access of one.
    Staff {
        #[command(subcommand)]
        command: Option<StaffCommand>,
    },
    /// Let an administrator in without the identity provider, for some hours; or end that.
    BreakGlass {
        #[command(subcommand)]
        command: BreakGlassCommand,
    },
    /// Look at the configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Print the API's OpenAPI document.
    Openapi,
}

#[derive(Subcommand)]
enum WorkCommand {
    /// Take an item off the list.
    Done {
        id: String,
        /// What was done about it; without names and addresses.
        #[arg(long)]
        note: String,
    },
}

#[derive(Subcommand)]
enum PrivacyCommand {
    /// Print everything that is kept about a person.
    Export {
        /// Their e-mail address, or the customer's id.
        person: String,
        /// json, or csv with a line for each field.
        #[arg(long, default_value = "json")]
        format: privacy::Format,
    },
    /// Forget a person for good; what they owed and paid stays in the book under ids.
    Erase {
        /// Their e-mail address, or the customer's id.
        person: String,
        /// It cannot be taken back.
        #[arg(long, required = true)]
        for_good: bool,
    },
}

#[derive(Subcommand)]
enum StaffCommand {
    /// End a member's sessions and let them in no more.
    End { member: MemberId },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Every setting with where it comes from.
    Show,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_log(&arguments.command);
    match run(arguments).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("paydown: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start_log(command: &Command) {
    let usual = if matches!(command, Command::Serve { .. }) { "info,sqlx=warn" } else { "warn" };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(usual));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .json()
        .with_writer(std::io::stderr)
        // A log that cannot be written (its disk is full) must not end the request it is about.
        .log_internal_errors(false)
        .init();
}

type AnyError = Box<dyn std::error::Error>;

async fn run(arguments: Arguments) -> Result<ExitCode, AnyError> {
    let mut flags = Vec::new();
    if let Some(url) = arguments.database_url {
        flags.push(("database_url", url));
    }
    if let Command::Serve { listen, public_url } = &arguments.command {
        flags.extend(listen.clone().map(|value| ("listen", value)));
        flags.extend(public_url.clone().map(|value| ("public_url", value)));
    }
    let loaded = config::load(arguments.config.as_ref(), &flags)?;
    match arguments.command {
        Command::Serve { .. } => serve::serve(loaded).await?,
        Command::Migrate => {
            open(&loaded).await?;
            tell!("The database is up to date.");
        }
        Command::Demo => load_demo(&loaded).await?,
        Command::Import(import) => {
            tell!("{}", import_file(loaded, &import).await?);
        }
        Command::Preview(preview) => {
            let database = open(&loaded).await?;
            tell!("{}", counter::preview_table(&database, &loaded, &SystemClock, &preview).await?);
        }
        Command::Desk(command) => {
            let machine = Injected::from_the_machine();
            let started = start(loaded, machine, "http://127.0.0.1").await?;
            tell!("{}", desk::run(&started.portal, command).await?);
            started.portal.db.close().await;
        }
        Command::Check => return check(&open(&loaded).await?).await,
        Command::Backup { file } => take_backup(&open(&loaded).await?, &file).await?,
        Command::Restore { file, verify, head } => restore(loaded, &file, verify, head).await?,
        Command::Replay => replay(loaded).await?,
        Command::Export(export) => {
            let database = open(&loaded).await?;
            let mut out = std::io::BufWriter::new(std::io::stdout());
            ledger::export(database.read(), &export, &mut out).await?;
            out.flush()?;
        }
        Command::Privacy { command } => about_a_person(&loaded, command).await?,
        Command::Anonymise { source, target } => copy_for_tests(&source, &target).await?,
        Command::Audit { head } => return verify_audit(&open(&loaded).await?, head).await,
        Command::Match { reference, account } => {
            let machine = Injected::from_the_machine();
            let started = start(loaded, machine, "http://127.0.0.1").await?;
            let id =
                external_payments::match_money(&started.portal, (&reference, &account), "operator")
                    .await?;
            tell!("{reference} is posted as {id}.");
            started.portal.db.close().await;
        }
        Command::Work { command: None } => {
            tell!("{}", work_list::table(&open(&loaded).await?).await?)
        }
        Command::Work { command: Some(WorkCommand::Done { id, note }) } => {
            work_list::finish(&open(&loaded).await?, &SystemClock, &id, &note).await?;
            tell!("{id} is off the work list.");
        }
        Command::Staff { command } => staff(&open(&loaded).await?, command).await?,
        Command::BreakGlass { command } => of_the_glass(&open(&loaded).await?, command).await?,
        Command::Config { command: ConfigCommand::Show } => tell!("{}", loaded.show()),
        Command::Openapi => tell!("{}", router::openapi()),
    }
    Ok(ExitCode::SUCCESS)
}

async fn import_file(loaded: Loaded, args: &imports::ImportArgs) -> Result<String, AnyError> {
    if let FileMap::Payments(map) = FileMap::load(&args.map)? {
        let started = start(loaded, Injected::from_the_machine(), "http://127.0.0.1").await?;
        let summary = imports::run_payments(&started.portal, args, &map).await?;
        started.portal.db.close().await;
        return Ok(summary.to_string());
    }
    let database = open(&loaded).await?;
    let chance = Arc::new(SystemChance);
    Ok(imports::run(args, &database, &loaded.zone, &SystemClock, chance).await?.to_string())
}

async fn open(loaded: &Loaded) -> Result<Database, AnyError> {
    let url = loaded.settings.database_url.reveal();
    Ok(Database::open(url, Arc::new(SystemChance)).await?)
}

async fn about_a_person(loaded: &Loaded, command: PrivacyCommand) -> Result<(), AnyError> {
    let database = open(loaded).await?;
    match command {
        PrivacyCommand::Export { person, format } => {
            let person = privacy::find(database.read(), &person).await?;
            let now = SystemClock.now();
            let known = privacy::everything_about(database.read(), person.id, now).await?;
            tell!("{}", known.write(format));
        }
        PrivacyCommand::Erase { person, .. } => {
            let person = privacy::find(database.read(), &person).await?;
            let folder = &loaded.settings.data_dir;
            let erased = privacy::erase(&database, &person, folder, SystemClock.now()).await?;
            let privacy::Erased { accounts, mail_files } = erased;
            tell!("{} is forgotten, with the names on {accounts} accounts and", person.id);
            tell!("{mail_files} letters. The book is exact. Backups taken before still have them.");
        }
    }
    database.close().await;
    Ok(())
}

async fn copy_for_tests(source: &str, target: &str) -> Result<(), AnyError> {
    let source = Database::open(source, Arc::new(SystemChance)).await?;
    let target = Database::open(target, Arc::new(SystemChance)).await?;
    let copied = privacy::anonymise(&source, &target, &SystemChance).await?;
    let privacy::Anonymised { accounts, payments, rows } = copied;
    tell!("{accounts} accounts and {payments} payments, {rows} rows in all: everybody is somebody");
    tell!("else, every sum is as it was, and the book of the copy is exact.");
    source.close().await;
    target.close().await;
    Ok(())
}

async fn staff(database: &Database, command: Option<StaffCommand>) -> Result<(), AnyError> {
    match command {
        None => tell!("{}", staff_sign_in::members_table(database.read()).await?),
        Some(StaffCommand::End { member }) => {
            database.write(EndMember { id: member, now: SystemClock.now() }).await??;
            tell!("{member} is signed out everywhere, and comes in no more.");
        }
    }
    Ok(())
}

async fn of_the_glass(database: &Database, command: BreakGlassCommand) -> Result<(), AnyError> {
    let now = SystemClock.now();
    tell!("{}", break_glass::run(database, &SystemChance, now, command).await?);
    Ok(())
}

async fn load_demo(loaded: &Loaded) -> Result<(), AnyError> {
    let database = open(loaded).await?;
    let chance = Arc::new(SystemChance);
    let settings = &loaded.settings;
    let told = demo::run(&database, settings, &loaded.zone, &SystemClock, chance).await?;
    tell!("{told}");
    Ok(())
}

async fn take_backup(database: &Database, file: &Path) -> Result<(), AnyError> {
    let taken = backup::take(database, file, SystemClock.now()).await?;
    tell!("{} holds {} payments; opened, and its book is exact.", file.display(), taken.payments);
    tell!("The head of its audit trail, to keep elsewhere: {}", taken.head);
    Ok(())
}

async fn restore(
    loaded: Loaded,
    file: &Path,
    verify: bool,
    kept: Option<audit::Head>,
) -> Result<(), AnyError> {
    let database = open(&loaded).await?;
    let restored = backup::restore(&database, file).await?;
    database.close().await;
    let rows: i64 = restored.tables.iter().map(|(_, rows)| rows).sum();
    let taken_at = instant_text(restored.taken_at);
    tell!("Restored {rows} rows of {taken_at}; the book is exact.");
    if let Some(kept) = kept {
        let missing = kept.n.saturating_sub(restored.head.n).max(0);
        tell!("{missing} acts after the backup are missing, of staff and of the gateway.");
    }
    if !verify {
        tell!("What was paid since is not in it. Before anybody pays: paydown replay");
        return Ok(());
    }
    replay(loaded).await
}

async fn replay(loaded: Loaded) -> Result<(), AnyError> {
    let machine = Injected::from_the_machine();
    let started = start(loaded, machine, "http://127.0.0.1").await?;
    let replayed = backup::replay(&started.portal).await?;
    tell!("{replayed}");
    started.portal.db.close().await;
    Ok(())
}

async fn verify_audit(
    database: &Database,
    kept: Option<audit::Head>,
) -> Result<ExitCode, AnyError> {
    let mut moment = db::snapshot(database.read()).await?;
    let trail = audit::verify(&mut moment, kept.as_ref()).await?;
    tell!("head    {}", trail.head);
    tell!("waiting {} acts of the last moments have no place yet", trail.unsealed);
    if let Some(broken) = trail.broken {
        tell!("BROKEN  {broken}");
        return Ok(ExitCode::FAILURE);
    }
    tell!("The audit trail is whole.");
    Ok(ExitCode::SUCCESS)
}

async fn check(database: &Database) -> Result<ExitCode, AnyError> {
    let mut broken = 0;
    for finding in ledger::check(database.read()).await? {
        if finding.broken.is_empty() {
            tell!("ok      {}", finding.holds);
            continue;
        }
        broken += 1;
        tell!("BROKEN  {}: {}", finding.holds, finding.broken.join(", "));
    }
    if broken > 0 {
        tell!("The book is broken in {broken} ways.");
        return Ok(ExitCode::FAILURE);
    }
    tell!("The book is exact.");
    Ok(ExitCode::SUCCESS)
}
