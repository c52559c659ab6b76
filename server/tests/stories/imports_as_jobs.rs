//! Stories of files of payments that staff send in: looked at, started, stopped, resumed and
//! killed, with every row taken once and every reason kept. Both databases.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use server::imports::{Imports, run_imports};

use crate::support::browser::Answer;
use crate::support::people::Person;
use crate::support::{On, TestAccount, TestPortal};

const MAP: &str = "currency = \"USD\"\ndates = \"year-month-day\"\n[payments]\n\
    source = \"till\"\nreference = \"reference\"\namount = \"amount\"\n\
    received_on = \"paid\"\naccount = \"account\"\ntender = \"cash\"\n";

struct Desk<'p> {
    portal: &'p TestPortal,
    approver: Person,
    account: TestAccount,
}

impl<'p> Desk<'p> {
    async fn open(portal: &'p TestPortal) -> Self {
        let approver = Person::operator(portal, "abel", "approver").await;
        let account = portal.account(&[("2026-09-15", 9_000_000)]).await;
        let desk = Self { portal, approver, account };
        let map = json!({ "name": "till", "map": MAP });
        assert_eq!(desk.post("/api/v1/column-maps", map).await.status, 200);
        desk
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.approver.ask(&Method::POST, path, Some(&body)).await
    }

    async fn send(&self, query: &str, content: impl Into<Body>) -> Answer {
        let request = Request::builder().method(Method::POST);
        let request = request.uri(format!("/api/v1/imports?{query}"));
        let key = format!("Bearer {}", self.approver.key.as_ref().unwrap());
        let request = request.header("authorization", key);
        let request = request.header("content-type", "application/octet-stream");
        self.approver.browser.send(request.body(content.into()).unwrap()).await
    }

    /// A file of so many payments of a dollar, and what comes after them.
    async fn sent(&self, payments: u32, rest: &str) -> String {
        let number = &self.account.id.to_string()[28..];
        let row = |n: u32| format!("{number},1.00,2026-11-20,{n}\n");
        let rows: String = (0..payments).map(row).collect();
        let file = format!("account,amount,paid,reference\n{rows}{rest}");
        let answer = self.send("map=till", file).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    async fn act(&self, id: &str, act: &str, body: Value) -> (u16, String) {
        let answer = self.post(&format!("/api/v1/imports/{id}/{act}"), body).await;
        match answer.status.as_u16() {
            200 => (200, answer.json()["state"].as_str().unwrap().to_owned()),
            _ => answer.problem(),
        }
    }

    /// The state, and the counts of rows, new, known, needs a person, refused.
    async fn stands(&self, id: &str) -> (String, [i64; 5]) {
        let path = format!("/api/v1/imports/{id}");
        let document = self.approver.ask(&Method::GET, &path, None).await.json();
        let count = |name: &str| document[name].as_i64().unwrap();
        let counts = ["rows", "new", "known", "needs_person", "refused"].map(count);
        (document["state"].as_str().unwrap().to_owned(), counts)
    }

    /// Rounds of the background work of one server until nothing is left to do.
    async fn run(&self, server: &Imports) {
        while run_imports(&self.portal.portal, server).await.unwrap() {}
    }

    async fn left(&self) -> i64 {
        self.portal.left(&self.account).await[0]
    }
}

stories! {
    async fn a_file_is_looked_at_then_taken_and_every_reason_can_be_read(portal: TestPortal) {
        let desk = Desk::open(portal).await;
        let wrong = "nobody,5.00,2026-11-20,a\n,5.00,2026-11-20,b\nx,ten,2026-11-31,c\n";
        let id = desk.sent(3, wrong).await;
        let server = Imports::default();
        desk.run(&server).await;
        assert_eq!(desk.stands(&id).await, ("uploaded".into(), [0; 5]), "nothing by itself");

        let looked = desk.act(&id, "start", json!({ "dry_run": true })).await;
        assert_eq!(looked, (200, "running".into()));
        desk.run(&server).await;
        assert_eq!(desk.stands(&id).await, ("done".into(), [6, 3, 0, 2, 1]));
        assert_eq!(desk.left().await, 9_000_000, "only looked at");

        assert_eq!(desk.act(&id, "start", json!({})).await, (200, "running".into()));
        desk.run(&server).await;
        assert_eq!(desk.stands(&id).await, ("done".into(), [6, 3, 0, 2, 1]));
        assert_eq!(desk.left().await, 9_000_000 - 300);
        let again = desk.act(&id, "start", json!({})).await;
        assert_eq!(again, (409, "import-not-startable".into()));

        let rows = format!("/api/v1/imports/{id}/rows");
        let first = desk.approver.ask(&Method::GET, &format!("{rows}?limit=2"), None).await.json();
        assert_eq!(first["items"][0]["row"], 5);
        assert_eq!(first["items"][0]["outcome"], "needs_person");
        assert_eq!(first["items"][0]["why"], "it names an account that is not here");
        let next = first["next"].as_str().unwrap();
        let rest = desk.approver.ask(&Method::GET, &format!("{rows}?after={next}"), None).await;
        let rest = rest.json();
        assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
        let csv = desk.approver.ask(&Method::GET, &format!("{rows}.csv"), None).await.text();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines[0], "row,outcome,why");
        assert_eq!(lines[2], "6,needs_person,\"it names no account and no bill\"");
        assert!(lines[3].starts_with("7,refused,\"amount: \"\"ten\"\" is not a number;"), "{csv}");

        let same = desk.sent(3, wrong).await;
        desk.act(&same, "start", json!({})).await;
        desk.run(&server).await;
        assert_eq!(desk.stands(&same).await, ("done".into(), [6, 0, 3, 2, 1]));
        portal.the_book_is_exact().await;
    }

