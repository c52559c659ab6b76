//! Telling the biller's own system what was paid: one POST a payment, its outbox id being the
//! Idempotency-Key, any 2xx being done.

use receivables::ids::OutboxId;
use reqwest::header::CONTENT_TYPE;

use super::deliver::TIMEOUT;
use super::senders::{SendError, SenderProblem};
use crate::config::BackendSettings;
use crate::http_client::client_for;

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
        let builder = client_for(&url).map_err(|error| wrong(error.to_string()))?.timeout(TIMEOUT);
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
