//! Stories of staff signing in through an identity provider, on both databases: one written here
//! that says what it should not, and the certified `oidc-provider` that says what it should.

use std::collections::HashMap;

use crate::support::browser::{Answer, Browser};
use crate::support::hostile_provider::{CLIENT, CLIENT_SECRET, HostileProvider, Mood};
use crate::support::{On, TestPortal};
use axum::body::Body;
use axum::http::{Method, Request, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use receivables::ids::MemberId;
use serde_json::{Value, json};
use server::audit;
use server::staff_sign_in::{EndMember, members_table};
use sha2::{Digest, Sha256};

const SESSION: &str = "__Host-pd_staff";
const BROWSER: &str = "__Host-pd_staff_browser";

/// A portal whose staff sign in at this issuer.
async fn portal_of(on: On, issuer: &str, client: &str, secret: &str) -> Option<TestPortal> {
    let settings = [
        ("staff_sign_in.issuer", issuer),
        ("staff_sign_in.client_id", client),
        ("staff_sign_in.client_secret", secret),
        ("staff_sign_in.mfa_acr", "two-keys"),
        ("staff_sign_in.role_map.clerk", "paydown-clerks"),
        ("staff_sign_in.role_map.approver", "paydown-approvers, chiefs"),
    ];
    TestPortal::open_with(on, &settings).await
}

struct Stage {
    portal: TestPortal,
    provider: HostileProvider,
}

/// What the browser was sent to the provider with.
struct Begun {
    browser: Browser,
    asked: HashMap<String, String>,
}

impl Stage {
    async fn open(on: On) -> Option<Self> {
        let provider = HostileProvider::start().await;
        let portal = portal_of(on, &provider.url(), CLIENT, CLIENT_SECRET).await?;
        Some(Self { portal, provider })
    }

    fn browser(&self) -> Browser {
        Browser::at_all_of(&self.portal.portal)
    }

    async fn begin(&self) -> Begun {
        self.begin_in(self.browser()).await
    }

    async fn begin_in(&self, mut browser: Browser) -> Begun {
        let answer = browser.visit_from("same-origin", "/staff/sign-in").await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let address = location(&answer);
        assert!(address.starts_with(&format!("{}/authorize?", self.provider.url())), "{address}");
        Begun { browser, asked: query_of(&address) }
    }

    /// What the provider should say of Clara, who signs in now.
    fn claims(&self, begun: &Begun) -> Value {
        let now = self.portal.clock_seconds();
        json!({
            "iss": self.provider.url(), "sub": "clara-1", "aud": CLIENT, "nonce": begun.nonce(),
            "iat": now, "exp": now + 300, "amr": ["pwd", "otp", "mfa"], "name": "Clara <Clerk>",
            "email": "clara@riverside.example", "groups": ["choir", "paydown-clerks"],
        })
    }

    /// Comes back with a token of these claims, signed as it should be.
    async fn come_back(&self, begun: &mut Begun, claims: &Value) -> Answer {
        self.provider.will_give(self.provider.signed(claims));
        begun.come_back("a-code").await
    }

    async fn signed_in(&self) -> Browser {
        let mut begun = self.begin().await;
        let claims = self.claims(&begun);
        self.signed_in_as(&mut begun, &claims).await;
        begun.browser
    }

    async fn signed_in_as(&self, begun: &mut Begun, claims: &Value) {
        let answer = self.come_back(begun, claims).await;
        assert_eq!((answer.status.as_u16(), location(&answer)), (303, "/staff".into()));
    }

    async fn who(&self, browser: &Browser) -> Option<Value> {
        let answer = browser.clone().visit_from("same-origin", "/api/v1/staff/session").await;
        (answer.status == 200).then(|| answer.json())
    }

    async fn nobody_came_in(&self) {
        assert_eq!(self.portal.count("staff_session").await, 0);
        assert_eq!(self.portal.count("staff_member").await, 0);
    }
}

trait Seconds {
    fn clock_seconds(&self) -> i64;
}

impl Seconds for TestPortal {
    fn clock_seconds(&self) -> i64 {
        self.portal.now().0 / 1_000_000
    }
}

impl Begun {
    fn nonce(&self) -> &str {
        &self.asked["nonce"]
    }

    fn state(&self) -> &str {
        &self.asked["state"]
    }

    /// The provider sends the browser back: a visit from another site.
    async fn come_back(&mut self, code: &str) -> Answer {
        let path = format!("/staff/sign-in/return?code={code}&state={}", self.state());
        self.browser.visit_from("cross-site", &path).await
    }
}

fn location(answer: &Answer) -> String {
    answer.headers[header::LOCATION].to_str().unwrap().to_owned()
}

fn query_of(address: &str) -> HashMap<String, String> {
    let (_, query) = address.split_once('?').unwrap();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// A page of refusal, in words, and no session.
fn refused(answer: &Answer, status: u16, words: &str) {
    let text = answer.text();
    assert_eq!(answer.status, status, "{text}");
    assert_eq!(answer.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    assert!(text.contains(words), "{words:?} is not in {text}");
    assert!(!answer.set_cookies().iter().any(|cookie| cookie.starts_with(&format!("{SESSION}="))));
}

/// Tells each story on both databases.
macro_rules! staff_stories {
    ($(async fn $name:ident($stage:ident: Stage) $story:block)*) => {
        $(mod $name {
            use super::*;

            async fn story($stage: &Stage) $story

            #[tokio::test]
            async fn on_sqlite() {
                let stage = Stage::open(On::Sqlite).await.unwrap();
                story(&stage).await;
                stage.portal.close().await;
            }

            #[tokio::test]
            async fn on_postgres() {
                let Some(stage) = Stage::open(On::Postgres).await else { return };
                story(&stage).await;
                stage.portal.close().await;
            }
        })*
    };
}

staff_stories! {
    async fn a_clerk_signs_in_sees_who_they_are_and_signs_out(stage: Stage) {
        let mut begun = stage.begin().await;
        let asked = begun.asked.clone();
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["client_id"], CLIENT);
        assert_eq!(asked["redirect_uri"], "http://127.0.0.1:8080/staff/sign-in/return");
        assert_eq!(asked["scope"], "openid profile");
        assert_eq!(asked["code_challenge_method"], "S256");
        assert_eq!(asked["acr_values"], "two-keys");
        let claims = stage.claims(&begun);
        let answer = stage.come_back(&mut begun, &claims).await;
        assert_eq!(location(&answer), "/staff");
        let cookies = answer.set_cookies();
        let session = cookies.iter().find(|c| c.starts_with(&format!("{SESSION}="))).unwrap();
        assert!(session.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict"), "{session}");
        assert!(!begun.browser.cookies.contains_key(BROWSER));

        // The secret behind the challenge went to the provider, as did our own.
        let form = stage.provider.forms().pop().unwrap();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
        assert_eq!((challenge, &*form["code"]), (asked["code_challenge"].clone(), "a-code"));

        let mut browser = begun.browser;
        let page = browser.visit_from("same-origin", "/staff").await.text();
        assert!(page.contains("Clara &lt;Clerk&gt;") && page.contains("clerk"), "{page}");
        let who = stage.who(&browser).await.unwrap();
        assert_eq!((&who["name"], &who["roles"]), (&json!("Clara <Clerk>"), &json!(["clerk"])));
        assert_eq!(who["idle_until"], "2026-11-22T12:15:00Z");
        assert_eq!(who["absolute_until"], "2026-11-22T20:00:00Z");

        let stolen = browser.clone();
        let answer = sign_out(&mut browser, "same-origin").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["clear-site-data"], "\"cache\", \"storage\"");
        assert!(browser.cookies.is_empty());
        assert_eq!(stage.who(&stolen).await, None);

        audit::seal(&stage.portal.portal).await.unwrap();
        let acts: Vec<(String, String)> = sqlx::query_as("select kind, actor from audit_act order by n")
            .fetch_all(stage.portal.portal.db.read()).await.unwrap();
        let member = who["member_id"].as_str().unwrap().to_owned();
        let act = |kind: &str| (kind.to_owned(), member.clone());
        assert_eq!(acts, [act("staff_signed_in"), act("staff_signed_out")]);
    }

    async fn tokens_that_do_not_hold_are_refused_and_let_nobody_in(stage: Stage) {
        let begun = stage.begin().await;
        let count = forgeries(stage, &stage.claims(&begun)).len();
        for at in 0..count {
            let mut begun = stage.begin().await;
            let claims = stage.claims(&begun);
            stage.provider.will_give(forgeries(stage, &claims)[at].clone());
            let answer = begun.come_back("a-code").await;
            refused(&answer, 403, "could not be verified");
        }
        stage.nobody_came_in().await;
        // Nothing but the token was wrong.
        let mut begun = stage.begin().await;
        let claims = stage.claims(&begun);
        stage.signed_in_as(&mut begun, &claims).await;
    }

    async fn without_a_second_factor_staff_are_refused_in_words(stage: Stage) {
        for (amr, acr) in [
            (json!(null), json!(null)), (json!([]), json!("0")), (json!(["pwd"]), json!("")),
            (json!(["pwd", "otp", "MFA", "mfa "]), json!("Two-Keys")),
        ] {
            let mut begun = stage.begin().await;
            let mut claims = stage.claims(&begun);
            claims["amr"] = amr;
            claims["acr"] = acr;
            let answer = stage.come_back(&mut begun, &claims).await;
            refused(&answer, 403, "you signed in without one");
        }
        stage.nobody_came_in().await;
        let mut begun = stage.begin().await;
        let mut claims = stage.claims(&begun);
        claims.as_object_mut().unwrap().remove("amr");
        claims["acr"] = json!("two-keys");
        stage.signed_in_as(&mut begun, &claims).await;
    }

    async fn a_return_fits_the_browser_that_began_and_counts_once(stage: Stage) {
        let not_here = |answer: Answer| refused(&answer, 403, "was not begun in this browser");
        let mut begun = stage.begin().await;
        let claims = stage.claims(&begun);
        stage.provider.will_give(stage.provider.signed(&claims));
        let code = "/staff/sign-in/return?code=a-code";
        let state = begun.state().to_owned();
        // A browser that began nothing, and one that began another sign-in.
        let path = format!("{code}&state={state}");
        not_here(stage.browser().visit_from("cross-site", &path).await);
        let mut other = stage.begin().await;
        not_here(other.browser.visit_from("cross-site", &path).await);
        for wrong in [
            code.to_owned(),
            format!("/staff/sign-in/return?state={state}"),
            format!("{code}&state={}", &state[1..]),
            format!("{code}&state={}", other.state()),
            format!("{path}&state={state}"),
            format!("{path}&code=another"),
            format!("{path}&error=access_denied"),
        ] {
            not_here(begun.browser.visit_from("cross-site", &wrong).await);
        }
        // None of this used it up, nor does a look ahead.
        for method in [Method::HEAD, Method::POST] {
            let request = Request::builder().method(method).uri(&path).body(Body::empty());
            assert_eq!(begun.browser.send(request.unwrap()).await.status, 405);
        }
        stage.nobody_came_in().await;
        stage.signed_in_as(&mut begun, &claims).await;
        // The browser still has its cookie when somebody replays the address.
        let mut replaying = begun.browser.clone();
        replaying.cookies = other.browser.cookies.clone();
        not_here(replaying.visit_from("cross-site", &path).await);
        assert_eq!(stage.portal.count("staff_session").await, 1);
    }

    async fn the_same_return_twenty_times_at_once_opens_one_session(stage: Stage) {
        let begun = stage.begin().await;
        stage.provider.will_give(stage.provider.signed(&stage.claims(&begun)));
        let path = format!("/staff/sign-in/return?code=a-code&state={}", begun.state());
        let visits = (0..20).map(|_| {
            let (mut browser, path) = (begun.browser.clone(), path.clone());
            async move { browser.visit_from("cross-site", &path).await.status.as_u16() }
        });
        let statuses = join_all(visits).await;
        let came_in = statuses.iter().filter(|status| **status == 303).count();
        // On a busy machine some do not get their turn in time, which is no sign-in either.
        let refused = statuses.iter().filter(|status| [403, 503].contains(*status)).count();
        assert_eq!((came_in, refused), (1, 19), "{statuses:?}");
        assert_eq!(stage.portal.count("staff_session").await, 1);
        assert_eq!(stage.provider.forms().len(), 1);
    }

    async fn a_sign_in_takes_ten_minutes_at_most(stage: Stage) {
        let mut begun = stage.begin().await;
        stage.portal.clock.pass_seconds(599);
        let claims = stage.claims(&begun);
        stage.signed_in_as(&mut begun, &claims).await;
        let mut begun = stage.begin().await;
        stage.portal.clock.pass_seconds(600);
        let claims = stage.claims(&begun);
        let answer = stage.come_back(&mut begun, &claims).await;
        refused(&answer, 403, "longer than 10 minutes");
        stage.begin().await;
        stage.portal.clock.pass_seconds(601);
        server::staff_sign_in::forget_old(&stage.portal.portal).await.unwrap();
        assert_eq!(stage.portal.count("staff_sign_in_begun").await, 0);
    }

    async fn another_issuers_answer_and_a_refusal_of_the_provider_let_nobody_in(stage: Stage) {
        let mut begun = stage.begin().await;
        stage.provider.will_give(stage.provider.signed(&stage.claims(&begun)));
        let path = format!("/staff/sign-in/return?code=c&iss=https://evil.example&state={}",
            begun.state());
        let answer = begun.browser.visit_from("cross-site", &path).await;
        refused(&answer, 403, "could not be verified");

        let mut begun = stage.begin().await;
        let path = format!("/staff/sign-in/return?error=access_denied&state={}&error_description=\
            %3Cscript%3E", begun.state());
        let answer = begun.browser.visit_from("cross-site", &path).await;
        refused(&answer, 403, "did not sign you in");
        assert!(!answer.text().contains("script"));

        let mut begun = stage.begin().await;
        stage.provider.is(Mood::Forgetful);
        refused(&begun.come_back("used-before").await, 403, "was not begun in this browser");
        stage.nobody_came_in().await;
    }

    async fn a_provider_that_is_down_is_said_to_be_down(stage: Stage) {
        let down = |answer: Answer| refused(&answer, 503, "identity provider does not answer");
        for mood in [Mood::Broken, Mood::Endless] {
            stage.provider.is(mood);
            down(stage.browser().visit_from("none", "/staff/sign-in").await);
            stage.portal.clock.pass_seconds(10);
        }
        stage.provider.is(Mood::Well);
        stage.provider.also_says_of_itself(json!({ "issuer": "https://evil.example" }));
        down(stage.browser().visit_from("none", "/staff/sign-in").await);
        // It is left alone for a moment, then asked again.
        stage.provider.also_says_of_itself(json!({}));
        down(stage.browser().visit_from("none", "/staff/sign-in").await);
        stage.portal.clock.pass_seconds(5);
        let mut begun = stage.begin().await;
        stage.provider.is(Mood::BrokenAtTheCode);
        down(begun.come_back("a-code").await);
        stage.nobody_came_in().await;
    }

    async fn an_address_without_tls_on_another_machine_is_not_asked(stage: Stage) {
        let elsewhere = json!({ "token_endpoint": "http://idp.riverside.example/token" });
        stage.provider.also_says_of_itself(elsewhere);
        let mut begun = stage.begin().await;
        refused(&begun.come_back("a-code").await, 503, "does not answer");
    }

    async fn a_new_key_of_the_provider_is_learned_once_a_minute_at_most(stage: Stage) {
        stage.signed_in().await;
        stage.provider.changes_its_key("second");
        let mut begun = stage.begin().await;
        let claims = stage.claims(&begun);
        refused(&stage.come_back(&mut begun, &claims).await, 403, "could not be verified");
        assert_eq!(stage.provider.looked_at_keys(), 1);
        stage.portal.clock.pass_seconds(61);
        stage.signed_in().await;
        assert_eq!(stage.provider.looked_at_keys(), 2);
    }

    async fn a_person_is_an_issuer_and_a_subject_and_never_a_mail_address(stage: Stage) {
        let clara = stage.who(&stage.signed_in().await).await.unwrap();
        let mut begun = stage.begin().await;
        let mut claims = stage.claims(&begun);
        claims["sub"] = json!("somebody-else");
        stage.signed_in_as(&mut begun, &claims).await;
        let namesake = stage.who(&begun.browser).await.unwrap();
        assert_ne!(namesake["member_id"], clara["member_id"]);

        let mut begun = stage.begin().await;
        let mut claims = stage.claims(&begun);
        claims["name"] = json!("Clara Married");
        claims["email"] = json!("married@riverside.example");
        claims["groups"] = json!("chiefs");
        stage.signed_in_as(&mut begun, &claims).await;
        let married = stage.who(&begun.browser).await.unwrap();
        assert_eq!(married["member_id"], clara["member_id"]);
        assert_eq!((&married["name"], &married["roles"]),
            (&json!("Clara Married"), &json!(["approver"])));
        assert_eq!(stage.portal.count("staff_member").await, 2);
    }

    async fn without_a_role_here_nobody_comes_in(stage: Stage) {
        for groups in [json!(null), json!([]), json!(["choir"]), json!("clerk"), json!({ "x": 1 })] {
            let mut begun = stage.begin().await;
            let mut claims = stage.claims(&begun);
            claims["groups"] = groups;
            let answer = stage.come_back(&mut begun, &claims).await;
            refused(&answer, 403, "has no role here");
        }
        stage.nobody_came_in().await;
    }

    async fn an_ended_members_sessions_die_at_once_and_no_new_one_begins(stage: Stage) {
        let (desk, laptop) = (stage.signed_in().await, stage.signed_in().await);
        let member = stage.who(&desk).await.unwrap()["member_id"].as_str().unwrap().to_owned();
        let id = MemberId::parse(&member).unwrap();
        let db = &stage.portal.portal.db;
        let now = stage.portal.portal.now();
        db.write(EndMember { id, now }).await.unwrap().unwrap();
        assert_eq!((stage.who(&desk).await, stage.who(&laptop).await), (None, None));
        let mut begun = stage.begin().await;
        let claims = stage.claims(&begun);
        refused(&stage.come_back(&mut begun, &claims).await, 403, "Your access has ended");
        assert!(db.write(EndMember { id, now }).await.unwrap().is_err());
        let table = members_table(db.read()).await.unwrap();
        assert!(table.contains(&format!("{member}  Clara <Clerk>  (ended)")), "{table}");
    }

    async fn a_clerks_session_opens_what_a_clerk_may_and_nothing_else(stage: Stage) {
        let account = stage.portal.account(&[("2026-09-15", 8_000)]).await;
        let path = format!("/api/v1/accounts/{}", account.id);
        let mut browser = stage.signed_in().await;
        assert_eq!(browser.visit_from("same-origin", &path).await.status, 200);
        let paying = format!("{path}/credit-applications");
        let answer = browser.ask(Method::POST, &paying, Some(json!({}))).await;
        assert_eq!(answer.problem(), (403, "forbidden".into()));
        let stranger = stage.browser().visit_from("same-origin", &path).await;
        assert_eq!(stranger.problem(), (401, "unauthenticated".into()));

        // A request is one caller's, and so is a browser.
        browser.cookies.insert("__Host-pd_sid".into(), "a".repeat(43));
        let answer = browser.visit_from("same-origin", &path).await;
        assert_eq!(answer.problem(), (400, "two-proofs".into()));
        let mut begun = stage.begin_in(browser).await;
        let claims = stage.claims(&begun);
        stage.signed_in_as(&mut begun, &claims).await;
        assert_eq!(begun.browser.visit_from("same-origin", &path).await.status, 200);
    }

    async fn a_session_ends_when_idle_and_at_the_end_of_the_day(stage: Stage) {
        let browser = stage.signed_in().await;
        stage.portal.clock.pass_seconds(15 * 60 - 1);
        assert!(stage.who(&browser).await.is_some());
        stage.portal.clock.pass_seconds(15 * 60);
        assert_eq!(stage.who(&browser).await, None);

        let browser = stage.signed_in().await;
        for _ in 0..47 {
            stage.portal.clock.pass_seconds(10 * 60);
            assert!(stage.who(&browser).await.is_some());
        }
        stage.portal.clock.pass_seconds(10 * 60);
        assert_eq!(stage.who(&browser).await, None);
    }

    async fn each_sign_in_has_a_token_of_its_own_and_ends_the_one_before(stage: Stage) {
        let first = stage.signed_in().await;
        let mut begun = stage.begin_in(first.clone()).await;
        // The strict cookie of the old session stays at home, so it ends by the next sign-out
        // or by itself; where it does come along, it ends now.
        let claims = stage.claims(&begun);
        stage.provider.will_give(stage.provider.signed(&claims));
        let path = format!("/staff/sign-in/return?code=a-code&state={}", begun.state());
        assert_eq!(begun.browser.visit_from("same-site", &path).await.status, 303);
        assert_ne!(first.cookies[SESSION], begun.browser.cookies[SESSION]);
        assert_eq!(stage.who(&first).await, None);
        assert!(stage.who(&begun.browser).await.is_some());
    }

    async fn forms_of_other_sites_and_of_the_same_site_sign_nobody_out(stage: Stage) {
        let mut browser = stage.signed_in().await;
        for site in ["cross-site", "same-site", "none", ""] {
            assert_eq!(sign_out(&mut browser, site).await.problem(), (403, "csrf".into()), "{site}");
        }
        assert!(stage.who(&browser).await.is_some());
    }

    async fn a_visit_from_another_site_goes_on_by_itself_to_where_the_cookie_counts(stage: Stage) {
        let mut browser = stage.signed_in().await;
        let page = browser.visit_from("cross-site", "/staff").await.text();
        let again = "<meta http-equiv=\"refresh\" content=\"0; url=&#x2f;staff\">";
        assert!(page.contains(again) && !page.contains("Clara"), "{page}");
        let page = browser.visit_from("same-origin", "/staff").await.text();
        assert!(page.contains("Clara") && !page.contains("refresh"), "{page}");
        let page = stage.browser().visit_from("same-origin", "/staff").await.text();
        assert!(page.contains("href=\"&#x2f;staff&#x2f;sign-in\"") && !page.contains("refresh"));
    }

    async fn signing_out_goes_on_to_the_providers_own_place_for_it(stage: Stage) {
        let end = format!("{}/end", stage.provider.url());
        stage.provider.also_says_of_itself(json!({ "end_session_endpoint": end }));
        let mut browser = stage.signed_in().await;
        let page = sign_out(&mut browser, "same-origin").await.text();
        let expected = "end?client_id=paydown&amp;post_logout_redirect_uri=\
            http%3A%2F%2F127.0.0.1%3A8080%2Fstaff";
        assert!(page.contains(expected) && page.contains("refresh"), "{page}");
    }
}

/// Every way in which a token does not hold that we could think of.
fn forgeries(stage: &Stage, claims: &Value) -> Vec<String> {
    let provider = &stage.provider;
    let now = stage.portal.clock_seconds();
    let but = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        provider.signed(&claims)
    };
    let without = |name: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        provider.signed(&claims)
    };
    let under = |header: Value| provider.signed_under(&header, claims);
    let mut tokens = vec![
        but("iss", json!("https://evil.example")),
        but("iss", json!(format!("{}/", provider.url()))),
        without("iss"),
        but("aud", json!("another-client")),
        but("aud", json!([CLIENT, "another-client"])),
        but("aud", json!([])),
        without("aud"),
        but("azp", json!("another-client")),
        but("nonce", json!("another")),
        without("nonce"),
        but("exp", json!(now)),
        but("exp", json!(now - 3_600)),
        without("exp"),
        but("iat", json!(now + 600)),
        without("iat"),
        but("sub", json!("")),
        but("sub", json!("s".repeat(256))),
        without("sub"),
        provider.signed_by_another(claims),
        under(json!({ "alg": "ES256", "kid": "unknown" })),
        under(json!({ "alg": "RS256", "kid": "first" })),
        under(json!({ "alg": "ES384", "kid": "first" })),
        under(json!({ "alg": "ES256", "kid": "first", "crit": ["x"], "x": 1 })),
        format!("{}x", provider.signed(claims)),
        "not a token".to_owned(),
        String::new(),
    ];
    tokens.extend(HostileProvider::unsigned(claims));
    tokens.extend(provider.signed_with_secrets(claims));
    tokens
}

#[tokio::test]
async fn without_an_issuer_the_staff_door_says_that_it_is_not_set_up() {
    let portal = TestPortal::open(On::Sqlite).await.unwrap();
    for path in ["/staff", "/staff/sign-in", "/staff/sign-in/return?code=x&state=y"] {
        let answer = Browser::at_all_of(&portal.portal).visit_from("none", path).await;
        let status = if path.contains('?') { 403 } else { 404 };
        assert_eq!(answer.status, status, "{path}");
        assert!(status == 403 || answer.text().contains("Staff sign-in is not set up"));
    }
    portal.close().await;
}

#[tokio::test]
async fn a_provider_that_never_answers_is_given_up() {
    // A listener that nobody accepts from.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", silent.local_addr().unwrap());
    let portal = portal_of(On::Sqlite, &issuer, CLIENT, "").await.unwrap();
    let answer = Browser::at_all_of(&portal.portal).visit_from("none", "/staff/sign-in").await;
    refused(&answer, 503, "identity provider does not answer");
    portal.close().await;
}

async fn sign_out(browser: &mut Browser, site: &str) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/staff/sign-out")
        .header("sec-fetch-site", site)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = browser.send(request.body(Body::empty()).unwrap()).await;
    browser.keep(&answer);
    answer
}
