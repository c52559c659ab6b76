//! A page that repeats a rule names the test that holds it; the name must be one.

use std::fs;
use std::path::{Path, PathBuf};

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_str().is_some_and(|path| path.ends_with(ending)) {
            found.push(path);
        }
    }
    found
}

/// Every `name_in_backticks` long enough to be the sentence of a test.
fn cited(page: &str) -> impl Iterator<Item = &str> {
    let sentence = |name: &&str| {
        name.matches('_').count() >= 4
            && name.chars().all(|c| c.is_ascii_lowercase() || "_0123456789".contains(c))
    };
    page.split('`').skip(1).step_by(2).filter(sentence)
}

#[test]
fn every_test_that_a_page_names_exists() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut sources = String::new();
    let folders = [
        "receivables/src",
        "receivables/tests",
        "server/src",
        "server/tests",
        "app/src",
        "tools/wasm-parity/src",
    ];
    for folder in folders {
        for path in files(&project.join(folder), ".rs") {
            sources.push_str(&fs::read_to_string(path).unwrap());
        }
    }
    let mut names = 0;
    for page in files(&project.join("docs"), ".md") {
        let text = fs::read_to_string(&page).unwrap();
        for name in cited(&text) {
            assert!(sources.contains(&format!("fn {name}(")), "{}: {name}", page.display());
            names += 1;
        }
    }
    assert!(names > 20, "only {names} tests are named");
}
