//! The heading of a page: its title, and where the focus goes after a change of route.

use super::browser;
use crate::ui::view::{Show, View, el};

pub const HEADING: &str = "page-heading";

/// The page's one `h1`; it also sets the document's title.
pub fn heading(text: impl Into<String>) -> View {
    let text = text.into();
    titled(&text);
    el("h1").attr("id", HEADING).attr("tabindex", "-1").child(text).show()
}

/// Title and focus alone, where the `h1` stands inside another element.
pub fn titled(title: &str) {
    browser::set_title(title);
    browser::head_page(HEADING);
}
