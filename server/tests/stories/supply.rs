//! What the program is made of: where its crates come from, under which licences, and that our own
//! forbid `unsafe`. `deny.toml` says the same to cargo-deny.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

const LICENCES: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];
/// Of what builds and tests, and is no part of the program.
const LICENCES_OF_TOOLS: [&str; 1] = ["BlueOak-1.0.0"];
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// TLS is rustls.
const UNWANTED: [&str; 3] = ["openssl", "openssl-sys", "native-tls"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// Every crate of the program and the app, as cargo knows them.
fn crates() -> Vec<Value> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["metadata", "--locked", "--format-version", "1"]);
    for platform in ["x86_64-unknown-linux-gnu", "wasm32-unknown-unknown"] {
        cargo.args(["--filter-platform", platform]);
    }
    let told = cargo.output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    told["packages"].as_array().unwrap().clone()
}

fn complain(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

/// Whether a licence expression lets us choose only licences of the list. `/` is an old `OR`.
fn allows(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    either(&mut rest, allowed) == Some(true) && rest.is_empty()
}

/// None where the expression stops in the middle.
fn either(words: &mut &[&str], allowed: &[&str]) -> Option<bool> {
    let mut verdict = both(words, allowed)?;
    while let Some((&"OR", rest)) = words.split_first() {
        *words = rest;
        verdict |= both(words, allowed)?;
    }
    Some(verdict)
}

fn both(words: &mut &[&str], allowed: &[&str]) -> Option<bool> {
    let mut verdict = one(words, allowed)?;
    while let Some((&"AND", rest)) = words.split_first() {
        *words = rest;
        verdict &= one(words, allowed)?;
    }
    Some(verdict)
}

fn one(words: &mut &[&str], allowed: &[&str]) -> Option<bool> {
    let (word, rest) = words.split_first()?;
    *words = rest;
    if *word != "(" {
        // With an exception it is a licence of its own.
        if let Some((&"WITH", rest)) = words.split_first() {
            let (exception, rest) = rest.split_first()?;
            *words = rest;
            return Some(allowed.contains(&format!("{word} WITH {exception}").as_str()));
        }
        return Some(allowed.contains(word));
    }
    let verdict = either(words, allowed)?;
    let (_, rest) = words.split_first().filter(|(word, _)| **word == ")")?;
    *words = rest;
    Some(verdict)
}

#[test]
fn a_licence_expression_is_read_by_its_ands_ors_and_brackets() {
    let allowed = ["MIT", "ISC"];
    let chosen = "ISC WITH X OR MIT";
    for good in ["MIT", "GPL-3.0 OR MIT", "MIT/GPL-3.0", "(MIT OR GPL-3.0) AND ISC", chosen] {
        assert!(allows(good, &allowed), "{good}");
    }
    for bad in
        ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT OR", "(MIT", "MIT)", "MIT WITH X", "MIT WITH"]
    {
        assert!(!allows(bad, &allowed), "{bad}");
    }
}

/// The licence of a crate that names none and brings its text: that of MIT, word for word.
fn by_text(known: &Value) -> String {
    let folder = PathBuf::from(known["manifest_path"].as_str().unwrap());
    let file = known["license_file"].as_str().unwrap_or("none");
    let text = std::fs::read_to_string(folder.with_file_name(file)).unwrap_or_default();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (ours, theirs) = (words(&read("LICENSE-MIT")), words(&text));
    // What is before the grant says whose copyright it is.
    let grant = |text: &str| text.find("Permission is hereby").map(|at| text[at..].to_owned());
    match grant(&theirs) == grant(&ours) && grant(&ours).is_some() {
        true => "MIT".to_owned(),
        false => String::new(),
    }
}

#[test]
fn every_crate_has_a_licence_we_can_pass_on_and_comes_from_the_one_registry() {
    let crates = crates();
    assert!(crates.len() > 100, "cargo knows {} crates", crates.len());
    let mut found = Vec::new();
    for known in &crates {
        let name = known["name"].as_str().unwrap();
        let licence = known["license"].as_str().map_or_else(|| by_text(known), str::to_owned);
        if !allows(&licence, &LICENCES) {
            found.push(format!("{name} is under `{licence}`"));
        }
        if known["source"].as_str().is_some_and(|source| source != REGISTRY) {
            found.push(format!("{name} comes from {}", known["source"]));
        }
        if UNWANTED.contains(&name) {
            found.push(format!("{name} is not wanted"));
        }
    }
    complain("crates", found);
}

#[test]
fn every_node_package_has_a_licence_and_the_hash_it_is_held_to() {
    let allowed = [LICENCES.as_slice(), &LICENCES_OF_TOOLS].concat();
    let mut found = Vec::new();
    let mut packages = Vec::new();
    for folder in ["end2end", "tools/peers/identity_provider"] {
        let lock = read(&format!("{folder}/package-lock.json"));
        let lock: Value = serde_json::from_str(&lock).unwrap();
        packages.extend(lock["packages"].as_object().unwrap().clone());
    }
    assert!(packages.len() > 100, "{} packages", packages.len());
    for (name, package) in packages {
        if name.is_empty() {
            continue;
        }
        let licence = package["license"].as_str().unwrap_or("");
        if !allows(licence, &allowed) {
            found.push(format!("{name} is under `{licence}`"));
        }
        if !package["integrity"].as_str().is_some_and(|hash| hash.starts_with("sha512-")) {
            found.push(format!("{name} has no hash"));
        }
    }
    complain("Node packages", found);
}

#[test]
fn our_own_crates_are_licensed_and_forbid_unsafe() {
    let manifest = read("Cargo.toml");
    assert!(manifest.contains("\nunsafe_code = \"forbid\"\n"));
    assert!(manifest.contains("\nlicense = \"MIT OR Apache-2.0\"\n"));
    assert!(read("LICENSE-MIT").contains("Permission is hereby granted"));
    assert!(read("LICENSE-APACHE").contains("Apache License"));
    let ours: Vec<Value> = crates().into_iter().filter(|known| known["source"].is_null()).collect();
    assert!(ours.len() >= 3);
    for known in ours {
        let path = known["manifest_path"].as_str().unwrap();
        let own = std::fs::read_to_string(path).unwrap();
        assert!(own.contains("[lints]\nworkspace = true"), "{path} has lints of its own");
        assert!(own.contains("license.workspace = true"), "{path} has a licence of its own");
    }
}

#[test]
fn cargo_deny_is_told_the_same() {
    let told = read("deny.toml");
    for licence in LICENCES {
        assert!(told.contains(&format!("\"{licence}\"")), "{licence}");
    }
    for name in UNWANTED {
        assert!(told.contains(&format!("crate = \"{name}\"")), "{name}");
    }
}

/// Why `deny.toml` may look past RUSTSEC-2023-0071.
#[test]
fn no_private_rsa_key_is_used() {
    let mut folders = vec![root().join("server/src"), root().join("receivables/src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let words = ["RsaPrivate", "PrivateSigningKey", "RsaKeyPair", "decrypt("];
            if words.iter().any(|word| text.contains(word)) {
                found.push(path.display().to_string());
            }
        }
    }
    complain("private RSA keys", found);
}
