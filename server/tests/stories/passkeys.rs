//! Stories of passkeys: made, used, misused and removed. The whole service, both databases.

use crate::support::authenticator::Device;
use crate::support::browser::{Answer, Browser, newest_mail_to};
use crate::support::{On, TestPortal};
use axum::http::Method;
use futures_util::future::join_all;
use serde_json::{Value, json};

const HERE: &str = "http://localhost:8080";
const PASSKEYS: &str = "/api/v1/passkeys";
const OPTIONS: &str = "/api/v1/sign-in/passkey-options";
const SIGN_IN: &str = "/api/v1/sign-in/passkey";
const SESSION: &str = "__Host-pd_sid";

/// A portal at a name, where passkeys can be; the other stories are told at a number.
async fn named(portal: &TestPortal) -> TestPortal {
    TestPortal::open_with(portal.on(), &[("public_url", HERE)]).await.unwrap()
}

async fn signed_in(portal: &TestPortal) -> Browser {
    let account = portal.account(&[("2026-09-15", 8_000)]).await;
    let query = sqlx::query_scalar("select email from customer where id = $1");
    let query = query.bind(account.customer_id.to_string());
    let email: String = query.fetch_one(portal.portal.db.read()).await.unwrap();
    let mut browser = Browser::at(&portal.portal);
    browser.ask_for_code(&email).await;
    let mail = newest_mail_to(&portal.portal, &email).await;
    assert_eq!(browser.prove(json!({ "code": mail.code() })).await.status, 201);
    browser
}

async fn post(browser: &mut Browser, path: &str, body: Value) -> Answer {
    browser.ask(Method::POST, path, Some(body)).await
}

async fn add(browser: &mut Browser, device: &mut Device) -> Answer {
    let options = post(browser, "/api/v1/passkeys/creation-options", json!({})).await;
    assert_eq!(options.status, 200, "{options:?}");
    let credential = device.make(&options.json());
    post(browser, PASSKEYS, json!({ "credential": credential })).await
}

async fn sign_in(browser: &mut Browser, device: &mut Device) -> Answer {
    let options = post(browser, OPTIONS, json!({})).await.json();
    let credential = device.sign(&options);
    post(browser, SIGN_IN, json!({ "credential": credential })).await
}

async fn count(browser: &mut Browser) -> usize {
    let list = browser.ask(Method::GET, PASSKEYS, None).await;
    list.json()["items"].as_array().unwrap().len()
}

