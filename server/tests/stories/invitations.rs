//! Stories of inviting people and of coming in: the whole service, both databases, mails as
//! files.

use crate::support::browser::{Answer, Browser, Mail, mails, newest_mail};
use crate::support::{On, TestAccount, TestPortal};
use axum::body::Body;
use axum::http::{Method, Request};
use futures_util::future::join_all;
use receivables::payment::PaymentState;
use serde_json::{Value, json};
use server::gateway::sandbox::TestCard;
use server::invitations::{self, InviteArgs};
use server::outbox;
use server::privacy::{self, PrivacyError};
use server::sign_in::{AddOperator, StaffRoles};

const INVITATIONS: &str = "/api/v1/invitations";
const ACCEPTANCE: &str = "/api/v1/invitations/acceptance";
const SESSION: &str = "__Host-pd_sid";

/// Staff at their desk.
struct Desk<'p> {
    portal: &'p TestPortal,
    browser: Browser,
    key: String,
}

impl<'p> Desk<'p> {
    async fn of(portal: &'p TestPortal) -> Self {
        let (chance, now) = (portal.portal.chance.as_ref(), portal.portal.now());
        let roles = StaffRoles::parse("clerk").unwrap();
        let (command, key) = AddOperator::new("anna", roles, chance, now).unwrap();
        portal.portal.db.write(command).await.unwrap().unwrap();
        Self { portal, browser: Browser::at(&portal.portal), key }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.browser.ask_as_staff(&self.key, method, path, body).await
    }

    async fn invite(&self, email: &str, accounts: &[String], role: &str) -> Answer {
        let wish = json!({ "email": email, "name": "Grace", "accounts": accounts, "role": role });
        self.ask(Method::POST, INVITATIONS, Some(wish)).await
    }

    /// An invited person: the invitation's id and the mail they got.
    async fn invited(&self, email: &str, account: &TestAccount, role: &str) -> (String, Mail) {
        let number = number_of(self.portal, account).await;
        let answer = self.invite(email, &[number], role).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        (id, newest_mail(&self.portal.portal).await)
    }

    async fn act(&self, id: &str, what: &str) -> Answer {
        self.ask(Method::POST, &format!("{INVITATIONS}/{id}/{what}"), Some(json!({}))).await
    }

    async fn state(&self, id: &str) -> String {
        let answer = self.ask(Method::GET, &format!("{INVITATIONS}/{id}"), None).await;
        answer.json()["state"].as_str().unwrap().to_owned()
    }
}

async fn number_of(portal: &TestPortal, account: &TestAccount) -> String {
    let query = sqlx::query_scalar("select number from account where id = $1");
    query.bind(account.id.to_string()).fetch_one(portal.portal.db.read()).await.unwrap()
}

async fn accept(browser: &mut Browser, link: &str, number: &str) -> Answer {
    let acceptance = json!({ "link": link, "account_number": number });
    browser.ask(Method::POST, ACCEPTANCE, Some(acceptance)).await
}

fn arguments(by: &str) -> InviteArgs {
    InviteArgs {
        email: None,
        account: Vec::new(),
        name: None,
        viewer: false,
        all: false,
        file: None,
        by: by.to_owned(),
        dry_run: false,
    }
}

