//! Gateways that fail in every way a network and a tired server can: what each failure means
//! for money, how often we ask, and that every try carries the same key.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use receivables::money::Currency;
use server::gateway::{Decline, Doubt, Gateway, GatewayError, IntentRequest, IntentStatus};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::World;

/// What the gateway does with one request.
#[derive(Clone)]
enum Deed {
    Answer {
        status: u16,
        headers: &'static str,
        body: String,
    },
    /// Announces more bytes than it sends.
    CutShort,
    HangUp,
    KeepSilent,
}

fn answer(status: u16, body: impl Into<String>) -> Deed {
    Deed::Answer { status, headers: "", body: body.into() }
}

fn answer_with(status: u16, headers: &'static str, body: impl Into<String>) -> Deed {
    Deed::Answer { status, headers, body: body.into() }
}

fn problem(kind: &str, code: &str) -> String {
    format!(r#"{{"error":{{"type":"{kind}","code":"{code}","message":"no"}}}}"#)
}

/// A server without an HTTP library: none of them would let us misbehave like this.
struct BadGateway {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl BadGateway {
    async fn start(deeds: Vec<Deed>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            let mut deeds = VecDeque::from(deeds);
            while let Ok((stream, _)) = listener.accept().await {
                let deed = deeds.pop_front().unwrap_or(Deed::HangUp);
                tokio::spawn(serve(stream, deed, Arc::clone(&seen)));
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The idempotency key of every request, in order.
    fn keys(&self) -> Vec<String> {
        let key = |request: &String| {
            let line = request.lines().find(|l| l.starts_with("idempotency-key: "));
            line.map(|line| line.replace("idempotency-key: ", "")).unwrap_or_default()
        };
        self.requests().iter().map(key).collect()
    }
}

async fn serve(mut stream: TcpStream, deed: Deed, seen: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    while !is_whole(&request) {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return,
            Ok(size) => request.extend_from_slice(&chunk[..size]),
        }
    }
    seen.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
    match deed {
        Deed::HangUp => {}
        Deed::KeepSilent => tokio::time::sleep(Duration::from_secs(60)).await,
        Deed::CutShort => {
            let text = "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{\"id\":\"pi_1\",";
            let _ = stream.write_all(text.as_bytes()).await;
        }
        Deed::Answer { status, headers, body } => {
            let text = format!(
                "HTTP/1.1 {status} Word\r\nconnection: close\r\nrequest-id: req_1\r\n\
                 content-length: {}\r\n{headers}\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(text.as_bytes()).await;
        }
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse::<usize>().unwrap())
}

fn intent_answer(request: &IntentRequest) -> String {
    format!(
        r#"{{"id":"pi_1","object":"payment_intent","status":"requires_payment_method",
        "amount":{},"amount_received":0,"currency":"usd","client_secret":"pi_1_secret_2",
        "metadata":{{"payment":"{}"}},"livemode":false,"created":1795000000}}"#,
        request.amount.amount.get(),
        request.payment_id
    )
}

struct Scene {
    world: World,
    bad: BadGateway,
    gateway: Gateway,
    request: IntentRequest,
}

async fn scene(deeds: impl FnOnce(&IntentRequest) -> Vec<Deed>) -> Scene {
    let world = World::new();
    let request = world.request(6234, Currency::USD);
    let bad = BadGateway::start(deeds(&request)).await;
    let gateway = world.gateway(&bad.url);
    Scene { world, bad, gateway, request }
}

fn doubt(error: &GatewayError) -> Option<Doubt> {
    match error {
        GatewayError::Unclear(unclear) => Some(unclear.doubt),
        _ => None,
    }
}

/// Asks once of a gateway that always does the same; gives the error and the number of tries.
async fn create_from_one_that_always(deed: Deed) -> (GatewayError, usize) {
    let scene = scene(|_| vec![deed; 10]).await;
    let error = scene.gateway.create_intent(&scene.request).await.unwrap_err();
    let keys = scene.bad.keys();
    assert!(keys.iter().all(|key| *key == scene.request.idempotency_key), "{keys:?}");
    (error, keys.len())
}

#[tokio::test]
async fn whatever_may_have_moved_money_is_in_doubt_after_three_tries_with_one_key() {
    let html = "<html><h1>502 Bad Gateway</h1></html>";
    for (deed, expected) in [
        (answer(500, problem("api_error", "x")), Doubt::GatewayFailed { status: 500 }),
        (answer(502, html), Doubt::GatewayFailed { status: 502 }),
        (answer(503, ""), Doubt::GatewayFailed { status: 503 }),
        (answer(424, problem("api_error", "x")), Doubt::GatewayFailed { status: 424 }),
        (answer(200, html), Doubt::Unreadable { status: 200 }),
        (answer(200, ""), Doubt::Unreadable { status: 200 }),
        (answer(200, r#"{"id":"pi_1","amo"#), Doubt::Unreadable { status: 200 }),
        (answer(403, html), Doubt::Unreadable { status: 403 }),
        (answer(400, r#"{"error":"no"}"#), Doubt::Unreadable { status: 400 }),
        (answer(302, ""), Doubt::Unreadable { status: 302 }),
        (Deed::CutShort, Doubt::AnswerLost),
        (Deed::HangUp, Doubt::AnswerLost),
        (Deed::KeepSilent, Doubt::TimedOut),
        (answer(409, problem("invalid_request_error", "idempotency_key_in_use")), Doubt::KeyInUse),
    ] {
        let (error, tries) = create_from_one_that_always(deed).await;
        assert_eq!(doubt(&error), Some(expected));
        assert_eq!(tries, 3, "{expected:?}");
        assert!(!error.settles_doubt());
    }
}

#[tokio::test]
async fn a_readable_answer_that_is_not_what_was_asked_for_is_in_doubt_and_not_asked_again() {
    let world = World::new();
    let good = intent_answer(&world.request(6234, Currency::USD));
    let of_another_payment = intent_answer(&world.request(6234, Currency::USD));
    let unreadable = Doubt::Unreadable { status: 200 };
    for (body, expected) in [
        ("{}".to_owned(), unreadable),
        (good.replace("requires_payment_method", "brand_new_status"), unreadable),
        (good.replace("6234", "\"6234\""), unreadable),
        (good.replace("6234", "-6234"), unreadable),
        (good.replace("usd", "zzz"), unreadable),
        (good.replace("pi_1\",\"object", "pi_1/../x\",\"object"), unreadable),
        (good.replace("6234", "1099"), Doubt::AnswerDiffers),
        (good.replace("usd", "eur"), Doubt::AnswerDiffers),
        (of_another_payment, Doubt::AnswerDiffers),
    ] {
        let (error, tries) = create_from_one_that_always(answer(200, body.clone())).await;
        assert_eq!((doubt(&error), tries), (Some(expected), 1), "{body}");
    }
    let scene = scene(|request| vec![answer(200, intent_answer(request).replace("false", "true"))]);
    let scene = scene.await;
    let error = scene.gateway.create_intent(&scene.request).await.unwrap_err();
    assert_eq!(doubt(&error), Some(Doubt::AnswerDiffers), "a live object in test mode");
}

#[tokio::test]
async fn a_clear_no_is_final_at_once() {
    let refused = |code: &str| GatewayError::Refused {
        code: code.into(),
        message: "no".into(),
        request_id: Some("req_1".into()),
    };
    let not_accepted =
        GatewayError::KeyNotAccepted { message: "no".into(), request_id: Some("req_1".into()) };
    let bad_request = |code| answer(400, problem("invalid_request_error", code));
    for (deed, expected) in [
        (bad_request("amount_too_small"), refused("amount_too_small")),
        (answer(400, r#"{"error":{"type":"a","message":"no"}}"#), refused("a")),
        (answer(401, problem("invalid_request_error", "x")), not_accepted.clone()),
        (answer(403, problem("invalid_request_error", "x")), not_accepted),
        (answer(404, problem("invalid_request_error", "resource_missing")), GatewayError::NotThere),
    ] {
        assert_eq!(create_from_one_that_always(deed).await, (expected, 1));
    }
    let (error, tries) =
        create_from_one_that_always(answer(400, problem("idempotency_error", "x"))).await;
    assert_eq!((doubt(&error), tries), (Some(Doubt::KeyUsedOtherwise), 1));
}

#[tokio::test]
async fn a_decline_is_read_even_when_the_intent_inside_it_is_not_whole() {
    let body = r#"{"error":{"type":"card_error","code":"card_declined",
        "decline_code":"insufficient_funds","message":"Your card has insufficient funds.",
        "charge":"ch_1","payment_intent":{"id":"pi_1","object":"payment_intent"}}}"#;
    let (error, tries) = create_from_one_that_always(answer(402, body)).await;
    let decline = Decline {
        code: "card_declined".into(),
        decline_code: Some("insufficient_funds".into()),
        message: "Your card has insufficient funds.".into(),
    };
    assert_eq!((error, tries), (GatewayError::Declined(decline), 1));
}

#[tokio::test]
async fn a_crowd_is_waited_for_as_long_as_the_gateway_says_but_not_longer_than_a_payer_would() {
    let crowd = |headers| answer_with(429, headers, problem("invalid_request_error", "rate_limit"));
    let scene = scene(|request| {
        vec![crowd("retry-after: 3\r\n"), crowd(""), answer(200, intent_answer(request))]
    });
    let scene = scene.await;
    let intent = scene.gateway.create_intent(&scene.request).await.unwrap();
    assert_eq!(intent.status, IntentStatus::AwaitingPayer);
    let waits = scene.world.pause.waits.lock().unwrap().clone();
    assert_eq!(waits[0], Duration::from_secs(3));
    assert!((500..=1000).contains(&waits[1].as_millis()), "{waits:?}");

    for (deed, tries) in [(crowd(""), 3), (crowd("retry-after: 60\r\n"), 1)] {
        let (error, seen) = create_from_one_that_always(deed).await;
        assert!(matches!(error, GatewayError::Busy { .. }), "{error:?}");
        assert_eq!(seen, tries);
    }
    let locked = answer(429, problem("invalid_request_error", "lock_timeout"));
    let (error, tries) = create_from_one_that_always(locked).await;
    assert_eq!((error, tries), (GatewayError::Busy { retry_after: None }, 3));
}

#[tokio::test]
async fn the_gateways_own_word_on_trying_again_beats_our_table() {
    let stop = answer_with(500, "stripe-should-retry: false\r\n", problem("api_error", "x"));
    let (error, tries) = create_from_one_that_always(stop).await;
    assert_eq!((doubt(&error), tries), (Some(Doubt::GatewayFailed { status: 500 }), 1));
    let again = problem("invalid_request_error", "x");
    let again = answer_with(400, "stripe-should-retry: true\r\n", again);
    let (error, tries) = create_from_one_that_always(again).await;
    assert!(matches!(error, GatewayError::Refused { .. }));
    assert_eq!(tries, 3);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_key_and_body() {
    for deed in [Deed::HangUp, Deed::KeepSilent, Deed::CutShort, answer(500, "")] {
        let scene = scene(|request| vec![deed, answer(200, intent_answer(request))]).await;
        let intent = scene.gateway.create_intent(&scene.request).await.unwrap();
        assert_eq!(intent.payment_id, Some(scene.request.payment_id));
        assert_eq!(scene.bad.keys(), vec![scene.request.idempotency_key; 2]);
        let bodies: Vec<String> = scene
            .bad
            .requests()
            .iter()
            .map(|request| request.split_once("\r\n\r\n").unwrap().1.to_owned())
            .collect();
        assert_eq!(bodies[0], bodies[1]);
    }
}

#[tokio::test]
async fn a_crowd_or_a_bad_key_after_a_lost_answer_leaves_the_doubt() {
    let crowd = answer(429, problem("invalid_request_error", "rate_limit"));
    let bad_key = answer(401, problem("invalid_request_error", "x"));
    for (deeds, tries) in [
        (vec![Deed::HangUp, crowd.clone(), crowd.clone()], 3),
        (vec![crowd, Deed::HangUp, bad_key], 3),
    ] {
        let scene = scene(|_| deeds).await;
        let error = scene.gateway.create_intent(&scene.request).await.unwrap_err();
        assert_eq!(doubt(&error), Some(Doubt::AnswerLost));
        assert_eq!(scene.bad.requests().len(), tries);
    }
    let too_small = answer(400, problem("invalid_request_error", "amount_too_small"));
    let scene = scene(|_| vec![Deed::HangUp, too_small]).await;
    let error = scene.gateway.create_intent(&scene.request).await.unwrap_err();
    assert!(matches!(error, GatewayError::Refused { .. }), "the same key gives the first answer");
}

#[tokio::test]
async fn a_gateway_that_cannot_be_reached_was_not_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let world = World::new();
    let request = world.request(6234, Currency::USD);
    let error = world.gateway(&url).create_intent(&request).await.unwrap_err();
    assert_eq!(error, GatewayError::Busy { retry_after: None });
    assert_eq!(world.pause.waits.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_the_end() {
    let (error, tries) = create_from_one_that_always(answer(200, " ".repeat(5 << 20))).await;
    assert_eq!(doubt(&error), Some(Doubt::Unreadable { status: 200 }));
    assert_eq!(tries, 3);
}

#[tokio::test]
async fn what_we_send_names_the_version_and_never_an_address_for_receipts() {
    let scene = scene(|request| vec![answer(200, intent_answer(request))]).await;
    scene.gateway.create_intent(&scene.request).await.unwrap();
    let request = scene.bad.requests().remove(0);
    assert!(request.starts_with("POST /v1/payment_intents HTTP/1.1\r\n"), "{request}");
    for part in [
        "\r\nauthorization: Bearer sk_test_1\r\n",
        "\r\nstripe-version: 2026-09-30.endive\r\n",
        "\r\ncontent-type: application/x-www-form-urlencoded\r\n",
        "amount=6234",
        "currency=usd",
    ] {
        assert!(request.contains(part), "{part} in {request}");
    }
    assert!(!request.contains("receipt_email"));
    assert!(!request.contains("customer"));
}

#[tokio::test]
async fn a_name_that_could_be_a_path_is_never_sent() {
    let scene = scene(|_| vec![]).await;
    let long = format!("pi_{}", "a".repeat(10_000));
    for name in ["", "pi_1/../../customers", "pi_1?x=", "pi_1#", "pi_%2e", "ch_1", "pi_é", &long] {
        let key = "pd_pay_x_cancel";
        let answers = [
            scene.gateway.retrieve_intent(name).await,
            scene.gateway.cancel_intent(name, key).await,
        ];
        for answer in answers {
            assert_eq!(answer, Err(GatewayError::NotThere), "{}", &name[..name.len().min(40)]);
        }
    }
    let mut request = scene.request.clone();
    for key in [String::new(), "a b".into(), "ä".into(), "a\r\nb: c".into(), "k".repeat(256)] {
        request.idempotency_key = key;
        let error = scene.gateway.create_intent(&request).await.unwrap_err();
        assert!(matches!(error, GatewayError::Refused { .. }));
    }
    assert!(scene.bad.requests().is_empty());
}

#[tokio::test]
async fn reading_again_after_a_failure_leaves_no_doubt() {
    let missing = answer(404, problem("invalid_request_error", "resource_missing"));
    let crowd = answer(429, problem("invalid_request_error", "rate_limit"));
    let scene = scene(|_| vec![answer(500, ""), missing, answer(500, ""), crowd.clone(), crowd]);
    let scene = scene.await;
    let gateway = &scene.gateway;
    assert_eq!(gateway.retrieve_intent("pi_1").await, Err(GatewayError::NotThere));
    let error = gateway.retrieve_intent("pi_1").await.unwrap_err();
    assert!(matches!(error, GatewayError::Busy { .. }));
}

#[tokio::test]
async fn cancelling_what_has_moved_on_answers_what_it_is_now() {
    let moved_on = problem("invalid_request_error", "payment_intent_unexpected_state");
    let scene = scene(|request| {
        let now = intent_answer(request)
            .replace("requires_payment_method", "succeeded")
            .replace("\"amount_received\":0", "\"amount_received\":6234");
        vec![answer(400, moved_on), answer(200, now)]
    });
    let scene = scene.await;
    let intent = scene.gateway.cancel_intent("pi_1", "pd_pay_x_cancel").await.unwrap();
    assert_eq!(intent.status, IntentStatus::Succeeded);
    assert_eq!(intent.amount_received.get(), 6234);
    let requests = scene.bad.requests();
    assert!(requests[0].starts_with("POST /v1/payment_intents/pi_1/cancel "));
    assert!(requests[1].starts_with("GET /v1/payment_intents/pi_1?expand"));
}
