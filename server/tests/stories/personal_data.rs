//! Every text of the database is in `docs/personal-data.txt`, and what is said there of showing,
//! forgetting and copying it is true of a customer of whom everything is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::support::every_text::{every_text, text_columns, where_it_stands};
use crate::support::people::Person;
use crate::support::{On, TestAccount, TestPortal, fresh_database};
use axum::http::Method;
use serde_json::{Value, json};
use server::clock::SystemChance;
use server::gateway::sandbox::TestCard;
use server::outbox;
use server::privacy::{self, Format};

struct Claim {
    export: String,
    erasing: String,
    copy: String,
}

fn claims() -> BTreeMap<String, Claim> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/personal-data.txt");
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut claims = BTreeMap::new();
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [place, export, erasing, copy] = words[..] else { unreachable!("{line}") };
        assert!(["shown", "secret", "-"].contains(&export), "{line}");
        assert!(["gone", "-"].contains(&erasing), "{line}");
        assert!(["other", "none", "same"].contains(&copy), "{line}");
        let [export, erasing, copy] = [export, erasing, copy].map(str::to_owned);
        let before = claims.insert(place.to_owned(), Claim { export, erasing, copy });
        assert!(before.is_none(), "{place} stands there twice");
    }
    claims
}

/// What takes a test more than two lines to do.
const KEPT_TOO: [&str; 10] = [
    "update external_payment set duplicate_reason = 'Zelda paid twice', duplicate_of = id",
    "update customer set name = 'Zelda Quisling' where id = '{customer}'",
    "update account set name = 'Quisling Household', number = 'ACC-4711-' || number
     where id = '{account}'",
    "update bill_line set description = 'Water for Zelda'
     where bill_id in (select id from bill where account_id = '{account}')",
    "insert into passkey (id, customer_id, label, credential, created_at)
     values ('zeldas-passkey', '{customer}', 'Zeldas phone', '{\"of\": \"zeldas key\"}', 1)",
    "update session set device = 'Firefox on Zeldas phone' where customer_id = '{customer}'",
    "insert into email_change (id, customer_id, email, code_hash, tries_left, created_at,
       expires_at, confirmed_at) values ('change-1', '{customer}', 'zelda.once@mail.example',
       'hash-of-change-1', 5, 1, 2, 2)",
    "insert into email_change (id, customer_id, email, code_hash, tries_left, created_at,
       expires_at)
     values ('change-2', '{customer}', 'zelda.soon@mail.example', 'hash-of-change-2', 5, 3, 4)",
    "update external_money set reference = 'Zelda, for water'",
    "update outbox set last_error = 'no box: ' || (select email from customer where id = '{customer}')
     where payload like '%' || (select email from customer where id = '{customer}') || '%'",
];

struct Change(String);

impl server::db::Command for Change {
    type Reply = ();

    async fn apply(&self, tx: &mut sqlx::AnyConnection) -> Result<(), server::db::DbError> {
        sqlx::query(sqlx::AssertSqlSafe(self.0.clone())).execute(tx).await?;
        Ok(())
    }
}

async fn ask(person: &Person, path: &str, body: Value) -> Value {
    let answer = person.ask(&Method::POST, path, Some(&body)).await;
    assert!(answer.status.is_success(), "{path}: {answer:?}");
    answer.json()
}

/// Somebody who was invited, signed in, paid, got a part back, was given credit and a letter.
async fn somebody(portal: &TestPortal) -> TestAccount {
    let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_500)]).await;
    let clerk = Person::operator(portal, "carl", "clerk").await;
    let approver = Person::operator(portal, "anna", "approver").await;
    let email = format!("{}@customers.example", &account.id.to_string()[28..]);
    let invitation = json!({
        "email": email, "name": "Zelda Quisling", "accounts": [account.id], "role": "payer",
    });
    ask(&clerk, "/api/v1/invitations", invitation).await;
    Person::customer(portal, &account).await;
    let started = portal.started(&account, 10_000).await;
    portal.choose(&started, TestCard::Success).await;
    portal.news_arrives().await;
    let payment = started.payment.id.to_string();
    let refund = json!({ "amount": 100, "currency": "USD", "reason": "Zelda moved out" });
    ask(&approver, &format!("/api/v1/payments/{payment}/refunds"), refund).await;
    let credit = json!({
        "kind": "credit_note", "bill_id": account.bills[1], "amount": 100, "currency": "USD",
        "reason": "Zelda was ill",
    });
    ask(&approver, &format!("/api/v1/accounts/{}/adjustments", account.id), credit).await;
    let cheque = json!({
        "amount": 600, "currency": "USD", "received_on": "2026-11-20", "tender": "cheque",
        "reference": "ZQ-600", "payer_name": "Walter Quisling", "note": "Zelda's father paid",
    });
    let path = format!("/api/v1/accounts/{}/external-payments", account.id);
    let paid = ask(&clerk, &path, cheque).await;
    let approval = format!("/api/v1/external-payments/{}/approval", paid["id"].as_str().unwrap());
    ask(&approver, &approval, json!({})).await;
    let number = account.id.to_string()[28..].to_owned();
    portal.pay_by_link((500, "usd"), Some(&number), TestCard::Success).await;
    portal.news_arrives().await;
    let hold = format!("/api/v1/bills/{}/hold", account.bills[1]);
    ask(&clerk, &hold, json!({ "reason": "Zelda disputes it" })).await;
    outbox::deliver_due(&portal.portal).await.unwrap();
    let (customer, id) = (account.customer_id.to_string(), account.id.to_string());
    for text in KEPT_TOO {
        let text = text.replace("{customer}", &customer).replace("{account}", &id);
        portal.portal.db.write(Change(text)).await.unwrap();
    }
    account
}

