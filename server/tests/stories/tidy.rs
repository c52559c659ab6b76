//! The house rules that no lint knows, held by reading every source file: sizes, who may write
//! which table, who may say Stripe, which way the rooms call.

use std::path::{Path, PathBuf};

struct Source {
    /// From the project's root, with slashes.
    name: String,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &str, ending: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join(folder), ending, &mut found);
    assert!(!found.is_empty(), "no {ending} files in {folder}");
    found
}

fn collect(folder: &Path, ending: &str, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let hidden = ["target", "node_modules", "dist", "output"];
        if path.is_dir() {
            if !hidden.iter().any(|name| path.ends_with(name)) {
                collect(&path, ending, found);
            }
        } else if path.to_string_lossy().ends_with(ending) {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            found.push(Source { name, text: std::fs::read_to_string(&path).unwrap() });
        }
    }
}

/// The part before the tests at a file's foot.
fn product(source: &Source) -> &str {
    source.text.split("#[cfg(test)]").next().unwrap_or("")
}

fn all_rust() -> Vec<Source> {
    ["receivables/src", "server/src", "app/src"].iter().flat_map(|f| sources(f, ".rs")).collect()
}

fn complain(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = all_rust().into_iter().filter(|source| !source.text.starts_with("//!"));
    complain("these begin without a `//!`", silent.map(|source| source.name).collect());
}

#[test]
fn files_stay_readable_in_one_sitting() {
    let long = all_rust().into_iter().filter_map(|source| {
        let lines = product(&source).lines().count();
        (lines > 420).then(|| format!("{}: {lines} lines", source.name))
    });
    complain("longer than 420 lines", long.collect());
}

#[test]
fn functions_stay_under_seventy_lines() {
    let mut long = Vec::new();
    for source in all_rust() {
        let mut begun: Option<(usize, usize, String)> = None;
        for (at, line) in source.text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            if let Some((from, depth, name)) = &begun {
                if indent == *depth && line.trim_start().starts_with('}') {
                    if at - from > 70 {
                        long.push(format!("{}: {name} has {} lines", source.name, at - from));
                    }
                    begun = None;
                }
            } else if line.trim_start().contains("fn ") && line.ends_with('{') {
                begun = Some((at, indent, line.trim().to_owned()));
            }
        }
    }
    complain("functions of over 70 lines", long);
}

#[test]
fn nothing_is_left_half_done() {
    let words = [["TO", "DO"].concat(), ["FIX", "ME"].concat()];
    let ours: Vec<Source> = all_rust()
        .into_iter()
        .chain(sources("server/tests", ".rs"))
        .chain(sources("style", ".css"))
        .chain(sources("tools", "js"))
        .chain(sources("docs", ".md"))
        .collect();
    let left = ours.iter().filter(|source| source.name != "server/tests/stories/tidy.rs");
    let left = left.filter(|source| words.iter().any(|word| source.text.contains(word)));
    complain("left half done", left.map(|source| source.name.clone()).collect());
}

/// Only the room that owns a table writes it; others may read.
#[test]
fn a_table_is_written_by_one_room() {
    let owners = [
        ("posting", "ledger"),
        ("entry", "ledger"),
        ("application", "ledger"),
        ("audit_act", "audit"),
        ("bill", "bills"),
        ("bill_line", "bills"),
        ("bill_hold", "bills"),
        ("account", "accounts"),
        ("customer", "accounts"),
        ("account_customer", "accounts"),
        ("payment", "payments"),
        ("reservation", "payments"),
        ("payment_attempt", "payments"),
        ("payment_history", "payments"),
        ("refund", "payments"),
        ("dispute", "payments"),
        ("receipt", "receipts"),
        ("outbox", "outbox"),
        ("work_item", "work_list"),
        ("external_money", "external_payments"),
        ("external_payment", "external_payments"),
        ("watched_table", "imports"),
        ("import_job", "imports"),
        ("import_row", "imports"),
        ("column_map", "imports"),
        ("gateway_event", "gateway_events"),
        ("session", "sign_in"),
        ("allowance", "limits"),
        ("sign_in_code", "sign_in"),
        ("break_glass", "staff_sign_in"),
        ("staff_member", "staff_sign_in"),
        ("staff_session", "staff_sign_in"),
        ("staff_sign_in_begun", "staff_sign_in"),
        ("account_word", "accounts"),
        ("email_change", "sign_in"),
        ("passkey", "passkeys"),
        ("passkey_ceremony", "passkeys"),
        ("invitation", "invitations"),
        ("invitation_account", "invitations"),
        ("operator", "sign_in"),
        ("api_client", "sign_in"),
        ("api_key", "sign_in"),
    ];
    let mut trespasses = Vec::new();
    for source in sources("server/src", ".rs") {
        let text = product(&source).split_whitespace().collect::<Vec<_>>().join(" ");
        for (table, room) in owners {
            let writes = ["insert into", "update", "delete from"].iter().any(|verb| {
                let sentence = format!("{verb} {table}");
                text.match_indices(&sentence).any(|(at, _)| {
                    let after = text[at + sentence.len()..].chars().next();
                    after.is_none_or(|c| !c.is_alphanumeric() && c != '_')
                })
            });
            if writes && !source.name.starts_with(&format!("server/src/{room}/")) {
                trespasses.push(format!("{} writes {table}, which is {room}'s", source.name));
            }
        }
    }
    complain("tables written by other rooms", trespasses);
}

