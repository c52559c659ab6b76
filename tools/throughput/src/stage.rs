//! A portal with a database of its own: the real rooms behind the real guards on a loopback
//! address, the machine's own clock and chance, the sandbox as gateway.

use std::net::SocketAddr;
use std::path::PathBuf;

use server::clock::{Chance, SystemChance};
use server::config;
use server::db::Engine;
use server::gateway::sandbox::Sandbox;
use server::start::{Injected, Started, start};
use server::state::Shared;
use server::{ledger, router, web};

use crate::Outcome;

pub struct Stage {
    pub engine: Engine,
    pub portal: Shared,
    pub sandbox: Sandbox,
    pub address: SocketAddr,
    pub database_url: String,
    pub folder: PathBuf,
}

pub fn postgres_url() -> Option<String> {
    std::env::var("PAYDOWN_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}

impl Stage {
    pub async fn open(engine: Engine) -> Outcome<Self> {
        let mut bytes = [0; 8];
        SystemChance.fill(&mut bytes);
        let name = format!("paydown_bench_{:016x}", u64::from_be_bytes(bytes));
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder)?;
        let database_url = match engine {
            Engine::Sqlite => format!("sqlite://{}/paydown.sqlite", folder.display()),
            Engine::Postgres => new_postgres_database(&name).await?,
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let own_address = format!("http://{address}");
        let flags = [
            ("data_dir", folder.display().to_string()),
            ("database_url", database_url.clone()),
            ("public_url", own_address.clone()),
            // Far more is begun than payers begin; what is measured is how fast.
            ("limits.unfinished_payments_per_account", "1000000000".to_owned()),
        ];
        let loaded = config::load(None, &flags)?;
        let injected = Injected::from_the_machine();
        let Started { portal, sandbox } = start(loaded, injected, &own_address).await?;
        let sandbox = sandbox.ok_or("a gateway key is configured; measure without one")?;
        let rooms = router::rooms().merge(sandbox.router().with_state(()));
        let service = web::serve(rooms, router::signed(), &portal);
        tokio::spawn(async move { axum::serve(listener, service).await });
        Ok(Self { engine, portal, sandbox, address, database_url, folder })
    }

    pub const fn name(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite => "SQLite (WAL, synchronous=FULL)",
            Engine::Postgres => "PostgreSQL (READ COMMITTED, pool of 16)",
        }
    }

    /// A figure that was reached by losing money is not printed without this line.
    pub async fn say_that_the_book_is_exact(&self) -> Outcome {
        let findings = ledger::check(self.portal.db.read()).await?;
        for finding in &findings {
            if !finding.broken.is_empty() {
                return Err(format!("BROKEN: {}: {:?}", finding.holds, finding.broken).into());
            }
        }
        let count = "select count(*) from payment where state = 'posted'";
        let posted: i64 = sqlx::query_scalar(count).fetch_one(self.portal.db.read()).await?;
        println!(
            "All {} invariants of the book hold after {posted} payments posted.\n",
            findings.len()
        );
        Ok(())
    }

    pub async fn close(self) -> Outcome {
        self.portal.db.close().await;
        std::fs::remove_dir_all(&self.folder)?;
        Ok(())
    }
}

async fn new_postgres_database(name: &str) -> Outcome<String> {
    let server = postgres_url().ok_or("PAYDOWN_TEST_POSTGRES is not set")?;
    let pool = sqlx::PgPool::connect(&server).await?;
    let make = sqlx::AssertSqlSafe(format!("create database {name}"));
    sqlx::query(make).execute(&pool).await?;
    pool.close().await;
    let (server, options) = server.split_once('?').unwrap_or((&server, ""));
    let base = server.rsplit_once('/').map_or(server, |(base, _)| base);
    Ok(format!("{base}/{name}?{options}"))
}
