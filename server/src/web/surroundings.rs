//! What the layers around every route may answer, for the API's description.

use utoipa::openapi::response::Response;
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Schema};

/// Refused before a route sees the request; those that follow only where there is a body.
const ALWAYS: [(&str, &str); 3] = [
    ("414", "The address is too long"),
    ("431", "The head of the request is too large"),
    ("503", "Busy: nothing was done, try again after the seconds in Retry-After"),
];
const WITH_A_BODY: [(&str, &str); 5] = [
    ("400", "The body is not one JSON object"),
    ("408", "The body did not arrive in time"),
    ("413", "The body is too large"),
    ("415", "The body is not JSON in UTF-8"),
    ("422", "A field is unknown, cannot be read, or holds the number of a card"),
];

/// Adds them to every operation that does not say something of its own.
pub fn describe(description: &mut OpenApi) {
    for item in description.paths.paths.values_mut() {
        let methods = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
        for operation in methods.into_iter().flatten() {
            let with_body = if operation.request_body.is_some() { &WITH_A_BODY[..] } else { &[] };
            for (status, words) in ALWAYS.iter().chain(with_body) {
                let responses = &mut operation.responses.responses;
                responses.entry((*status).to_owned()).or_insert_with(|| problem(words));
            }
        }
    }
}

fn problem(words: &str) -> RefOr<Response> {
    let schema: RefOr<Schema> = RefOr::Ref(Ref::from_schema_name("Problem"));
    let content = RefOr::T(Content::new(Some(schema)));
    let mut response = Response::new(words);
    response.content.insert("application/problem+json".to_owned(), content);
    RefOr::T(response)
}