#[test]
fn the_gateway_alone_says_stripe() {
    let may = [
        "server/src/gateway/",
        // The setting's name, the webhook's address, the name beside a posting, and the policy
        // that lets the gateway's script into the pay pages.
        "server/src/config.rs",
        "server/src/gateway_events/receive.rs",
        "server/src/payments/start.rs",
        "server/src/start.rs",
        "server/src/demo/",
        "server/src/web/",
        "server/src/main.rs",
        "app/src/pay/card_form.rs",
    ];
    let others = all_rust().into_iter().filter(|source| {
        !may.iter().any(|place| source.name.starts_with(place))
            && product(source).to_lowercase().contains("stripe")
    });
    complain("these name the gateway", others.map(|source| source.name).collect());
}

#[test]
fn rooms_call_in_one_direction() {
    let forbidden = [
        ("receivables/src/", &["sqlx", "axum", "tokio", "leptos", "std::time::SystemTime"][..]),
        ("app/src/", &["server::"]),
        ("server/src/ledger/", &["crate::payments", "crate::bills", "crate::gateway"]),
        ("server/src/bills/", &["crate::payments", "crate::gateway", "crate::receipts"]),
        ("server/src/receipts/", &["crate::payments", "crate::gateway_events"]),
        ("server/src/outbox/", &["crate::payments", "crate::bills", "crate::receipts"]),
        ("server/src/work_list/", &["crate::payments", "crate::gateway", "crate::outbox"]),
        ("server/src/gateway/", &["crate::payments", "crate::bills", "crate::ledger"]),
        ("server/src/db/", &["crate::payments", "crate::bills", "crate::ledger", "crate::web"]),
    ];
    let mut arrows = Vec::new();
    for source in all_rust() {
        for (room, words) in forbidden {
            for word in words {
                if source.name.starts_with(room) && product(&source).contains(word) {
                    arrows.push(format!("{} calls {word}", source.name));
                }
            }
        }
    }
    complain("arrows that point back", arrows);
}

#[test]
fn no_clock_and_no_sleep_outside_their_places() {
    let may_sleep = [
        "server/src/db/",
        "server/src/gateway/",
        "server/src/serve.rs",
        "server/src/web/connections/",
        "server/src/work.rs",
        "server/src/outbox/",
    ];
    let mut found = Vec::new();
    for source in sources("server/src", ".rs") {
        let sleeps = product(&source).contains("time::sleep(");
        if sleeps && !may_sleep.iter().any(|place| source.name.starts_with(place)) {
            found.push(format!("{} sleeps", source.name));
        }
    }
    for source in sources("server/tests", ".rs") {
        // The gateway's own tests wait for programs nobody here wrote, and play one that hangs.
        let waits_for_others = source.name.starts_with("server/tests/gateway/")
            || source.name == "server/tests/stories/tidy.rs";
        if !waits_for_others && source.text.contains(&["time::", "sleep("].concat()) {
            found.push(format!("{} sleeps: pass the time instead", source.name));
        }
    }
    complain("waiting by the machine's clock", found);
}
