//! Stories of signing in and out: the whole service, both databases, mails as files.

use crate::support::browser;
use crate::support::browser::{Browser, mails, newest_mail};
use crate::support::{On, TestPortal};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use futures_util::future::join_all;
use receivables::ids::CustomerId;
use serde_json::{Value, json};
use server::outbox;
use server::sign_in::{Action, Caller, Customer, require_on_account};
use sqlx::Row;

async fn email_of(portal: &TestPortal, customer_id: CustomerId) -> String {
    let query = sqlx::query_scalar("select email from customer where id = $1");
    query.bind(customer_id.to_string()).fetch_one(portal.portal.db.read()).await.unwrap()
}

/// Someone with one account and two bills.
async fn ada(portal: &TestPortal) -> String {
    let account = portal.account(&[("2026-09-15", 8_000), ("2026-12-15", 7_500)]).await;
    email_of(portal, account.customer_id).await
}

/// A browser that asked, and the mail that came.
async fn asked(portal: &TestPortal, email: &str) -> (Browser, browser::Mail) {
    let mut browser = Browser::at(&portal.portal);
    assert_eq!(browser.ask_for_code(email).await.status, 202);
    let mail = newest_mail(&portal.portal).await;
    (browser, mail)
}

async fn signed_in(portal: &TestPortal, email: &str) -> Browser {
    let (mut browser, mail) = asked(portal, email).await;
    assert_eq!(browser.prove(json!({ "code": mail.code() })).await.status, 201);
    browser
}

const SESSION: &str = "__Host-pd_sid";
const BROWSER: &str = "__Host-pd_browser";

