//! The sandbox by itself: keys, limits, webhooks, memory, mishaps.

use std::sync::atomic::Ordering;
use std::time::Duration;

use receivables::api::portal::GatewayMode;
use receivables::money::Currency;
use serde_json::{Value, json};
use server::clock::Clock;
use server::config::Secret;
use server::gateway::sandbox::{DEBIT_SECONDS, LATE_SECONDS, Mishap, TestCard};
use server::gateway::{Doubt, Gateway, GatewayError, GatewaySettings, IntentStatus};

use crate::stage::{stage, stages};

#[tokio::test]
async fn every_sql_text_is_understood_by_both_engines() {
    use sqlx::{Executor, SqlSafeStr};
    for stage in stages().await {
        let mut connection = stage.database.read().acquire().await.unwrap();
        for text in server::gateway::sandbox::SQL {
            connection.prepare((*text).into_sql_str()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_key_decides_the_mode_and_which_objects_are_ours() {
    let stage = stage().await;
    assert_eq!(stage.gateway.mode(), GatewayMode::Sandbox);
    assert!(stage.gateway.is_own_mode(false) && !stage.gateway.is_own_mode(true));
    let open = |key: Option<&str>| {
        let secret_key = key.map(Secret::new);
        let settings = GatewaySettings { secret_key, ..GatewaySettings::default() };
        Gateway::try_new(settings, stage.world.surroundings())
    };
    assert!(open(None).is_err(), "without a key there is none to ask");
    for (key, mode) in [("sk_test_1", GatewayMode::Test), ("rk_live_1", GatewayMode::Live)] {
        let gateway = open(Some(key)).unwrap();
        assert_eq!(gateway.mode(), mode);
        assert_eq!(gateway.is_own_mode(true), mode == GatewayMode::Live);
    }
}

#[tokio::test]
async fn a_key_makes_one_intent_and_repeats_its_answer_for_a_day() {
    for stage in stages().await {
        let gateway = &stage.gateway;
        let request = stage.world.request(6234, Currency::USD);
        let first = gateway.create_intent(&request).await.unwrap();
        assert!(first.gateway_ref.starts_with("pi_sbx_"), "{}", first.gateway_ref);
        assert_eq!(gateway.create_intent(&request).await.unwrap(), first);

        let mut other = request.clone();
        other.amount.amount = receivables::money::MinorUnits::new(6235);
        let error = gateway.create_intent(&other).await.unwrap_err();
        assert!(
            matches!(&error, GatewayError::Unclear(u) if u.doubt == Doubt::KeyUsedOtherwise),
            "{error:?}"
        );

        stage.world.clock.advance(Duration::from_secs(24 * 3600));
        let later = gateway.create_intent(&request).await.unwrap();
        assert_ne!(later.gateway_ref, first.gateway_ref, "after a day a key makes a new intent");
    }
}

#[tokio::test]
async fn ten_at_once_with_one_key_make_one_intent() {
    for stage in stages().await {
        let request = stage.world.request(6234, Currency::USD);
        let asks = (0..10).map(|_| stage.gateway.create_intent(&request));
        let answers = futures_util::future::join_all(asks).await;
        let mut names: Vec<String> =
            answers.into_iter().map(|answer| answer.unwrap().gateway_ref).collect();
        names.dedup();
        assert_eq!(names.len(), 1);
    }
}

#[tokio::test]
async fn amounts_and_currencies_outside_the_gateways_limits_are_refused_by_its_codes() {
    let stage = stage().await;
    for (form, code, param) in [
        ("amount=49&currency=usd", json!("amount_too_small"), "amount"),
        ("amount=0&currency=usd", json!("parameter_invalid_integer"), "amount"),
        ("amount=-5&currency=usd", json!("parameter_invalid_integer"), "amount"),
        ("amount=1.5&currency=usd", json!("parameter_invalid_integer"), "amount"),
        ("amount=100000000&currency=usd", json!("amount_too_large"), "amount"),
        ("amount=9223372036854775808&currency=usd", json!("parameter_invalid_integer"), "amount"),
        ("amount=5001&currency=kwd", Value::Null, "amount"),
        ("amount=49&currency=jpy", json!("amount_too_small"), "amount"),
        ("amount=100&currency=zzz", Value::Null, "currency"),
        ("amount=100", json!("parameter_missing"), "currency"),
        ("currency=usd", json!("parameter_missing"), "amount"),
        ("amount=100&currency=usd&receipt_email=a", json!("parameter_unknown"), "receipt_email"),
    ] {
        let (status, body) = stage.raw("POST", "payment_intents", form).await;
        let error = &body["error"];
        assert_eq!(
            (status, &error["code"], &error["param"]),
            (400, &code, &json!(param)),
            "{form}"
        );
    }
    for form in ["amount=50&currency=usd", "amount=99999999&currency=eur", "amount=50&currency=jpy"]
    {
        assert_eq!(stage.raw("POST", "payment_intents", form).await.0, 200, "{form}");
    }
}

#[tokio::test]
async fn only_the_sandboxs_own_key_opens_it() {
    let stage = stage().await;
    let url = format!("{}v1/payment_intents", stage.sandbox.gateway_settings().base_url);
    let bare = stage.http.get(&url).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    let other = stage.http.get(&url).bearer_auth("sk_test_1").send().await.unwrap();
    assert_eq!(other.status(), 401);
    assert!(stage.sandbox.gateway_settings().base_url.starts_with("http://127.0.0.1:"));
}

#[tokio::test]
async fn without_the_secret_of_an_intent_nobody_touches_it() {
    let stage = stage().await;
    let intent = stage.new_intent().await;
    let other = stage.new_intent().await;
    let secret = other.client_secret.as_ref().unwrap().reveal();
    for (name, secret) in
        [(&intent.gateway_ref, secret), (&intent.gateway_ref, ""), (&"pi_1".to_owned(), secret)]
    {
        let path = format!("/sandbox/intents/{name}/confirm");
        let body = json!({ "client_secret": secret, "card": "success" });
        assert_eq!(stage.post(&path, body).await.unwrap().0, 404);
    }
    let now = stage.gateway.retrieve_intent(&intent.gateway_ref).await.unwrap();
    assert_eq!(now.status, IntentStatus::AwaitingPayer);
}

#[tokio::test]
async fn a_card_number_has_no_field_to_go_into() {
    let stage = stage().await;
    let intent = stage.new_intent().await;
    let secret = intent.client_secret.as_ref().unwrap().reveal();
    let path = format!("/sandbox/intents/{}/confirm", intent.gateway_ref);
    for body in [
        json!({ "client_secret": secret, "card": "4242424242424242" }),
        json!({ "client_secret": secret, "card": "success", "number": "4242424242424242" }),
        json!({ "client_secret": secret }),
    ] {
        assert_eq!(stage.post(&path, body).await.unwrap().0, 422);
    }
}

#[tokio::test]
async fn the_picker_lists_every_card_with_what_it_does() {
    let stage = stage().await;
    let url = format!("{}/sandbox/cards", stage.public.url);
    let text = stage.http.get(url).send().await.unwrap().text().await.unwrap();
    let cards: Vec<Value> = serde_json::from_str(&text).unwrap();
    let codes: Vec<&str> = cards.iter().map(|card| card["card"].as_str().unwrap()).collect();
    assert_eq!(codes, TestCard::ALL.map(TestCard::code));
    assert!(cards.iter().all(|card| !card["what_it_does"].as_str().unwrap().is_empty()));
}

#[tokio::test]
async fn a_double_click_pays_once_and_both_clicks_hear_of_it() {
    for stage in stages().await {
        let intent = stage.new_intent().await;
        let clicks = (0..2).map(|_| stage.confirm(&intent, TestCard::Success));
        for (status, body) in futures_util::future::join_all(clicks).await.into_iter().flatten() {
            assert_eq!((status, &body["status"]), (200, &json!("succeeded")));
        }
        let (_, events) = stage.raw("GET", "events?type=payment_intent.succeeded", "").await;
        assert_eq!(events["data"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_lost_answer_has_taken_the_money_all_the_same() {
    let stage = stage().await;
    let intent = stage.new_intent().await;
    assert_eq!(stage.confirm(&intent, TestCard::AnswerLost).await, None);
    let now = stage.gateway.retrieve_intent(&intent.gateway_ref).await.unwrap();
    assert_eq!((now.status, now.amount_received.get()), (IntentStatus::Succeeded, 6234));
}

#[tokio::test]
async fn webhooks_come_signed_and_come_again_until_they_are_taken() {
    for stage in stages().await {
        stage.public.status.store(500, Ordering::SeqCst);
        let intent = stage.new_intent().await;
        stage.confirm(&intent, TestCard::Success).await.unwrap();
        stage.sandbox.tick().await.unwrap();
        stage.sandbox.tick().await.unwrap();
        assert_eq!(stage.public.arrivals().len(), 1, "not again before its time");
        for _ in 0..2 {
            stage.world.clock.advance(Duration::from_secs(60));
            stage.sandbox.tick().await.unwrap();
        }
        assert_eq!(stage.public.arrivals().len(), 3, "again after each failure");
        stage.public.status.store(200, Ordering::SeqCst);
        stage.world.clock.advance(Duration::from_secs(60));
        stage.sandbox.tick().await.unwrap();
        let last = stage.verified().pop().unwrap().unwrap();
        assert_eq!(last.object_id.as_ref(), Some(&intent.gateway_ref), "signed anew, by its time");
        for _ in 0..3 {
            stage.world.clock.advance(Duration::from_secs(3600));
            stage.sandbox.tick().await.unwrap();
        }
        assert_eq!(stage.public.arrivals().len(), 4, "taken, so not again");
        let bodies: Vec<_> = stage.public.arrivals().iter().map(|a| a.raw.clone()).collect();
        assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
        let (_, open) = stage.raw("GET", "events?delivery_success=false", "").await;
        assert_eq!(open["data"], json!([]));
    }
}

#[tokio::test]
async fn news_can_be_late_doubled_or_missing() {
    let stage = stage().await;
    for (card, at_once, later) in [
        (TestCard::Success, 1, 1),
        (TestCard::WebhookTwice, 2, 2),
        (TestCard::WebhookLate, 0, 1),
        (TestCard::WebhookNever, 0, 0),
    ] {
        stage.public.arrived.lock().unwrap().clear();
        let intent = stage.new_intent().await;
        stage.confirm(&intent, card).await.unwrap();
        stage.sandbox.tick().await.unwrap();
        assert_eq!(stage.hints().len(), at_once, "{card:?} at once");
        let late = Duration::from_secs(u64::try_from(LATE_SECONDS).unwrap());
        stage.world.clock.advance(late);
        stage.sandbox.tick().await.unwrap();
        let hints = stage.hints();
        assert_eq!(hints.len(), later, "{card:?} later");
        for hint in hints {
            assert_eq!(hint.kind, "payment_intent.succeeded");
            assert_eq!(hint.object_id.as_ref(), Some(&intent.gateway_ref));
            assert!(stage.gateway.is_own_mode(hint.livemode));
        }
        let now = stage.gateway.retrieve_intent(&intent.gateway_ref).await.unwrap();
        assert_eq!(now.status, IntentStatus::Succeeded, "{card:?}");
    }
}

#[tokio::test]
async fn what_webhooks_missed_the_list_of_events_tells_oldest_first_and_page_by_page() {
    for stage in stages().await {
        let began = stage.world.clock.now();
        let mut paid = Vec::new();
        for _ in 0..105 {
            let intent = stage.new_intent().await;
            stage.confirm(&intent, TestCard::WebhookNever).await.unwrap();
            paid.push(intent.gateway_ref);
        }
        let events = stage.gateway.events_after(None, began).await.unwrap();
        let told: Vec<String> =
            events.iter().map(|event| event.object_id.clone().unwrap()).collect();
        assert_eq!(told, paid);
        let after_first = stage.gateway.events_after(Some(&events[0].event_id), began).await;
        assert_eq!(after_first.unwrap(), events[1..]);
        let after_last = stage.gateway.events_after(Some(&events[104].event_id), began).await;
        assert_eq!(after_last.unwrap(), []);
        let forgotten = stage.gateway.events_after(Some("evt_forgotten"), began).await;
        assert_eq!(forgotten.unwrap(), events);
    }
}

#[tokio::test]
async fn a_payment_is_found_by_its_note_among_more_than_a_page_of_others() {
    for stage in stages().await {
        let began = stage.world.clock.now();
        let request = stage.world.request(6234, Currency::USD);
        let wanted = stage.gateway.create_intent(&request).await.unwrap();
        for _ in 0..120 {
            stage.new_intent().await;
        }
        let find = |payment| stage.gateway.find_intent_by_payment(payment, began);
        assert_eq!(find(request.payment_id).await.unwrap(), Some(wanted));
        assert_eq!(find(stage.world.payment_id()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_debit_settles_by_the_clock_or_when_told_to() {
    for stage in stages().await {
        let (works, fails, told) =
            (stage.new_intent().await, stage.new_intent().await, stage.new_intent().await);
        stage.confirm(&works, TestCard::BankDebit).await.unwrap();
        stage.confirm(&fails, TestCard::BankDebitFails).await.unwrap();
        stage.sandbox.tick().await.unwrap();
        let status = async |name: &str| stage.gateway.retrieve_intent(name).await.unwrap().status;
        assert_eq!(status(&works.gateway_ref).await, IntentStatus::Processing);
        let cancelled = stage.gateway.cancel_intent(&works.gateway_ref, "pd_pay_x_cancel").await;
        assert_eq!(cancelled.unwrap().status, IntentStatus::Processing, "too late to cancel");

        let under_way = Duration::from_secs(u64::try_from(DEBIT_SECONDS).unwrap());
        stage.world.clock.advance(under_way);
        stage.sandbox.tick().await.unwrap();
        assert_eq!(status(&works.gateway_ref).await, IntentStatus::Succeeded);
        assert_eq!(status(&fails.gateway_ref).await, IntentStatus::AwaitingPayer);

        stage.confirm(&told, TestCard::BankDebit).await.unwrap();
        let (_, body) = stage.post("/sandbox/settle", json!({})).await.unwrap();
        assert_eq!(body, json!({ "settled": 1 }));
        assert_eq!(status(&told.gateway_ref).await, IntentStatus::Succeeded);
    }
}

#[tokio::test]
async fn a_new_process_knows_what_the_old_one_knew() {
    for mut stage in stages().await {
        let (paid, open) = (stage.new_intent().await, stage.new_intent().await);
        stage.confirm(&paid, TestCard::Success).await.unwrap();
        let old_key = stage.sandbox.gateway_settings().secret_key.unwrap();
        stage.restart().await;
        assert_ne!(stage.sandbox.gateway_settings().secret_key.unwrap(), old_key);
        let now = stage.gateway.retrieve_intent(&paid.gateway_ref).await.unwrap();
        assert_eq!(now.status, IntentStatus::Succeeded);
        stage.confirm(&open, TestCard::Success).await.unwrap();
        let now = stage.gateway.retrieve_intent(&open.gateway_ref).await.unwrap();
        assert_eq!(now.status, IntentStatus::Succeeded);
        let events = stage.gateway.events_after(None, stage.world.clock.now()).await.unwrap();
        assert_eq!(events.len(), 2);
    }
}

#[tokio::test]
async fn refunds_stop_at_what_was_taken() {
    let stage = stage().await;
    let intent = stage.new_intent().await;
    let form = |amount: &str| format!("payment_intent={}{amount}", intent.gateway_ref);
    assert_eq!(stage.raw("POST", "refunds", &form("")).await.0, 400, "nothing taken yet");
    stage.confirm(&intent, TestCard::Success).await.unwrap();
    let (_, part) = stage.raw("POST", "refunds", &form("&amount=2000")).await;
    assert_eq!((&part["amount"], &part["status"]), (&json!(2000), &json!("succeeded")));
    for amount in ["&amount=4235", "&amount=0", "&amount=-1"] {
        assert_eq!(stage.raw("POST", "refunds", &form(amount)).await.0, 400, "{amount}");
    }
    let (_, rest) = stage.raw("POST", "refunds", &form("")).await;
    assert_eq!(rest["amount"], json!(4234));
    let (_, again) = stage.raw("POST", "refunds", &form("")).await;
    assert_eq!(again["error"]["code"], json!("charge_already_refunded"));
    let path = format!("charges/{}", rest["charge"].as_str().unwrap());
    let (_, charge) = stage.raw("GET", &path, "").await;
    assert_eq!((&charge["amount_refunded"], &charge["refunded"]), (&json!(6234), &json!(true)));
    let listed = stage.raw("GET", &format!("refunds?{}", form("")), "").await.1;
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
}

/// PROMISES: unknown outcomes resolve to one charge.
#[tokio::test]
async fn whatever_happens_to_the_answers_a_payment_gets_one_intent_and_one_key() {
    for stage in stages().await {
        let began = stage.world.clock.now();
        let mishaps = [
            vec![Mishap::ActThenHangUp; 3],
            vec![Mishap::ActThenFail; 3],
            vec![Mishap::ActThenTruncate, Mishap::Crowd { retry_after_seconds: 1 }],
            vec![Mishap::KeyInUse, Mishap::ActThenHangUp, Mishap::Crowd { retry_after_seconds: 1 }],
            vec![Mishap::Html502, Mishap::Fail, Mishap::ActThenFail],
            vec![Mishap::Fail; 3],
            vec![],
        ];
        let mut payments = Vec::new();
        for round in 0..70 {
            let request = stage.world.request(6234, Currency::USD);
            stage.sandbox.order_mishaps(mishaps[round % mishaps.len()].clone());
            let first = stage.gateway.create_intent(&request).await;
            assert!(
                matches!(first, Ok(_) | Err(GatewayError::Unclear(_))),
                "round {round}: {first:?}"
            );
            let settled = stage.gateway.create_intent(&request).await.unwrap();
            assert!(first.is_err() || first.unwrap() == settled);
            let found = stage.gateway.find_intent_by_payment(request.payment_id, began).await;
            assert_eq!(found.unwrap(), Some(settled.clone()));
            payments.push(settled.gateway_ref);
        }
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("payment_intents?limit=100{cursor}");
            let (_, page) = stage.raw("GET", &path, "").await;
            let names = page["data"].as_array().unwrap().iter();
            all.extend(names.map(|intent| intent["id"].as_str().unwrap().to_owned()));
            if page["has_more"] == json!(false) {
                break;
            }
            cursor = format!("&starting_after={}", all.last().unwrap());
        }
        all.reverse();
        assert_eq!(all, payments, "as many intents as payments, in their order");
    }
}
