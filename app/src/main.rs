//! The Paydown portal in the browser.

use leptos::prelude::*;

fn main() {
    if let Some(shell) = document().get_element_by_id("shell") {
        shell.remove();
    }
    mount_to_body(|| view! { <main><h1>"Paydown"</h1></main> });
}
