//! `paydown break-glass`.

use receivables::calendar::Micros;

use super::enable::{GlassRefusal, disable, enable};
use crate::clock::Chance;
use crate::db::Database;

#[derive(clap::Subcommand)]
pub enum BreakGlassCommand {
    /// Prints a password and the key of an authenticator app, once.
    Enable {
        name: String,
        #[arg(long)]
        hours: u16,
    },
    /// Ends it before its hours are over, sessions too.
    Disable { name: String },
}

/// Does it, and says what was done.
pub async fn run(
    database: &Database,
    chance: &dyn Chance,
    now: Micros,
    command: BreakGlassCommand,
) -> Result<String, GlassRefusal> {
    match command {
        BreakGlassCommand::Enable { name, hours } => {
            enable(database, chance, now, &name, hours).await.map(|enabled| enabled.to_string())
        }
        BreakGlassCommand::Disable { name } => {
            disable(database, now, &name).await?;
            Ok(format!("The glass is whole again for {name}."))
        }
    }
}
