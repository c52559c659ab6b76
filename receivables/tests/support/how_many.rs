//! How many cases each property is tried on.

use proptest::prelude::ProptestConfig;

/// `PROPTEST_CASES` overrides; a change of the rules deserves a run of a million.
pub fn many() -> ProptestConfig {
    let cases = if std::env::var("PROPTEST_CASES").is_ok() {
        ProptestConfig::default().cases
    } else {
        1_000
    };
    // A failure prints its smallest input, which then becomes a case of the rule book.
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
