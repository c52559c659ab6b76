//! The parameters of a request.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use std::collections::HashSet;

use super::field_code;
use crate::problem::Refusal;

/// The parameters after `?`. Refuses one that is there twice (400) and, when `T` denies unknown
/// fields as it must, one that nobody knows (422).
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parse(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Refusal> {
    let mut seen = HashSet::new();
    for (name, _) in form_urlencoded::parse(query.as_bytes()) {
        if !seen.insert(name) {
            return Err(Refusal::bad_request(
                "duplicate-parameter",
                "A parameter is there more than once.",
            ));
        }
    }
    let pairs = form_urlencoded::parse(query.as_bytes());
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs)).map_err(|error| {
        let message = error.inner().to_string();
        if message.starts_with("unknown field") {
            return Refusal::unprocessable("filter-invalid", "There is no such parameter.");
        }
        let refusal = field_code::refuse(error.path(), &message);
        match refusal.code() {
            "field-invalid" | "unknown-field" => {
                Refusal::unprocessable("filter-invalid", "A parameter cannot be read.")
            }
            _ => refusal,
        }
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Status {
        Open,
        Paid,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Bills {
        status: Option<Status>,
        limit: Option<u32>,
    }

    fn code(query: &str) -> (u16, &'static str) {
        match parse::<Bills>(query) {
            Ok(bills) => panic!("{query} was read as {bills:?}"),
            Err(refusal) => (refusal.status().as_u16(), refusal.code()),
        }
    }

    #[test]
    fn known_parameters_are_read() {
        let read = parse::<Bills>("limit=50&status=paid").unwrap();
        assert_eq!(read, Bills { status: Some(Status::Paid), limit: Some(50) });
        assert_eq!(parse::<Bills>("").unwrap(), Bills { status: None, limit: None });
    }

    #[test]
    fn unknown_repeated_and_unreadable_parameters_are_refused() {
        assert_eq!(code("limit=1&limit=2"), (400, "duplicate-parameter"));
        assert_eq!(code("sort=name"), (422, "filter-invalid"));
        assert_eq!(code("id[]=1"), (422, "filter-invalid"));
        assert_eq!(code("status=1%20or%201=1"), (422, "filter-invalid"));
        for limit in ["-1", "1e9", "99999999999", "x", ""] {
            assert_eq!(code(&format!("limit={limit}")), (422, "page-invalid"), "{limit}");
        }
    }
}
