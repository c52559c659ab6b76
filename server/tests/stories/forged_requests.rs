//! The ways in which another site could make a payer's browser send something, one row each,
//! against the whole service with the payer's own session. None of them does anything.

use std::collections::BTreeMap;

use crate::support::browser::{Browser, newest_mail};
use crate::support::{On, TestPortal};
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use server::{router, web};

/// What it is, the headers it comes with, and how it is answered.
type Row = (&'static str, &'static [(&'static str, &'static str)], u16);

const JSON: (&str, &str) = ("content-type", "application/json");
const OURS: (&str, &str) = ("x-paydown", "1");
const OUR_PAGE: (&str, &str) = ("sec-fetch-site", "same-origin");

const FORGED: [Row; 12] = [
    ("a script of another site", &[("sec-fetch-site", "cross-site"), JSON, OURS], 403),
    ("a neighbouring host", &[("sec-fetch-site", "same-site"), JSON, OURS], 403),
    ("an address that was typed", &[("sec-fetch-site", "none"), JSON, OURS], 403),
    ("two places at once", &[OUR_PAGE, ("sec-fetch-site", "cross-site"), JSON, OURS], 403),
    ("a frame without an origin", &[("origin", "null"), JSON, OURS], 403),
    (
        "a host that begins like ours",
        &[("origin", "http://127.0.0.1:8080.evil.example"), JSON, OURS],
        403,
    ),
    ("our host on another port", &[("origin", "http://127.0.0.1:9999"), JSON, OURS], 403),
    ("nothing said of where", &[JSON, OURS], 403),
    ("no header that asks beforehand", &[OUR_PAGE, JSON], 403),
    ("a form", &[OUR_PAGE, OURS, ("content-type", "application/x-www-form-urlencoded")], 415),
    (
        "a form with a file",
        &[OUR_PAGE, OURS, ("content-type", "multipart/form-data; boundary=x")],
        415,
    ),
    ("plain text that is JSON", &[OUR_PAGE, OURS, ("content-type", "text/plain")], 415),
];

async fn told_apart(on: On) {
    let Some(portal) = TestPortal::open(on).await else { return };
    let account = portal.account(&[("2026-09-15", 8_000)]).await;
    let service = web::serve(router::rooms(), router::signed(), &portal.portal);
    let mut browser = Browser { service, cookies: BTreeMap::new() };
    let email = "select email from customer";
    let email: String = sqlx::query_scalar(email).fetch_one(portal.portal.db.read()).await.unwrap();
    browser.ask_for_code(&email).await;
    let code = newest_mail(&portal.portal).await.code();
    assert_eq!(browser.prove(json!({ "code": code })).await.status, 201);
    let wish = portal.wish(&account, 5_000).await.request;
    let body = serde_json::to_string(&wish).unwrap();
    let path = format!("/api/v1/accounts/{}/payments", account.id);
    let ask = async |method: Method, headers: &[(&str, &str)]| {
        let mut request =
            Request::builder().method(method).uri(&path).header("idempotency-key", "k");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        browser.send(request.body(Body::from(body.clone())).unwrap()).await
    };
    for (what, headers, status) in FORGED {
        let answer = ask(Method::POST, headers).await;
        assert_eq!(answer.problem().0, status, "{what}: {answer:?}");
        assert_eq!(portal.count("payment").await, 0, "{what}");
    }
    // Another method by a header stays what it is: a question, which changes nothing.
    let overridden = [("x-http-method-override", "POST"), ("x-method-override", "POST")];
    assert_eq!(ask(Method::GET, &overridden).await.status, 200);
    assert_eq!(portal.count("payment").await, 0);
    // Our own page, in a browser of today and in an old one.
    assert_eq!(ask(Method::POST, &[OUR_PAGE, JSON, OURS]).await.status, 201);
    let old = [("origin", "http://127.0.0.1:8080"), JSON, OURS];
    assert_eq!(ask(Method::POST, &old).await.status, 200, "the same request again");
    portal.close().await;
}

#[tokio::test]
async fn twelve_forged_requests_and_two_honest_ones_are_told_apart() {
    told_apart(On::Sqlite).await;
    told_apart(On::Postgres).await;
}
