//! Giving, listing and ending the keys of API clients from the terminal.

use std::fmt::Write;

use receivables::api::roles::Scope;
use thiserror::Error;

use crate::clock::instant_text;
use crate::db::DbError;
use crate::sign_in::{
    AddApiClient, ApiClientRefusal, EndApiClient, RotateApiKey, Scopes, ShownKey, api_clients,
};
use crate::state::Shared;

/// Whoever is at the machine itself.
const BY: &str = "terminal";

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
    Refused(#[from] ApiClientRefusal),
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Does it, and says what was done.
pub async fn run(portal: &Shared, command: ApiClientCommand) -> Result<String, KeyDeskError> {
    let (now, chance) = (portal.now(), portal.chance.as_ref());
    match command {
        ApiClientCommand::Add { name, scopes, days } => {
            let (command, shown) = AddApiClient::new((&name, scopes), BY, days, now, chance)?;
            portal.db.write(command).await??;
            Ok(shown_words(&name, &shown))
        }
        ApiClientCommand::Rotate { name, days } => {
            let (command, shown) = RotateApiKey::new(&name, BY, days, now, chance)?;
            portal.db.write(command).await??;
            Ok(shown_words(&name, &shown))
        }
        ApiClientCommand::End { name, key } => {
            let what = key.as_ref().map_or("Every key".to_owned(), |key| format!("The key {key}"));
            portal.db.write(EndApiClient { client: name.clone(), key, now }).await??;
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
