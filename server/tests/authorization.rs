//! Who may do what: every cell of `docs/authorization.txt` asked of the whole service with real
//! credentials, and the keys of API clients.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

#[path = "support/browser.rs"]
mod browser;
#[path = "support/people.rs"]
mod people;
mod support;

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use browser::Answer;
use people::{Person, let_view};
use receivables::api::corrections::{AdjustmentKind, AdjustmentRequest};
use receivables::api::refunds::RefundRequest;
use receivables::api::roles::Scope;
use receivables::ids::{AccountId, PaymentId};
use receivables::money::{Currency, MinorUnits};
use serde_json::{Value, json};
use server::adjustments::{self, Proposal};
use server::gateway::sandbox::TestCard;
use server::payments::{self, Refunding};
use server::router;
use support::{On, TestAccount, TestPortal};

const ROLES: [&str; 7] = ["nobody", "payer", "viewer", "clerk", "approver", "admin", "auditor"];
const CLERK: usize = 3;

struct Row {
    method: Method,
    path: String,
    whose: String,
    cells: Vec<String>,
    scope: String,
}

fn table() -> Vec<Row> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/authorization.txt");
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let rows = lines.map(|line| {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        assert_eq!(words.len(), 4 + ROLES.len(), "{line}");
        Row {
            method: words[0].parse().unwrap(),
            path: words[1].clone(),
            whose: words[2].clone(),
            cells: words[3..3 + ROLES.len()].to_vec(),
            scope: words[10].clone(),
        }
    });
    rows.collect()
}

/// Which rows a route needs, so that none of its cells is left open.
#[test]
fn every_route_is_in_the_table_and_the_table_names_no_other() {
    let described: Value = serde_json::from_str(&router::openapi()).unwrap();
    let mut routes = BTreeMap::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let whose: &[&str] = match () {
                () if path.contains("{id}") && !path.contains("{name}") => {
                    &["own", "other", "none"]
                }
                () if path.contains('{') => &["any", "none"],
                () => &["-"],
            };
            let whose: BTreeSet<String> = whose.iter().map(|word| (*word).to_owned()).collect();
            routes.insert(format!("{} {path}", method.to_uppercase()), whose);
        }
    }
    let mut rows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in table() {
        let known = ["ok", "401", "403", "404"];
        assert!(row.cells.iter().all(|cell| known.contains(&cell.as_str())), "{}", row.path);
        let scoped = ["-", "any"].contains(&row.scope.as_str());
        assert!(scoped || Scope::parse(&row.scope).is_some(), "{}", row.scope);
        let route = rows.entry(format!("{} {}", row.method, row.path)).or_default();
        assert!(route.insert(row.whose), "{} {} has a row twice", row.method, row.path);
    }
    assert_eq!(rows, routes);
}

/// What came of it, as the table says it. Other refusals come after the caller was let through.
fn class(answer: &Answer) -> &'static str {
    let is_problem = answer.headers.get("content-type").is_some_and(|kind| {
        kind.to_str().is_ok_and(|kind| kind.starts_with("application/problem"))
    });
    if !is_problem {
        assert!(answer.status.is_success(), "{answer:?}");
        return "ok";
    }
    match answer.problem() {
        (401, code) if code == "unauthenticated" => "401",
        (403, code) if code == "forbidden" || code == "own-proposal" => "403",
        (404, code) if code == "not-found" => "404",
        (status, code) => {
            assert!(status < 500 && !["csrf", "two-proofs"].contains(&code.as_str()), "{code}");
            "ok"
        }
    }
}

/// An account with something of everything on it.
struct Things {
    account: TestAccount,
    payment: PaymentId,
    refund: String,
}

async fn things(portal: &TestPortal) -> Things {
    let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
    let started = portal.started(&account, 9_000).await;
    portal.choose(&started, TestCard::Success).await;
    portal.news_arrives().await;
    let payment_id = started.payment.id;
    let (amount, currency) = (MinorUnits::new(100), Currency::USD);
    let request = RefundRequest { amount, currency, reason: None };
    let (operator, idempotency_key) = ("grace".to_owned(), account.id.to_string());
    let refunding = Refunding { operator, payment_id, idempotency_key, request };
    let refund = payments::refund(&portal.portal, refunding).await.unwrap().refund;
    Things { account, payment: payment_id, refund: refund.id.to_string() }
}

