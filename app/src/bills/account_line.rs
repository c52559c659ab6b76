//! Which account a page is about, and the way to the others.

use receivables::api::sign_in::AccountChoice;
use receivables::ids::AccountId;
use receivables::words::Message;

use crate::page::Page;
use crate::session::Visit;
use crate::ui::link::link;
use crate::ui::money::money;
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::{fill, say};

/// The reference that stands on every page about one account.
pub fn account_line(number: &str, name: &str) -> View {
    let number = fill(Message::AccountNumber, &[("number", number)]);
    let name = (!name.is_empty()).then(|| format!(" · {name}"));
    el("p").class("account-line").child(number).child(name).show()
}

/// The customer's accounts with their sums; nothing where there is only one.
pub fn account_switcher(shown: AccountId) -> View {
    let accounts = Visit::here().customer().map(|session| session.accounts).unwrap_or_default();
    if accounts.len() < 2 {
        return ().show();
    }
    let rows: Vec<_> = accounts.into_iter().map(|account| choice(account, shown)).collect();
    el("nav")
        .class("switcher")
        .attr("aria-label", say(Message::YourAccounts))
        .child(el("ul").child(rows))
        .show()
}

fn choice(account: AccountChoice, shown: AccountId) -> View {
    let here = (account.id == shown).then_some("true");
    let content = views![
        el("span").class("switcher-name").child(account.name),
        el("span")
            .class("hint")
            .child(fill(Message::AccountNumber, &[("number", &account.number)])),
        money(account.owed, account.currency)
    ];
    el("li").attr("aria-current", here).child(link(Page::Account(account.id), "", content)).show()
}
