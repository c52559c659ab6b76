//! Telling the biller's own system what was paid: one POST a payment, its outbox id being the
//! Idempotency-Key, any 2xx being done.

use std::sync::Arc;

use receivables::ids::OutboxId;
use reqwest::header::CONTENT_TYPE;

use super::deliver::TIMEOUT;
use super::senders::{SendError, SenderProblem};
use crate::config::BackendSettings;

pub struct Backend {
    http: reqwest::Client,
    url: reqwest::Url,
}

impl Backend {
    pub fn of(settings: &BackendSettings) -> Result<Option<Self>, SenderProblem> {
        if settings.write_back_url.is_empty() {
            return Ok(None);
        }
        let wrong = |why: String| SenderProblem::WriteBack(why);
        let url = reqwest::Url::parse(&settings.write_back_url)
            .map_err(|error| wrong(error.to_string()))?;
        let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if url.scheme() != "https" && !loopback {
            return Err(wrong("only this machine is told without TLS".to_owned()));
        }
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls().map_err(|error| wrong(error.to_string()))?)
            .user_agent(concat!("paydown/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT);
        // A proxy of the surroundings would be asked for this machine's own address, and fail.
        let builder = if loopback { builder.no_proxy() } else { builder };
        let http = builder.build().map_err(|error| wrong(error.to_string()))?;
        Ok(Some(Self { http, url }))
    }

    pub async fn send(&self, id: OutboxId, body: String) -> Result<(), SendError> {
        let request = self
            .http
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", id.to_string())
            .body(body);
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(SendError::new(format!("the backend answered {}", answer.status()))),
            Err(_) => Err(SendError::new("the backend could not be reached")),
        }
    }
}

fn tls() -> Result<rustls::ClientConfig, rustls::Error> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