struct Stage<'p> {
    portal: &'p TestPortal,
    people: Vec<(&'static str, Person)>,
    clients: Vec<(Scope, Person)>,
    own: Things,
    other: Things,
    asked: usize,
}

impl<'p> Stage<'p> {
    async fn set(portal: &'p TestPortal) -> Self {
        let (own, other) = (things(portal).await, things(portal).await);
        let viewers = portal.account(&[]).await;
        let_view(portal, viewers.customer_id, own.account.id).await;
        let mut people = vec![
            ("nobody", Person::nobody(portal)),
            ("payer", Person::customer(portal, &own.account).await),
            ("viewer", Person::customer(portal, &viewers).await),
        ];
        for role in &ROLES[CLERK..] {
            people.push((role, Person::operator(portal, role, role).await));
        }
        let mut clients = Vec::new();
        for scope in Scope::ALL {
            let name = format!("c{}", clients.len());
            clients.push((scope, Person::client(portal, &name, scope.code()).await));
        }
        Self { portal, people, clients, own, other, asked: 0 }
    }

    /// A write-off that this person proposed.
    async fn proposal(&self, by: &str, account: &TestAccount) -> String {
        let request = AdjustmentRequest {
            kind: AdjustmentKind::WriteOff,
            bill_id: Some(account.bills[1]),
            amount: MinorUnits::new(1),
            currency: Currency::USD,
            reason: "given up".into(),
        };
        let idempotency_key = Some(format!("proposal {}", self.asked));
        let (operator, account_id) = (by.to_owned(), account.id);
        let proposal = Proposal { operator, idempotency_key, account_id, request };
        let proposed = adjustments::propose(&self.portal.portal, proposal).await.unwrap();
        proposed.id.unwrap().to_string()
    }

    /// The path with the id that the row means, for whoever asks.
    async fn path(&self, row: &Row, who: &str) -> String {
        let things = if row.whose == "own" { &self.own } else { &self.other };
        let none = row.whose == "none";
        let nothing = |prefix: &str| format!("{prefix}_{}", "0".repeat(32));
        if row.path.contains("{name}") {
            let name = format!("client-{}", self.asked);
            let mut key_id = "00000000".to_owned();
            if !none {
                Person::client(self.portal, &name, "previews").await;
                let query = sqlx::query_scalar("select id from api_key where client = $1");
                let pool = self.portal.portal.db.read();
                key_id = query.bind(&name).fetch_one(pool).await.unwrap();
            }
            return row.path.replace("{name}", &name).replace("{id}", &key_id);
        }
        let room = row.path.split('/').nth(3).unwrap();
        let id = match (room, none) {
            ("accounts", false) => things.account.id.to_string(),
            ("accounts", true) => nothing("acc"),
            ("bills", false) => things.account.bills[0].to_string(),
            ("bills", true) => nothing("bill"),
            ("payments", false) => things.payment.to_string(),
            ("payments", true) => nothing("pay"),
            ("refunds", false) => things.refund.clone(),
            ("refunds", true) => nothing("ref"),
            ("adjustments", false) => {
                let by = if row.whose == "own" { who } else { "somebody" };
                self.proposal(by, &self.own.account).await
            }
            ("adjustments", true) => nothing("adj"),
            _ if !row.path.contains('{') => String::new(),
            _ => panic!("the table names {} and this test knows no {room}", row.path),
        };
        row.path.replace("{id}", &id)
    }

