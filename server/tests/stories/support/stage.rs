//! The stage of `docs/authorization.txt`: callers of every role with real credentials, things that
//! are theirs and others', and one cell of the table asked of the whole service.

use axum::http::Method;
use receivables::api::corrections::{AdjustmentKind, AdjustmentRequest};
use receivables::api::refunds::RefundRequest;
use receivables::api::roles::Scope;
use receivables::ids::PaymentId;
use receivables::money::{Currency, MinorUnits};
use serde_json::{Value, json};
use server::adjustments::{self, Proposal};
use server::external_payments::{Recorded, record_by_staff};
use server::gateway::sandbox::TestCard;
use server::payments::{self, Refunding};

use super::browser::Answer;
use super::people::{Person, let_view};
use super::{TestAccount, TestPortal};

pub const ROLES: [&str; 7] = ["nobody", "payer", "viewer", "clerk", "approver", "admin", "auditor"];
pub const CLERK: usize = 3;

pub struct Row {
    pub method: Method,
    pub path: String,
    pub whose: String,
    pub cells: Vec<String>,
    pub scope: String,
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
        // Refused for another reason than who they are: the stage is not set as it should be.
        (403 | 410 | 429, code) if code != "invitation-unusable" => "refused otherwise",
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

pub struct Stage<'p> {
    portal: &'p TestPortal,
    pub people: Vec<(&'static str, Person)>,
    pub clients: Vec<(Scope, Person)>,
    own: Things,
    other: Things,
    viewers: TestAccount,
    pub asked: usize,
}

impl<'p> Stage<'p> {
    pub async fn set(portal: &'p TestPortal) -> Self {
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
        Self { portal, people, clients, own, other, viewers, asked: 0 }
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

    /// Something that waits for a person.
    async fn work_item(&self) -> String {
        let id = format!("work_{:032x}", self.asked);
        let text = "insert into work_item (id, kind, thing, thing_id, why, opened_at) \
                    values ($1, 'payment_slow', 'payment', $1, 'a bank takes long', 1)";
        self.stored(text, &[&id]).await;
        id
    }

    /// Money that names nobody.
    async fn unmatched_money(&self) -> String {
        let reference = format!("pi_unmatched_{}", self.asked);
        let text = "insert into external_money (gateway, gateway_ref, amount, currency, tender, \
                    received_on, received_at, found_at) \
                    values ($1, $2, 100, 'USD', 'card', '2026-11-20', 1, 1)";
        self.stored(text, &[self.portal.portal.gateway_name(), &reference]).await;
        reference
    }

    /// Money that this person recorded, which waits for approval.
    async fn external_payment(&self, by: &str, account: &TestAccount) -> String {
        let request = serde_json::from_value(self.external_payment_request()).unwrap();
        let idempotency_key = Some(format!("external {}", self.asked));
        let (operator, account_id) = (by.to_owned(), account.id);
        let recorded = Recorded { operator, idempotency_key, account_id, request };
        let waits = record_by_staff(&self.portal.portal, recorded).await.unwrap();
        waits.id.unwrap().to_string()
    }

    fn external_payment_request(&self) -> Value {
        json!({
            "amount": 100, "currency": "USD", "received_on": "2026-11-20", "tender": "cheque",
            "reference": format!("number {}", self.asked),
        })
    }

    /// Whose sign-in is meant: the customer who asks, or one who never does.
    fn customer(&self, who: &str) -> String {
        let account = match who {
            "payer" => &self.own.account,
            "viewer" => &self.viewers,
            _ => &self.other.account,
        };
        account.customer_id.to_string()
    }

    async fn stored(&self, text: &'static str, values: &[&str]) {
        let bind = |query, value: &&str| sqlx::query::Query::bind(query, (*value).to_owned());
        let query = values.iter().fold(sqlx::query(text), bind);
        query.execute(self.portal.portal.db.read()).await.unwrap();
    }

    /// Another session of this person's, as the overview names it.
    async fn session(&self, who: &str) -> String {
        let hash = format!("{:064}", self.asked);
        let text = "insert into session (token_hash, customer_id, created_at, last_seen_at, \
                    idle_until, absolute_until) \
                    select $1, id, 1, 1, 9000000000000000, 9000000000000000 \
                    from customer where id = $2";
        self.stored(text, &[&hash, &self.customer(who)]).await;
        hash[..32].to_owned()
    }

    /// A file that was sent in; only its row is asked for.
    async fn import(&self) -> String {
        let id = format!("imp_{:032x}", self.asked);
        let text = "insert into import_job (id, map_name, map, currency, file_hash, file_bytes, \
                    uploaded_by, uploaded_at, state, changed_at) \
                    values ($1, 'till', '', 'USD', '', 1, 'carl', 1, 'uploaded', 1)";
        self.stored(text, &[&id]).await;
        id
    }

    async fn passkey(&self, who: &str) -> String {
        let id = format!("passkey-{}", self.asked);
        let text = "insert into passkey (id, customer_id, label, credential, created_at) \
                    values ($1, $2, 'a phone', '{}', 1)";
        self.stored(text, &[&id, &self.customer(who)]).await;
        id
    }

    async fn invitation(&self) -> String {
        let clerk = &self.people[CLERK].1;
        let request = self.invitation_request();
        let answer = clerk.ask(&Method::POST, "/api/v1/invitations", Some(&request)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    fn invitation_request(&self) -> Value {
        json!({
            "email": format!("guest-{}@customers.example", self.asked), "name": "A guest",
            "accounts": [self.own.account.id], "role": "viewer",
        })
    }

    /// Whoever signed out signs in again.
    pub async fn come_back(&mut self) {
        // So that the newest mail is the one with the new code.
        self.portal.clock.pass_seconds(1);
        for (who, account) in [("payer", &self.own.account), ("viewer", &self.viewers)] {
            let person = Person::customer(self.portal, account).await;
            let place = self.people.iter().position(|(name, _)| *name == who).unwrap();
            self.people[place].1 = person;
        }
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
        if row.path.contains("{person}") {
            // Somebody new each time, so that nobody else loses the account.
            let guest = self.portal.account(&[]).await.customer_id;
            if !none {
                let_view(self.portal, guest, things.account.id).await;
            }
            let path = row.path.replace("{person}", &guest.to_string());
            return path.replace("{id}", &things.account.id.to_string());
        }
        if row.path == "/api/v1/search" {
            return format!("{}?q=1", row.path);
        }
        if row.path == "/api/v1/imports" {
            return format!("{}?map=till", row.path);
        }
        let room = row.path.split('/').nth(3).unwrap();
        let is_named = row.path.contains('{');
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
            ("work-items", false) if is_named => self.work_item().await,
            ("work-items", true) => nothing("work"),
            ("external-money", false) => self.unmatched_money().await,
            ("external-money", true) => "pi_none".to_owned(),
            ("external-payments", false) => {
                let by = if row.whose == "own" { who } else { "somebody" };
                self.external_payment(by, &self.own.account).await
            }
            ("external-payments", true) => nothing("pay"),
            ("invitations", false) if is_named => self.invitation().await,
            ("invitations", true) => nothing("inv"),
            ("imports", false) if is_named => self.import().await,
            ("imports", true) => nothing("imp"),
            ("passkeys", false) if is_named => {
                self.passkey(if row.whose == "own" { who } else { "somebody" }).await
            }
            ("sign-in", false) if is_named => {
                self.session(if row.whose == "own" { who } else { "somebody" }).await
            }
            ("passkeys" | "sign-in", true) => "0".repeat(32),
            _ if !is_named => String::new(),
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
            "match" => json!({ "account": self.own.account.id }),
            "hold" => json!({ "reason": "we look at it" }),
            "done" => json!({ "note": "it came" }),
            "external-payments" => self.external_payment_request(),
            "api-clients" => json!({
                "name": format!("new-{}", self.asked), "scopes": ["previews"], "days": 30,
            }),
            "column-maps" => json!({ "name": "till", "map": "" }),
            "keys" => json!({ "days": 30 }),
            "invitations" => self.invitation_request(),
            "acceptance" => json!({ "link": "0".repeat(43), "account_number": "A-1" }),
            "email-change" => json!({ "email": "elsewhere@customers.example" }),
            "confirmation" => json!({ "code": "7K3M-9QXA" }),
            _ => json!({}),
        })
    }

    /// Asks one cell; what is wrong with the answer, if anything.
    pub async fn cell(
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