    async fn a_job_that_is_stopped_or_loses_its_server_goes_on_where_it_was(portal: TestPortal) {
        let desk = Desk::open(portal).await;
        let id = desk.sent(2_300, "").await;
        desk.act(&id, "start", json!({})).await;
        let first = Imports::default();
        assert!(run_imports(&portal.portal, &first).await.unwrap(), "there is more to do");
        let (state, [rows, new, ..]) = desk.stands(&id).await;
        assert_eq!((state.as_str(), rows), ("running", new));
        assert!((1..2_300).contains(&rows), "{rows}");
        assert_eq!(desk.left().await, 9_000_000 - 100 * rows);

        assert_eq!(desk.act(&id, "stop", json!({})).await, (200, "stopped".into()));
        desk.run(&first).await;
        assert_eq!(desk.stands(&id).await.1[0], rows, "stopped is stopped");
        assert_eq!(desk.act(&id, "stop", json!({})).await, (409, "import-not-running".into()));
        assert_eq!(desk.act(&id, "resume", json!({})).await, (200, "running".into()));

        // The server is gone with the file it had open; another begins, beside one that thinks
        // it still has it.
        let second = Imports::default();
        run_imports(&portal.portal, &second).await.unwrap();
        desk.run(&first).await;
        desk.run(&second).await;
        assert_eq!(desk.stands(&id).await, ("done".into(), [2_300, 2_300, 0, 0, 0]));
        assert_eq!(desk.left().await, 9_000_000 - 230_000);
        portal.the_book_is_exact().await;
    }

    async fn what_cannot_be_an_import_is_refused_in_words(portal: TestPortal) {
        let desk = Desk::open(portal).await;
        let cases = [
            ("map=till", "", "file-empty"),
            ("map=nobodys", "x", "map-unknown"),
            ("map=accounts-receivable", "x", "map-unsuitable"),
            ("map=bank-statement", "x", "currency-missing"),
        ];
        for (query, content, code) in cases {
            let answer = desk.send(query, content).await;
            assert_eq!(answer.problem(), (422, code.to_owned()), "{query}");
        }
        let map = json!({ "name": "two words", "map": MAP });
        assert_eq!(desk.post("/api/v1/column-maps", map).await.status, 422);
        let map = json!({ "name": "till", "map": "colour = 1" });
        let refused = desk.post("/api/v1/column-maps", map).await.problem();
        assert_eq!(refused, (422, "map-invalid".to_owned()));

        let broken = desk.send("map=till", "account,amount\n1,2\n").await.json();
        let id = broken["id"].as_str().unwrap();
        desk.act(id, "start", json!({})).await;
        desk.run(&Imports::default()).await;
        let document = desk.approver.ask(&Method::GET, &format!("/api/v1/imports/{id}"), None).await;
        let document = document.json();
        assert_eq!(document["state"], "failed");
        assert!(document["failure"].as_str().unwrap().contains("reference is missing"), "{document}");
    }
}
