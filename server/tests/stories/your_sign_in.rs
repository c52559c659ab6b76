//! Stories of what customers see and change of their own sign-in: sessions, the address, and
//! when a fresh sign-in is asked for. The whole service, both databases, mails as files.

use crate::support::authenticator;
use crate::support::browser::{Answer, Browser, Mail, mails, newest_mail_to};
use crate::support::{On, TestPortal};
use axum::http::Method;
use futures_util::future::join_all;
use serde_json::{Value, json};
use server::{outbox, sign_in};

const OVERVIEW: &str = "/api/v1/sign-in/overview";
const SESSIONS: &str = "/api/v1/sign-in/sessions";
const EMAIL: &str = "/api/v1/sign-in/email-change";
const CONFIRMATION: &str = "/api/v1/sign-in/email-change/confirmation";
const SESSION: &str = "__Host-pd_sid";
const NEW: &str = "ada@new.example";

async fn customer(portal: &TestPortal) -> String {
    let account = portal.account(&[("2026-09-15", 8_000)]).await;
    let query = sqlx::query_scalar("select email from customer where id = $1");
    query.bind(account.customer_id.to_string()).fetch_one(portal.portal.db.read()).await.unwrap()
}

/// The newest mail to an address; reading it takes a second, so that mails have an order.
async fn mail_to(portal: &TestPortal, email: &str) -> Mail {
    let mail = newest_mail_to(&portal.portal, email).await;
    portal.clock.pass_seconds(1);
    mail
}

async fn enter(portal: &TestPortal, browser: &mut Browser, email: &str, remember: bool) -> Answer {
    browser.ask_for_code(email).await;
    let mail = mail_to(portal, email).await;
    browser.prove(json!({ "code": mail.code(), "remember": remember })).await
}

async fn signed_in(portal: &TestPortal, email: &str) -> Browser {
    let mut browser = Browser::at(&portal.portal);
    assert_eq!(enter(portal, &mut browser, email, false).await.status, 201);
    browser
}

