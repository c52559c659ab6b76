//! Who is at the desk, and what they may do as the server says.

use std::cell::Cell;

use leptos::prelude::*;
use leptos::task::spawn_local;
use receivables::api::api_clients::CallerDocument;
use receivables::api::staff::StaffSessionDocument;

use super::requests;
use crate::api::Failure;
use crate::session::{Visit, WANTED_PAGE, Who};
use crate::ui::browser;

#[derive(Clone, Copy)]
pub struct Desk {
    pub visit: Visit,
    pub staff: RwSignal<Option<CallerDocument>>,
    /// What people call them; their acts are recorded under an id.
    pub name: RwSignal<String>,
}

thread_local! {
    static HERE: Cell<Option<Desk>> = const { Cell::new(None) };
}

/// What the frame needs to know of who is here.
#[derive(Clone, Debug, PartialEq)]
pub enum Presence {
    NotKnown,
    Nobody,
    Staff,
    NoAnswer(Failure),
}

impl Desk {
    pub fn begin() -> Self {
        let desk = Self {
            visit: Visit::of_nobody_yet(),
            staff: RwSignal::new(None),
            name: RwSignal::new(String::new()),
        };
        HERE.set(Some(desk));
        desk.ask_who();
        desk
    }

    /// Also where nothing is drawn, as while a page of a list is read.
    pub fn here() -> Self {
        HERE.get().unwrap_or_else(Self::begin)
    }

    pub fn ask_who(self) {
        let who = self.visit.who;
        who.set(Who::NotAskedYet);
        spawn_local(async move {
            match requests::caller().document::<CallerDocument>().await {
                Ok(caller) if caller.kind == "staff" => {
                    let session = requests::staff_session().document::<StaffSessionDocument>();
                    if let Ok(session) = session.await {
                        self.name.set(session.name);
                    }
                    self.staff.set(Some(caller));
                    go_where_it_was_left();
                }
                // A customer of this browser is nobody at the desk.
                Ok(_) | Err(Failure::SignedOut) => who.set(Who::Nobody),
                Err(failure) => who.set(Who::NoAnswer(failure)),
            }
        });
    }

    pub fn presence(self) -> Presence {
        match &*self.visit.who.read() {
            Who::Nobody | Who::Customer(_) => Presence::Nobody,
            Who::NoAnswer(failure) => Presence::NoAnswer(failure.clone()),
            Who::NotAskedYet if self.staff.read().is_some() => Presence::Staff,
            Who::NotAskedYet => Presence::NotKnown,
        }
    }

    /// Who is recorded under this word, to those who read it here.
    pub fn called(self, recorded: &str) -> String {
        let staff = self.staff.read_untracked();
        let is_own = staff.as_ref().and_then(|staff| staff.name.as_deref()) == Some(recorded);
        match recorded.starts_with("mem_") {
            _ if is_own => "you".to_owned(),
            true => "a colleague".to_owned(),
            false => recorded.to_owned(),
        }
    }

    /// Whether an act is theirs by its name in the policy; the server decides again.
    pub fn may(self, action: &str) -> bool {
        let staff = self.staff.read_untracked();
        staff.as_ref().is_some_and(|staff| staff.may.iter().any(|may| may == action))
    }
}

/// Whoever had to sign in again is led back to the page they were at.
fn go_where_it_was_left() {
    let Some(left) = browser::recall(WANTED_PAGE) else { return };
    browser::forget(WANTED_PAGE);
    let is_ours = super::DeskPage::at(&left).is_some();
    if is_ours && left != browser::path() && browser::path() == super::DeskPage::Find.path() {
        let _ = window().location().replace(&left);
    }
}
