//! Everything the sandbox says decodes with the types that others made from Stripe's own
//! specification, at the very version we pin.

use serde::de::DeserializeOwned;
use serde_json::Value;
use server::gateway::sandbox::TestCard;
use stripe_webhook::{EventObject, Webhook};

use crate::stage::{Stage, stage};

fn decodes<T: DeserializeOwned>(what: &str, value: &Value) -> T {
    serde_json::from_value(value.clone())
        .unwrap_or_else(|error| panic!("{what}: {error}\n{value:#}"))
}

/// Walks every card through its course and refunds what was taken.
async fn every_course(stage: &Stage) {
    for card in TestCard::ALL {
        let (_, intent) =
            stage.raw("POST", "payment_intents", "amount=6234&currency=usd&metadata[a]=b").await;
        decodes::<stripe_shared::PaymentIntent>("created", &intent);
        let name = intent["id"].as_str().unwrap();
        let path = format!("payment_intents/{name}/confirm");
        let form = format!("payment_method=pm_sbx_card_{}", card.code());
        let (status, answer) = stage.raw("POST", &path, &form).await;
        match status {
            200 => drop(decodes::<stripe_shared::PaymentIntent>("confirmed", &answer)),
            402 => drop(decodes::<stripe_shared::ApiErrors>("declined", &answer["error"])),
            other => panic!("{other} {answer:#}"),
        }
    }
    stage.post("/sandbox/settle", serde_json::json!({})).await.unwrap();
    let (_, listed) = stage.raw("GET", "payment_intents?limit=100", "").await;
    for intent in listed["data"].as_array().unwrap() {
        let name = intent["id"].as_str().unwrap();
        match intent["status"].as_str().unwrap() {
            "succeeded" => {
                let form = format!("payment_intent={name}&amount=1000&metadata[a]=b");
                let (status, refund) = stage.raw("POST", "refunds", &form).await;
                assert_eq!(status, 200, "{refund:#}");
                decodes::<stripe_shared::Refund>("refund", &refund);
                every_end_of_a_refund(stage, &refund).await;
                every_step_of_a_dispute(stage, name).await;
            }
            _ => {
                let path = format!("payment_intents/{name}/cancel");
                let form = "cancellation_reason=abandoned";
                let (status, cancelled) = stage.raw("POST", &path, form).await;
                assert_eq!(status, 200, "{cancelled:#}");
                decodes::<stripe_shared::PaymentIntent>("cancelled", &cancelled);
            }
        }
    }
}

/// However many pages they fill.
async fn all_events(stage: &Stage) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.last().and_then(|event| event["id"].as_str());
        let after = after.map_or(String::new(), |id| format!("&starting_after={id}"));
        let (_, page) = stage.raw("GET", &format!("events?limit=100{after}"), "").await;
        all.extend(page["data"].as_array().unwrap().iter().cloned());
        if page["has_more"] == false {
            return all;
        }
    }
}

async fn every_end_of_a_refund(stage: &Stage, refund: &Value) {
    let name = refund["id"].as_str().unwrap();
    // Time comes first, so that the debit's refund is told of as updated and then as failed.
    for path in ["/sandbox/settle".to_owned(), format!("/sandbox/refunds/{name}")] {
        let wish = match path.as_str() {
            "/sandbox/settle" => serde_json::json!({}),
            _ => serde_json::json!({ "end": "fail" }),
        };
        stage.post(&path, wish).await.unwrap();
        let (_, refund) = stage.raw("GET", &format!("refunds/{name}"), "").await;
        decodes::<stripe_shared::Refund>("refund later", &refund);
    }
}

async fn every_step_of_a_dispute(stage: &Stage, intent: &str) {
    let wish = serde_json::json!({ "intent": intent });
    let (_, opened) = stage.post("/sandbox/disputes", wish).await.unwrap();
    let name = opened["id"].as_str().unwrap();
    for step in ["withdraw", "reinstate", "win", "lose", "close"] {
        let path = format!("/sandbox/disputes/{name}");
        stage.post(&path, serde_json::json!({ "step": step })).await.unwrap();
        let (status, dispute) = stage.raw("GET", &format!("disputes/{name}"), "").await;
        assert_eq!(status, 200);
        decodes::<stripe_shared::Dispute>(step, &dispute);
    }
}

#[tokio::test]
async fn every_object_list_and_error_decodes_with_the_published_types() {
    let stage = stage().await;
    every_course(&stage).await;
    type List<T> = stripe_types::List<T>;
    let (_, intents) = stage.raw("GET", "payment_intents?limit=100", "").await;
    let list = decodes::<List<stripe_shared::PaymentIntent>>("intents", &intents);
    assert_eq!(list.data.len(), TestCard::ALL.len());
    for intent in &list.data {
        let path = format!("payment_intents/{}?expand[0]=latest_charge", intent.id);
        let (_, expanded) = stage.raw("GET", &path, "").await;
        let expanded = decodes::<stripe_shared::PaymentIntent>("expanded", &expanded);
        let charge = expanded.latest_charge.as_ref().and_then(|charge| charge.as_object());
        if let Some(charge) = charge {
            assert!(charge.payment_method_details.is_some());
            let (_, charge) = stage.raw("GET", &format!("charges/{}", charge.id), "").await;
            decodes::<stripe_shared::Charge>("charge", &charge);
        }
    }
    let (_, refunds) = stage.raw("GET", "refunds?limit=100", "").await;
    assert!(!decodes::<List<stripe_shared::Refund>>("refunds", &refunds).data.is_empty());
    let (_, events) = stage.raw("GET", "events?limit=100", "").await;
    let events = decodes::<List<stripe_shared::Event>>("events", &events);
    assert!(events.data.len() > 3 * TestCard::ALL.len());

    for (method, path, form) in [
        ("GET", "payment_intents/pi_none", ""),
        ("GET", "charges/ch_none", ""),
        ("GET", "disputes/dp_none", ""),
        ("GET", "events?ending_before=evt_none", ""),
        ("GET", "payment_intents?limit=0", ""),
        ("GET", "customers", ""),
        ("POST", "payment_intents", "amount=1&currency=usd"),
        ("POST", "payment_intents/pi_none/cancel", ""),
        ("POST", "refunds", ""),
    ] {
        let (status, body) = stage.raw(method, path, form).await;
        assert!(status == 400 || status == 404, "{method} {path}: {status}");
        decodes::<stripe_shared::ApiErrors>(path, &body["error"]);
    }
}