async fn overview(browser: &mut Browser) -> Value {
    let answer = browser.ask(Method::GET, OVERVIEW, None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

async fn ask_for(browser: &mut Browser, email: &str) -> Answer {
    browser.ask(Method::POST, EMAIL, Some(json!({ "email": email }))).await
}

async fn confirm(browser: &mut Browser, code: &str) -> Answer {
    browser.ask(Method::POST, CONFIRMATION, Some(json!({ "code": code }))).await
}

stories! {
    async fn one_session_is_ended_from_another(portal: TestPortal) {
        let email = customer(portal).await;
        let (mut phone, mut library) =
            (signed_in(portal, &email).await, signed_in(portal, &email).await);
        portal.clock.pass_seconds(60);
        let rows = overview(&mut phone).await["sessions"].clone();
        let rows = rows.as_array().unwrap();
        assert_eq!((rows.len(), &rows[0]["is_this"]), (2, &json!(true)));
        let other = rows[1]["id"].as_str().unwrap();
        // Not by a stranger, to whom it is not there.
        let mut stranger = signed_in(portal, &customer(portal).await).await;
        let path = format!("{SESSIONS}/{other}");
        let unreadable = ["%25", "%00", "a%00b"].map(|name| format!("{SESSIONS}/{name}"));
        for path in unreadable.iter().chain([&path]) {
            assert_eq!(stranger.ask(Method::DELETE, path, None).await.status, 404, "{path}");
        }
        assert_eq!(library.session().await.status, 200);
        assert_eq!(phone.ask(Method::DELETE, &path, None).await.status, 204);
        assert_eq!(library.session().await.status, 204);
        assert_eq!(library.ask(Method::GET, OVERVIEW, None).await.problem().0, 401);
        assert_eq!(overview(&mut phone).await["sessions"].as_array().unwrap().len(), 1);
    }

    async fn signing_out_everywhere_leaves_no_session_behind(portal: TestPortal) {
        let email = customer(portal).await;
        let mut browsers = Vec::new();
        for _ in 0..4 {
            browsers.push(signed_in(portal, &email).await);
            portal.clock.pass_seconds(15 * 60);
        }
        let mut stranger = signed_in(portal, &customer(portal).await).await;
        // Also by a session that is no longer fresh: it only takes away.
        let goodbyes = browsers.iter().cycle().take(200).map(|browser| {
            let mut browser = browser.clone();
            async move { browser.ask(Method::DELETE, SESSIONS, None).await.status.as_u16() }
        });
        let answers = join_all(goodbyes).await;
        assert!(answers.contains(&204));
        assert!(answers.iter().all(|status| [204, 401, 503].contains(status)), "{answers:?}");
        for browser in &mut browsers {
            assert_eq!(browser.session().await.status, 204, "the old cookie is replayed");
            assert_eq!(browser.ask(Method::GET, OVERVIEW, None).await.problem().0, 401);
        }
        assert_eq!(stranger.session().await.status, 200);
    }

    async fn a_remembered_device_stays_thirty_days_and_no_longer(portal: TestPortal) {
        let email = customer(portal).await;
        let mut browser = Browser::at(&portal.portal);
        let answer = enter(portal, &mut browser, &email, true).await;
        let cookies = answer.set_cookies();
        let cookie = cookies.iter().find(|cookie| cookie.starts_with(SESSION)).unwrap();
        assert!(cookie.ends_with("; SameSite=Strict; Max-Age=2592000"), "{cookie}");
        for _ in 0..29 {
            portal.clock.pass_seconds(24 * 3_600);
            assert_eq!(browser.session().await.status, 200);
        }
        assert_eq!(overview(&mut browser).await["sessions"][0]["remembered"], true);
        // It sees and pays; what could lock its owner out asks for more.
        assert_eq!(ask_for(&mut browser, NEW).await.problem(), (403, "step-up".into()));
        portal.clock.pass_seconds(24 * 3_600);
        assert_eq!(browser.session().await.status, 204);
    }

    async fn a_fresh_sign_in_on_a_remembered_device_does_not_forget_it(portal: TestPortal) {
        let email = customer(portal).await;
        let mut browser = Browser::at(&portal.portal);
        enter(portal, &mut browser, &email, true).await;
        portal.clock.pass_seconds(3_600);
        let again = enter(portal, &mut browser, &email, false).await;
        let kept = |cookie: &String| cookie.starts_with(SESSION) && cookie.contains("Max-Age=2592");
        assert!(again.set_cookies().iter().any(kept), "{:?}", again.set_cookies());
        assert_eq!(overview(&mut browser).await["sessions"][0]["remembered"], true);
        // It is this customer's choice: somebody else on the device is not remembered by it.
        let other = customer(portal).await;
        let next = enter(portal, &mut browser, &other, false).await;
        assert!(!next.set_cookies().iter().any(kept), "{:?}", next.set_cookies());
        assert_eq!(overview(&mut browser).await["sessions"][0]["remembered"], false);
    }

    async fn after_ten_minutes_a_fresh_sign_in_is_asked_for(portal: TestPortal) {
        let email = customer(portal).await;
        let mut browser = signed_in(portal, &email).await;
        assert_eq!(overview(&mut browser).await["is_fresh"], true);
        portal.clock.pass_seconds(10 * 60 - 1);
        assert_eq!(ask_for(&mut browser, NEW).await.status, 202);
        portal.clock.pass_seconds(1);
        assert_eq!(overview(&mut browser).await["is_fresh"], false);
        assert_eq!(ask_for(&mut browser, NEW).await.problem(), (403, "step-up".into()));
        let before = browser.clone();
        assert_eq!(enter(portal, &mut browser, &email, false).await.status, 201);
        assert_ne!(browser.cookies[SESSION], before.cookies[SESSION]);
        assert_eq!(before.clone().session().await.status, 204);
        assert_eq!(ask_for(&mut browser, NEW).await.status, 202);
    }

    async fn another_address_waits_a_day_in_which_the_old_one_can_stop_it(portal: TestPortal) {
        let email = customer(portal).await;
        let (mut browser, mut other) =
            (signed_in(portal, &email).await, signed_in(portal, &email).await);
        assert_eq!(ask_for(&mut browser, " Ada@New.Example").await.status, 202);
        let mail = mail_to(portal, NEW).await;
        // The code is of the session that asked.
        assert_eq!(confirm(&mut other, &mail.code()).await.problem(), (422, "code-invalid".into()));
        let waiting = confirm(&mut browser, &mail.code()).await;
        assert_eq!(waiting.status, 200, "{waiting:?}");
        assert_eq!(waiting.json()["email_change"]["email"], NEW);
        assert_eq!(waiting.json()["email"], email);
        let notice = mail_to(portal, &email).await;
        assert!(notice.text.contains("a…@new.example") && notice.text.contains("/your-sign-in"));
        portal.clock.pass_seconds(24 * 3_600 - 60);
        assert_eq!(sign_in::change_due_emails(&portal.portal).await.unwrap(), 0);

        // The old address still signs in, and stops it.
        let mut owner = signed_in(portal, &email).await;
        assert_eq!(owner.ask(Method::DELETE, EMAIL, None).await.status, 204);
        portal.clock.pass_seconds(3_600);
        assert_eq!(sign_in::change_due_emails(&portal.portal).await.unwrap(), 0);
        let now = overview(&mut signed_in(portal, &email).await).await;
        assert_eq!((&now["email"], &now["email_change"]), (&json!(email), &Value::Null));
    }

    async fn after_the_day_the_new_address_signs_in_and_the_old_does_not(portal: TestPortal) {
        let email = customer(portal).await;
        let mut browser = signed_in(portal, &email).await;
        ask_for(&mut browser, NEW).await;
        let mail = mail_to(portal, NEW).await;
        assert_eq!(confirm(&mut browser, &mail.code()).await.status, 200);
        mail_to(portal, &email).await;
        portal.clock.pass_seconds(24 * 3_600);
        let mut before = signed_in(portal, &email).await;
        assert_eq!(sign_in::change_due_emails(&portal.portal).await.unwrap(), 1);
        assert_eq!(before.session().await.status, 204, "every session ended");
        let sent = mails(&portal.portal).len();
        Browser::at(&portal.portal).ask_for_code(&email).await;
        outbox::deliver_due(&portal.portal).await.unwrap();
        assert_eq!(mails(&portal.portal).len(), sent, "nobody has the old address");
        let mut browser = signed_in(portal, NEW).await;
        assert_eq!(browser.session().await.json()["email"], NEW);
    }

    async fn an_address_of_somebody_else_is_told_only_to_who_proves_it(portal: TestPortal) {
        let (ada, eve) = (customer(portal).await, customer(portal).await);
        let mut browser = signed_in(portal, &eve).await;
        let (mut of_ada, mut of_nobody) =
            (ask_for(&mut browser, &ada).await, ask_for(&mut browser, NEW).await);
        for answer in [&mut of_ada, &mut of_nobody] {
            answer.headers.remove("x-request-id");
        }
        assert_eq!(format!("{of_ada:?}"), format!("{of_nobody:?}"));
        portal.clock.pass_seconds(1);
        ask_for(&mut browser, &ada).await;
        let mail = mail_to(portal, &ada).await;
        assert_eq!(confirm(&mut browser, &mail.code()).await.problem(), (409, "email-taken".into()));
        assert_eq!(overview(&mut browser).await["email"], eve);
    }

    async fn the_code_for_an_address_has_five_tries_ten_minutes_and_one_use(portal: TestPortal) {
        let email = customer(portal).await;
        let mut browser = signed_in(portal, &email).await;
        let code = |answer: Answer| answer.problem();
        let asked = async |browser: &mut Browser| {
            assert_eq!(ask_for(browser, NEW).await.status, 202);
            mail_to(portal, NEW).await.code()
        };
        let right = asked(&mut browser).await;
        let guesses = (0..100).map(|n| {
            let mut browser = browser.clone();
            async move { confirm(&mut browser, &format!("0000-{n:04}")).await.status.as_u16() }
        });
        let answers = join_all(guesses).await;
        assert!(answers.iter().all(|status| [422, 503].contains(status)), "{answers:?}");
        assert_eq!(code(confirm(&mut browser, &right).await), (422, "code-invalid".into()));

        let late = asked(&mut browser).await;
        portal.clock.pass_seconds(10 * 60);
        assert_eq!(code(confirm(&mut browser, &late).await), (422, "code-invalid".into()));

        let mut browser = signed_in(portal, &email).await;
        let older = asked(&mut browser).await;
        let newer = asked(&mut browser).await;
        assert_eq!(confirm(&mut browser, &older).await.status, 422);
        assert_eq!(confirm(&mut browser, &newer).await.status, 200);
        assert_eq!(confirm(&mut browser, &newer).await.status, 422);
        for wrong in ["nobody", "a@b.example\r\nBcc: c@d.example"] {
            let answer = ask_for(&mut browser, wrong).await;
            assert_eq!(answer.problem(), (422, "email-invalid".into()));
        }
        // The sixth within an hour.
        assert_eq!(ask_for(&mut browser, NEW).await.status, 202);
        assert_eq!(ask_for(&mut browser, NEW).await.problem(), (429, "too-many-tries".into()));
    }

    async fn a_passkey_does_not_shorten_the_wait_and_every_one_is_told_of(portal: TestPortal) {
        let here = "http://localhost:8080";
        let portal = TestPortal::open_with(portal.on(), &[("public_url", here)]).await.unwrap();
        let email = customer(&portal).await;
        let mut browser = signed_in(&portal, &email).await;
        let post = async |browser: &mut Browser, path: &str, body: Value| {
            browser.ask(Method::POST, path, Some(body)).await
        };
        let mut phone = authenticator::Device::new(7, here);
        let options = post(&mut browser, "/api/v1/passkeys/creation-options", json!({})).await;
        let credential = json!({ "credential": phone.make(&options.json()) });
        portal.clock.pass_seconds(1);
        let added = post(&mut browser, "/api/v1/passkeys", credential).await;
        assert_eq!(added.status, 201);
        assert!(mail_to(&portal, &email).await.subject.ends_with("was added"));
        let options = post(&mut browser, "/api/v1/sign-in/passkey-options", json!({})).await;
        let credential = json!({ "credential": phone.sign(&options.json()) });
        assert_eq!(post(&mut browser, "/api/v1/sign-in/passkey", credential).await.status, 201);

        // Whoever had the mailbox for a moment could have made it.
        ask_for(&mut browser, NEW).await;
        let mail = mail_to(&portal, NEW).await;
        let waits = confirm(&mut browser, &mail.code()).await.json();
        assert_eq!(waits["email"], json!(email));
        assert_eq!(waits["email_change"]["email"], NEW);
        portal.clock.pass_seconds(1);
        let path = format!("/api/v1/passkeys/{}", added.json()["id"].as_str().unwrap());
        assert_eq!(browser.ask(Method::DELETE, &path, None).await.status, 204);
        assert!(mail_to(&portal, &email).await.subject.ends_with("was removed"));
        portal.close().await;
    }

    async fn of_many_who_ask_at_once_for_another_address_one_change_is_left(portal: TestPortal) {
        let email = customer(portal).await;
        let browser = signed_in(portal, &email).await;
        let asks = (0..20).map(|n| {
            let mut browser = browser.clone();
            async move { ask_for(&mut browser, &format!("n{n}@new.example")).await.status.as_u16() }
        });
        let answers = join_all(asks).await;
        let asked = answers.iter().filter(|status| **status == 202).count();
        assert_eq!(asked, 5, "{answers:?}");
        let open = "select count(*) from email_change where stopped_at is null";
        let open: i64 = sqlx::query_scalar(open).fetch_one(portal.portal.db.read()).await.unwrap();
        assert_eq!(open, 1);
    }
}