    fn body(&self, row: &Row) -> Option<Value> {
        if row.method != Method::POST {
            return None;
        }
        let (ms, chance) = self.portal.portal.id_parts();
        let new_payment = PaymentId::from_parts(ms, &chance);
        let directed = json!([{ "bill_id": self.own.account.bills[0], "amount": 1 }]);
        let last = row.path.rsplit('/').next().unwrap();
        Some(match last {
            "codes" => json!({ "email": "nobody@nowhere.example" }),
            "session" => json!({ "code": "7K3M-9QXA" }),
            "allocation-previews" => json!({ "amount": 1_000, "currency": "USD" }),
            "payments" => json!({
                "id": new_payment, "amount": 1_000, "currency": "USD",
                "fingerprint": "0".repeat(32),
            }),
            "unapplications" => json!({ "bills": directed }),
            "reapplications" => json!({ "bills": directed }),
            "refunds" => json!({ "amount": 1, "currency": "USD" }),
            "adjustments" => json!({
                "kind": "write_off", "bill_id": self.own.account.bills[1], "amount": 1,
                "currency": "USD", "reason": "given up",
            }),
            "api-clients" => json!({
                "name": format!("new-{}", self.asked), "scopes": ["previews"], "days": 30,
            }),
            "keys" => json!({ "days": 30 }),
            _ => json!({}),
        })
    }

    /// Asks one cell; what is wrong with the answer, if anything.
    async fn cell(
        &mut self,
        row: &Row,
        (who, person): (&str, &Person),
        expected: &str,
    ) -> Option<String> {
        self.asked += 1;
        let (path, body) = (self.path(row, who).await, self.body(row));
        let answer = person.ask(&row.method, &path, body.as_ref()).await;
        let came = class(&answer);
        let Row { method, path, whose, .. } = row;
        (came != expected).then(|| {
            format!("{method} {path} {whose} as {who}: {came} ({}), not {expected}", answer.status)
        })
    }
}

