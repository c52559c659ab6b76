//! What is known about a person: shown to them whole, forgotten for good without touching the
//! book, and left out of copies for tests. Held by searching every text of the database.

use crate::support::browser;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::support::browser::{Browser, newest_mail};
use crate::support::every_text::{every_text, where_it_stands};
use crate::support::{On, TestAccount, TestPortal, fresh_database};
use axum::http::Method;
use receivables::receipt::Receipt;
use serde_json::json;
use server::clock::SystemChance;
use server::gateway::sandbox::TestCard;
use server::privacy::{self, PrivacyError};
use server::{outbox, router, web};
use sqlx::Row;

async fn person_of(portal: &TestPortal, account: &TestAccount) -> privacy::Person {
    let pool = portal.portal.db.read();
    privacy::find(pool, &account.customer_id.to_string()).await.unwrap()
}

/// A customer with a name of their own who paid, got a receipt by mail, has a refund with words
/// and a letter that waits.
async fn somebody_who_paid(portal: &TestPortal) -> (TestAccount, Browser) {
    // Letters have an order in time.
    portal.clock.pass_seconds(1);
    let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
    name_them(portal, &account).await;
    let service = web::serve(router::rooms(), router::signed(), &portal.portal);
    let mut browser = Browser { service, cookies: BTreeMap::new() };
    let person = person_of(portal, &account).await;
    browser.ask_for_code(&person.email).await;
    let code = newest_mail(&portal.portal).await.code();
    assert_eq!(browser.prove(json!({ "code": code })).await.status, 201);
    let started = portal.started(&account, 10_000).await;
    portal.choose(&started, TestCard::Success).await;
    portal.news_arrives().await;
    outbox::deliver_due(&portal.portal).await.unwrap();
    browser.another().ask_for_code(&person.email).await;
    (account, browser)
}

async fn name_them(portal: &TestPortal, account: &TestAccount) {
    let (customer, account) = (account.customer_id.to_string(), account.id.to_string());
    for (text, id) in [
        ("update customer set name = 'Zelda Quisling' where id = $1", customer),
        ("update account set name = 'Zelda Quisling' where id = $1", account.clone()),
        ("update account set number = 'ACC-' || number where id = $1", account),
    ] {
        portal.portal.db.write(Rename { text, id }).await.unwrap();
    }
}

struct Rename {
    text: &'static str,
    id: String,
}

impl server::db::Command for Rename {
    type Reply = ();
    async fn apply(&self, tx: &mut sqlx::AnyConnection) -> Result<(), server::db::DbError> {
        sqlx::query(self.text).bind(&self.id).execute(tx).await?;
        Ok(())
    }
}

async fn book_of(portal: &TestPortal) -> Vec<(String, String)> {
    let texts = every_text(&portal.portal.db).await;
    let of_book = |place: &str| {
        ["posting.", "entry.", "application."].iter().any(|table| place.starts_with(table))
    };
    let mut book: Vec<_> = texts.into_iter().filter(|(place, _)| of_book(place)).collect();
    let sums = "select account_id || book_account, cast(cast(sum(amount) as bigint) as text) \
                from entry group by account_id, book_account";
    let pool = portal.portal.db.read();
    book.extend(sqlx::query_as::<_, (String, String)>(sums).fetch_all(pool).await.unwrap());
    book.sort();
    book
}

