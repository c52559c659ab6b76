//! Stories of the demo's staff door: there anybody may play a clerk or an approver, and nowhere
//! else.

use crate::support::browser::{Answer, Browser};
use crate::support::{On, TestPortal};
use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::json;

const PATH: &str = "/staff/demo";

async fn demo(portal: &TestPortal) -> TestPortal {
    TestPortal::open_with(portal.on(), &[("demo", "true")]).await.unwrap()
}

async fn plays(browser: &mut Browser, site: &str, player: &str) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(PATH)
        .header("sec-fetch-site", site)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = browser.send(request.body(Body::from(format!("player={player}"))).unwrap()).await;
    browser.keep(&answer);
    answer
}

stories! {
    async fn in_the_demo_anybody_may_play_a_clerk_or_an_approver(portal: TestPortal) {
        let portal = demo(portal).await;
        let mut browser = Browser::at_all_of(&portal.portal);
        let page = browser.visit_from("none", "/staff").await.text();
        assert!(page.contains("Carla, a clerk") && page.contains("Abel, who approves"), "{page}");
        for (player, name) in [("clerk", "Carla Clerk"), ("approver", "Abel Approver")] {
            let answer = plays(&mut browser, "same-origin", player).await;
            assert_eq!((answer.status.as_u16(), &answer.headers["location"]), (303, &"/desk".parse().unwrap()));
            let who = browser.visit_from("same-origin", "/api/v1/staff/session").await.json();
            assert_eq!((&who["name"], &who["roles"]), (&json!(name), &json!([player])));
        }
        // The clerk's session ended when the approver came in.
        assert_eq!(portal.count("staff_session where ended_at is null").await, 1);
        portal.close().await;
    }

    async fn where_money_is_real_there_is_no_such_door(portal: TestPortal) {
        let mut browser = Browser::at_all_of(&portal.portal);
        let answer = plays(&mut browser, "same-origin", "clerk").await;
        assert_eq!(answer.problem(), (404, "not-found".into()));
        assert!(browser.cookies.is_empty());
        assert_eq!(portal.count("staff_session").await, 0);
    }

    async fn forms_of_other_sites_and_other_players_open_nothing(portal: TestPortal) {
        let portal = demo(portal).await;
        let mut browser = Browser::at_all_of(&portal.portal);
        assert_eq!(plays(&mut browser, "cross-site", "clerk").await.status, 403);
        let admin = plays(&mut browser, "same-origin", "admin").await;
        assert!(admin.status.is_client_error(), "{admin:?}");
        assert_eq!(portal.count("staff_session").await, 0);
        portal.close().await;
    }
}
