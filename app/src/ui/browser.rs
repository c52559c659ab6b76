//! The browser itself: address, storage of this tab, time, chance, focus.

use std::cell::RefCell;
use std::time::Duration;

use leptos::prelude::*;
use receivables::calendar::CivilDate;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{HtmlElement, HtmlTemplateElement};

use crate::page::Page;

thread_local! {
    static SITE_NAME: RefCell<String> = const { RefCell::new(String::new()) };
    static TITLE: RefCell<String> = const { RefCell::new(String::new()) };
    /// The address whose heading had the focus last.
    static HEADED: RefCell<Option<String>> = const { RefCell::new(None) };
}

pub fn path() -> String {
    window().location().pathname().unwrap_or_default()
}

/// Leaves for the page by loading a new document.
pub fn load(page: Page) {
    // Refused only for an address that is not one, which `Page` cannot make.
    let _ = window().location().assign(&page.path());
}

/// The same, so that Back does not lead here again.
pub fn replace(page: Page) {
    let _ = window().location().replace(&page.path());
}

pub fn reload() {
    let _ = window().location().reload();
}

const SHORTEST_SECRET: usize = 32;

/// What stands behind the `#`, and is then taken out of the address and the history. A link from
/// another mail that is opened in this tab changes nothing but that, and is read anew.
pub fn take_fragment() -> String {
    let handle = window_event_listener_untyped("hashchange", |_| {
        let hash = window().location().hash();
        // Links to a field of the page are short.
        if hash.is_ok_and(|hash| hash.len() >= SHORTEST_SECRET) {
            reload();
        }
    });
    on_cleanup(move || handle.remove());
    let fragment = window().location().hash().unwrap_or_default();
    if !fragment.is_empty() {
        bare_address();
    }
    fragment.trim_start_matches('#').to_owned()
}

/// Takes everything behind the path out of the address: a secret must not stay there.
pub fn bare_address() {
    if let Ok(history) = window().history() {
        let state = history.state().unwrap_or_default();
        let _ = history.replace_state_with_url(&state, "", Some(&path()));
    }
}

pub fn has_query() -> bool {
    window().location().search().is_ok_and(|query| !query.is_empty())
}

pub fn set_language(tag: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("lang", tag);
    }
}

pub fn set_site_name(name: &str) {
    SITE_NAME.with_borrow_mut(|site| name.clone_into(site));
    write_title("");
}

pub fn set_title(title: &str) {
    TITLE.with_borrow_mut(|shown| title.clone_into(shown));
    write_title("");
}

/// Puts a word such as "Error: " before the title, or takes it away.
pub fn write_title(before: &str) {
    let title = TITLE.with_borrow(Clone::clone);
    let site = SITE_NAME.with_borrow(Clone::clone);
    let site = if site.is_empty() { "Paydown" } else { &site };
    let dash = if title.is_empty() { "" } else { " – " };
    document().set_title(&format!("{before}{title}{dash}{site}"));
}

/// Moves the focus to the heading of a page that was reached by a change of route; on the
/// first page of a document the browser's own place is right.
pub fn head_page(heading: &'static str) {
    // The router writes the new address only once the page is drawn.
    request_animation_frame(move || {
        let here = path();
        let before = HEADED.with_borrow_mut(|headed| headed.replace(here.clone()));
        if before.is_some_and(|before| before != here) {
            window().scroll_to_with_x_and_y(0.0, 0.0);
            focus(heading);
        }
    });
}

/// Focuses the element with this id once what is being drawn stands in the page.
pub fn focus_soon(id: &'static str) {
    request_animation_frame(move || focus(id));
}

pub fn focus(id: &str) {
    if let Some(element) = document().get_element_by_id(id)
        && let Ok(element) = element.dyn_into::<HtmlElement>()
    {
        let _ = element.focus();
    }
}

/// Fetches what paying needs while nothing else is fetched: the document keeps the links to it in
/// a template, where they do nothing.
pub fn fetch_paying_ahead() {
    if let Some(template) = document().get_element_by_id("paying-ahead")
        && let Some(head) = document().head()
    {
        let links = template.unchecked_into::<HtmlTemplateElement>().content();
        // Nothing is lost where it is refused but some time.
        let _ = head.append_child(&links);
    }
}

