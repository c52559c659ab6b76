//! Who is here, at which biller, looking at which account.

use leptos::prelude::*;
use receivables::api::portal::{GatewayMode, PortalDocument};
use receivables::api::sign_in::SessionDocument;
use receivables::ids::AccountId;

use crate::api::{self, Failure};
use crate::page::Page;
use crate::time_limit::TIME_IS_UP;
use crate::ui::browser;

/// Where the customer wanted to go before signing in. Of this tab only.
pub const WANTED_PAGE: &str = "paydown-wanted-page";

#[derive(Clone, Debug, PartialEq)]
pub enum Who {
    NotAskedYet,
    Nobody,
    Customer(SessionDocument),
    /// It cannot be said who is here.
    NoAnswer(Failure),
}

#[derive(Clone, Copy)]
pub struct Visit {
    pub portal: RwSignal<Option<PortalDocument>>,
    pub who: RwSignal<Who>,
    /// Whether the portal has answered, or failed to.
    asked_portal: RwSignal<bool>,
    /// The account the page shown is about.
    pub account: RwSignal<Option<AccountId>>,
}

impl Visit {
    pub fn begin() -> Self {
        let visit = Self::of_nobody_yet();
        visit.ask_who();
        visit
    }

    /// A visit that asks for the portal, and leaves it to others who is here.
    pub fn of_nobody_yet() -> Self {
        let visit = Self {
            portal: RwSignal::new(None),
            who: RwSignal::new(Who::NotAskedYet),
            asked_portal: RwSignal::new(false),
            account: RwSignal::new(None),
        };
        provide_context(visit);
        leptos::task::spawn_local(async move {
            if let Ok(portal) = api::portal().document::<PortalDocument>().await {
                crate::ui::words::speak(portal.language);
                browser::set_language(portal.language.tag());
                browser::set_site_name(&portal.biller.name);
                visit.portal.set(Some(portal));
            }
            visit.asked_portal.set(true);
        });
        visit
    }

    pub fn here() -> Self {
        expect_context()
    }

    /// Whether the portal has said at which biller this is, or failed to.
    pub fn knows_portal(self) -> bool {
        self.asked_portal.get()
    }

    /// Whether it is known at which biller this is and who is here, as far as can be known.
    pub fn is_begun(self) -> bool {
        self.knows_portal() && *self.who.read() != Who::NotAskedYet
    }

    /// The page shown is about this account.
    pub fn look_at(self, account: AccountId) {
        if self.account.get_untracked() != Some(account) {
            self.account.set(Some(account));
        }
    }

    pub fn ask_who(self) {
        leptos::task::spawn_local(async move {
            self.who.set(match api::session().send().await {
                Ok(nothing) if nothing.is_empty() => Who::Nobody,
                Ok(text) => match crate::json::read(&text) {
                    Ok(session) => Who::Customer(session),
                    Err(_) => Who::NoAnswer(Failure::NotUnderstood),
                },
                Err(failure) => Who::NoAnswer(failure),
            });
        });
    }

    /// The session has ended: remember the page, and ask to sign in.
    pub fn signed_out(self) {
        browser::remember(WANTED_PAGE, &browser::path());
        self.who.set(Who::Nobody);
    }

    pub fn sign_out(self) {
        leptos::task::spawn_local(async move {
            let left = api::sign_out().send().await;
            if left.is_ok() || left == Err(Failure::SignedOut) {
                browser::forget_everything();
                browser::load(Page::SignIn);
            }
        });
    }

    /// Signed in: back to the page that was asked for, by a new document.
    pub fn go_on(self) {
        let wanted = browser::recall(WANTED_PAGE).and_then(|path| Page::at(&path));
        browser::forget(WANTED_PAGE);
        browser::forget(TIME_IS_UP);
        browser::load(wanted.filter(|page| page.needs_sign_in()).unwrap_or(Page::Home));
    }

    pub fn gateway_mode(self) -> Option<GatewayMode> {
        self.portal.read().as_ref().map(|portal| portal.gateway_mode)
    }

    pub fn customer(self) -> Option<SessionDocument> {
        match self.who.get() {
            Who::Customer(session) => Some(session),
            _ => None,
        }
    }

    /// As the server said; it decides again when somebody pays.
    pub fn may_pay(self, id: AccountId) -> bool {
        match &*self.who.read() {
            Who::Customer(session) => {
                session.accounts.iter().any(|account| account.id == id && account.may_pay)
            }
            _ => false,
        }
    }

    pub fn first_account(self) -> Option<AccountId> {
        match &*self.who.read() {
            Who::Customer(session) => session.accounts.first().map(|account| account.id),
            _ => None,
        }
    }
}
