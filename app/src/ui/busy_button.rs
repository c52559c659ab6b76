//! A button that can be busy: it keeps the focus and its place, says what it is doing, and a
//! second press does nothing.

use crate::ui::view::{Show, View, el};

/// Submits the form it stands in. The form's own handler must look at `busy` too, since Enter
/// in a field presses no button.
pub fn busy_button(
    label: impl Fn() -> String + Send + 'static,
    busy: impl Fn() -> bool + Copy + Send + 'static,
) -> View {
    el("button")
        .attr("type", "submit")
        .class("button primary")
        .class_when("busy", busy)
        .live_attr("aria-disabled", move || busy().to_string())
        .child(label)
        .show()
}
