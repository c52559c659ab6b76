//! The address of the page shown, kept by the router in the browser's own history.
//!
//! Of the router only its address is taken. Which page stands at an address [`Page`] alone says,
//! and tables of routes would weigh as much as several pages.

use leptos::prelude::*;
use leptos_router::location::{BrowserUrl, LocationChange, LocationProvider};

use crate::page::Page;
use crate::ui::browser;

/// The page at the address, as `read` knows it; links, Back and [`way_to`] change it from now on.
pub fn follow<P: PartialEq + Send + Sync + 'static>(read: fn(&str) -> P) -> Memo<P> {
    let Ok(address) = BrowserUrl::new() else {
        // Refused only where there is no address at all.
        return Memo::new(move |_| read(&browser::path()));
    };
    address.init(None);
    provide_context(address.clone());
    let url = address.as_url().clone();
    let shown = url.clone();
    Effect::new(move |_| {
        shown.track();
        // A link's address is written into the history once its page is being drawn.
        address.ready_to_complete();
    });
    Memo::new(move |_| read(url.read().path()))
}

/// The way to another page of this document, to be gone later.
pub fn way_to(page: Page) -> impl Fn() {
    let go = way();
    move || go(page.path(), false)
}

/// The way to any address of this document; the second says that it takes the place of this one.
pub fn way() -> impl Fn(String, bool) {
    let address = use_context::<BrowserUrl>();
    move |value, replace| {
        let Some(address) = &address else { return };
        // Refused only for an address that is not one, which our pages cannot make.
        let Ok(url) = BrowserUrl::parse(&value) else { return };
        address.as_url().set(url);
        let change = LocationChange { value, replace, ..Default::default() };
        address.complete_navigation(&change);
    }
}
