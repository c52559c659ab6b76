//! The Paydown portal in the browser.
fn main() {}
