//! localstripe, a stand-in for Stripe that others wrote, and a thin layer before it that takes
//! away the parameters it refuses. Which, is data: `tests/differences/localstripe.toml`.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Form, FromRequest, Query, Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use server::config::Secret;
use server::gateway::sandbox::TestCard;
use server::gateway::{Gateway, GatewaySettings, Intent, plain_client};

use crate::stage::Public;
use crate::support::World;

/// What is known to differ, and what is taken away from requests.
#[derive(Deserialize)]
pub struct Differences {
    pub left_out: LeftOut,
    pub difference: Vec<Difference>,
}

#[derive(Clone, Deserialize)]
pub struct LeftOut {
    pub create: Vec<String>,
    pub list: Vec<String>,
}

#[derive(Deserialize)]
pub struct Difference {
    pub step: String,
    pub localstripe: String,
    pub because: String,
}

pub fn differences() -> Differences {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/differences/localstripe.toml");
    let file = config::File::new(file, config::FileFormat::Toml);
    let read = config::Config::builder().add_source(file).build().unwrap();
    read.try_deserialize().unwrap()
}

pub struct Localstripe {
    url: String,
    http: reqwest::Client,
    pub gateway: Gateway,
    pub public: Public,
}

const KEY: &str = "sk_test_localstripe";
const WEBHOOK_SECRET: &str = "whsec_localstripe";
/// localstripe sends each webhook a second after its event.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

impl Localstripe {
    pub async fn join(url: &str) -> Self {
        let http = plain_client().unwrap();
        let (listener, public) = Public::listen().await;
        public.serve(listener, Router::new());
        let shim = start_shim(url, differences().left_out).await;
        let settings = GatewaySettings {
            secret_key: Some(Secret::new(KEY)),
            webhook_secrets: vec![Secret::new(WEBHOOK_SECRET)],
            base_url: shim,
            ..GatewaySettings::default()
        };
        let gateway = Gateway::try_new(settings, World::new().surroundings()).unwrap();
        let joined = Self { url: url.into(), http, gateway, public };
        let hook = json!({ "url": joined.public.webhook_url(), "secret": WEBHOOK_SECRET });
        let config = joined.http.post(format!("{url}/_config/webhooks/scenarios"));
        let config = config.header("content-type", "application/json").body(hook.to_string());
        assert!(config.send().await.unwrap().status().is_success());
        joined
    }

    /// The payer's part, which in earnest is played by the gateway's script in the browser.
    pub async fn confirm(&self, intent: &Intent, card: TestCard) {
        let method = match card {
            TestCard::BankDebit => "type=sepa_debit&sepa_debit[iban]=DE89370400440532013000".into(),
            TestCard::BankDebitFails => {
                "type=sepa_debit&sepa_debit[iban]=DE62370400440532013001".into()
            }
            card => {
                let number = match card {
                    TestCard::Declined | TestCard::InsufficientFunds => "4000000000000341",
                    TestCard::ThreeDSecure => "4000002500003155",
                    _ => "4242424242424242",
                };
                format!(
                    "type=card&card[number]={number}&card[exp_month]=12&card[exp_year]=2030\
                     &card[cvc]=123"
                )
            }
        };
        let made = self.post("payment_methods", &method).await;
        let path = format!("payment_intents/{}", intent.gateway_ref);
        let form = format!("payment_method={}", made["id"].as_str().unwrap());
        self.post(&path, &form).await;
        self.post(&format!("{path}/confirm"), "").await;
    }

    pub async fn authenticate(&self, intent: &Intent, proven: bool) {
        let path = format!("payment_intents/{}/_authenticate", intent.gateway_ref);
        let secret = intent.client_secret.as_ref().unwrap().reveal();
        self.post(&path, &format!("client_secret={secret}&success={proven}")).await;
    }

    async fn post(&self, path: &str, form: &str) -> Value {
        let request = self.http.post(format!("{}/v1/{path}", self.url)).bearer_auth(KEY);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(form.to_owned()).send().await.unwrap();
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null)
    }

    /// Waits until a webhook about the intent came, or long enough.
    pub async fn wait_for_news_of(&self, intent: &Intent) {
        for _ in 0..LONGEST_WAIT.as_millis() / 100 {
            let text = |raw: &[u8]| String::from_utf8_lossy(raw).contains(&intent.gateway_ref);
            if self.public.arrivals().iter().any(|arrived| text(&arrived.raw)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

#[derive(Clone)]
struct Shim {
    url: String,
    left_out: LeftOut,
    http: reqwest::Client,
}

async fn start_shim(url: &str, left_out: LeftOut) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let shim = Shim { url: url.into(), left_out, http: plain_client().unwrap() };
    let app = Router::new().fallback(pass_on).with_state(shim);
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

async fn pass_on(State(shim): State<Shim>, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let headers = request.headers().clone();
    let answer = if request.method() == axum::http::Method::GET {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(request.uri()).unwrap();
        let is_list = path.matches('/').count() == 2;
        let without: &[String] = if is_list { &shim.left_out.list } else { &[] };
        let url = format!("{}{path}?{}", shim.url, form_of(pairs, without));
        shim.http.get(url)
    } else {
        let Form(pairs) = Form::<Vec<(String, String)>>::from_request(request, &()).await.unwrap();
        let form = form_of(pairs, &shim.left_out.create);
        let url = format!("{}{path}", shim.url);
        let kind = "application/x-www-form-urlencoded";
        shim.http.post(url).header("content-type", kind).body(form)
    };
    let answer = answer.headers(only_what_matters(&headers)).send().await.unwrap();
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(answer.status().as_u16()).unwrap();
    *response.body_mut() = Body::from(answer.bytes().await.unwrap());
    response
}

fn only_what_matters(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for name in ["authorization", "idempotency-key", "stripe-version"] {
        if let Some(value) = headers.get(name) {
            kept.insert(name, value.clone());
        }
    }
    kept
}

/// The parameters again, less those whose name (before any `[0]`) is to be left out.
fn form_of(pairs: Vec<(String, String)>, without: &[String]) -> String {
    let kept = pairs.into_iter().filter(|(name, _)| {
        !without.iter().any(|left| name == left || name.starts_with(&format!("{left}[")))
    });
    let mut url = reqwest::Url::parse("http://127.0.0.1/").unwrap();
    url.query_pairs_mut().extend_pairs(kept);
    url.query().unwrap_or_default().to_owned()
}
