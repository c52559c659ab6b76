//! The portal's own document: signing in, what is owed, what was paid. Every visit begins here.

fn main() {
    app::open(app::page::Document::Portal, app::portal);
}
