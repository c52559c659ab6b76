//! A reference to another of the gateway's objects: its name, or the object itself.

use miniserde::json::Value;

pub(super) type Reference = Value;

pub(super) fn name_of(reference: &Reference) -> Option<String> {
    match reference {
        Value::String(name) => Some(name.clone()),
        Value::Object(object) => match object.get("id") {
            Some(Value::String(name)) => Some(name.clone()),
            _ => None,
        },
        _ => None,
    }
}