/// What stands where, but for words too short to be looked for.
async fn kept(db: &server::db::Database) -> BTreeMap<String, BTreeSet<String>> {
    let mut kept: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (place, text) in every_text(db).await {
        if text.len() >= 3 {
            kept.entry(place).or_default().insert(text);
        }
    }
    kept
}

/// Is it told, as a text or as the document that it is?
fn is_told(told: &str, text: &str) -> bool {
    let known: Value = serde_json::from_str(told).unwrap();
    let wanted = serde_json::from_str(text).unwrap_or(Value::Null);
    let mut values = vec![&known];
    while let Some(value) = values.pop() {
        if value == text || value.is_object() && *value == wanted {
            return true;
        }
        match value {
            Value::Object(fields) => values.extend(fields.values()),
            Value::Array(items) => values.extend(items),
            _ => {}
        }
    }
    false
}

/// `bill_0192f4a6…`: drawn by the program, and says nothing about anybody.
fn is_own_id(text: &str) -> bool {
    let drawn = |rest: &str| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit());
    text.rsplit_once('_').is_some_and(|(_, rest)| drawn(rest))
}

/// Claims that do not hold, for each text of each column of which `about` speaks.
fn wrong(
    kept: &BTreeMap<String, BTreeSet<String>>,
    about: impl Fn(&Claim) -> bool,
    holds: impl Fn(&str, &str) -> bool,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (place, claim) in claims().iter().filter(|(_, claim)| about(claim)) {
        let is_a_customers = claim.export != "-" || claim.erasing == "gone";
        match kept.get(place) {
            None if !is_a_customers => {}
            None => wrong.push(format!("nothing was kept in {place}: nothing is proved")),
            Some(texts) => {
                let false_ones = texts.iter().filter(|text| !holds(place, text));
                wrong.extend(false_ones.map(|text| format!("{place}: {text}")));
            }
        }
    }
    wrong
}

stories! {
    async fn every_text_that_is_kept_stands_in_the_list_of_personal_data(portal: TestPortal) {
        let listed: BTreeSet<String> = claims().into_keys().collect();
        let kept = text_columns(&portal.portal.db).await;
        let missing: Vec<_> = kept.difference(&listed).collect();
        let gone: Vec<_> = listed.difference(&kept).collect();
        assert!(missing.is_empty() && gone.is_empty(), "missing {missing:?}, gone {gone:?}");
    }

    async fn a_person_is_told_what_is_listed_and_no_secret(portal: TestPortal) {
        let account = somebody(portal).await;
        let pool = portal.portal.db.read();
        let told = privacy::everything_about(pool, account.customer_id, portal.portal.now()).await;
        let told = told.unwrap().write(Format::Json);
        let kept = kept(&portal.portal.db).await;
        let shown = wrong(&kept, |claim| claim.export == "shown", |_, text| is_told(&told, text));
        assert_eq!(shown, Vec::<String>::new());
        let secret = wrong(&kept, |claim| claim.export == "secret", |_, text| !told.contains(text));
        assert_eq!(secret, Vec::<String>::new());
    }

    async fn what_is_listed_is_gone_once_its_person_was_forgotten(portal: TestPortal) {
        let account = somebody(portal).await;
        let before = kept(&portal.portal.db).await;
        let (db, now) = (&portal.portal.db, portal.portal.now());
        let id = account.customer_id.to_string();
        let person = privacy::find(db.read(), &id).await.unwrap();
        privacy::erase(db, &person, &portal.portal.settings.data_dir, now).await.unwrap();
        let left = every_text(db).await;
        let stays = wrong(&before, |claim| claim.erasing == "gone", |_, text| {
            left.iter().all(|(_, other)| other != text)
        });
        assert_eq!(stays, Vec::<String>::new());
        for name in ["Zelda", "Quisling", "zelda.", &*person.email] {
            let places: Vec<_> = where_it_stands(&left, name)
                .into_iter()
                // What was delivered, and the biller's own words about it, belong to the bill.
                .filter(|place| {
                    let words = ["bill_line.description", "bill.hold_reason", "bill_hold.reason"];
                    !words.contains(place)
                })
                .filter(|place| !place.starts_with("sandbox_"))
                .collect();
            assert_eq!(places, Vec::<&str>::new(), "{name}");
        }
    }

    async fn a_copy_has_others_or_nothing_where_the_list_says_so(portal: TestPortal) {
        somebody(portal).await;
        let before = kept(&portal.portal.db).await;
        let (target, folder) = fresh_database(On::Sqlite, Arc::new(SystemChance)).await.unwrap();
        privacy::anonymise(&portal.portal.db, &target, &SystemChance).await.unwrap();
        let copy = kept(&target).await;
        let same = wrong(&before, |claim| claim.copy == "other", |place, text| {
            is_own_id(text) || copy.get(place).is_some_and(|texts| !texts.contains(text))
        });
        assert_eq!(same, Vec::<String>::new());
        let copied: Vec<_> = claims()
            .into_iter()
            .filter(|(place, claim)| claim.copy == "none" && copy.contains_key(place))
            .map(|(place, _)| place)
            .collect();
        assert_eq!(copied, Vec::<String>::new());
        target.close().await;
        let _ = std::fs::remove_dir_all(folder);
    }
}