#[tokio::test]
async fn every_event_decodes_as_a_webhook_with_the_object_it_names() {
    let stage = stage().await;
    every_course(&stage).await;
    let mut kinds = std::collections::BTreeSet::new();
    for event in &all_events(&stage).await {
        let text = event.to_string();
        let header = Webhook::generate_test_header(&text, "whsec_1", None);
        let decoded = Webhook::construct_event(&text, &header, "whsec_1").unwrap();
        assert!(
            !matches!(decoded.data.object, EventObject::Unknown(_)),
            "{} is not known",
            event["type"]
        );
        assert_eq!(decoded.api_version, Some(stripe_shared::version::VERSION));
        kinds.insert(event["type"].as_str().unwrap().to_owned());
    }
    let expected = [
        "charge.dispute.closed",
        "charge.dispute.created",
        "charge.dispute.funds_reinstated",
        "charge.dispute.funds_withdrawn",
        "charge.failed",
        "charge.pending",
        "charge.refunded",
        "charge.succeeded",
        "payment_intent.canceled",
        "payment_intent.created",
        "payment_intent.payment_failed",
        "payment_intent.processing",
        "payment_intent.requires_action",
        "payment_intent.succeeded",
        "refund.created",
        "refund.failed",
        "refund.updated",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn what_is_delivered_is_authentic_to_the_published_verifier_too() {
    let stage = stage().await;
    let intent = stage.new_intent().await;
    stage.confirm(&intent, TestCard::Success).await.unwrap();
    stage.sandbox.tick().await.unwrap();
    let arrived = stage.public.arrivals();
    let text = std::str::from_utf8(&arrived[0].raw).unwrap();
    let secret = stage.sandbox.gateway_settings().webhook_secrets.remove(0);
    let stamp = arrived[0].signature.split(['=', ',']).nth(1).unwrap().parse().unwrap();
    let header = Webhook::generate_test_header(text, secret.reveal(), Some(stamp));
    assert_eq!(header, arrived[0].signature);
}

#[tokio::test]
async fn sessions_of_payment_links_and_their_events_decode_with_the_published_types() {
    let stage = stage().await;
    let cards = [TestCard::Success, TestCard::BankDebit, TestCard::BankDebitFails];
    let mut paid = Vec::new();
    for card in cards {
        let body = serde_json::json!({
            "amount": 6234, "currency": "usd", "client_reference_id": "A-100", "card": card.code(),
        });
        let (status, answer) = stage.post("/sandbox/checkout", body).await.unwrap();
        assert_eq!(status, 200, "{answer:#}");
        paid.push(answer);
    }
    stage.post("/sandbox/settle", serde_json::json!({})).await.unwrap();
    let mut statuses = Vec::new();
    for answer in &paid {
        let path = format!("checkout/sessions/{}", answer["session"].as_str().unwrap());
        let (_, session) = stage.raw("GET", &path, "").await;
        let decoded = decodes::<stripe_shared::CheckoutSession>("session", &session);
        assert_eq!(decoded.client_reference_id.as_deref(), Some("A-100"));
        statuses.push(decoded.payment_status.as_str().to_owned());
        let intent = answer["intent"].as_str().unwrap();
        let path = format!("checkout/sessions?payment_intent={intent}&limit=1");
        let (_, listed) = stage.raw("GET", &path, "").await;
        let listed = decodes::<stripe_types::List<stripe_shared::CheckoutSession>>("list", &listed);
        assert_eq!(listed.data[0].id, decoded.id);
    }
    assert_eq!(statuses, ["paid", "paid", "unpaid"]);
    let (status, _) = stage.raw("GET", "checkout/sessions/cs_none", "").await;
    assert_eq!(status, 404);
    let (_, events) = stage.raw("GET", "events?limit=100", "").await;
    let mut kinds = std::collections::BTreeSet::new();
    for event in events["data"].as_array().unwrap() {
        let text = event.to_string();
        let header = Webhook::generate_test_header(&text, "whsec_1", None);
        let decoded = Webhook::construct_event(&text, &header, "whsec_1").unwrap();
        assert!(!matches!(decoded.data.object, EventObject::Unknown(_)), "{}", event["type"]);
        kinds.insert(event["type"].as_str().unwrap().to_owned());
    }
    let of_sessions: Vec<_> = kinds.iter().filter(|kind| kind.starts_with("checkout.")).collect();
    let expected = ["async_payment_failed", "async_payment_succeeded", "completed"];
    assert_eq!(of_sessions, expected.map(|end| format!("checkout.session.{end}")).each_ref());
}
