//! The API's description is checked in, so that a change of the API is seen in review.

#[test]
fn the_checked_in_openapi_file_is_what_the_routes_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let checked_in = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        checked_in == server::router::openapi(),
        "docs/openapi.json is not what the routes say: run `paydown openapi` into it and look at the change"
    );
}