stories! {
    async fn an_invited_person_comes_in_and_sees_what_they_owe(portal: TestPortal) {
        let desk = Desk::of(portal).await;
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-12-15", 7_500)]).await;
        let number = number_of(portal, &account).await;
        let (id, mail) = desk.invited(" Grace@Customers.Example", &account, "payer").await;
        assert_eq!(mail.to, "grace@customers.example");
        assert!(mail.text.contains("Grace") && mail.text.contains("DEMO"));
        assert!(!mail.raw.contains(&number), "the proof is not in the mail");

        let mut browser = Browser::at(&portal.portal);
        let typed = format!(" {}-{} ", &number[..2], number[2..].to_lowercase());
        let answer = accept(&mut browser, &mail.link_secret(), &typed).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.json()["accounts"][0]["owed"], 15_500);
        assert_eq!(answer.json()["accounts"][0]["role"], "payer");
        let who = browser.session().await.json();
        assert_eq!((&who["email"], &who["name"]), (&json!(mail.to), &json!("Grace")));
        assert_eq!(desk.state(&id).await, "accepted");
        let due = format!("/api/v1/accounts/{}/due-periods", account.id);
        assert_eq!(browser.ask(Method::GET, &due, None).await.status, 200);
    }

    async fn what_was_given_to_a_person_is_taken_back_and_gone_at_once(portal: TestPortal) {
        let desk = Desk::of(portal).await;
        let (account, another) = (portal.account(&[("2026-09-15", 8_000)]).await, portal.account(&[]).await);
        let (number, people) = (number_of(portal, &account).await, format!("/api/v1/accounts/{}/people", account.id));
        let (_, mail) = desk.invited("grace@customers.example", &account, "payer").await;
        let mut browser = Browser::at(&portal.portal);
        assert_eq!(accept(&mut browser, &mail.link_secret(), &number).await.status, 201);
        let due = format!("/api/v1/accounts/{}/due-periods", account.id);
        assert_eq!(browser.ask(Method::GET, &due, None).await.status, 200);

        let listed = desk.ask(Method::GET, &people, None).await.json();
        let listed = listed["people"].as_array().unwrap();
        let grace = listed.iter().find(|person| person["email"] == "grace@customers.example");
        let grace = grace.unwrap();
        assert_eq!((listed.len(), &grace["role"], &grace["name"]), (2, &json!("payer"), &json!("Grace")));
        let hers = format!("{people}/{}", grace["id"].as_str().unwrap());
        let elsewhere = hers.replace(&account.id.to_string(), &another.id.to_string());
        assert_eq!(desk.ask(Method::DELETE, &elsewhere, None).await.problem(), (404, "not-found".into()));
        assert_eq!(desk.ask(Method::DELETE, &hers, None).await.status, 204);
        assert_eq!(browser.ask(Method::GET, &due, None).await.problem(), (404, "not-found".into()));
        assert_eq!(browser.session().await.status, 200, "what else is hers stays");
        assert_eq!(desk.ask(Method::DELETE, &hers, None).await.problem(), (404, "not-found".into()));
        let left = desk.ask(Method::GET, &people, None).await.json();
        assert_eq!(left["people"].as_array().unwrap().len(), 1);
        let text = "select actor from audit_act where kind = 'access_taken_back' and account_id = $1";
        let query = sqlx::query_scalar(text).bind(account.id.to_string());
        let acts: Vec<String> = query.fetch_all(portal.portal.db.read()).await.unwrap();
        assert_eq!(acts, ["anna"]);
    }

    async fn a_payment_under_way_is_posted_once_though_the_account_is_taken_back(portal: TestPortal) {
        let desk = Desk::of(portal).await;
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
        let started = portal.started(&account, 9_000).await;
        portal.choose(&started, TestCard::Success).await;
        let path = format!("/api/v1/accounts/{}/people/{}", account.id, account.customer_id);
        assert_eq!(desk.ask(Method::DELETE, &path, None).await.status, 204);
        // Nobody is forgotten in the middle of it.
        let db = &portal.portal.db;
        let person = privacy::find(db.read(), &account.customer_id.to_string()).await.unwrap();
        let data_dir = &portal.portal.settings.data_dir;
        let erased = privacy::erase(db, &person, data_dir, portal.portal.now()).await;
        assert!(matches!(erased, Err(PrivacyError::InFlight)));
        for _ in 0..2 {
            portal.news_arrives().await;
        }
        assert_eq!(portal.payment(started.payment.id).await.state, PaymentState::Posted);
        assert_eq!(portal.count("receipt").await, 1);
        outbox::deliver_due(&portal.portal).await.unwrap();
        let receipts = mails(&portal.portal);
        assert_eq!(receipts.iter().filter(|mail| mail.to == person.email).count(), 1);
        portal.the_book_is_exact().await;
    }

    async fn several_people_share_an_account_and_a_viewer_does_not_pay(portal: TestPortal) {
        let desk = Desk::of(portal).await;
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let number = number_of(portal, &account).await;
        let (_, mail) = desk.invited("viewer@customers.example", &account, "viewer").await;
        assert!(!mail.text.contains("pay "));
        let mut viewer = Browser::at(&portal.portal);
        let came = accept(&mut viewer, &mail.link_secret(), &number).await;
        assert_eq!(came.json()["accounts"][0]["role"], "viewer");
        let path = |what: &str| format!("/api/v1/accounts/{}/{what}", account.id);
        assert_eq!(viewer.ask(Method::GET, &path("payments"), None).await.status, 200);
        let wish = portal.wish(&account, 8_000).await.request;
        let wish = serde_json::to_value(&wish).unwrap();
        let start = |browser: &Browser| {
            let request = Request::post(path("payments")).header("sec-fetch-site", "same-origin")
                .header("x-paydown", "1").header("content-type", "application/json")
                .header("idempotency-key", "k");
            let (browser, body) = (browser.clone(), Body::from(wish.to_string()));
            async move { browser.send(request.body(body).unwrap()).await }
        };
        assert_eq!(start(&viewer).await.problem(), (403, "forbidden".into()));
        let credit = path("credit-applications");
        let answer = viewer.ask(Method::POST, &credit, Some(json!({}))).await;
        assert_eq!(answer.problem(), (403, "forbidden".into()));
        assert_eq!(portal.count("payment").await, 0);

        // A payer starts it; the viewer sees it and cannot take it back.
        let (_, mail) = desk.invited("payer@customers.example", &account, "payer").await;
        let mut payer = Browser::at(&portal.portal);
        accept(&mut payer, &mail.link_secret(), &number).await;
        let started = start(&payer).await;
        assert_eq!(started.status, 201, "{started:?}");
        let payment = format!("/api/v1/payments/{}", started.json()["id"].as_str().unwrap());
        assert_eq!(viewer.ask(Method::GET, &payment, None).await.status, 200);
        let cancel = format!("{payment}/cancellation");
        let answer = viewer.ask(Method::POST, &cancel, Some(json!({}))).await;
        assert_eq!(answer.problem(), (403, "forbidden".into()));
        assert_eq!(payer.ask(Method::POST, &cancel, Some(json!({}))).await.status, 200);

        // The newest invitation counts: the viewer becomes a payer.
        let (_, mail) = desk.invited("viewer@customers.example", &account, "payer").await;
        let came = accept(&mut viewer, &mail.link_secret(), &number).await;
        assert_eq!(came.json()["accounts"][0]["role"], "payer");
        assert_eq!(came.json()["accounts"].as_array().unwrap().len(), 1);
    }

    async fn used_expired_revoked_wrong_and_unknown_links_answer_alike(portal: TestPortal) {
        let desk = Desk::of(portal).await;
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let other = portal.account(&[]).await;
        let (number, others) = (number_of(portal, &account).await, number_of(portal, &other).await);
        let mut browser = Browser::at(&portal.portal);
        let mut refusals = Vec::new();

        let (_, mail) = desk.invited("wrong@customers.example", &account, "payer").await;
        for wrong in ["", "1", &others, " ' or 1=1 --", &"9".repeat(10_000)] {
            refusals.push(accept(&mut browser, &mail.link_secret(), wrong).await);
        }
        // Five tries were used up; now the right one is refused like the others.
        refusals.push(accept(&mut browser, &mail.link_secret(), &number).await);

        let (_, mail) = desk.invited("used@customers.example", &account, "payer").await;
        let used = mail.link_secret();
        assert_eq!(accept(&mut browser.another(), &used, &number).await.status, 201);
        refusals.push(accept(&mut browser, &used, &number).await);

        let (id, mail) = desk.invited("revoked@customers.example", &account, "payer").await;
        assert_eq!(desk.act(&id, "revocation").await.json()["state"], "revoked");
        refusals.push(accept(&mut browser, &mail.link_secret(), &number).await);

        let (id, mail) = desk.invited("again@customers.example", &account, "payer").await;
        portal.clock.pass_seconds(1);
        assert_eq!(desk.act(&id, "sendings").await.json()["state"], "open");
        refusals.push(accept(&mut browser, &mail.link_secret(), &number).await);

        let (id, mail) = desk.invited("late@customers.example", &account, "payer").await;
        portal.clock.pass_seconds(72 * 3_600);
        assert_eq!(desk.state(&id).await, "expired");
        refusals.push(accept(&mut browser, &mail.link_secret(), &number).await);

        refusals.push(accept(&mut browser, "garbage", &number).await);
        refusals.push(accept(&mut browser, &"a".repeat(43), &number).await);
        for refusal in &mut refusals {
            assert_eq!(refusal.problem(), (410, "invitation-unusable".into()));
            assert!(refusal.set_cookies().is_empty());
            let mut body = refusal.json();
            body["instance"] = Value::Null;
            refusal.headers.remove("x-request-id");
            refusal.body = body.to_string().into();
        }
        let alike = |answer: &Answer| format!("{:?} {:?}", answer.headers, answer.body);
        assert!(refusals.iter().all(|one| alike(one) == alike(&refusals[0])), "{refusals:#?}");
        assert!(browser.cookies.is_empty());
    }

    async fn an_invitation_sent_again_works_with_its_new_link(portal: TestPortal) {
        let desk = Desk::of(portal).await;
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let number = number_of(portal, &account).await;
        let (id, first) = desk.invited("late@customers.example", &account, "payer").await;
        portal.clock.pass_seconds(80 * 3_600);
        let again = desk.act(&id, "sendings").await;
        assert_eq!((again.status.as_u16(), &again.json()["tries_left"]), (200, &json!(5)));
        let second = newest_mail(&portal.portal).await;
        assert_ne!(first.link_secret(), second.link_secret());
        let mut browser = Browser::at(&portal.portal);
        assert_eq!(accept(&mut browser, &first.link_secret(), &number).await.status, 410);
        assert_eq!(accept(&mut browser, &second.link_secret(), &number).await.status, 201);
        // What is accepted is neither sent again nor revoked.
        for what in ["sendings", "revocation"] {
            assert_eq!(desk.act(&id, what).await.problem(), (409, "invalid-state".into()));
        }
        assert_eq!(desk.act(&id, "nonsense").await.status, 404);
        let unknown = format!("inv_{}", "0".repeat(32));
        assert_eq!(desk.act(&unknown, "revocation").await.problem(), (404, "not-found".into()));
    }

    async fn two_hundred_acceptances_at_once_let_one_in(portal: TestPortal) {
        let desk = Desk::of(portal).await;
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let number = number_of(portal, &account).await;
        let (_, mail) = desk.invited("grace@customers.example", &account, "payer").await;
        let before = portal.count("customer").await;
        let tries = (0..200).map(|_| {
            let (mut browser, link, number) =
                (Browser::at(&portal.portal), mail.link_secret(), number.clone());
            async move { accept(&mut browser, &link, &number).await.status.as_u16() }
        });
        let answers = join_all(tries).await;
        assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
        // On a slow machine some wait too long for the database.
        assert!(answers.iter().all(|status| [201, 410, 503].contains(status)), "{answers:?}");
        assert_eq!(portal.count("session").await, 1);
        assert_eq!(portal.count("customer").await, before + 1);
    }

    async fn numbers_guessed_all_at_once_get_five_tries_together(portal: TestPortal) {
        let desk = Desk::of(portal).await;
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let (id, mail) = desk.invited("grace@customers.example", &account, "payer").await;
        let guesses = (0..100).map(|n| {
            let (mut browser, link) = (Browser::at(&portal.portal), mail.link_secret());
            async move { accept(&mut browser, &link, &format!("{n:08}")).await.status.as_u16() }
        });
        let answers = join_all(guesses).await;
        assert!(answers.iter().all(|status| [410, 503].contains(status)), "{answers:?}");
        let left = "select tries_left from invitation where id = $1";
        let left: i64 = sqlx::query_scalar(left).bind(&id)
            .fetch_one(portal.portal.db.read()).await.unwrap();
        assert_eq!(left, 0);
        assert_eq!(desk.state(&id).await, "expired");
    }

    async fn looking_at_a_link_uses_nothing_up(portal: TestPortal) {
        let desk = Desk::of(portal).await;
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let number = number_of(portal, &account).await;
        let (_, mail) = desk.invited("grace@customers.example", &account, "payer").await;
        let secret = mail.link_secret();
        let mut browser = Browser::at(&portal.portal);
        for n in 0..500 {
            let method = if n % 2 == 0 { Method::GET } else { Method::HEAD };
            // A scanner drops the fragment; one that puts it elsewhere uses up nothing either.
            for path in [
                "/invitation".to_owned(),
                format!("/invitation?{secret}"),
                format!("{ACCEPTANCE}?link={secret}&account_number={number}"),
            ] {
                let request = Request::builder().method(&method).uri(path);
                browser.send(request.body(Body::empty()).unwrap()).await;
            }
        }
        assert_eq!(accept(&mut browser, &secret, &number).await.status, 201);
    }

    async fn asking_twice_for_the_same_sends_one_mail(portal: TestPortal) {
        let desk = Desk::of(portal).await;
        let account = portal.account(&[]).await;
        let number = number_of(portal, &account).await;
        let (id, _) = desk.invited("grace@customers.example", &account, "payer").await;
        let again = desk.invite("GRACE@customers.example", &[account.id.to_string()], "payer").await;
        assert_eq!((again.status.as_u16(), again.json()["id"].as_str()), (200, Some(&*id)));
        newest_mail(&portal.portal).await;
        assert_eq!(mails(&portal.portal).len(), 1);
        // Another role is another invitation.
        portal.clock.pass_seconds(1);
        assert_eq!(desk.invite("grace@customers.example", &[number], "viewer").await.status, 201);
        let list = desk.ask(Method::GET, &format!("{INVITATIONS}?limit=1"), None).await.json();
        assert_eq!(list["items"][0]["role"], "viewer");
        let next = format!("{INVITATIONS}?after={}", list["next"].as_str().unwrap());
        let list = desk.ask(Method::GET, &next, None).await.json();
        assert_eq!((list["items"][0]["id"].as_str(), &list["next"]), (Some(&*id), &Value::Null));
    }

    async fn a_link_whose_tries_are_used_up_is_replaced_by_inviting_again(portal: TestPortal) {
        let desk = Desk::of(portal).await;
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let number = number_of(portal, &account).await;
        let (first, mail) = desk.invited("grace@customers.example", &account, "payer").await;
        let mut browser = Browser::at(&portal.portal);
        for _ in 0..5 {
            assert_eq!(accept(&mut browser, &mail.link_secret(), "wrong").await.status, 410);
        }
        portal.clock.pass_seconds(1);
        let (second, mail) = desk.invited("grace@customers.example", &account, "payer").await;
        assert_ne!(first, second);
        assert_eq!(accept(&mut browser, &mail.link_secret(), &number).await.status, 201);
    }

    async fn of_two_invitations_to_an_account_the_newer_one_counts(portal: TestPortal) {
        let desk = Desk::of(portal).await;
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        let other = portal.account(&[("2026-09-15", 8_000)]).await;
        let numbers = [number_of(portal, &account).await, number_of(portal, &other).await];
        let both = desk.invite("grace@customers.example", &numbers, "payer").await.json();
        let payers = newest_mail(&portal.portal).await;
        portal.clock.pass_seconds(1);
        let (_, viewers) = desk.invited("grace@customers.example", &account, "viewer").await;
        let mut browser = Browser::at(&portal.portal);
        let accepted = accept(&mut browser, &viewers.link_secret(), &numbers[0]).await;
        assert_eq!(accepted.status, 201);
        // The older one is for the other account alone by now.
        let path = format!("{INVITATIONS}/{}", both["id"].as_str().unwrap());
        let left = desk.ask(Method::GET, &path, None).await.json();
        assert_eq!(left["accounts"].as_array().unwrap().len(), 1);
        let refused = accept(&mut browser, &payers.link_secret(), &numbers[0]).await;
        assert_eq!(refused.status, 410);
        assert_eq!(accept(&mut browser, &payers.link_secret(), &numbers[1]).await.status, 201);
        let session = browser.session().await.json();
        let roles = session["accounts"].as_array().unwrap().iter().map(|account| {
            (account["id"].as_str().unwrap().to_owned(), account["role"].as_str().unwrap())
        });
        let roles: std::collections::BTreeMap<_, _> = roles.collect();
        assert_eq!(roles[&account.id.to_string()], "viewer");
        assert_eq!(roles[&other.id.to_string()], "payer");
        // Taken out of its last account, an invitation is revoked.
        portal.clock.pass_seconds(1);
        let (third, _) = desk.invited("hal@customers.example", &account, "payer").await;
        portal.clock.pass_seconds(1);
        desk.invited("hal@customers.example", &account, "viewer").await;
        assert_eq!(desk.state(&third).await, "revoked");
    }

    async fn what_cannot_be_an_invitation_is_refused_with_its_field(portal: TestPortal) {
        let desk = Desk::of(portal).await;
        let account = portal.account(&[]).await;
        let number = number_of(portal, &account).await;
        let good = json!({ "email": "a@b.example", "name": "Ada", "accounts": [number] });
        for (field, value, code) in [
            ("email", json!("a@b.example\r\nBcc: c@d.example"), "email-invalid"),
            ("email", json!("nobody"), "email-invalid"),
            ("name", json!(""), "text-invalid"),
            ("name", json!("Ada\nBcc"), "text-invalid"),
            ("name", json!("x".repeat(101)), "text-invalid"),
            ("accounts", json!([]), "field-invalid"),
            ("accounts", json!([number, account.id]), "field-invalid"),
            ("accounts", json!(["nowhere"]), "account-unknown"),
        ] {
            let mut wish = good.clone();
            wish[field] = value;
            let answer = desk.ask(Method::POST, INVITATIONS, Some(wish.clone())).await;
            assert_eq!(answer.problem(), (422, code.to_owned()), "{wish}");
        }
        let answer = desk.browser.ask_as_staff("pdop_x", Method::POST, INVITATIONS, Some(good));
        assert_eq!(answer.await.problem(), (401, "unauthenticated".into()));
        assert_eq!(portal.count("invitation").await, 0);
    }

    async fn every_customer_who_never_came_is_invited_once(portal: TestPortal) {
        let desk = Desk::of(portal).await;
        let mut accounts = Vec::new();
        for _ in 0..120 {
            accounts.push(portal.account(&[]).await);
        }
        let all = InviteArgs { all: true, ..arguments("anna") };
        let dry = InviteArgs { dry_run: true, ..all.clone() };
        let would = invitations::run(&portal.portal, &dry).await.unwrap();
        assert_eq!((would.invited, portal.count("invitation").await), (120, 0));
        let done = invitations::run(&portal.portal, &all).await.unwrap();
        assert_eq!((done.invited, done.before), (120, 0));
        let again = invitations::run(&portal.portal, &all).await.unwrap();
        assert_eq!((again.invited, again.before), (0, 0));
        newest_mail(&portal.portal).await;
        let sent = mails(&portal.portal);
        assert_eq!(sent.len(), 120);
        // Who came by their invitation is the customer they were.
        let number = number_of(portal, &accounts[7]).await;
        let to = format!("{number}@customers.example");
        let mail = sent.iter().find(|mail| mail.to == to).unwrap();
        let mut browser = Browser::at(&portal.portal);
        let came = accept(&mut browser, &mail.link_secret(), &number).await;
        assert_eq!(came.json()["customer_id"], accounts[7].customer_id.to_string());
        assert_eq!(desk.browser.cookies.len(), 0);
    }

    async fn the_people_of_a_file_are_invited_or_none_of_them(portal: TestPortal) {
        let desk = Desk::of(portal).await;
        let (one, other) = (portal.account(&[]).await, portal.account(&[]).await);
        let (one, other) = (number_of(portal, &one).await, number_of(portal, &other).await);
        let path = portal.portal.settings.data_dir.join("people.csv");
        let file = InviteArgs { file: Some(path.clone()), ..arguments("anna") };
        let write = |text: String| {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
        };
        write(format!("Email,Name,Account,Role\na@b.example,Ada,{one},payer\nno address,,{one},\n"));
        let refused = invitations::run(&portal.portal, &file).await.unwrap_err().to_string();
        assert_eq!(refused, "row 3: this is not one plain e-mail address; nobody was invited");
        write(format!("email,account\na@b.example,{one}\nc@d.example,nowhere\n"));
        let refused = invitations::run(&portal.portal, &file).await.unwrap_err().to_string();
        assert_eq!(refused, "row 3: there is no account nowhere; nobody was invited");
        assert_eq!(portal.count("invitation").await, 0);

        write(format!("Email,Name,Account,Role\nA@b.example,Ada,{one},payer\nc@d.example,Grace,\
            {one},viewer\na@B.example,Ada,{other},\n"));
        assert_eq!(invitations::run(&portal.portal, &file).await.unwrap().invited, 2);
        let again = invitations::run(&portal.portal, &file).await.unwrap();
        assert_eq!((again.invited, again.before), (0, 2));
        let list = desk.ask(Method::GET, INVITATIONS, None).await.json();
        let of = |email: &str| {
            let items = list["items"].as_array().unwrap();
            items.iter().find(|item| item["email"] == email).unwrap().clone()
        };
        assert_eq!(of("a@b.example")["accounts"].as_array().unwrap().len(), 2);
        assert_eq!(of("c@d.example")["role"], "viewer");
    }

    async fn no_secret_of_an_invitation_stays_in_the_database(portal: TestPortal) {
        let desk = Desk::of(portal).await;
        let account = portal.account(&[]).await;
        let number = number_of(portal, &account).await;
        let (_, mail) = desk.invited("grace@customers.example", &account, "payer").await;
        let mut browser = Browser::at(&portal.portal);
        accept(&mut browser, &mail.link_secret(), &number).await;
        let token = browser.cookies[SESSION].clone();
        for text in [
            "select id || link_hash || name from invitation",
            "select token_hash || device from session",
            "select payload || coalesce(last_error, '') from outbox",
            "select id || kind || actor || about from audit_act",
        ] {
            let rows: Vec<String> =
                sqlx::query_scalar(text).fetch_all(portal.portal.db.read()).await.unwrap();
            assert!(!rows.is_empty(), "{text}");
            let held = |row: &&String| row.contains(&mail.link_secret()) || row.contains(&token);
            assert!(!rows.iter().any(|row| held(&row)), "{text}");
        }
        let acts: Vec<String> = sqlx::query_scalar("select kind from audit_act order by at, id")
            .fetch_all(portal.portal.db.read()).await.unwrap();
        assert!(acts.contains(&"invitation_invited".to_owned()));
        assert!(acts.contains(&"invitation_accepted".to_owned()));
    }
}
