//! Stories of the search box: whatever a caller has at hand, staff find the account. The whole
//! service, both databases.

use crate::support::people::Person;
use crate::support::{On, TestPortal};
use axum::http::Method;
use receivables::ids::{AccountId, CustomerId};
use receivables::money::Currency;
use serde_json::Value;
use server::accounts::{self, NewAccount, NewCustomer, open_account};
use server::db::{Command, DbError};
use server::gateway::sandbox::TestCard;
use sqlx::AnyConnection;

/// An account with a name of its own and one customer.
struct Open(NewAccount);

impl Command for Open {
    type Reply = ();

    async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
        open_account(tx, &self.0, receivables::calendar::Micros(1)).await.map(|_| ())
    }
}

async fn account(portal: &TestPortal, number: &str, name: &str, email: &str) -> AccountId {
    let (ms, chance) = portal.portal.id_parts();
    let id = AccountId::from_parts(ms, &chance);
    let customer = NewCustomer {
        id: CustomerId::from_parts(ms, &chance),
        email: email.to_owned(),
        name: name.to_owned(),
    };
    let (number, name, currency) = (number.to_owned(), name.to_owned(), Currency::USD);
    let customers = vec![customer];
    portal
        .portal
        .db
        .write(Open(NewAccount { id, number, name, currency, customers }))
        .await
        .unwrap();
    id
}

struct Clerk(Person);

impl Clerk {
    async fn at(portal: &TestPortal) -> Self {
        Self(Person::operator(portal, "carl", "clerk").await)
    }

    async fn finds(&self, typed: &str) -> Vec<Value> {
        let typed: String = form_urlencoded::byte_serialize(typed.as_bytes()).collect();
        let answer = self.0.ask(&Method::GET, &format!("/api/v1/search?q={typed}"), None).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["items"].as_array().unwrap().clone()
    }

    /// The numbers of the accounts that were found, in their order.
    async fn numbers(&self, typed: &str) -> Vec<String> {
        let hits = self.finds(typed).await;
        hits.iter().map(|hit| hit["account_number"].as_str().unwrap().to_owned()).collect()
    }
}

