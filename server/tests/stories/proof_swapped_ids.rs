//! P12: nobody sees or moves another's money. A customer asks every route that names something
//! with ids that are not theirs: of others' accounts, bills, payments and receipts, of another
//! kind, of nothing. Each is answered, byte for byte, like an id that is not there, and nothing
//! is written.

use std::collections::BTreeMap;

use crate::support::browser::Answer;
use crate::support::people::Person;
use crate::support::proof::{Dice, Proof};
use crate::support::{On, TestAccount, TestPortal};
use axum::http::Method;
use receivables::ids::PaymentId;
use serde_json::{Value, json};
use server::gateway::sandbox::TestCard;

/// Route and kind of the id in it.
const ROUTES: [(&str, &str, &str); 13] = [
    ("GET", "acc", "/api/v1/accounts/{id}"),
    ("GET", "acc", "/api/v1/accounts/{id}/due-periods"),
    ("GET", "acc", "/api/v1/accounts/{id}/bills"),
    ("GET", "acc", "/api/v1/accounts/{id}/payments"),
    ("POST", "acc", "/api/v1/accounts/{id}/allocation-previews"),
    ("POST", "acc", "/api/v1/accounts/{id}/payments"),
    ("POST", "acc", "/api/v1/accounts/{id}/credit-applications"),
    ("GET", "bill", "/api/v1/bills/{id}"),
    ("GET", "pay", "/api/v1/payments/{id}"),
    ("GET", "pay", "/api/v1/payments/{id}/receipt"),
    ("POST", "pay", "/api/v1/payments/{id}/cancellation"),
    ("DELETE", "session", "/api/v1/sign-in/sessions/{id}"),
    ("DELETE", "passkey", "/api/v1/passkeys/{id}"),
];

fn body(portal: &TestPortal, method: &str, path: &str) -> Option<Value> {
    let (ms, chance) = portal.portal.id_parts();
    let id = PaymentId::from_parts(ms, &chance);
    let last = path.rsplit('/').next().unwrap();
    (method == "POST").then(|| match last {
        "allocation-previews" => json!({ "amount": 1_000, "currency": "USD" }),
        "payments" => json!({
            "id": id, "amount": 1_000, "currency": "USD", "fingerprint": "0".repeat(32),
        }),
        _ => json!({}),
    })
}