stories! {
    async fn a_passkey_signs_in_without_a_mail(portal: TestPortal) {
        let portal = named(portal).await;
        let mut browser = signed_in(&portal).await;
        let who = browser.session().await.json();
        assert_eq!(who["offer_passkey"], true);
        let mut phone = Device::new(7, HERE);
        let added = add(&mut browser, &mut phone).await;
        assert_eq!(added.status, 201, "{added:?}");
        assert_eq!(browser.session().await.json()["offer_passkey"], false);

        let mut later = browser.another();
        let options = post(&mut later, OPTIONS, json!({})).await.json();
        assert_eq!(options["userVerification"], "required");
        assert_eq!(options["allowCredentials"], json!([]), "nobody is named beforehand");
        let answer = sign_in(&mut later, &mut phone).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.json()["customer_id"], who["customer_id"]);
        assert_eq!(later.session().await.status, 200);
        let rows = later.ask(Method::GET, "/api/v1/sign-in/overview", None).await.json();
        let sessions = rows["sessions"].as_array().unwrap();
        let this = sessions.iter().find(|session| session["is_this"] == true).unwrap();
        assert_eq!(this["method"], "passkey");
        let list = later.ask(Method::GET, PASSKEYS, None).await.json();
        assert!(list["items"][0]["last_used_at"].is_string());
        portal.close().await;
    }

    async fn a_device_that_does_not_verify_its_user_is_refused(portal: TestPortal) {
        let portal = named(portal).await;
        let mut browser = signed_in(&portal).await;
        let mut careless = Device::new(7, HERE);
        careless.verifies_user = false;
        assert_eq!(add(&mut browser, &mut careless).await.problem().1, "passkey-invalid");
        let mut phone = Device::new(8, HERE);
        assert_eq!(add(&mut browser, &mut phone).await.status, 201);
        phone.verifies_user = false;
        let answer = sign_in(&mut browser.another(), &mut phone).await;
        assert_eq!(answer.problem(), (401, "passkey-invalid".into()));
        assert!(answer.set_cookies().is_empty());
        portal.close().await;
    }

    async fn what_was_signed_elsewhere_late_twice_or_by_another_is_refused(portal: TestPortal) {
        let portal = named(portal).await;
        let mut browser = signed_in(&portal).await;
        let mut phone = Device::new(7, HERE);
        assert_eq!(add(&mut browser, &mut phone).await.status, 201);
        let mut refusals = Vec::new();
        // On a page of another origin.
        phone.origin = "https://localhost.evil.example".into();
        refusals.push(sign_in(&mut browser.another(), &mut phone).await);
        phone.origin = HERE.into();
        // By a key that nobody added.
        refusals.push(sign_in(&mut browser.another(), &mut phone.with_key(9)).await);
        // Asked of one browser, answered by another.
        let (mut one, mut other) = (browser.another(), browser.another());
        let options = post(&mut one, OPTIONS, json!({})).await.json();
        post(&mut other, OPTIONS, json!({})).await;
        let credential = json!({ "credential": phone.sign(&options) });
        refusals.push(post(&mut other, SIGN_IN, credential.clone()).await);
        refusals.push(post(&mut browser.another(), SIGN_IN, credential.clone()).await);
        // A copy of the device that lags behind: its count of signatures was seen before.
        let mut copy = phone.clone();
        assert_eq!(sign_in(&mut browser.another(), &mut phone).await.status, 201);
        copy.signatures -= 1;
        refusals.push(sign_in(&mut browser.another(), &mut copy).await);
        // Too late.
        let options = post(&mut one, OPTIONS, json!({})).await.json();
        portal.clock.pass_seconds(5 * 60);
        let late = json!({ "credential": phone.sign(&options) });
        refusals.push(post(&mut one, SIGN_IN, late).await);
        // Twice: the second time nothing was asked.
        let mut again = browser.another();
        let options = post(&mut again, OPTIONS, json!({})).await.json();
        let once = json!({ "credential": phone.sign(&options) });
        let before = again.clone();
        assert_eq!(post(&mut again, SIGN_IN, once.clone()).await.status, 201);
        refusals.push(post(&mut before.clone(), SIGN_IN, once).await);
        for refusal in &refusals {
            assert_eq!(refusal.problem(), (401, "passkey-invalid".into()));
            assert!(refusal.set_cookies().is_empty());
        }
        portal.close().await;
    }

    async fn two_hundred_answers_at_once_open_one_session(portal: TestPortal) {
        let portal = named(portal).await;
        let mut browser = signed_in(&portal).await;
        let mut phone = Device::new(7, HERE);
        add(&mut browser, &mut phone).await;
        let mut other = browser.another();
        let options = post(&mut other, OPTIONS, json!({})).await.json();
        let proof = json!({ "credential": phone.sign(&options) });
        let answers = join_all((0..200).map(|_| {
            let (mut other, proof) = (other.clone(), proof.clone());
            async move { post(&mut other, SIGN_IN, proof).await.status.as_u16() }
        }))
        .await;
        assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|status| [201, 401, 503].contains(status)), "{answers:?}");
        assert_eq!(portal.count("session").await, 2);
        portal.close().await;
    }

    async fn a_removed_passkey_opens_nothing_and_ends_what_it_opened(portal: TestPortal) {
        let portal = named(portal).await;
        let mut browser = signed_in(&portal).await;
        let mut phone = Device::new(7, HERE);
        let id = add(&mut browser, &mut phone).await.json()["id"].as_str().unwrap().to_owned();
        let mut stolen = browser.another();
        assert_eq!(sign_in(&mut stolen, &mut phone).await.status, 201);
        let path = format!("{PASSKEYS}/{id}");
        // Not by another customer, to whom it is not there.
        let mut stranger = signed_in(&portal).await;
        let answer = stranger.ask(Method::DELETE, &path, None).await;
        assert_eq!(answer.problem(), (404, "not-found".into()));
        assert_eq!(browser.ask(Method::DELETE, &path, None).await.status, 204);
        assert_eq!((count(&mut browser).await, stolen.session().await.status.as_u16()), (0, 204));
        assert_eq!(sign_in(&mut browser.another(), &mut phone).await.problem().0, 401);
        portal.close().await;
    }

    async fn adding_and_removing_ask_for_a_fresh_sign_in(portal: TestPortal) {
        let portal = named(portal).await;
        let mut browser = signed_in(&portal).await;
        let mut phone = Device::new(7, HERE);
        let id = add(&mut browser, &mut phone).await.json()["id"].as_str().unwrap().to_owned();
        portal.clock.pass_seconds(10 * 60);
        let path = format!("{PASSKEYS}/{id}");
        assert_eq!(browser.ask(Method::DELETE, &path, None).await.problem().1, "step-up");
        let ask = "/api/v1/passkeys/creation-options";
        assert_eq!(post(&mut browser, ask, json!({})).await.problem(), (403, "step-up".into()));
        let before = browser.cookies[SESSION].clone();
        // The passkey itself is such a sign-in, with a new token.
        assert_eq!(sign_in(&mut browser, &mut phone).await.status, 201);
        assert_ne!(browser.cookies[SESSION], before);
        assert_eq!(browser.ask(Method::DELETE, &path, None).await.status, 204);
        portal.close().await;
    }

    async fn a_key_is_added_once_and_by_one_customer(portal: TestPortal) {
        let portal = named(portal).await;
        let (mut ada, mut eve) = (signed_in(&portal).await, signed_in(&portal).await);
        let mut phone = Device::new(7, HERE);
        assert_eq!(add(&mut ada, &mut phone).await.status, 201);
        assert_eq!(add(&mut ada, &mut phone).await.problem().1, "passkey-invalid");
        assert_eq!(add(&mut eve, &mut phone).await.problem().1, "passkey-invalid");
        assert_eq!((count(&mut ada).await, count(&mut eve).await), (1, 0));
        // What was asked of one is not answered by the other.
        let ask = "/api/v1/passkeys/creation-options";
        let options = post(&mut ada, ask, json!({})).await.json();
        let credential = json!({ "credential": Device::new(9, HERE).make(&options) });
        let answer = post(&mut eve, PASSKEYS, credential).await;
        assert_eq!(answer.problem(), (422, "passkey-invalid".into()));
        portal.close().await;
    }

    async fn at_a_number_there_are_no_passkeys(portal: TestPortal) {
        let mut browser = signed_in(portal).await;
        let page = browser.ask(Method::GET, "/api/v1/portal", None).await.json();
        assert_eq!(page["passkeys"], false);
        let answer = post(&mut browser, OPTIONS, json!({})).await;
        assert_eq!(answer.problem(), (409, "passkeys-unavailable".into()));
    }
}
