//! Moments at which the proofs end the program at once, as a cut of power would: before and after
//! every commit, before and after everything the gateway is asked.
//!
//! Only a build with the feature `failpoints` has them, and only tests are built with it: the
//! crate asks for it of itself as a dev-dependency. In every other build they are nothing, and
//! `tools/as-sold.sh` looks through the program that is sold for what they would leave in it.

#[cfg(feature = "failpoints")]
pub use armed::pass;

/// Nothing, in the program that is sold.
#[cfg(not(feature = "failpoints"))]
pub fn pass<Words>(_when: &'static str, _what: impl FnOnce() -> Words) {}

#[cfg(feature = "failpoints")]
mod armed {
    use std::fmt::Display;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// `3 after commit of payments::start::Start`: the third time, there.
    const ORDER: &str = "PAYDOWN_TEST_FAILPOINT";

    struct Failpoint {
        name: String,
        passes_left: AtomicU32,
    }

    static ORDERED: OnceLock<Option<Failpoint>> = OnceLock::new();

    /// Ends the program, if it is this moment that was ordered.
    pub fn pass<Words: Display>(when: &'static str, what: impl FnOnce() -> Words) {
        let Some(ordered) = ORDERED.get_or_init(ordered) else { return };
        let what = what().to_string();
        let name = format!("{when} {}", what.strip_prefix("server::").unwrap_or(&what));
        if name == ordered.name && ordered.passes_left.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }

    fn ordered() -> Option<Failpoint> {
        let order = std::env::var(ORDER).ok()?;
        let (passes, name) = order.split_once(' ')?;
        let passes_left = AtomicU32::new(passes.parse().ok()?);
        Some(Failpoint { name: name.to_owned(), passes_left })
    }
}
