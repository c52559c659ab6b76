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

/// The server fetches only from addresses that are settings. A field that named another would make
/// it somebody's messenger into the network behind it.
#[test]
fn no_request_has_an_address_to_fetch() {
    let api: serde_json::Value = serde_json::from_str(&server::router::openapi()).unwrap();
    let schemas = api["components"]["schemas"].as_object().unwrap();
    let mut asked_for = Vec::new();
    for operation in api["paths"].as_object().unwrap().values() {
        for method in operation.as_object().unwrap().values() {
            named_in(&method["requestBody"], &mut asked_for);
        }
    }
    assert!(asked_for.len() > 15, "{asked_for:?}");
    let mut at = 0;
    while let Some(name) = asked_for.get(at).cloned() {
        let schema = &schemas[&name];
        named_in(schema, &mut asked_for);
        for (field, of) in schema["properties"].as_object().into_iter().flatten() {
            let is_address = of["format"].as_str().is_some_and(|format| format.starts_with("ur"))
                || field
                    .split('_')
                    .any(|word| ["url", "uri", "webhook", "callback"].contains(&word));
            assert!(!is_address, "{name} has {field}");
        }
        at += 1;
    }
}

/// Every schema that is referred to in here, once.
fn named_in(value: &serde_json::Value, names: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            if let Some(name) = fields.get("$ref").and_then(serde_json::Value::as_str) {
                let name = name.rsplit('/').next().unwrap_or_default().to_owned();
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            fields.values().for_each(|inner| named_in(inner, names));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|inner| named_in(inner, names)),
        _ => {}
    }
}
