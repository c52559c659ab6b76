//! Cargo sees by itself that a file changed, not that one was added to a folder taken in whole.
fn main() {
    println!("cargo::rerun-if-changed=../dist");
    println!("cargo::rerun-if-changed=migrations");
}