pub fn print() {
    let _ = window().print();
}

/// The day of an instant, on the reader's clock.
pub fn day_of(instant: &str) -> Option<CivilDate> {
    let at = js_sys::Date::new(&instant.into());
    let (year, month, day) = (at.get_full_year(), at.get_month() + 1, at.get_date());
    CivilDate::parse(&format!("{year:04}-{month:02}-{day:02}")).ok()
}

/// `14:02`, on the reader's clock.
pub fn clock_time() -> String {
    clock_time_at(now_ms())
}

/// The same of another moment.
pub fn clock_time_at(ms: u64) -> String {
    // Whole milliseconds of our age are exact in the number a browser takes.
    let at = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(ms as _));
    format!("{:02}:{:02}", at.get_hours(), at.get_minutes())
}

/// Milliseconds since 1970, on the reader's clock.
pub fn now_ms() -> u64 {
    // Whole, positive and far within 64 bits.
    js_sys::Date::now() as u64
}

pub fn chance() -> Option<[u8; 10]> {
    let mut chance = [0; 10];
    window().crypto().ok()?.get_random_values_with_u8_array(&mut chance).ok()?;
    Some(chance)
}

pub fn is_online() -> bool {
    window().navigator().on_line()
}

/// Follows whether the browser has a network.
pub fn online() -> ReadSignal<bool> {
    let (online, set_online) = signal(is_online());
    for event in ["online", "offline"] {
        let handle = window_event_listener_untyped(event, move |_| set_online.set(is_online()));
        on_cleanup(move || handle.remove());
    }
    online
}

/// A page the browser kept whole and shows again by Back tells of a past that may have been
/// paid since: load it anew.
pub fn reload_when_shown_again() {
    let handle = window_event_listener_untyped("pageshow", |event| {
        let kept = js_sys::Reflect::get(&event, &"persisted".into());
        if kept.is_ok_and(|kept| kept.is_truthy()) {
            reload();
        }
    });
    // For as long as the document lives.
    std::mem::forget(handle);
}

pub async fn sleep_ms(ms: u32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let wake = Closure::once_into_js(move || {
            let _ = resolve.call0(&wasm_bindgen::JsValue::UNDEFINED);
        });
        let ms = i32::try_from(ms).unwrap_or(i32::MAX);
        let _ = window()
            .set_timeout_with_callback_and_timeout_and_arguments_0(wake.unchecked_ref(), ms);
    });
    let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
}

/// Runs once `calm` has passed without another call, unless the page has gone by then.
pub fn after_calm(calm: Duration, run: impl Fn() + Clone + 'static) -> impl Fn() + Clone {
    let waiting = StoredValue::new(None::<leptos::prelude::TimeoutHandle>);
    let stop = move || {
        if let Some(earlier) = waiting.try_update_value(Option::take).flatten() {
            earlier.clear();
        }
    };
    on_cleanup(stop);
    move || {
        stop();
        let handle = set_timeout_with_handle(run.clone(), calm).ok();
        waiting.set_value(handle);
    }
}

/// What this tab keeps: a reload and Back find it, another tab does not.
fn storage() -> Option<web_sys::Storage> {
    window().session_storage().ok().flatten()
}

pub fn remember(key: &str, text: &str) {
    if let Some(storage) = storage() {
        // Without storage everything works but a reload.
        let _ = storage.set_item(key, text);
    }
}

pub fn recall(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

pub fn forget(key: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(key);
    }
}

pub fn forget_everything() {
    if let Some(storage) = storage() {
        let _ = storage.clear();
    }
}

pub fn remember_document(key: &str, document: &impl Serialize) {
    if let Ok(text) = serde_json::to_string(document) {
        remember(key, &text);
    }
}

pub fn recall_document<T: DeserializeOwned>(key: &str) -> Option<T> {
    crate::json::read(&recall(key)?).ok()
}
