//! Which field of a request cannot be read, as a pointer and a stable code.

use receivables::api::problem::FieldProblem;

use crate::problem::Refusal;

/// The refusal for what serde could not turn into a request.
///
/// Its message is looked at for its stable openings and never shown: it may repeat the value.
pub fn refuse(path: &serde_path_to_error::Path, message: &str) -> Refusal {
    let mut names = names(path);
    // At the root a variant is the name of the one field; deeper it would be a value.
    let unknown = named(message, "unknown field")
        .or_else(|| named(message, "unknown variant").filter(|_| names.is_empty()));
    let (code, detail) = if let Some(name) = unknown {
        if names.last().is_some_and(|last| last == name) {
            names.pop();
        }
        names.extend(is_plain(name).then(|| name.to_owned()));
        ("unknown-field", "There is no such field in this request.")
    } else if let Some(name) = named(message, "missing field") {
        names.push(name.to_owned());
        (code_of(name), "This field is needed.")
    } else {
        let field = names.iter().rfind(|name| !is_index(name));
        (code_of(field.map_or("", String::as_str)), "This field cannot be read.")
    };
    let pointer = pointer(&names);
    let field = FieldProblem { pointer, code: code.to_owned(), detail: detail.to_owned() };
    Refusal::unprocessable(code, detail).with_errors(vec![field])
}

/// A field that was read and makes no sense has a code by its trade's word.
fn code_of(field: &str) -> &'static str {
    match field {
        "amount" | "smallest" => "amount-invalid",
        "currency" => "currency-invalid",
        "email" => "email-invalid",
        "limit" | "after" | "before" => "page-invalid",
        "note" | "reason" | "reference" => "text-invalid",
        name if name.ends_with("_on") || name.ends_with("_at") => "date-invalid",
        _ => "field-invalid",
    }
}

fn named<'m>(message: &'m str, opening: &str) -> Option<&'m str> {
    let rest = message.strip_prefix(opening)?.trim_start().strip_prefix('`')?;
    // The last of serde's own words: the name itself may hold anything.
    let end = rest.find("`, expected").or_else(|| rest.find("`, there are no")).or(rest.rfind('`'));
    Some(end.and_then(|end| rest.get(..end)).unwrap_or(rest))
}

fn names(path: &serde_path_to_error::Path) -> Vec<String> {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

fn pointer(names: &[String]) -> String {
    names
        .iter()
        .filter(|name| is_plain(name))
        .fold("#".to_owned(), |pointer, name| format!("{pointer}/{name}"))
}

/// What is not a plausible name of a field is not worth repeating.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    !name.is_empty() && name.len() <= 64 && name.chars().all(plain)
}

fn is_index(part: &str) -> bool {
    part.bytes().all(|b| b.is_ascii_digit())
}
