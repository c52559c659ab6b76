//! PostgreSQL's writer: each command in its own transaction on a pool, at READ COMMITTED, where
//! the account's row is the lock. Repeated when the engine reports a conflict or a deadlock.

use std::any::type_name;
use std::time::Duration;

use sqlx::AnyPool;

use super::{Command, DbError};
use crate::clock::Chance;
use crate::failpoints;

const TRIES: u32 = 6;

pub(super) async fn run<C: Command>(
    pool: &AnyPool,
    chance: &dyn Chance,
    command: &C,
) -> Result<C::Reply, DbError> {
    let mut tries = 1;
    loop {
        match once(pool, command).await {
            Err(error) if error.asks_for_repeat() && tries < TRIES => {
                tokio::time::sleep(pause(chance, tries)).await;
                tries += 1;
            }
            outcome => return outcome,
        }
    }
}

async fn once<C: Command>(pool: &AnyPool, command: &C) -> Result<C::Reply, DbError> {
    let mut tx = pool.begin().await?;
    let reply = command.apply(&mut tx).await?;
    failpoints::pass("before commit of", type_name::<C>);
    tx.commit().await?;
    Ok(reply)
}

/// 5 to 80 ms, doubling, with chance so that two rivals do not meet again.
fn pause(chance: &dyn Chance, tries: u32) -> Duration {
    let mut byte = [0];
    chance.fill(&mut byte);
    let base = 5_u64 << tries.min(4).saturating_sub(1);
    Duration::from_millis(base + base * u64::from(byte[0]) / 256)
}
