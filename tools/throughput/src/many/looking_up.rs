//! How long staff wait: one request after the other over one connection to the real server, each
//! for another account, bill or payment.

use std::time::Instant;

use server::clock::SystemChance;
use server::sign_in::{AddOperator, StaffRoles};
use sqlx::Row as _;

use super::files::{BILLS_AN_ACCOUNT, amount, bill, email, name, number};
use crate::Outcome;
use crate::figures::{Rounds, Row, Run, Table};
use crate::stage::Stage;
use crate::web_client::Client;

const REQUESTS: usize = 400;

pub async fn measure(stage: &Stage, bills: usize) -> Outcome {
    // As after a night: PostgreSQL does it by itself, some minutes later.
    sqlx::query("analyze").execute(stage.portal.db.read()).await?;
    let key = operator(stage).await?;
    let mut rows = Vec::new();
    for (what, paths) in questions(stage, bills).await? {
        rows.push(Row::of(what, &ask(stage, &key, &paths).await?).with_target("p99 < 50 ms"));
    }
    let title = format!("What staff look up among {bills} bills on {}", stage.name());
    Table { title, unit: "requests/s", reference: None, rows }.print();
    Ok(())
}

async fn operator(stage: &Stage) -> Outcome<String> {
    let roles = StaffRoles::parse("clerk,approver").ok_or("these are roles")?;
    let portal = &stage.portal;
    let (add, key) = AddOperator::new("clara", roles, &SystemChance, portal.now())?;
    portal.db.write(add).await??;
    Ok(key)
}

/// Each question once for every request, as different as people's are.
async fn questions(stage: &Stage, bills: usize) -> Outcome<Vec<(&'static str, Vec<String>)>> {
    let accounts = bills.div_ceil(BILLS_AN_ACCOUNT);
    let some: Vec<usize> = (0..REQUESTS).map(|n| n * 7_919 % accounts).collect();
    let search = |typed: &dyn Fn(usize) -> String| {
        some.iter().map(|at| format!("/search?q={}", encoded(&typed(*at)))).collect()
    };
    let ids = ids(stage, &some).await?;
    let of_account =
        |rest: &str| ids.iter().map(|id| format!("/accounts/{id}{rest}")).collect::<Vec<_>>();
    let always = |path: &str| vec![path.to_owned(); REQUESTS];
    let family = |at: usize| name(at).split(' ').nth(1).unwrap_or_default().to_owned();
    Ok(vec![
        ("search: number of an account", search(&number)),
        ("search: whole name", search(&name)),
        ("search: family name of thousands", search(&family)),
        ("search: one letter", search(&|at| family(at).chars().take(1).collect())),
        ("search: e-mail address", search(&email)),
        ("search: number of a bill", search(&bill)),
        ("search: reference of a payment", search(&|at| format!("cashier/T-{}", at % 1_000))),
        ("search: sum", search(&|at| format!("={}.{:02}", amount(at) / 100, amount(at) % 100))),
        ("account: what is due", of_account("/due-periods")),
        ("account: timeline", of_account("/timeline?limit=25")),
        ("account: payments", of_account("/payments?limit=25")),
        ("account: people", of_account("/people")),
        ("work list", always("/work-items?limit=25")),
        ("everyone's payments", always("/payments?limit=25")),
        ("dashboard", always("/dashboard")),
    ])
}

async fn ids(stage: &Stage, some: &[usize]) -> Outcome<Vec<String>> {
    let mut ids = Vec::with_capacity(some.len());
    for at in some {
        let query = sqlx::query("select id from account where number = $1").bind(number(*at));
        ids.push(query.fetch_one(stage.portal.db.read()).await?.try_get(0)?);
    }
    Ok(ids)
}

fn encoded(text: &str) -> String {
    text.replace(' ', "%20").replace('=', "%3D").replace('@', "%40").replace('/', "%2F")
}

async fn ask(stage: &Stage, key: &str, paths: &[String]) -> Outcome<Rounds> {
    let mut client = Client::connect(stage.address).await?;
    let request = |path: &String| {
        format!(
            "GET /api/v1{path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\r\n"
        )
        .into_bytes()
    };
    // What was never asked is on the disk and not yet in memory.
    for path in paths.iter().take(20) {
        client.expect(200, &request(path)).await?;
    }
    let (began, mut each) = (Instant::now(), Vec::with_capacity(paths.len()));
    for path in paths {
        let asked = Instant::now();
        client.expect(200, &request(path)).await?;
        each.push(asked.elapsed());
    }
    let mut rounds = Rounds::default();
    rounds.add(Run { count: paths.len(), took: began.elapsed(), each });
    Ok(rounds)
}