stories! {
    async fn a_person_is_shown_everything_that_is_kept_about_them(portal: TestPortal) {
        let (account, mut browser) = somebody_who_paid(portal).await;
        let stranger = portal.account(&[("2026-09-15", 4_444)]).await;
        let path = "/api/v1/person/export";
        let answer = browser.ask(Method::GET, path, None).await;
        assert_eq!((answer.status.as_u16(), answer.headers["content-type"].to_str().unwrap()),
            (200, "application/json"));
        let known = answer.json();
        assert_eq!(known["person"][0]["name"], "Zelda Quisling");
        assert_eq!(known["accounts"][0]["id"], json!(account.id));
        assert_eq!(known["bills"].as_array().unwrap().len(), 2);
        assert_eq!(known["payments"][0]["amount"], 10_000);
        assert_eq!(known["payments"][0]["started_by_this_person"], "yes");
        assert_eq!(known["receipts"][0]["content"]["account_name"], "Zelda Quisling");
        assert_eq!(known["sessions"].as_array().unwrap().len(), 1);
        assert_eq!(known["codes_asked_for"].as_array().unwrap().len(), 2);
        assert!(!known["acts"].as_array().unwrap().is_empty());
        let text = answer.text();
        assert!(!text.contains(&stranger.id.to_string()) && !text.contains("4444"));
        // Nothing that opens anything, not even hashed.
        for cookie in browser.cookies.values() {
            assert!(!text.contains(cookie.as_str()));
        }
        assert!(!text.contains("_hash"));
        let csv = browser.ask(Method::GET, &format!("{path}?format=csv"), None).await;
        let csv = csv.text();
        assert!(csv.starts_with("section,row,field,value\r\n"), "{csv}");
        assert!(csv.contains("person,1,name,Zelda Quisling\r\n"), "{csv}");
        // Every field of the one is in the other.
        let sections = known.as_object().unwrap().iter().filter(|(name, _)| *name != "as_of");
        let fields: usize = sections
            .flat_map(|(_, rows)| rows.as_array().unwrap())
            .map(|row| row.as_object().unwrap().len())
            .sum();
        assert_eq!(csv::Reader::from_reader(csv.as_bytes()).records().count(), fields);
        let refused = browser.ask(Method::GET, &format!("{path}?format=xml"), None).await;
        assert_eq!(refused.problem(), (422, "filter-invalid".into()));
        let nobody = browser.another().ask(Method::GET, path, None).await;
        assert_eq!(nobody.problem(), (401, "unauthenticated".into()));
    }

    async fn a_person_who_is_forgotten_is_nowhere_and_the_book_is_as_it_was(portal: TestPortal) {
        let (account, mut browser) = somebody_who_paid(portal).await;
        let (kept, _) = somebody_who_paid(portal).await;
        let person = person_of(portal, &account).await;
        portal.clock.pass_seconds(1);
        browser.another().ask_for_code(&person.email).await;
        let before = book_of(portal).await;
        let texts = every_text(&portal.portal.db).await;
        assert!(where_it_stands(&texts, "Zelda Quisling").len() >= 6);
        assert!(where_it_stands(&texts, &person.email).len() >= 4);
        let folder = portal.portal.settings.data_dir.clone();
        let now = portal.portal.now();
        let erased = privacy::erase(&portal.portal.db, &person, &folder, now).await.unwrap();
        assert_eq!((erased.accounts, erased.mail_files), (1, 3));
        assert_eq!(book_of(portal).await, before);
        let texts = every_text(&portal.portal.db).await;
        assert_eq!(where_it_stands(&texts, &person.email), Vec::<&str>::new());
        // The other person of that name is not this one.
        assert_eq!(where_it_stands(&texts, "Zelda Quisling").len(), 3);
        for mail in browser::mails(&portal.portal) {
            assert!(!mail.raw.contains(&person.email));
        }
        assert!(portal.receipt(&kept, first_payment(portal, &kept).await).await.is_some());
        // Nobody gets in as them, and no letter goes out to them.
        assert_eq!(browser.ask(Method::GET, "/api/v1/person/export", None).await.status, 401);
        let mails = browser::mails(&portal.portal).len();
        browser.another().ask_for_code(&person.email).await;
        outbox::deliver_due(&portal.portal).await.unwrap();
        // Only the letter of the other one, which waited.
        assert_eq!(browser::mails(&portal.portal).len(), mails + 1);
        let gone = privacy::find(portal.portal.db.read(), &person.email).await;
        assert!(matches!(gone, Err(PrivacyError::Unknown)));
        // Once more changes nothing but is told.
        let acts = "select count(*) from audit_act where kind = 'person_erased'";
        let acts: i64 = sqlx::query_scalar(acts).fetch_one(portal.portal.db.read()).await.unwrap();
        assert_eq!(acts, 1);
    }

    async fn nobody_is_forgotten_while_their_money_is_on_its_way(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000)]).await;
        portal.started(&account, 4_000).await;
        let person = person_of(portal, &account).await;
        let (folder, now) = (portal.portal.settings.data_dir.clone(), portal.portal.now());
        let refused = privacy::erase(&portal.portal.db, &person, &folder, now).await;
        assert!(matches!(refused, Err(PrivacyError::InFlight)));
        assert_eq!(person_of(portal, &account).await.email, person.email);
    }

    async fn of_a_receipt_only_a_name_can_be_forgotten(portal: TestPortal) {
        let (account, _) = somebody_who_paid(portal).await;
        let id = first_payment(portal, &account).await;
        let receipt = portal.receipt(&account, id).await.unwrap();
        let changed = |change: fn(&mut Receipt)| {
            let mut receipt = receipt.clone();
            change(&mut receipt);
            WriteReceipt { id: id.to_string(), content: serde_json::to_string(&receipt).unwrap() }
        };
        for refused in [
            changed(|receipt| receipt.account_name = "Somebody Else".to_owned()),
            changed(|receipt| receipt.number.push('1')),
            changed(|receipt| {
                receipt.account_name = "(erased)".to_owned();
                receipt.lines.clear();
            }),
        ] {
            assert!(portal.portal.db.write(refused).await.is_err());
        }
        let name = changed(|receipt| receipt.account_name = "(erased)".to_owned());
        portal.portal.db.write(name).await.unwrap();
    }

    async fn a_copy_for_tests_names_nobody_and_has_every_sum(portal: TestPortal) {
        let (account, _) = somebody_who_paid(portal).await;
        let refused = portal.account(&[("2026-09-15", 8_000)]).await;
        name_them(portal, &refused).await;
        portal.started(&refused, 4_000).await;
        let source = every_text(&portal.portal.db).await;
        let (target, folder) = fresh_database(On::Sqlite, Arc::new(SystemChance)).await.unwrap();
        let copied = privacy::anonymise(&portal.portal.db, &target, &SystemChance).await.unwrap();
        assert_eq!((copied.accounts, copied.payments), (2, 2));
        for finding in server::ledger::check(target.read()).await.unwrap() {
            assert!(finding.broken.is_empty(), "{finding:?}");
        }
        let copy = every_text(&target).await;
        let named = ["customer.email", "customer.name", "account.name", "account.number",
            "bill.number", "receipt.number", "payment.gateway_ref",
            "sign_in_code.code_hash", "session.token_hash", "operator.name"];
        let mut looked_for = 0;
        for (place, text) in source.iter().filter(|(place, _)| named.contains(&place.as_str())) {
            assert_eq!(where_it_stands(&copy, text), Vec::<&str>::new(), "{place}: {text}");
            looked_for += 1;
        }
        assert!(looked_for >= 15, "only {looked_for} names and references were looked for");
        // Sums, days and shapes are as they were.
        let figures = "select id, cast(total as text) || ' ' || cast(open_amount as text) || ' ' \
                       || issued_on || ' ' || coalesce(due_on, '') from bill order by id";
        let bills = |pool| sqlx::query_as::<_, (String, String)>(figures).fetch_all(pool);
        let mut ours = bills(portal.portal.db.read()).await.unwrap();
        let mut theirs = bills(target.read()).await.unwrap();
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs);
        // A receipt can be read, and names the account as the copy does.
        let receipt = "select r.content, a.number, a.name from receipt r \
                       join account a on a.id = r.account_id";
        let row = sqlx::query(receipt).fetch_one(target.read()).await.unwrap();
        let receipt: Receipt = serde_json::from_str(row.get::<&str, _>(0)).unwrap();
        assert_eq!(receipt.account_number, row.get::<String, _>(1));
        assert_eq!(receipt.account_name, row.get::<String, _>(2));
        assert_eq!(receipt.account_id, account.id);
        // Twice into the same one is refused.
        let again = privacy::anonymise(&portal.portal.db, &target, &SystemChance).await;
        assert!(matches!(again, Err(PrivacyError::NotEmpty(_))));
        target.close().await;
        let _ = std::fs::remove_dir_all(folder);
    }
}

async fn first_payment(portal: &TestPortal, account: &TestAccount) -> receivables::ids::PaymentId {
    let query = "select id from payment where account_id = $1";
    let id: String = sqlx::query_scalar(query)
        .bind(account.id.to_string())
        .fetch_one(portal.portal.db.read())
        .await
        .unwrap();
    id.parse().unwrap()
}

struct WriteReceipt {
    id: String,
    content: String,
}

impl server::db::Command for WriteReceipt {
    type Reply = ();
    async fn apply(&self, tx: &mut sqlx::AnyConnection) -> Result<(), server::db::DbError> {
        let text = "update receipt set content = $2 where payment_id = $1";
        sqlx::query(text).bind(&self.id).bind(&self.content).execute(tx).await?;
        Ok(())
    }
}
