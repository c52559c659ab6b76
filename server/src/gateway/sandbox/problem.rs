//! The errors the sandbox answers with, in Stripe's shape.

use serde_json::{Value, json};

/// Why a card was turned down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decline {
    pub code: &'static str,
    pub decline_code: Option<&'static str>,
    pub message: &'static str,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem(Box<Parts>);

#[derive(Clone, Debug, PartialEq)]
struct Parts {
    status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    message: String,
    param: Option<String>,
    intent: Option<Value>,
    decline_code: Option<&'static str>,
}

impl Problem {
    pub fn invalid(code: Option<&'static str>, param: &str, message: impl Into<String>) -> Self {
        let mut problem = Self::plain(400, "invalid_request_error", message.into());
        problem.0.code = code;
        problem.0.param = (!param.is_empty()).then(|| param.to_owned());
        problem
    }

    pub fn missing(param: &str) -> Self {
        let message = format!("Missing required param: {param}.");
        Self::invalid(Some("parameter_missing"), param, message)
    }

    pub fn unknown_parameter(param: &str) -> Self {
        let message = format!("Received unknown parameter: {param}");
        Self::invalid(Some("parameter_unknown"), param, message)
    }

    pub fn no_such(what: &str, id: &str, param: &str) -> Self {
        let message = format!("No such {what}: '{id}'");
        let mut problem = Self::invalid(Some("resource_missing"), param, message);
        problem.0.status = 404;
        problem
    }

    pub fn unexpected_state(intent: Value, message: String) -> Self {
        let mut problem = Self::invalid(Some("payment_intent_unexpected_state"), "", message);
        problem.0.intent = Some(intent);
        problem
    }

    pub fn declined(decline: Decline, intent: Value) -> Self {
        let mut problem = Self::plain(402, "card_error", decline.message.into());
        problem.0.code = Some(decline.code);
        problem.0.decline_code = decline.decline_code;
        problem.0.intent = Some(intent);
        problem
    }

    pub fn key_used_otherwise(key: &str) -> Self {
        let message = format!(
            "Keys for idempotent requests can only be used with the same parameters they were \
             first used with. Try using a key other than '{key}' if you meant to execute a \
             different request."
        );
        Self::plain(400, "idempotency_error", message)
    }

    pub fn key_in_use() -> Self {
        let message = "There is currently another in-progress request using this key.";
        let mut problem = Self::invalid(Some("idempotency_key_in_use"), "", message);
        problem.0.status = 409;
        problem
    }

    pub fn crowd() -> Self {
        let mut problem =
            Self::invalid(Some("rate_limit"), "", "Too many requests hit the API too quickly.");
        problem.0.status = 429;
        problem
    }

    pub fn unauthorized() -> Self {
        Self::plain(401, "invalid_request_error", "Invalid API Key provided.".into())
    }

    pub fn unknown_url(method: &str, path: &str) -> Self {
        let message = format!("Unrecognized request URL ({method}: {path}).");
        Self::plain(404, "invalid_request_error", message)
    }

    pub fn broken() -> Self {
        Self::plain(500, "api_error", "Something went wrong in the sandbox.".into())
    }

    fn plain(status: u16, kind: &'static str, message: String) -> Self {
        let (code, param, intent, decline_code) = (None, None, None, None);
        Self(Box::new(Parts { status, kind, code, message, param, intent, decline_code }))
    }

    pub fn status(&self) -> u16 {
        self.0.status
    }

    pub fn body(&self) -> Value {
        let parts = &self.0;
        let intent = parts.intent.as_ref();
        let mut error = json!({ "type": parts.kind, "message": parts.message });
        for (name, value) in [
            ("code", parts.code.map(Value::from)),
            ("decline_code", parts.decline_code.map(Value::from)),
            ("param", parts.param.clone().map(Value::from)),
            ("charge", intent.and_then(|intent| intent.get("latest_charge").cloned())),
            ("payment_intent", intent.cloned()),
        ] {
            if let Some(value) = value.filter(|value| !value.is_null()) {
                error[name] = value;
            }
        }
        json!({ "error": error })
    }
}
