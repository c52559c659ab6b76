//! An identity provider that says whatever a story wants it to say: what a certified one never
//! would.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::Sha256;

pub const CLIENT: &str = "paydown";
pub const CLIENT_SECRET: &str = "the secret of the client, long enough for a signature";

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// 500 to whatever is asked.
    Broken,
    /// Says what it is, and then fails at the code.
    BrokenAtTheCode,
    /// Knows no code.
    Forgetful,
    /// Answers with more than anybody needs.
    Endless,
}

struct Says {
    url: String,
    key: EcdsaKeyPair,
    key_id: String,
    mood: Mood,
    token: String,
    /// What it was asked for at the code.
    forms: Vec<HashMap<String, String>>,
    looked_at_keys: usize,
    more_metadata: Value,
}

#[derive(Clone)]
pub struct HostileProvider(Arc<Mutex<Says>>);

fn new_key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap()
}

fn encoded(part: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(part)
}

impl HostileProvider {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let provider = Self(Arc::new(Mutex::new(Says {
            url,
            key: new_key(),
            key_id: "first".to_owned(),
            mood: Mood::Well,
            token: String::new(),
            forms: Vec::new(),
            looked_at_keys: 0,
            more_metadata: json!({}),
        })));
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        provider
    }

    fn says<T>(&self, look: impl FnOnce(&mut Says) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }

    pub fn url(&self) -> String {
        self.says(|says| says.url.clone())
    }

    pub fn is(&self, mood: Mood) {
        self.says(|says| says.mood = mood);
    }

    /// The token it gives for the next codes.
    pub fn will_give(&self, token: String) {
        self.says(|says| says.token = token);
    }

    pub fn also_says_of_itself(&self, more: Value) {
        self.says(|says| says.more_metadata = more);
    }

    pub fn forms(&self) -> Vec<HashMap<String, String>> {
        self.says(|says| says.forms.clone())
    }

    pub fn looked_at_keys(&self) -> usize {
        self.says(|says| says.looked_at_keys)
    }

    pub fn changes_its_key(&self, key_id: &str) {
        self.says(|says| {
            says.key = new_key();
            says.key_id = key_id.to_owned();
        });
    }

    /// Signed as it should be.
    pub fn signed(&self, claims: &Value) -> String {
        let header = self.says(|says| json!({ "alg": "ES256", "kid": says.key_id }));
        self.signed_under(&header, claims)
    }

    pub fn signed_under(&self, header: &Value, claims: &Value) -> String {
        self.says(|says| sign(&says.key, header, claims))
    }

    /// By a key of somebody else that calls itself the provider's.
    pub fn signed_by_another(&self, claims: &Value) -> String {
        let header = self.says(|says| json!({ "alg": "ES256", "kid": says.key_id }));
        sign(&new_key(), &header, claims)
    }

    /// With a secret, which every one of these is not: what everybody can read, or our own.
    pub fn signed_with_secrets(&self, claims: &Value) -> Vec<String> {
        let (point, jwk, kid) = self.says(|says| {
            let point = says.key.public_key().as_ref().to_vec();
            (point, says.public_key().to_string(), says.key_id.clone())
        });
        let secrets = [point, jwk.into_bytes(), CLIENT_SECRET.into(), Vec::new()];
        let sign = |secret: Vec<u8>| {
            let header = json!({ "alg": "HS256", "kid": kid });
            let signed = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
            let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
            mac.update(signed.as_bytes());
            format!("{signed}.{}", encoded(mac.finalize().into_bytes()))
        };
        secrets.into_iter().map(sign).collect()
    }

    /// Not signed at all.
    pub fn unsigned(claims: &Value) -> Vec<String> {
        let token = |alg: &str, signature: &str| {
            let header = json!({ "alg": alg, "kid": "first" }).to_string();
            format!("{}.{}.{signature}", encoded(header), encoded(claims.to_string()))
        };
        vec![token("none", ""), token("None", ""), token("none", "AAAA"), token("ES256", "")]
    }
}

fn sign(key: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
    let signed = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    format!("{signed}.{}", encoded(signature.as_ref()))
}

impl Says {
    fn public_key(&self) -> Value {
        let point = self.key.public_key().as_ref();
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.key_id,
            "x": encoded(&point[1..33]), "y": encoded(&point[33..]) })
    }
}

async fn metadata(State(provider): State<HostileProvider>) -> Response {
    provider.says(|says| {
        if says.mood == Mood::Broken {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        if says.mood == Mood::Endless {
            return (StatusCode::OK, "x".repeat(3 << 20)).into_response();
        }
        let url = &says.url;
        let mut metadata = json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            // It offers what nobody may take.
            "id_token_signing_alg_values_supported": ["none", "HS256", "ES256"],
        });
        for (name, value) in says.more_metadata.as_object().unwrap() {
            metadata[name] = value.clone();
        }
        Json(metadata).into_response()
    })
}

async fn keys(State(provider): State<HostileProvider>) -> Response {
    provider.says(|says| {
        says.looked_at_keys += 1;
        Json(json!({ "keys": [says.public_key()] })).into_response()
    })
}

async fn token(
    State(provider): State<HostileProvider>,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    provider.says(|says| {
        says.forms.push(form);
        match says.mood {
            Mood::Broken | Mood::BrokenAtTheCode => {
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
            Mood::Forgetful => {
                let refused = Json(json!({ "error": "invalid_grant" }));
                (StatusCode::BAD_REQUEST, refused).into_response()
            }
            Mood::Well | Mood::Endless => Json(json!({
                "access_token": "of no use here", "token_type": "Bearer",
                "id_token": says.token,
            }))
            .into_response(),
        }
    })
}
