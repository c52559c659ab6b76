//! Callers of every kind at one portal, each with a real proof: customers signed in by mail,
//! operators and API clients with keys.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Method, Request};
use receivables::ids::{AccountId, CustomerId};
use serde_json::{Value, json};
use server::db::{Command, DbError};
use server::sign_in::{AddApiClient, AddOperator, Scopes, StaffRoles};
use server::{outbox, router, web};
use sqlx::AnyConnection;

use super::browser::{Answer, Browser, Mail, mails};
use super::{TestAccount, TestPortal};

/// Somebody, as a request shows them: a cookie, a key, or nothing.
#[derive(Clone)]
pub struct Person {
    pub browser: Browser,
    pub key: Option<String>,
}

impl Person {
    pub fn nobody(portal: &TestPortal) -> Self {
        let service = web::serve(router::rooms(), router::signed(), &portal.portal);
        Self { browser: Browser { service, cookies: BTreeMap::new() }, key: None }
    }

    /// A customer of this account, through the mail.
    pub async fn customer(portal: &TestPortal, account: &TestAccount) -> Self {
        let mut person = Self::nobody(portal);
        let email = format!("{}@customers.example", &account.id.to_string()[28..]);
        assert_eq!(person.browser.ask_for_code(&email).await.status, 202);
        outbox::deliver_due(&portal.portal).await.unwrap();
        // Receipts are mailed too.
        let is_code = |mail: &Mail| mail.to == email && mail.text.contains("/sign-in/link#");
        let code = mails(&portal.portal).into_iter().rfind(is_code).unwrap().code();
        assert_eq!(person.browser.prove(json!({ "code": code })).await.status, 201);
        person
    }

    pub async fn operator(portal: &TestPortal, name: &str, roles: &str) -> Self {
        let (shared, roles) = (&portal.portal, StaffRoles::parse(roles).unwrap());
        let now = shared.now();
        let (add, key) = AddOperator::new(name, roles, shared.chance.as_ref(), now).unwrap();
        shared.db.write(add).await.unwrap().unwrap();
        Self { key: Some(key), ..Self::nobody(portal) }
    }

    pub async fn client(portal: &TestPortal, name: &str, scopes: &str) -> Self {
        let (shared, scopes) = (&portal.portal, Scopes::parse(scopes).unwrap());
        let (now, chance) = (shared.now(), shared.chance.as_ref());
        let (add, shown) = AddApiClient::new((name, scopes), "ida", 30, now, chance).unwrap();
        shared.db.write(add).await.unwrap().unwrap();
        Self { key: Some(shown.key), ..Self::nobody(portal) }
    }

    /// As our own page asks, or as a program with a key. Cookies stay as they are.
    pub async fn ask(&self, method: &Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("idempotency-key", path);
        request = match &self.key {
            Some(key) => request.header("authorization", format!("Bearer {key}")),
            None => request.header("sec-fetch-site", "same-origin").header("x-paydown", "1"),
        };
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.browser.send(request.body(body).unwrap()).await
    }
}

/// Lets a customer see an account, and no more.
pub async fn let_view(portal: &TestPortal, customer_id: CustomerId, account_id: AccountId) {
    portal.portal.db.write(LetView { customer_id, account_id }).await.unwrap();
}

struct LetView {
    customer_id: CustomerId,
    account_id: AccountId,
}

impl Command for LetView {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        let text = "insert into account_customer (customer_id, account_id, role) \
                    values ($1, $2, 'viewer')";
        let query = sqlx::query(text).bind(self.customer_id.to_string());
        query.bind(self.account_id.to_string()).execute(tx).await?;
        Ok(())
    }
}
