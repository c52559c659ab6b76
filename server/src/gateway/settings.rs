//! Which gateway to ask, and with which keys. The key decides the mode.

use std::time::Duration;

use receivables::api::portal::GatewayMode;
use thiserror::Error;

use super::transport::TransportProblem;
use crate::config::{Secret, StripeSettings};

#[derive(Clone, Debug)]
pub struct GatewaySettings {
    pub secret_key: Option<Secret>,
    pub publishable_key: Option<String>,
    /// The secret in use and, while it is being changed, the one before.
    pub webhook_secrets: Vec<Secret>,
    pub base_url: String,
    /// For one try; all tries together take at most 20 seconds.
    pub timeout: Duration,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            secret_key: None,
            publishable_key: None,
            webhook_secrets: Vec::new(),
            base_url: "https://api.stripe.com/".into(),
            timeout: Duration::from_secs(8),
        }
    }
}

impl From<&StripeSettings> for GatewaySettings {
    fn from(stripe: &StripeSettings) -> Self {
        let set = |secret: &Secret| (!secret.is_empty()).then(|| secret.clone());
        let publishable_key = Some(stripe.publishable_key.clone());
        let webhook_secrets = [&stripe.webhook_secret, &stripe.webhook_secret_before];
        Self {
            secret_key: set(&stripe.secret_key),
            publishable_key: publishable_key.filter(|key| !key.is_empty()),
            webhook_secrets: webhook_secrets.into_iter().filter_map(set).collect(),
            base_url: stripe.api_url.clone(),
            timeout: Duration::from_secs(stripe.timeout_seconds),
        }
    }
}

#[derive(Debug, Error)]
pub enum SettingsProblem {
    #[error("there is no secret key")]
    NoSecretKey,
    #[error("the secret key must begin with sk_test_, rk_test_, sk_live_ or rk_live_")]
    SecretKeyMalformed,
    #[error("the publishable key must begin with pk_test_ or pk_live_, as the secret key does")]
    PublishableKeyOfAnotherMode,
    #[error("a webhook secret must begin with whsec_")]
    WebhookSecretMalformed,
    #[error(transparent)]
    Transport(#[from] TransportProblem),
}

/// The sandbox's own keys, told from the gateway's by these words, so that a stray one is never
/// taken for test mode.
pub(super) const SANDBOX_KEY: &str = "sk_test_sandbox";

impl GatewaySettings {
    /// The mode that the keys belong to; a mixture of modes is refused.
    pub fn mode(&self) -> Result<GatewayMode, SettingsProblem> {
        let Some(key) = &self.secret_key else { return Ok(GatewayMode::Sandbox) };
        let begins = |prefixes: [&str; 2]| prefixes.iter().any(|p| key.reveal().starts_with(p));
        let (mode, publishable) = match () {
            () if key.reveal().starts_with(SANDBOX_KEY) => (GatewayMode::Sandbox, "pk_test_"),
            () if begins(["sk_test_", "rk_test_"]) => (GatewayMode::Test, "pk_test_"),
            () if begins(["sk_live_", "rk_live_"]) => (GatewayMode::Live, "pk_live_"),
            () => return Err(SettingsProblem::SecretKeyMalformed),
        };
        if self.publishable_key.as_ref().is_some_and(|key| !key.starts_with(publishable)) {
            return Err(SettingsProblem::PublishableKeyOfAnotherMode);
        }
        if self.webhook_secrets.iter().any(|secret| !secret.reveal().starts_with("whsec_")) {
            return Err(SettingsProblem::WebhookSecretMalformed);
        }
        Ok(mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_keys(secret: &str, publishable: &str) -> GatewaySettings {
        GatewaySettings {
            secret_key: Some(Secret::new(secret)),
            publishable_key: Some(publishable.into()),
            ..GatewaySettings::default()
        }
    }

    #[test]
    fn the_key_decides_how_real_the_money_is() {
        assert_eq!(GatewaySettings::default().mode().unwrap(), GatewayMode::Sandbox);
        for (secret, publishable, mode) in [
            ("sk_test_1", "pk_test_1", GatewayMode::Test),
            ("rk_test_1", "pk_test_1", GatewayMode::Test),
            ("sk_live_1", "pk_live_1", GatewayMode::Live),
            ("rk_live_1", "pk_live_1", GatewayMode::Live),
            ("sk_test_sandbox_1", "pk_test_1", GatewayMode::Sandbox),
        ] {
            assert_eq!(with_keys(secret, publishable).mode().unwrap(), mode, "{secret}");
        }
    }

    #[test]
    fn keys_of_two_modes_or_of_another_kind_are_refused() {
        for (secret, publishable) in [
            ("sk_live_1", "pk_test_1"),
            ("sk_test_1", "pk_live_1"),
            ("pk_live_1", "sk_live_1"),
            ("whsec_1", "pk_test_1"),
            ("", "pk_test_1"),
        ] {
            assert!(with_keys(secret, publishable).mode().is_err(), "{secret} {publishable}");
        }
    }

    #[test]
    fn a_secret_is_never_printed() {
        let settings = with_keys("sk_live_canary", "pk_live_1");
        assert!(!format!("{settings:?}").contains("canary"));
    }
}
