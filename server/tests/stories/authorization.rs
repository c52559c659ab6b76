//! Who may do what: every cell of `docs/authorization.txt` asked of the whole service with real
//! credentials, and the keys of API clients.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::browser::Answer;
use crate::support::people::{Person, let_view};
use crate::support::stage::{CLERK, ROLES, Row, Stage};
use crate::support::{On, TestPortal};
use axum::http::Method;
use receivables::api::roles::Scope;
use receivables::ids::AccountId;
use serde_json::{Value, json};
use server::router;

fn table() -> Vec<Row> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/authorization.txt");
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let rows = lines.map(|line| {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        assert_eq!(words.len(), 4 + ROLES.len(), "{line}");
        Row {
            method: words[0].parse().unwrap(),
            path: words[1].clone(),
            whose: words[2].clone(),
            cells: words[3..3 + ROLES.len()].to_vec(),
            scope: words[10].clone(),
        }
    });
    rows.collect()
}

/// Which rows a route needs, so that none of its cells is left open.
#[test]
fn every_route_is_in_the_table_and_the_table_names_no_other() {
    let described: Value = serde_json::from_str(&router::openapi()).unwrap();
    let mut routes = BTreeMap::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let is_nobodys = ["{name}", "/invitations/", "/work-items/", "/external-money/"];
            let whose: &[&str] = match () {
                () if !path.contains('{') => &["-"],
                () if is_nobodys.iter().any(|part| path.contains(part)) => &["any", "none"],
                () => &["own", "other", "none"],
            };
            let whose: BTreeSet<String> = whose.iter().map(|word| (*word).to_owned()).collect();
            routes.insert(format!("{} {path}", method.to_uppercase()), whose);
        }
    }
    let mut rows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in table() {
        let known = ["ok", "401", "403", "404"];
        assert!(row.cells.iter().all(|cell| known.contains(&cell.as_str())), "{}", row.path);
        let scoped = ["-", "any"].contains(&row.scope.as_str());
        assert!(scoped || Scope::parse(&row.scope).is_some(), "{}", row.scope);
        let route = rows.entry(format!("{} {}", row.method, row.path)).or_default();
        assert!(route.insert(row.whose), "{} {} has a row twice", row.method, row.path);
    }
    assert_eq!(rows, routes);
}

/// What is refused to some is told to whoever writes a client.
#[test]
fn every_refusal_in_the_table_stands_in_the_description_of_its_route() {
    let described: Value = serde_json::from_str(&router::openapi()).unwrap();
    let mut missing = BTreeSet::new();
    for row in table() {
        let method = row.method.to_string().to_lowercase();
        let told = described["paths"][&row.path][method]["responses"].as_object().unwrap();
        let to_clients = (row.scope != "any").then(|| "403".to_owned());
        for refusal in row.cells.into_iter().filter(|cell| cell != "ok").chain(to_clients) {
            if !told.contains_key(&refusal) {
                missing.insert(format!("{} {}: {refusal}", row.method, row.path));
            }
        }
    }
    assert!(missing.is_empty(), "not described: {missing:#?}");
}