async fn every_cell_holds(portal: &TestPortal) {
    let mut stage = Stage::set(portal).await;
    let mut wrong = Vec::new();
    // Whoever signs out asks nothing more.
    let (last, first): (Vec<Row>, Vec<Row>) = table()
        .into_iter()
        .partition(|row| row.method == Method::DELETE && row.path.contains("sign-in"));
    for row in first.iter().chain(&last) {
        for (n, (who, person)) in stage.people.clone().iter().enumerate() {
            wrong.extend(stage.cell(row, (who, person), &row.cells[n]).await);
        }
        for (scope, person) in stage.clients.clone() {
            let opens = row.scope == "any" || row.scope == scope.code();
            let expected = if opens { row.cells[CLERK].as_str() } else { "403" };
            wrong.extend(stage.cell(row, (scope.code(), &person), expected).await);
        }
    }
    println!("{} cells asked on {:?}", stage.asked, portal.on());
    assert!(wrong.is_empty(), "{} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn key_of(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 201, "{}", answer.text());
    let shown = answer.json();
    (shown["id"].as_str().unwrap().to_owned(), shown["key"].as_str().unwrap().to_owned())
}

async fn works(portal: &TestPortal, key: &str, account: AccountId) -> (u16, String) {
    let person = Person { key: Some(key.to_owned()), ..Person::nobody(portal) };
    let answer = person.ask(&Method::GET, &format!("/api/v1/accounts/{account}"), None).await;
    let mut problem = answer.json();
    problem.as_object_mut().unwrap().remove("instance");
    (answer.status.as_u16(), problem.to_string())
}

stories! {
    async fn every_cell_of_the_table_is_what_the_service_answers(portal: TestPortal) {
        every_cell_holds(portal).await;
    }

    async fn a_client_changes_its_key_over_and_has_two_at_most(portal: TestPortal) {
        let account = portal.account(&[]).await.id;
        let admin = Person::operator(portal, "ida", "admin").await;
        let new = json!({ "name": "billing", "scopes": ["accounts:read"], "days": 30 });
        let path = "/api/v1/api-clients";
        let (first_id, first) = key_of(&admin.ask(&Method::POST, path, Some(&new)).await);
        assert!(first.starts_with("pdk_"));
        let again = admin.ask(&Method::POST, path, Some(&new)).await;
        assert_eq!(again.problem(), (409, "name-taken".into()));

        let keys = "/api/v1/api-clients/billing/keys";
        let days = json!({ "days": 60 });
        let at_once = (0..8).map(|_| admin.ask(&Method::POST, keys, Some(&days)));
        let answers = futures_util::future::join_all(at_once).await;
        let (made, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.status == 201);
        assert_eq!((made.len(), refused.len()), (1, 7));
        assert!(refused.iter().all(|answer| answer.problem() == (409, "two-keys".into())));
        let (_, second) = key_of(made[0]);
        assert_eq!(works(portal, &first, account).await.0, 200);
        assert_eq!(works(portal, &second, account).await.0, 200);

        let end = format!("{keys}/{first_id}");
        assert_eq!(admin.ask(&Method::DELETE, &end, None).await.status, 204);
        assert_eq!(works(portal, &first, account).await.0, 401);
        assert_eq!(works(portal, &second, account).await.0, 200);
        let listed = admin.ask(&Method::GET, path, None).await.text();
        assert!(listed.contains("last_used_at") && listed.contains(&first_id));
        for secret in [&first, &second] {
            assert!(!listed.contains(secret.as_str()));
            let stored = "select key_hash || id || client from api_key";
            let rows: Vec<String> =
                sqlx::query_scalar(stored).fetch_all(portal.portal.db.read()).await.unwrap();
            assert!(rows.iter().all(|row| !row.contains(&secret[4..])));
        }
    }

    async fn wrong_ended_and_expired_keys_answer_alike(portal: TestPortal) {
        let account = portal.account(&[]).await.id;
        let admin = Person::operator(portal, "ida", "admin").await;
        let mut keys = Vec::new();
        for (name, days) in [("ended", 30), ("expired", 1), ("good", 30)] {
            let new = json!({ "name": name, "scopes": ["accounts:read"], "days": days });
            let answer = admin.ask(&Method::POST, "/api/v1/api-clients", Some(&new)).await;
            keys.push(key_of(&answer).1);
        }
        let gone = admin.ask(&Method::DELETE, "/api/v1/api-clients/ended", None).await;
        assert_eq!(gone.status, 204);
        portal.clock.pass_seconds(24 * 60 * 60);
        let wrong = format!("pdk_{}", "A".repeat(43));
        let told = works(portal, &wrong, account).await;
        assert_eq!(told.0, 401);
        for key in [&keys[0], &keys[1], "pdk_", "pdk", "pdop_x", &keys[2][..46]] {
            assert_eq!(works(portal, key, account).await, told, "{key}");
        }
        assert_eq!(works(portal, &keys[2], account).await.0, 200);
        for days in [0, -1, 401] {
            let new = json!({ "name": "long", "scopes": ["previews"], "days": days });
            let answer = admin.ask(&Method::POST, "/api/v1/api-clients", Some(&new)).await;
            assert_eq!(answer.problem(), (422, "field-invalid".into()));
        }
    }

    async fn a_viewer_is_told_that_they_may_not_pay(portal: TestPortal) {
        let (own, shown) = (portal.account(&[]).await, portal.account(&[]).await);
        let_view(portal, own.customer_id, shown.id).await;
        let viewer = Person::customer(portal, &own).await;
        let session = viewer.ask(&Method::GET, "/api/v1/sign-in/session", None).await.json();
        let told: BTreeMap<String, (String, bool)> = session["accounts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|account| {
                let word = |name: &str| account[name].as_str().unwrap().to_owned();
                (word("id"), (word("role"), account["may_pay"].as_bool().unwrap()))
            })
            .collect();
        assert_eq!(told[&own.id.to_string()], ("payer".to_owned(), true));
        assert_eq!(told[&shown.id.to_string()], ("viewer".to_owned(), false));
        let clerk = Person::operator(portal, "carl", "clerk").await;
        let caller = clerk.ask(&Method::GET, "/api/v1/caller", None).await.json();
        assert_eq!((caller["kind"].as_str(), caller["name"].as_str()), (Some("staff"), Some("carl")));
        let may: Vec<&str> =
            caller["may"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        assert!(may.contains(&"move") && !may.contains(&"pay") && !may.contains(&"manage_keys"));
    }
}
