//! Stories of breaking the glass: an administrator comes in while the identity provider is down.

use crate::support::browser::{Answer, Browser, newest_mail};
use crate::support::{On, TestPortal};
use axum::body::Body;
use axum::http::{Method, Request, header};
use futures_util::future::join_all;
use ring::hmac;
use serde_json::json;
use server::audit;
use server::staff_sign_in::break_glass::{disable, enable};
use sqlx::Row;

const PATH: &str = "/staff/break-glass";

/// What the person at the machine reads once.
struct Printed {
    text: String,
    name: String,
    password: String,
    key: String,
}

async fn broken(portal: &TestPortal, name: &str, hours: u16) -> Printed {
    let (db, chance) = (&portal.portal.db, portal.portal.chance.as_ref());
    let enabled = enable(db, chance, portal.portal.now(), name, hours).await.unwrap();
    let text = enabled.to_string();
    let word = |label: &str| {
        let line = text.lines().find(|line| line.starts_with(label)).unwrap();
        line.split_whitespace().last().unwrap().to_owned()
    };
    Printed { name: word("name"), password: word("password"), key: word("key"), text }
}

impl Printed {
    /// What an authenticator app shows at the portal's time.
    fn code(&self, portal: &TestPortal) -> String {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let bits: String =
            self.key.chars().map(|c| format!("{:05b}", alphabet.find(c).unwrap())).collect();
        let byte = |at: usize| u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).unwrap();
        let seed: Vec<u8> = (0..20).map(byte).collect();
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &seed);
        let step = portal.portal.now().0 / 30_000_000;
        let mac = hmac::sign(&key, &step.to_be_bytes());
        let mac = mac.as_ref();
        let at = usize::from(mac[19] & 15);
        let number = u32::from_be_bytes(mac[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

async fn type_in(browser: &mut Browser, name: &str, password: &str, code: &str) -> Answer {
    type_in_at(browser, "same-origin", &[("name", name), ("password", password), ("code", code)])
        .await
}

async fn type_in_at(browser: &mut Browser, site: &str, fields: &[(&str, &str)]) -> Answer {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::builder()
        .method(Method::POST)
        .uri(PATH)
        .header("sec-fetch-site", site)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = browser.send(request.body(Body::from(form)).unwrap()).await;
    browser.keep(&answer);
    answer
}

async fn comes_in(portal: &TestPortal, printed: &Printed) -> (Browser, u16) {
    let mut browser = Browser::at_all_of(&portal.portal);
    let (name, password) = (&*printed.name, &*printed.password);
    let answer = type_in(&mut browser, name, password, &printed.code(portal)).await;
    (browser, answer.status.as_u16())
}

async fn roles(browser: &Browser) -> Option<serde_json::Value> {
    let answer = browser.clone().visit_from("same-origin", "/api/v1/staff/session").await;
    (answer.status == 200).then(|| answer.json()["roles"].clone())
}

stories! {
    async fn while_the_glass_is_whole_there_is_no_such_door(portal: TestPortal) {
        let mut browser = Browser::at_all_of(&portal.portal);
        assert_eq!(browser.visit_from("none", PATH).await.problem(), (404, "not-found".into()));
        let answer = type_in(&mut browser, "root", "root", "000000").await;
        assert_eq!(answer.problem(), (404, "not-found".into()));
        for (name, hours) in [("", 1), ("a b", 1), ("ada", 0), ("ada", 25), (&"a".repeat(61), 1)] {
            let (db, chance) = (&portal.portal.db, portal.portal.chance.as_ref());
            assert!(enable(db, chance, portal.portal.now(), name, hours).await.is_err());
        }
        assert_eq!(portal.count("break_glass").await, 0);
    }

    async fn a_biller_without_an_address_has_it_on_the_work_list_alone(portal: TestPortal) {
        let nowhere = [("biller.email", "")];
        let portal = TestPortal::open_with(portal.on(), &nowhere).await.unwrap();
        let printed = broken(&portal, "ada", 2).await;
        assert_eq!(comes_in(&portal, &printed).await.1, 303);
        assert_eq!(portal.work().await.len(), 1);
        assert_eq!(portal.count("outbox").await, 0);
        let nonsense = [("biller.email", "the office".to_owned())];
        let refused = server::config::load(None, &nonsense).err().unwrap().to_string();
        assert!(refused.contains("biller.email"), "{refused}");
        portal.close().await;
    }

    async fn whoever_broke_it_comes_in_as_an_admin_and_everyone_can_see_it(portal: TestPortal) {
        let printed = broken(portal, "ada", 2).await;
        let page = Browser::at_all_of(&portal.portal).visit_from("none", PATH).await;
        assert!(page.text().contains("autocomplete=\"one-time-code\""), "{}", page.text());
        let (browser, status) = comes_in(portal, &printed).await;
        assert_eq!(status, 303);
        assert_eq!(roles(&browser).await, Some(json!(["admin"])));
        let work = portal.work().await;
        assert_eq!((work.len(), &*work[0].0), (1, "glass_broken"));
        let mail = newest_mail(&portal.portal).await;
        assert_eq!(mail.to, portal.portal.settings.biller.email);
        assert!(mail.text.contains("as \"ada\""), "{}", mail.text);
        assert!(mail.text.contains("paydown break-glass disable ada"), "{}", mail.text);
        audit::seal(&portal.portal).await.unwrap();
        let acts = sqlx::query("select kind from audit_act order by n");
        let acts = acts.fetch_all(portal.portal.db.read()).await.unwrap();
        let acts: Vec<String> = acts.iter().map(|row| row.get(0)).collect();
        assert_eq!(acts, ["break_glass_enabled", "staff_signed_in"]);

        // What was printed is nowhere in the database.
        let row = sqlx::query("select password_hash, seed_salt, seed_sealed from break_glass");
        let row = row.fetch_one(portal.portal.db.read()).await.unwrap();
        let stored = (0..3).map(|at| row.get::<String, _>(at)).collect::<Vec<_>>().join(" ");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(!stored.contains(&printed.password) && !stored.contains(&printed.key));
        assert!(printed.text.contains("otpauth://totp/Paydown:ada?secret="));
    }

    async fn whatever_is_wrong_is_answered_alike_and_a_code_counts_once(portal: TestPortal) {
        let printed = broken(portal, "ada", 2).await;
        let code = printed.code(portal);
        let mut alike = Vec::new();
        let password = &*printed.password;
        let long = "a".repeat(10_000);
        for (name, password, code) in [
            ("eve", password, &*code), ("ada", "wrong", &code), ("ada", password, "000000"),
            ("ada", &long, &code), ("ada", "", ""),
        ] {
            let mut browser = Browser::at_all_of(&portal.portal);
            let answer = type_in(&mut browser, name, password, code).await;
            assert_eq!(answer.set_cookies(), Vec::<String>::new());
            alike.push((answer.status.as_u16(), answer.text()));
        }
        assert!(alike.iter().all(|answer| *answer == alike[0] && answer.0 == 401), "{alike:?}");
        assert_eq!(comes_in(portal, &printed).await.1, 303);
        assert_eq!(comes_in(portal, &printed).await.1, 401, "the same code again");
        portal.clock.pass_seconds(30);
        assert_eq!(comes_in(portal, &printed).await.1, 303);
    }

    async fn five_wrong_tries_close_the_door_for_a_quarter_of_an_hour(portal: TestPortal) {
        let printed = broken(portal, "ada", 2).await;
        let tries = (0..12).map(|_| {
            let mut browser = Browser::at_all_of(&portal.portal);
            async move { type_in(&mut browser, "ada", "wrong", "000000").await.status.as_u16() }
        });
        assert!(join_all(tries).await.into_iter().all(|status| status == 401));
        let counted = sqlx::query("select wrong_tries from break_glass");
        let counted = counted.fetch_one(portal.portal.db.read()).await.unwrap();
        assert_eq!(counted.get::<i64, _>(0), 5, "the sixth was not even judged");
        assert_eq!(comes_in(portal, &printed).await.1, 401);
        portal.clock.pass_seconds(15 * 60 - 1);
        assert_eq!(comes_in(portal, &printed).await.1, 401);
        portal.clock.pass_seconds(1);
        assert_eq!(comes_in(portal, &printed).await.1, 303);
    }

    async fn it_dies_by_itself_at_its_end_and_before_when_it_is_mended(portal: TestPortal) {
        let printed = broken(portal, "ada", 1).await;
        portal.clock.pass_seconds(50 * 60);
        let (browser, _) = comes_in(portal, &printed).await;
        portal.clock.pass_seconds(10 * 60 - 1);
        assert!(roles(&browser).await.is_some());
        portal.clock.pass_seconds(1);
        assert_eq!(roles(&browser).await, None);
        assert_eq!(comes_in(portal, &printed).await.1, 404);

        let printed = broken(portal, "ada", 1).await;
        let (browser, status) = comes_in(portal, &printed).await;
        assert_eq!(status, 303);
        let db = &portal.portal.db;
        disable(db, portal.portal.now(), "ada").await.unwrap();
        assert_eq!(roles(&browser).await, None);
        assert_eq!(comes_in(portal, &printed).await.1, 404);
        assert!(disable(db, portal.portal.now(), "ada").await.is_err());
    }

    async fn a_new_password_ends_the_one_before_and_its_sessions(portal: TestPortal) {
        let first = broken(portal, "ada", 1).await;
        let (browser, _) = comes_in(portal, &first).await;
        portal.clock.pass_seconds(30);
        let second = broken(portal, "ada", 1).await;
        assert_eq!(roles(&browser).await, None);
        assert_eq!(comes_in(portal, &first).await.1, 401);
        assert_eq!(comes_in(portal, &second).await.1, 303);
    }

    async fn forms_of_other_sites_open_nothing(portal: TestPortal) {
        let printed = broken(portal, "ada", 1).await;
        let code = printed.code(portal);
        let fields = [("name", "ada"), ("password", &*printed.password), ("code", &*code)];
        for site in ["cross-site", "same-site", "none"] {
            let mut browser = Browser::at_all_of(&portal.portal);
            let answer = type_in_at(&mut browser, site, &fields).await;
            assert_eq!(answer.problem(), (403, "csrf".into()), "{site}");
        }
    }
}
