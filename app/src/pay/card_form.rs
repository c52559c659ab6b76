//! The gateway's own card fields: the only bridge to its script, and so the only place where
//! something foreign runs beside us. The fields stand in the gateway's frames; no card number
//! ever passes through this page.
//!
//! The script is fetched from the gateway, never carried by us, and only by a document under
//! `/pay/`, whose policy admits it. Fields are put up with amount and currency alone, before
//! any payment exists; the payment is created once the payer confirmed the preview.

use js_sys::{Function, Object, Promise, Reflect};
use leptos::prelude::*;
use receivables::money::{Currency, MinorUnits};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// The script's release train carries the same name as the gateway's version the server asks.
const SCRIPT: &str = "https://js.stripe.com/endive/stripe.js";
const SCRIPT_ID: &str = "gateway-script";
const SCRIPT_WAIT_MS: u32 = 10_000;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = Stripe)]
    type Gateway;
    type Elements;
    type Element;

    #[wasm_bindgen(catch, js_name = Stripe)]
    fn open_gateway(publishable_key: &str) -> Result<Gateway, JsValue>;
    #[wasm_bindgen(catch, method)]
    fn elements(this: &Gateway, options: &JsValue) -> Result<Elements, JsValue>;
    #[wasm_bindgen(catch, method, js_name = confirmPayment)]
    fn confirm_payment(this: &Gateway, options: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch, method)]
    fn create(this: &Elements, kind: &str) -> Result<Element, JsValue>;
    #[wasm_bindgen(catch, method)]
    fn update(this: &Elements, options: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(catch, method)]
    fn submit(this: &Elements) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch, method)]
    fn mount(this: &Element, at: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(catch, method)]
    fn destroy(this: &Element) -> Result<(), JsValue>;
}

/// The card fields in the page; they leave it when this is dropped.
pub struct CardForm {
    gateway: Gateway,
    elements: Elements,
    element: Element,
}

/// What the gateway's script said. It is a hint: what happened is asked of our server.
pub enum Confirmed {
    /// Succeeded, processing, or sent on to the bank.
    Sent,
    /// The card was refused or the payer turned back; the words are the gateway's.
    Refused(Option<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardFormUnavailable;

impl From<JsValue> for CardFormUnavailable {
    fn from(_: JsValue) -> Self {
        Self
    }
}

impl CardForm {
    /// Fetches the script if need be and puts the fields up inside the element `#{at}`.
    pub async fn mount(
        publishable_key: &str,
        amount: MinorUnits,
        currency: Currency,
        at: &str,
    ) -> Result<Self, CardFormUnavailable> {
        script().await?;
        let gateway = open_gateway(publishable_key)?;
        let options = object(&[
            ("mode", "payment".into()),
            ("amount", js_integer(amount)),
            ("currency", currency.code().to_lowercase().into()),
            ("appearance", appearance()),
        ]);
        let elements = gateway.elements(&options)?;
        let element = elements.create("payment")?;
        element.mount(&format!("#{at}"))?;
        Ok(Self { gateway, elements, element })
    }

    /// Amount and currency must equal the payment's when it is confirmed.
    pub fn update_amount(&self, amount: MinorUnits) -> Result<(), CardFormUnavailable> {
        Ok(self.elements.update(&object(&[("amount", js_integer(amount))]))?)
    }

    /// The fields' own check, first of all and before anything is sent: the words of what is
    /// wrong, if anything is.
    pub async fn submit(&self) -> Result<Option<String>, CardFormUnavailable> {
        let answer = JsFuture::from(self.elements.submit()?).await?;
        Ok(error_of(&answer).map(|error| message_of(&error).unwrap_or_default()))
    }

    /// Has the gateway take the payment. It may lead the payer away to their bank, and back to
    /// `return_url`.
    pub async fn confirm(
        &self,
        client_secret: &str,
        return_url: &str,
    ) -> Result<Confirmed, CardFormUnavailable> {
        let params = object(&[("return_url", return_url.into())]);
        let options = object(&[
            ("elements", AsRef::<JsValue>::as_ref(&self.elements).clone()),
            ("clientSecret", client_secret.into()),
            ("confirmParams", params),
            ("redirect", "if_required".into()),
        ]);
        let answer = JsFuture::from(self.gateway.confirm_payment(&options)?).await?;
        Ok(match error_of(&answer) {
            Some(error) => Confirmed::Refused(message_of(&error)),
            None => Confirmed::Sent,
        })
    }
}

impl Drop for CardForm {
    fn drop(&mut self) {
        // The page goes on without the fields either way.
        let _ = self.element.destroy();
    }
}

/// A whole number as the script takes it, read from its digits: no float in between.
fn js_integer(amount: MinorUnits) -> JsValue {
    js_sys::JSON::parse(&amount.get().to_string()).unwrap_or(JsValue::UNDEFINED)
}

fn object(entries: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in entries {
        // Fails for frozen objects only.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object.into()
}

fn appearance() -> JsValue {
    let dark = window().match_media("(prefers-color-scheme: dark)").ok().flatten();
    let dark = dark.is_some_and(|query| query.matches());
    object(&[("theme", if dark { "night" } else { "stripe" }.into())])
}

fn error_of(answer: &JsValue) -> Option<JsValue> {
    Reflect::get(answer, &"error".into()).ok().filter(|error| !error.is_falsy())
}

fn message_of(error: &JsValue) -> Option<String> {
    Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string())
}

/// Waits until the script stands in the document; asks for it the first time.
async fn script() -> Result<(), CardFormUnavailable> {
    if Reflect::has(&window(), &"Stripe".into()).unwrap_or(false) {
        return Ok(());
    }
    let document = document();
    if let Some(failed) = document.get_element_by_id(SCRIPT_ID) {
        failed.remove();
    }
    let tag = document.create_element("script")?;
    tag.set_attribute("src", SCRIPT)?;
    tag.set_id(SCRIPT_ID);
    let body = document.body().ok_or(CardFormUnavailable)?;
    let answered = Promise::new(&mut |resolve: Function, reject: Function| {
        let _ = tag.add_event_listener_with_callback("load", &resolve);
        let _ = tag.add_event_listener_with_callback("error", &reject);
        let ms = i32::try_from(SCRIPT_WAIT_MS).unwrap_or(i32::MAX);
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&reject, ms);
    });
    body.append_child(&tag)?;
    JsFuture::from(answered).await?;
    Ok(())
}
