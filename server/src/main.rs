//! The `paydown` program.
fn main() {}