async fn every_cell_holds(portal: &TestPortal) {
    let mut stage = Stage::set(portal).await;
    let mut wrong = Vec::new();
    for row in &table() {
        for (n, (who, person)) in stage.people.clone().iter().enumerate() {
            wrong.extend(stage.cell(row, (who, person), &row.cells[n]).await);
        }
        for (scope, person) in stage.clients.clone() {
            let opens = row.scope == "any" || row.scope == scope.code();
            let expected = if opens { row.cells[CLERK].as_str() } else { "403" };
            wrong.extend(stage.cell(row, (scope.code(), &person), expected).await);
        }
        let signs_out = ["/api/v1/sign-in/session", "/api/v1/sign-in/sessions"];
        if row.method == Method::DELETE && signs_out.contains(&row.path.as_str()) {
            stage.come_back().await;
        }
    }
    println!("{} cells asked on {:?}", stage.asked, portal.on());
    assert!(wrong.is_empty(), "{} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn key_of(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 201, "{}", answer.text());
    let shown = answer.json();
    (shown["id"].as_str().unwrap().to_owned(), shown["key"].as_str().unwrap().to_owned())
}

async fn works(portal: &TestPortal, key: &str, account: AccountId) -> (u16, String) {
    let person = Person { key: Some(key.to_owned()), ..Person::nobody(portal) };
    let answer = person.ask(&Method::GET, &format!("/api/v1/accounts/{account}"), None).await;
    let mut problem = answer.json();
    problem.as_object_mut().unwrap().remove("instance");
    (answer.status.as_u16(), problem.to_string())
}

stories! {
    async fn every_cell_of_the_table_is_what_the_service_answers(portal: TestPortal) {
        every_cell_holds(portal).await;
    }

    async fn a_client_changes_its_key_over_and_has_two_at_most(portal: TestPortal) {
        let account = portal.account(&[]).await.id;
        let admin = Person::operator(portal, "ida", "admin").await;
        let new = json!({ "name": "billing", "scopes": ["accounts:read"], "days": 30 });
        let path = "/api/v1/api-clients";
        let (first_id, first) = key_of(&admin.ask(&Method::POST, path, Some(&new)).await);
        assert!(first.starts_with("pdk_"));
        let again = admin.ask(&Method::POST, path, Some(&new)).await;
        assert_eq!(again.problem(), (409, "name-taken".into()));

        let keys = "/api/v1/api-clients/billing/keys";
        let days = json!({ "days": 60 });
        let at_once = (0..8).map(|_| admin.ask(&Method::POST, keys, Some(&days)));
        let answers = futures_util::future::join_all(at_once).await;
        let (made, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.status == 201);
        assert_eq!((made.len(), refused.len()), (1, 7));
        assert!(refused.iter().all(|answer| answer.problem() == (409, "two-keys".into())));
        let (_, second) = key_of(made[0]);
        assert_eq!(works(portal, &first, account).await.0, 200);
        assert_eq!(works(portal, &second, account).await.0, 200);

        let end = format!("{keys}/{first_id}");
        assert_eq!(admin.ask(&Method::DELETE, &end, None).await.status, 204);
        assert_eq!(works(portal, &first, account).await.0, 401);
        assert_eq!(works(portal, &second, account).await.0, 200);
        let listed = admin.ask(&Method::GET, path, None).await.text();
        assert!(listed.contains("last_used_at") && listed.contains(&first_id));
        for secret in [&first, &second] {
            assert!(!listed.contains(secret.as_str()));
            let stored = "select key_hash || id || client from api_key";
            let rows: Vec<String> =
                sqlx::query_scalar(stored).fetch_all(portal.portal.db.read()).await.unwrap();
            assert!(rows.iter().all(|row| !row.contains(&secret[4..])));
        }
        let acts = "select kind || ' by ' || actor from audit_act where about like 'billing/%' \
                    order by kind";
        let acts: Vec<String> =
            sqlx::query_scalar(acts).fetch_all(portal.portal.db.read()).await.unwrap();
        assert_eq!(
            acts,
            ["api_key_ended by ida", "api_key_given by ida", "api_key_given by ida"]
        );
    }

    async fn wrong_ended_and_expired_keys_answer_alike(portal: TestPortal) {
        let account = portal.account(&[]).await.id;
        let admin = Person::operator(portal, "ida", "admin").await;
        let mut keys = Vec::new();
        for (name, days) in [("ended", 30), ("expired", 1), ("good", 30)] {
            let new = json!({ "name": name, "scopes": ["accounts:read"], "days": days });
            let answer = admin.ask(&Method::POST, "/api/v1/api-clients", Some(&new)).await;
            keys.push(key_of(&answer).1);
        }
        let gone = admin.ask(&Method::DELETE, "/api/v1/api-clients/ended", None).await;
        assert_eq!(gone.status, 204);
        portal.clock.pass_seconds(24 * 60 * 60);
        let wrong = format!("pdk_{}", "A".repeat(43));
        let told = works(portal, &wrong, account).await;
        assert_eq!(told.0, 401);
        for key in [&keys[0], &keys[1], "pdk_", "pdk", "pdop_x", &keys[2][..46]] {
            assert_eq!(works(portal, key, account).await, told, "{key}");
        }
        assert_eq!(works(portal, &keys[2], account).await.0, 200);
        for days in [0, -1, 401] {
            let new = json!({ "name": "long", "scopes": ["previews"], "days": days });
            let answer = admin.ask(&Method::POST, "/api/v1/api-clients", Some(&new)).await;
            assert_eq!(answer.problem(), (422, "field-invalid".into()));
        }
    }

    async fn a_viewer_is_told_that_they_may_not_pay(portal: TestPortal) {
        let (own, shown) = (portal.account(&[]).await, portal.account(&[]).await);
        let_view(portal, own.customer_id, shown.id).await;
        let viewer = Person::customer(portal, &own).await;
        let session = viewer.ask(&Method::GET, "/api/v1/sign-in/session", None).await.json();
        let told: BTreeMap<String, (String, bool)> = session["accounts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|account| {
                let word = |name: &str| account[name].as_str().unwrap().to_owned();
                (word("id"), (word("role"), account["may_pay"].as_bool().unwrap()))
            })
            .collect();
        assert_eq!(told[&own.id.to_string()], ("payer".to_owned(), true));
        assert_eq!(told[&shown.id.to_string()], ("viewer".to_owned(), false));
        let clerk = Person::operator(portal, "carl", "clerk").await;
        let caller = clerk.ask(&Method::GET, "/api/v1/caller", None).await.json();
        assert_eq!((caller["kind"].as_str(), caller["name"].as_str()), (Some("staff"), Some("carl")));
        let may: Vec<&str> =
            caller["may"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        assert!(may.contains(&"move") && !may.contains(&"pay") && !may.contains(&"manage_keys"));
    }
}