stories! {
    async fn an_account_is_found_by_whatever_it_is_called(portal: TestPortal) {
        account(portal, "A-1001", "José Miller, 14 Mill Lane", "jose.m@mail.example").await;
        account(portal, "A-1002", "Ada Millner", "ada@mail.example").await;
        account(portal, "B-77", "東京電力", "tepco@mail.example").await;
        let clerk = Clerk::at(portal).await;
        for typed in ["A-1001", "a1001", "1001", "jose", "JOSÉ mill", "miller", "jose.m@mail.example", "jose.m@"] {
            assert_eq!(clerk.numbers(typed).await, ["A-1001"], "{typed}");
        }
        assert_eq!(clerk.numbers("東京").await, ["B-77"]);
        // Who is called exactly so stands first.
        assert_eq!(clerk.numbers("mill").await, ["A-1001", "A-1002"]);
        assert_eq!(clerk.numbers("100").await.len(), 2);
        for nobody in ["miller ada", "mail", "zz", "10011", "%", "_"] {
            assert!(clerk.numbers(nobody).await.is_empty(), "{nobody}");
        }
    }

    async fn a_bill_a_payment_a_receipt_and_a_sum_lead_to_their_account(portal: TestPortal) {
        let account = portal.account(&[("2026-09-15", 8_000), ("2026-10-15", 7_512)]).await;
        portal.account(&[("2026-09-15", 9_900)]).await;
        let started = portal.started(&account, 9_001).await;
        portal.choose(&started, TestCard::Success).await;
        portal.news_arrives().await;
        let pool = portal.portal.db.read();
        let text = "select b.number, p.gateway_ref, r.number from bill b, payment p \
                    join receipt r on r.payment_id = p.id where b.id = $1";
        let (bill, gateway, receipt): (String, String, String) = sqlx::query_as(text)
            .bind(account.bills[1].to_string())
            .fetch_one(pool)
            .await
            .unwrap();
        let payment = started.payment.id.to_string();
        let clerk = Clerk::at(portal).await;
        for (typed, kind) in [
            (&*bill, "bill"),
            (&*account.bills[1].to_string(), "bill"),
            ("=75.12", "bill"),
            ("= $75.12", "bill"),
            (&*gateway, "payment"),
            (&*receipt, "payment"),
            (&*payment, "payment"),
            ("=90.01", "payment"),
            (&*account.id.to_string(), "account"),
        ] {
            let hits = clerk.finds(typed).await;
            let of_account = |hit: &&Value| hit["account_id"] == account.id.to_string();
            let hit = hits.iter().find(of_account).unwrap();
            assert_eq!(hit["found"]["kind"], kind, "{typed}: {hits:?}");
            assert_eq!(hit["owed"], 15_512 - 9_001, "{typed}");
            assert!(hit["last_paid_on"].is_string());
        }
        assert!(clerk.finds("=12.34").await.is_empty());
        assert!(clerk.finds("=75").await.is_empty());
    }

    async fn a_sum_is_found_however_many_of_another_currency_have_its_digits(portal: TestPortal) {
        let dollars = portal.account(&[("2026-01-15", 7_512)]).await;
        let yen: Vec<_> = (0..25).map(|_| ("2026-10-15", 7_512)).collect();
        portal.account_in(Currency::JPY, &yen).await;
        let clerk = Clerk::at(portal).await;
        let hits = clerk.finds("=75.12").await;
        assert_eq!(hits.len(), 1, "{hits:?}");
        assert_eq!(hits[0]["account_id"], dollars.id.to_string());
        let answer = clerk.0.ask(&Method::GET, "/api/v1/search?q=%3D7512", None).await;
        assert_eq!(answer.json()["items"].as_array().unwrap().len(), 20);
        assert_eq!(answer.json()["is_more"], true);
    }

    async fn what_cannot_be_looked_for_is_refused_in_words(portal: TestPortal) {
        let clerk = Clerk::at(portal).await;
        for (typed, code) in [
            ("?q=", "field-required"),
            ("?q=%20%20", "field-required"),
            ("", "field-required"),
            ("?q=%3Dtwelve", "amount-invalid"),
            ("?q=1&r=2", "filter-invalid"),
        ] {
            let path = format!("/api/v1/search{typed}");
            let answer = clerk.0.ask(&Method::GET, &path, None).await;
            assert_eq!(answer.problem(), (422, code.into()), "{typed}");
        }
        let path = format!("/api/v1/search?q={}", "x".repeat(101));
        let answer = clerk.0.ask(&Method::GET, &path, None).await;
        assert_eq!(answer.problem(), (422, "text-invalid".into()));
    }

    async fn of_more_than_twenty_the_first_are_told_and_that_there_are_more(portal: TestPortal) {
        for n in 0..25 {
            account(portal, &format!("N-{n:03}"), "Novak", &format!("n{n}@mail.example")).await;
        }
        let clerk = Clerk::at(portal).await;
        let answer = clerk.0.ask(&Method::GET, "/api/v1/search?q=nov", None).await.json();
        let told = (answer["items"].as_array().unwrap().len(), &answer["is_more"]);
        assert_eq!(told, (20, &Value::Bool(true)));
        assert_eq!(clerk.numbers("novak 007").await, ["N-007"]);
    }

    async fn accounts_from_before_get_their_words(portal: TestPortal) {
        account(portal, "A-1", "Ada", "ada@mail.example").await;
        struct Forget;
        impl Command for Forget {
            type Reply = ();
            async fn apply(&self, tx: &mut AnyConnection) -> Result<(), DbError> {
                sqlx::query("delete from account_word").execute(tx).await?;
                Ok(())
            }
        }
        portal.portal.db.write(Forget).await.unwrap();
        let clerk = Clerk::at(portal).await;
        assert!(clerk.numbers("ada").await.is_empty());
        let nameless = portal.account(&[]).await;
        let unsaid = "update account set number = '--', name = '!' where id = $1";
        let left = "delete from account_customer where account_id = $1";
        let forgotten = "delete from account_word where account_id = $1";
        for text in [unsaid, left, forgotten] {
            let query = sqlx::query(text).bind(nameless.id.to_string());
            query.execute(portal.portal.db.read()).await.unwrap();
        }
        assert!(accounts::give_words(&portal.portal.db).await.unwrap() > 0);
        assert_eq!(clerk.numbers("ada").await, ["A-1"]);
        assert_eq!(accounts::give_words(&portal.portal.db).await.unwrap(), 0);
    }
}
