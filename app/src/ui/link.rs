//! Links between pages.

use crate::page::Page;
use crate::ui::view::{Show, View, el};

/// A plain link. Where the way needs a new document (see [`crate::page::Document`]) it says so to the
/// router with `rel="external"`, which leaves the click to the browser.
pub fn link(page: Page, class: &'static str, content: impl Show) -> View {
    let rel = page.needs_new_document().then_some("external");
    el("a")
        .attr("href", page.path())
        .attr("class", class)
        .attr("rel", rel)
        .child(content.show())
        .show()
}

/// What a link is about, for those who hear it without its row.
pub fn about(text: impl Into<String>) -> View {
    el("span").class("visually-hidden").child(" ").child(text.into()).show()
}