stories! {
    async fn the_code_from_the_mail_opens_a_session_however_it_is_typed(portal: TestPortal) {
        let email = ada(portal).await;
        let (mut browser, mail) = asked(portal, &format!("  {} ", email.to_uppercase())).await;
        assert_eq!(mail.to, email);
        assert!(mail.subject.contains(&mail.code()) && mail.text.contains("DEMO"));
        let typed = mail.code().to_lowercase().replace('-', "  ");
        let answer = browser.prove(json!({ "code": typed })).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let session = answer.set_cookies().into_iter().find(|c| c.starts_with(SESSION)).unwrap();
        assert!(session.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict"), "{session}");
        assert!(!browser.cookies.contains_key(BROWSER));

        let who = browser.session().await.json();
        assert_eq!(who["email"], email);
        assert_eq!(who["accounts"][0]["owed"], 15_500);
        assert_eq!(who["accounts"][0]["currency"], "USD");
        assert_eq!(who["idle_until"], "2026-11-22T12:30:00Z");
        assert_eq!(who["idle_seconds"], 30 * 60);
    }

    async fn signing_out_ends_the_session_for_good(portal: TestPortal) {
        let mut browser = signed_in(portal, &ada(portal).await).await;
        let stolen = browser.clone();
        let answer = browser.sign_out().await;
        assert_eq!(answer.status, 204);
        assert_eq!(answer.headers["clear-site-data"], "\"cache\", \"storage\"");
        assert!(browser.cookies.is_empty());
        assert_eq!(stolen.clone().session().await.status, 204);
        assert_eq!(browser.sign_out().await.status, 204);
    }

    async fn the_link_works_by_post_and_by_nothing_else(portal: TestPortal) {
        let (mut browser, mail) = asked(portal, &ada(portal).await).await;
        let secret = mail.link_secret();
        for n in 0..500 {
            let method = if n % 2 == 0 { Method::GET } else { Method::HEAD };
            // A scanner drops the fragment; one that puts it elsewhere uses up nothing either.
            for path in ["/sign-in/link".to_owned(), format!("/sign-in/link?{secret}")] {
                let request = Request::builder().method(&method).uri(path);
                browser.send(request.body(Body::empty()).unwrap()).await;
            }
        }
        assert_eq!(browser.prove(json!({ "link": secret })).await.status, 201);
    }

    async fn known_and_unknown_addresses_are_answered_alike(portal: TestPortal) {
        let email = ada(portal).await;
        let mut alike = Vec::new();
        for asked in [&*email, "nobody@nowhere.example", "no address", "a@b.example,c@d.example",
            "ada@b.example\r\nBcc: eve@evil.example", ""]
        {
            let mut browser = Browser::at(&portal.portal);
            let mut answer = browser.ask_for_code(asked).await;
            let token = browser.cookies[BROWSER].clone();
            assert_eq!(token.len(), 43);
            let cookie = answer.set_cookies().join("\n").replace(&token, "…");
            answer.headers.remove("x-request-id");
            answer.headers.remove(header::SET_COOKIE);
            alike.push((answer.status, cookie, format!("{:?}", answer.headers), answer.body));
        }
        assert!(alike.iter().all(|answer| *answer == alike[0]), "{alike:#?}");
        assert_eq!(alike[0].0, 202);
        outbox::deliver_due(&portal.portal).await.unwrap();
        let sent: Vec<_> = mails(&portal.portal).into_iter().map(|mail| mail.to).collect();
        assert_eq!(sent, [email]);
        // The same was written for the one that nobody has as for the one that somebody has.
        assert_eq!(portal.count("sign_in_code").await, 2);
        assert_eq!(portal.count("outbox").await, 2);
    }

    async fn wrong_used_expired_and_foreign_proofs_are_refused_alike(portal: TestPortal) {
        let email = ada(portal).await;
        let mut refusals = Vec::new();
        let (mut browser, mail) = asked(portal, &email).await;
        refusals.push(browser.prove(json!({ "code": "0000-0000" })).await);
        refusals.push(browser.prove(json!({ "code": "" })).await);
        refusals.push(browser.prove(json!({ "link": "x" })).await);
        refusals.push(browser.another().prove(json!({ "code": mail.code() })).await);
        refusals.push(browser.another().prove(json!({ "link": mail.link_secret() })).await);
        let (mut other, _) = asked(portal, &email).await;
        refusals.push(other.prove(json!({ "code": mail.code() })).await);
        refusals.push(other.prove(json!({ "link": mail.link_secret() })).await);
        let used = browser.clone();
        assert_eq!(browser.prove(json!({ "code": mail.code() })).await.status, 201);
        refusals.push(used.clone().prove(json!({ "code": mail.code() })).await);
        refusals.push(used.clone().prove(json!({ "link": mail.link_secret() })).await);
        let (mut late, mail) = asked(portal, &email).await;
        portal.clock.pass_seconds(10 * 60);
        refusals.push(late.prove(json!({ "code": mail.code() })).await);
        for refusal in &refusals {
            assert_eq!(refusal.problem(), (401, "code-invalid".into()));
            assert_eq!(refusal.json()["detail"], refusals[0].json()["detail"]);
            assert_eq!(refusal.set_cookies(), Vec::<String>::new());
        }
    }

    async fn after_five_tries_even_the_right_code_is_refused(portal: TestPortal) {
        let email = ada(portal).await;
        let (mut browser, mail) = asked(portal, &email).await;
        for _ in 0..5 {
            let answer = browser.prove(json!({ "code": "0000-0000" })).await;
            assert_eq!(answer.problem(), (401, "code-invalid".into()));
        }
        for proof in [json!({ "code": mail.code() }), json!({ "link": mail.link_secret() })] {
            assert_eq!(browser.prove(proof).await.problem(), (429, "too-many-tries".into()));
        }
        portal.clock.pass_seconds(1);
        browser.ask_for_code(&email).await;
        let mail = newest_mail(&portal.portal).await;
        assert_eq!(browser.prove(json!({ "code": mail.code() })).await.status, 201);
    }

    async fn guesses_sent_all_at_once_get_five_tries_together(portal: TestPortal) {
        let (browser, mail) = asked(portal, &ada(portal).await).await;
        let guesses = (0..100).map(|n| {
            let mut browser = browser.clone();
            async move { browser.prove(json!({ "code": format!("0000-{n:04}") })).await.status }
        });
        let answers = join_all(guesses).await;
        assert_eq!(answers.iter().filter(|status| **status == 401).count(), 5);
        // On a slow machine some wait too long for the database, which costs no try.
        let others = answers.iter().filter(|status| **status != 401);
        assert!(others.clone().all(|status| [429, 503].contains(&status.as_u16())), "{answers:?}");
        let answer = browser.clone().prove(json!({ "code": mail.code() })).await;
        assert_eq!(answer.status, 429);
    }

    async fn two_hundred_redeems_at_once_open_one_session(portal: TestPortal) {
        let (browser, mail) = asked(portal, &ada(portal).await).await;
        let redeems = (0..200).map(|n| {
            let mut browser = browser.clone();
            let proof = match n % 2 {
                0 => json!({ "code": mail.code() }),
                _ => json!({ "link": mail.link_secret() }),
            };
            async move { browser.prove(proof).await.status.as_u16() }
        });
        let answers = join_all(redeems).await;
        assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1);
        assert!(answers.iter().all(|status| [201, 401, 429, 503].contains(status)), "{answers:?}");
        assert_eq!(portal.count("session").await, 1);
    }

    async fn two_hundred_goodbyes_at_once_leave_nobody_signed_in(portal: TestPortal) {
        let browser = signed_in(portal, &ada(portal).await).await;
        let goodbyes = (0..200).map(|_| {
            let mut browser = browser.clone();
            async move { browser.sign_out().await.status }
        });
        assert!(join_all(goodbyes).await.iter().all(|status| *status == 204));
        assert_eq!(browser.clone().session().await.status, 204);
    }

    async fn only_the_newest_code_of_a_browser_works(portal: TestPortal) {
        let email = ada(portal).await;
        let (mut browser, older) = asked(portal, &email).await;
        portal.clock.pass_seconds(1);
        browser.ask_for_code(&email).await;
        let newer = newest_mail(&portal.portal).await;
        assert_ne!(older.code(), newer.code());
        assert_eq!(browser.prove(json!({ "code": older.code() })).await.status, 401);
        assert_eq!(browser.prove(json!({ "code": newer.code() })).await.status, 201);
    }

    async fn the_sixth_code_within_a_quarter_of_an_hour_is_not_sent(portal: TestPortal) {
        let email = ada(portal).await;
        for n in 0..8 {
            let spelled = if n % 2 == 0 { email.clone() } else { email.to_uppercase() };
            let mut browser = Browser::at(&portal.portal);
            assert_eq!(browser.ask_for_code(&spelled).await.status, 202);
        }
        outbox::deliver_due(&portal.portal).await.unwrap();
        assert_eq!(mails(&portal.portal).len(), 5);
        portal.clock.pass_seconds(15 * 60);
        asked(portal, &email).await;
        assert_eq!(mails(&portal.portal).len(), 6);
    }

    async fn a_session_ends_when_it_is_not_used_for_half_an_hour(portal: TestPortal) {
        let mut browser = signed_in(portal, &ada(portal).await).await;
        portal.clock.pass_seconds(29 * 60);
        assert_eq!(browser.session().await.json()["idle_until"], "2026-11-22T12:59:00Z");
        portal.clock.pass_seconds(29 * 60);
        assert_eq!(browser.session().await.status, 200);
        portal.clock.pass_seconds(30 * 60);
        assert_eq!(browser.session().await.status, 204);
    }

    async fn a_session_ends_after_twelve_hours_however_busy_it_is(portal: TestPortal) {
        let mut browser = signed_in(portal, &ada(portal).await).await;
        for _ in 0..(12 * 60 - 1) / 20 {
            portal.clock.pass_seconds(20 * 60);
            assert_eq!(browser.session().await.status, 200);
        }
        let last = browser.session().await.json();
        assert_eq!(last["idle_until"], "2026-11-23T00:00:00Z");
        assert_eq!(last["idle_seconds"], 20 * 60);
        portal.clock.pass_seconds(20 * 60);
        assert_eq!(browser.session().await.status, 204);
    }

    async fn the_use_of_a_session_is_noted_once_a_minute(portal: TestPortal) {
        let mut browser = signed_in(portal, &ada(portal).await).await;
        let seen = || async {
            let row = sqlx::query("select last_seen_at from session");
            row.fetch_one(portal.portal.db.read()).await.unwrap().get::<i64, _>(0)
        };
        let first = seen().await;
        portal.clock.pass_seconds(59);
        browser.session().await;
        assert_eq!(seen().await, first);
        portal.clock.pass_seconds(1);
        browser.session().await;
        assert_eq!(seen().await, first + 60_000_000);
    }

    async fn signing_in_again_gives_a_new_token_and_ends_the_old_one(portal: TestPortal) {
        let email = ada(portal).await;
        let mut browser = signed_in(portal, &email).await;
        let before = browser.clone();
        portal.clock.pass_seconds(1);
        browser.ask_for_code(&email).await;
        let mail = newest_mail(&portal.portal).await;
        assert_eq!(browser.prove(json!({ "code": mail.code() })).await.status, 201);
        assert_ne!(browser.cookies[SESSION], before.cookies[SESSION]);
        assert_eq!(before.clone().session().await.status, 204);
        assert_eq!(browser.session().await.status, 200);
    }

    async fn a_cookie_that_is_none_of_ours_opens_nothing(portal: TestPortal) {
        let browser = signed_in(portal, &ada(portal).await).await;
        let token = browser.cookies[SESSION].clone();
        for cookie in [
            String::new(),
            format!("{SESSION}=garbage"),
            format!("{SESSION}={}", "a".repeat(43)),
            format!("{SESSION}={}", "a".repeat(8_000)),
            format!("pd_sid={token}"),
            format!("{SESSION}={token}; {SESSION}={token}"),
            format!("{SESSION}={token}x"),
            format!("{SESSION}={}", &token[1..]),
        ] {
            let request = Request::get("/api/v1/sign-in/session").header(header::COOKIE, &cookie);
            let answer = browser.another().send(request.body(Body::empty()).unwrap()).await;
            assert_eq!((answer.status, answer.text()), (StatusCode::NO_CONTENT, String::new()));
            assert!(answer.set_cookies().is_empty(), "{cookie}");
        }
    }

    async fn no_secret_stays_in_the_database(portal: TestPortal) {
        let (mut browser, mail) = asked(portal, &ada(portal).await).await;
        let browser_token = browser.cookies[BROWSER].clone();
        browser.prove(json!({ "code": mail.code() })).await;
        let secrets = [
            mail.code(),
            mail.code().replace('-', ""),
            mail.link_secret(),
            browser_token,
            browser.cookies[SESSION].clone(),
        ];
        for text in [
            "select id || code_hash || link_hash || browser_hash from sign_in_code",
            "select token_hash from session",
            "select payload || coalesce(last_error, '') from outbox",
        ] {
            for row in sqlx::query(text).fetch_all(portal.portal.db.read()).await.unwrap() {
                let stored: String = row.get(0);
                assert!(!secrets.iter().any(|secret| stored.contains(secret)), "{stored}");
            }
        }
    }

    async fn anothers_account_is_not_there(portal: TestPortal) {
        let (own, other) = (portal.account(&[]).await, portal.account(&[]).await);
        let session_hash = "a session".to_owned();
        let caller = Caller::Customer(Customer { customer_id: own.customer_id, session_hash });
        let see = async |id| require_on_account(&portal.portal, &caller, Action::See, id).await;
        see(own.id).await.unwrap();
        let refusal = see(other.id).await.unwrap_err();
        assert_eq!((refusal.status().as_u16(), refusal.code()), (404, "not-found"));
    }

    async fn malformed_requests_are_refused_with_their_place(portal: TestPortal) {
        let browser = Browser::at(&portal.portal);
        let post = |kind: &'static str, body: String| {
            let request = Request::post("/api/v1/sign-in/codes")
                .header("sec-fetch-site", "same-origin")
                .header("x-paydown", "1")
                .header(header::CONTENT_TYPE, kind)
                .body(Body::from(body));
            let browser = browser.clone();
            async move { browser.send(request.unwrap()).await }
        };
        let json = "application/json";
        let good = r#"{"email":"a@b.example"}"#;
        for (kind, body, expected) in [
            (json, "", (400, "malformed-json")),
            (json, "[]", (400, "malformed-json")),
            (json, "{\"email\":\"a@b.example\"", (400, "malformed-json")),
            (json, "{\"email\":\"a\",\"email\":\"b\"}", (400, "malformed-json")),
            (json, "{\"email\":1}", (422, "email-invalid")),
            (json, "{}", (422, "email-invalid")),
            (json, "{\"email\":\"a@b.example\",\"is_admin\":true}", (422, "unknown-field")),
            ("text/plain", good, (415, "unsupported-media-type")),
            ("application/json; charset=utf-7", good, (415, "unsupported-media-type")),
        ] {
            let (status, code) = post(kind, body.to_owned()).await.problem();
            assert_eq!((status, &*code), expected, "{kind} {body}");
        }
        let large = format!("{{\"email\":\"{}\"}}", "a".repeat(64 * 1024));
        assert_eq!(post(json, large).await.problem(), (413, "payload-too-large".into()));
        let answer = post(json, "{\"email\":null}".to_owned()).await.json();
        assert_eq!(answer["errors"][0]["pointer"], "#/email");
        assert_eq!(portal.count("sign_in_code").await, 0);
    }

    async fn a_forged_request_changes_nothing(portal: TestPortal) {
        let browser = signed_in(portal, &ada(portal).await).await;
        let ours = portal.portal.settings.public_url.clone();
        let other_origin = format!("{ours}.evil.example");
        for headers in [
            vec![],
            vec![("x-paydown", "1")],
            vec![("sec-fetch-site", "same-origin")],
            vec![("sec-fetch-site", "cross-site"), ("x-paydown", "1"), ("origin", &*ours)],
            vec![("sec-fetch-site", "same-site"), ("x-paydown", "1")],
            vec![("origin", "null"), ("x-paydown", "1")],
            vec![("origin", &*other_origin), ("x-paydown", "1")],
        ] {
            let mut request = Request::delete("/api/v1/sign-in/session");
            for (name, value) in &headers {
                request = request.header(*name, *value);
            }
            let answer = browser.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.problem(), (403, "csrf".into()), "{headers:?}");
        }
        assert_eq!(browser.clone().session().await.status, 200);
    }

    async fn every_answer_carries_the_headers_that_guard_it(portal: TestPortal) {
        let mut browser = Browser::at(&portal.portal);
        let codes = "/api/v1/sign-in/codes";
        let cases: [(Method, &str, Option<Value>, u16); 9] = [
            (Method::GET, "/healthz", None, 200),
            (Method::GET, "/api/v1/sign-in/session", None, 204),
            (Method::GET, "/api/v1/nothing", None, 404),
            (Method::POST, "/api/v1/nothing", Some(json!({})), 404),
            (Method::PUT, codes, Some(json!({})), 405),
            (Method::TRACE, codes, Some(json!({})), 405),
            (Method::POST, codes, Some(json!({"email": "a@b.example"})), 202),
            (Method::GET, "/mailbox", None, 404),
            (Method::GET, "/csp-reports/count", None, 404),
        ];
        for (method, path, body, status) in cases {
            let answer = browser.ask(method.clone(), path, body).await;
            assert_eq!(answer.status, status, "{method} {path}");
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("cross-origin-resource-policy", "same-origin"),
                ("cross-origin-opener-policy", "same-origin-allow-popups"),
                ("cache-control", "no-store"),
            ] {
                assert_eq!(answer.headers[name], value, "{method} {path}");
            }
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'"), "{policy}");
            assert!(answer.headers.contains_key("permissions-policy"));
            // The gateway's script cannot run in an isolated page.
            assert!(!answer.headers.contains_key("cross-origin-embedder-policy"));
            assert!(!answer.headers.contains_key("strict-transport-security"), "in clear");
            assert!(answer.headers["x-request-id"].to_str().unwrap().starts_with("req_"));
            if status >= 400 {
                answer.problem();
            }
        }
    }
}

#[tokio::test]
async fn over_tls_every_answer_says_to_come_back_over_tls() {
    let url = ("public_url", "https://pay.riverside.example");
    let portal = TestPortal::open_with(On::Sqlite, &[url]).await.unwrap();
    let mut browser = Browser::at(&portal.portal);
    for path in ["/healthz", "/api/v1/nothing", "/", "/api/v1/sign-in/codes"] {
        let answer = browser.ask(Method::GET, path, None).await;
        let told = &answer.headers["strict-transport-security"];
        assert_eq!(told, "max-age=63072000; includeSubDomains", "{path}");
    }
    portal.close().await;
}
