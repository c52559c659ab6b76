//! The document below `/desk`: what staff see and do. Loaded by staff alone.

fn main() {
    app::open_desk();
}
