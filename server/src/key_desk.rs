//! Giving, listing and ending the keys of operators and API clients from the terminal.

use std::fmt::Write;

use receivables::api::roles::{Scope, StaffRole};
use thiserror::Error;

use crate::clock::instant_text;
use crate::db::DbError;
use crate::sign_in::{
    AddApiClient, AddOperator, ApiClientRefusal, EndApiClient, EndOperator, GiveRoles,
    ListedOperator, OperatorRefusal, RotateApiKey, Scopes, ShownKey, StaffRoles, TERMINAL,
    api_clients, operators,
};
use crate::state::Shared;

#[derive(clap::Subcommand, Debug)]
pub enum OperatorCommand {
    /// Make a key for a new operator; it is shown once.
    Add {
        name: String,
        /// What they may do: clerk, approver, admin, auditor; several with commas between.
        #[arg(long = "role", value_parser = roles)]
        roles: StaffRoles,
    },
    /// Give an operator other roles instead of the ones they have.
    Roles {
        name: String,
        #[arg(long = "role", value_parser = roles)]
        roles: StaffRoles,
    },
    /// End an operator's key. What they did stays under their name.
    End { name: String },
    /// Every operator.
    List,
}

#[derive(clap::Subcommand, Debug)]
pub enum ApiClientCommand {
    /// Make a client with its first key; the key is shown once.
    Add {
        name: String,
        /// What its keys open: accounts:read, payments:read, …; several with commas between.
        #[arg(long = "scope", value_parser = scopes)]
        scopes: Scopes,
        /// How long the key lives.
        #[arg(long, default_value_t = 365)]
        days: i64,
    },
    /// Make one more key beside the one in use; the key is shown once.
    Rotate {
        name: String,
        /// How long the key lives.
        #[arg(long, default_value_t = 365)]
        days: i64,
    },
    /// End a client with its keys, or one key.
    End {
        name: String,
        /// The key's id, as it is listed.
        #[arg(long)]
        key: Option<String>,
    },
    /// Every client with its keys.
    List,
}

#[derive(Debug, Error)]
pub enum KeyDeskError {
    #[error(transparent)]
    Operator(#[from] OperatorRefusal),
    #[error(transparent)]
    Client(#[from] ApiClientRefusal),
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Does it, and says what was done.
pub async fn operator(portal: &Shared, what: OperatorCommand) -> Result<String, KeyDeskError> {
    match what {
        OperatorCommand::Add { name, roles } => {
            let said = format!("The key of {name} ({roles}), shown this once:");
            let (chance, now) = (portal.chance.as_ref(), portal.now());
            let (command, key) = AddOperator::new(&name, roles, chance, now)?;
            portal.db.write(command).await??;
            Ok(format!("{said}\n{key}"))
        }
        OperatorCommand::Roles { name, roles } => {
            let said = format!("{name} is {roles} from now on.");
            portal.db.write(GiveRoles { name, roles, now: portal.now() }).await??;
            Ok(said)
        }
        OperatorCommand::End { name } => {
            let now = portal.now();
            portal.db.write(EndOperator { name: name.clone(), now }).await??;
            Ok(format!("The key of {name} opens nothing any more."))
        }
        OperatorCommand::List => {
            let mut text = String::new();
            for ListedOperator { name, roles, is_open } in operators(portal.db.read()).await? {
                let ended = if is_open { "" } else { "  (ended)" };
                // Writing into a String cannot fail.
                let _ = writeln!(text, "{name}  {roles}{ended}");
            }
            Ok(if text.is_empty() { "There is no operator yet.".to_owned() } else { text })
        }
    }
}

fn roles(text: &str) -> Result<StaffRoles, String> {
    let known = StaffRole::ALL.map(StaffRole::code).join(", ");
    StaffRoles::parse(text).ok_or_else(|| format!("a role is one of {known}"))
}

/// Does it, and says what was done.
pub async fn api_client(
    portal: &Shared,
    command: ApiClientCommand,
) -> Result<String, KeyDeskError> {
    let (now, chance) = (portal.now(), portal.chance.as_ref());
    match command {
        ApiClientCommand::Add { name, scopes, days } => {
            let (command, shown) = AddApiClient::new((&name, scopes), TERMINAL, days, now, chance)?;
            portal.db.write(command).await??;
            Ok(shown_words(&name, &shown))
        }
        ApiClientCommand::Rotate { name, days } => {
            let (command, shown) = RotateApiKey::new(&name, TERMINAL, days, now, chance)?;
            portal.db.write(command).await??;
            Ok(shown_words(&name, &shown))
        }
        ApiClientCommand::End { name, key } => {
            let what = key.as_ref().map_or("Every key".to_owned(), |key| format!("The key {key}"));
            let by = TERMINAL.to_owned();
            portal.db.write(EndApiClient { client: name.clone(), key, by, now }).await??;
            Ok(format!("{what} of {name} opens nothing any more."))
        }
        ApiClientCommand::List => list(portal).await,
    }
}

fn scopes(text: &str) -> Result<Scopes, String> {
    let known = Scope::ALL.map(Scope::code).join(", ");
    Scopes::parse(text).ok_or_else(|| format!("a scope is one of {known}"))
}

fn shown_words(name: &str, shown: &ShownKey) -> String {
    let until = instant_text(shown.expires_at);
    format!("The key {} of {name}, until {until}, shown this once:\n{}", shown.id, shown.key)
}

async fn list(portal: &Shared) -> Result<String, KeyDeskError> {
    let mut text = String::new();
    for client in api_clients(portal.db.read()).await? {
        let scopes: Vec<_> = client.scopes.iter().map(|scope| scope.code()).collect();
        let ended = if client.ended_at.is_some() { "  (ended)" } else { "" };
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{}  {}{ended}", client.name, scopes.join(","));
        for key in client.keys {
            let used = key.last_used_at.as_deref().unwrap_or("never");
            let end = match key.ended_at {
                Some(at) => format!("ended {at}"),
                None => format!("until {}", key.expires_at),
            };
            let _ = writeln!(text, "  {}  {end}, last used {used}", key.id);
        }
    }
    Ok(if text.is_empty() { "There is no API client yet.".to_owned() } else { text })
}
