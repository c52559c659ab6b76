//! Passkeys, the only bridge to the browser's own dialogue. What is asked and answered is the
//! server's and the device's business: it passes through here as text.

use js_sys::{JSON, Object, Promise, Reflect};
use leptos::prelude::*;
use leptos::task::spawn_local;
use receivables::words::Message;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::api::{self, Failure};
use crate::session::{Visit, Who};
use crate::ui::browser;
use crate::ui::notice::{Tone, failure_words, notice, paragraph};
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::say;

/// Of this tab: the offer was put off.
const PUT_OFF: &str = "paydown-passkey-put-off";

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(
        catch,
        js_namespace = PublicKeyCredential,
        js_name = parseCreationOptionsFromJSON
    )]
    fn read_creation_options(options: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(
        catch,
        js_namespace = PublicKeyCredential,
        js_name = parseRequestOptionsFromJSON
    )]
    fn read_request_options(options: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["navigator", "credentials"], js_name = create)]
    fn make_credential(options: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["navigator", "credentials"], js_name = get)]
    fn get_credential(options: &JsValue) -> Result<Promise, JsValue>;
}

/// Why no passkey was made or used.
pub enum NoPasskey {
    /// The person turned back, or the device has none; which one the browser does not tell.
    NotChosen,
    Failure(Failure),
}

impl From<JsValue> for NoPasskey {
    fn from(_: JsValue) -> Self {
        Self::NotChosen
    }
}

impl From<Failure> for NoPasskey {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// Whether this portal and this browser can have passkeys.
pub fn are_possible(visit: Visit) -> bool {
    visit.portal.read_untracked().as_ref().is_some_and(|portal| portal.passkeys) && {
        let known = |of: &JsValue, name: &str| Reflect::get(of, &name.into());
        let credential = known(&window(), "PublicKeyCredential");
        let reads = credential.and_then(|found| known(&found, "parseRequestOptionsFromJSON"));
        reads.is_ok_and(|reads| reads.is_function())
    }
}

/// Makes a passkey on this device and adds it to the sign-in.
pub async fn add() -> Result<(), NoPasskey> {
    let options = api::new_passkey_options().send().await?;
    let options = read_creation_options(&JSON::parse(&options)?)?;
    let credential = JsFuture::from(make_credential(&asked(&options)?)?).await?;
    api::add_passkey(&text_of(&credential)?).send().await?;
    Ok(())
}

/// Signs in with a passkey of this device, or of one beside it.
pub async fn sign_in() -> Result<(), NoPasskey> {
    let options = api::passkey_options().send().await?;
    let options = read_request_options(&JSON::parse(&options)?)?;
    let credential = JsFuture::from(get_credential(&asked(&options)?)?).await?;
    api::sign_in_with_passkey(&text_of(&credential)?).send().await?;
    Ok(())
}

fn asked(options: &JsValue) -> Result<JsValue, JsValue> {
    let asked = Object::new();
    Reflect::set(&asked, &"publicKey".into(), options)?;
    Ok(asked.into())
}

fn text_of(credential: &JsValue) -> Result<String, JsValue> {
    JSON::stringify(credential).map(String::from)
}

/// What to say when it did not work; nothing was lost by it.
pub fn trouble(why: &NoPasskey) -> View {
    let words = match why {
        NoPasskey::NotChosen => paragraph(say(Message::PasskeyNotChosen)),
        NoPasskey::Failure(failure) => failure_words(failure),
    };
    notice(Tone::Alert, say(Message::RefusedTitle), words)
}

/// The way in without a mail, beside the form that sends one.
pub fn way_in() -> View {
    let visit = Visit::here();
    if !are_possible(visit) {
        return ().show();
    }
    let failed: RwSignal<Option<NoPasskey>> = RwSignal::new(None);
    let enter = move |_| {
        failed.set(None);
        spawn_local(async move {
            match sign_in().await {
                Ok(()) => visit.go_on(),
                Err(why) => {
                    let _ = failed.try_set(Some(why));
                }
            }
        });
    };
    el("div")
        .class("other-way")
        .child(move || failed.with(|failed| failed.as_ref().map(trouble)))
        .child(
            el("button")
                .attr("type", "button")
                .class("button")
                .on("click", enter)
                .child(say(Message::PasskeySignIn)),
        )
        .show()
}

#[derive(Clone, Copy, PartialEq)]
enum Offer {
    Open,
    Added,
    PutOff,
}

/// Offered to who has just signed in by mail and has no passkey yet.
pub fn offer() -> View {
    let visit = Visit::here();
    let is_offered = match &*visit.who.read_untracked() {
        Who::Customer(session) => session.offer_passkey,
        _ => false,
    };
    if !is_offered || !are_possible(visit) || browser::recall(PUT_OFF).is_some() {
        return ().show();
    }
    let offer = RwSignal::new(Offer::Open);
    let failed: RwSignal<Option<NoPasskey>> = RwSignal::new(None);
    let put_off = move |next: Offer| {
        browser::remember(PUT_OFF, "yes");
        let _ = offer.try_set(next);
    };
    let take = move |_| {
        failed.set(None);
        spawn_local(async move {
            match add().await {
                Ok(()) => put_off(Offer::Added),
                Err(why) => {
                    let _ = failed.try_set(Some(why));
                }
            }
        });
    };
    let open = move || {
        let words = views![
            paragraph(say(Message::PasskeyOffer)),
            el("div").class("acts").child(press("button", Message::AddPasskey, take)).child(press(
                "quiet",
                Message::NotNow,
                move |_| put_off(Offer::PutOff)
            ))
        ];
        views![
            move || failed.with(|failed| failed.as_ref().map(trouble)),
            notice(Tone::Status, say(Message::PasskeyOfferTitle), words.show())
        ]
    };
    (move || match offer.get() {
        Offer::Open => open().show(),
        Offer::Added => {
            let words = paragraph(say(Message::PasskeyAdded));
            notice(Tone::Status, say(Message::PasskeyAddedTitle), words)
        }
        Offer::PutOff => ().show(),
    })
    .show()
}

/// A button that does something at once.
pub fn press(
    class: &'static str,
    label: Message,
    act: impl FnMut(web_sys::Event) + 'static,
) -> View {
    el("button").attr("type", "button").class(class).on("click", act).child(say(label)).show()
}