/// An answer without what differs between any two: the request's id.
fn bytes(answer: &Answer) -> (u16, BTreeMap<String, String>, String) {
    let instance = answer.headers["x-request-id"].to_str().unwrap();
    let headers = answer.headers.iter().filter(|(name, _)| *name != "x-request-id");
    let headers = headers.map(|(name, value)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    (answer.status.as_u16(), headers.collect(), answer.text().replace(instance, "req"))
}

/// Everything that is somebody else's, by its id.
struct Others {
    ids: Vec<String>,
    /// Names without a word for their kind in front.
    sessions: Vec<String>,
    passkeys: Vec<String>,
}

impl Others {
    async fn at(portal: &TestPortal) -> Self {
        let accounts = others_accounts(portal).await;
        let ids = others_ids(portal, &accounts).await;
        let mut passkeys = Vec::new();
        for account in &accounts {
            Person::customer(portal, account).await;
            let id = hex::encode(portal.portal.id_parts().1.repeat(2));
            let text = "insert into passkey (id, customer_id, label, credential, created_at) \
                        values ($1, $2, 'a phone', '{}', 1)";
            let insert = sqlx::query(text).bind(id.clone()).bind(account.customer_id.to_string());
            insert.execute(portal.portal.db.read()).await.unwrap();
            passkeys.push(id);
        }
        let sessions = sqlx::query_scalar("select substr(token_hash, 1, 32) from session");
        let sessions = sessions.fetch_all(portal.portal.db.read()).await.unwrap();
        Self { ids, sessions, passkeys }
    }

    /// One that is not the caller's, as somebody might try it.
    fn swapped(&self, dice: &mut Dice, kind: &str) -> String {
        let unnamed = match kind {
            "session" => &self.sessions,
            "passkey" => &self.passkeys,
            _ => return swapped(dice, kind, &self.ids),
        };
        match dice.below(4) {
            0 | 1 => unnamed[dice.below(unnamed.len())].clone(),
            2 => self.ids[dice.below(self.ids.len())].clone(),
            _ => format!("{:016x}{:016x}", dice.draw(), dice.draw()),
        }
    }
}

async fn others_accounts(portal: &TestPortal) -> Vec<TestAccount> {
    let mut accounts = Vec::new();
    for _ in 0..4 {
        accounts.push(portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await);
    }
    accounts
}

async fn others_ids(portal: &TestPortal, accounts: &[TestAccount]) -> Vec<String> {
    let mut ids = Vec::new();
    for account in accounts {
        ids.push(account.id.to_string());
        ids.push(account.customer_id.to_string());
        ids.extend(account.bills.iter().map(ToString::to_string));
        let posted = portal.started(account, 9_000).await;
        portal.choose(&posted, TestCard::Success).await;
        portal.news_arrives().await;
        let open = portal.started(account, 1_000).await;
        ids.extend([posted, open].map(|started| started.payment.id.to_string()));
    }
    let postings = sqlx::query_scalar::<_, String>("select id from posting");
    ids.extend(postings.fetch_all(portal.portal.db.read()).await.unwrap());
    ids
}

/// An id that is not the caller's, as somebody might try it.
fn swapped(dice: &mut Dice, kind: &str, others: &[String]) -> String {
    let one = others[dice.below(others.len())].clone();
    let digits = one.split_once('_').unwrap().1.to_owned();
    match dice.below(6) {
        0 | 1 => {
            let same: Vec<&String> = others.iter().filter(|id| id.starts_with(kind)).collect();
            same[dice.below(same.len())].clone()
        }
        2 => one,
        // Another kind's digits behind the right word.
        3 => format!("{kind}_{digits}"),
        4 => {
            let mut digits = digits.into_bytes();
            let at = dice.below(digits.len());
            digits[at] = b"0123456789abcdef"[dice.below(16)];
            format!("{kind}_{}x", String::from_utf8(digits).unwrap())
        }
        _ => format!("{kind}_{:016x}{:016x}", dice.draw(), dice.draw()),
    }
}

proofs! {
    async fn an_id_that_is_not_ones_own_answers_like_one_that_is_not_there(on: On) {
        let mut proof = Proof::begin("P12", on, 10_000);
        let Some(portal) = TestPortal::open(on).await else { return };
        let own = portal.account(&[("2026-09-15", 8_000)]).await;
        let others = Others::at(&portal).await;
        let customer = Person::customer(&portal, &own).await;
        let tables = [
            "payment",
            "reservation",
            "posting",
            "application",
            "receipt",
            "outbox",
            "passkey",
            "session where ended_at is null",
        ];
        let mut before = Vec::new();
        for table in tables {
            before.push(portal.count(table).await);
        }
        for _ in 0..proof.n {
            let (method, kind, path) = ROUTES[proof.dice.below(ROUTES.len())];
            let method: Method = method.parse().unwrap();
            let body = body(&portal, method.as_str(), path);
            let nothing = "0".repeat(32);
            let nothing = if matches!(kind, "session" | "passkey") {
                nothing
            } else {
                format!("{kind}_{nothing}")
            };
            let nowhere = path.replace("{id}", &nothing);
            let id = others.swapped(&mut proof.dice, kind);
            let none = customer.ask(&method, &nowhere, body.as_ref()).await;
            let theirs = customer.ask(&method, &path.replace("{id}", &id), body.as_ref()).await;
            assert_eq!(theirs.problem(), (404, "not-found".into()), "{method} {path} {id}");
            assert_eq!(bytes(&theirs), bytes(&none), "{method} {path} {id}");
        }
        for (table, count) in tables.into_iter().zip(before) {
            assert_eq!(portal.count(table).await, count, "{table}");
        }
        proof.counted("swapped ids, each answered 404 like nothing:", proof.n);
        portal.close().await;
    }
}
