//! The document under `/pay/`: how much, check and pay. Loaded by those who pay.

fn main() {
    app::open(app::page::Document::Pay, app::pay_pages);
}
