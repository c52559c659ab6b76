//! What would a payment do? Several amounts side by side, each by the rule or for a bill first,
//! in the same table the customer sees. Nothing is saved; the address says all of it, so that it
//! can be sent and printed.

use leptos::prelude::*;
use leptos_router::location::{BrowserUrl, LocationProvider};
use receivables::allocation::AllocationOrder;
use receivables::api::accounts::CurrentBill;
use receivables::ids::{AccountId, BillId};
use receivables::money::Money;

use super::fields::read_sum;
use super::find::back_to;
use crate::address;
use crate::api;
use crate::bills::account_line::account_line;
use crate::bills::bill_name;
use crate::pay::draft::{Choice, ChosenBill, Draft};
use crate::pay::how_much::Asking;
use crate::pay::preview_table::{self, Split};
use crate::pay::problem_words::problem;
use crate::session::Visit;
use crate::ui::browser;
use crate::ui::heading::heading;
use crate::ui::loaded::loaded;
use crate::ui::view::{Show, View, el, views};

/// More stand beside each other on no desk.
const MOST: usize = 4;

/// Which bills the money goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Order(AllocationOrder),
    /// To this bill first, and what is left in the account's order.
    Bill(BillId),
}

impl Way {
    fn word(self) -> String {
        match self {
            Self::Order(order) => order.code().to_owned(),
            Self::Bill(bill) => bill.to_string(),
        }
    }

    fn read(word: &str) -> Option<Self> {
        let order = AllocationOrder::ALL.into_iter().find(|order| order.code() == word);
        order.map(Self::Order).or_else(|| BillId::parse(word).ok().map(Self::Bill))
    }
}

const fn order_words(order: AllocationOrder) -> &'static str {
    match order {
        AllocationOrder::OldestDueFirst => "What is due longest first",
        AllocationOrder::OldestBillFirst => "The oldest bill first",
        AllocationOrder::NewestFirst => "The newest bill first",
        AllocationOrder::SmallestFirst => "The smallest sum first",
        AllocationOrder::Proportional => "Each bill its share",
        AllocationOrder::WholeBillsOnly => "Whole bills only",
    }
}

/// One of the columns.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wish {
    typed: String,
    way: Way,
}

impl Wish {
    fn text(&self) -> String {
        format!("{}~{}", self.typed, self.way.word())
    }

    fn read(text: &str) -> Option<Self> {
        let (typed, word) = text.rsplit_once('~')?;
        Some(Self { typed: typed.to_owned(), way: Way::read(word)? })
    }
}

/// What the address asks for.
fn wished(address: Option<&BrowserUrl>) -> Vec<Wish> {
    let Some(address) = address else { return Vec::new() };
    let url = address.as_url().read_untracked();
    let wishes = url.search_params().get_all("w").unwrap_or_default();
    wishes.iter().filter_map(|text| Wish::read(text)).take(MOST).collect()
}

pub fn page(account: AccountId) -> View {
    Visit::here().look_at(account);
    loaded(move || api::due_periods(account), draw)
}

fn draw(bill: CurrentBill) -> View {
    let account = bill.account.id;
    let url = use_context::<BrowserUrl>();
    let mut first = wished(url.as_ref());
    if first.is_empty() {
        first.push(suggested(&bill));
    }
    let wishes: RwSignal<Vec<RwSignal<Wish>>> =
        RwSignal::new(first.into_iter().map(RwSignal::new).collect());
    let go = address::way();
    Effect::new(move |before: Option<()>| {
        let words: Vec<_> = wishes
            .read()
            .iter()
            .map(|wish| String::from(js_sys::encode_uri_component(&wish.read().text())))
            .map(|text| format!("w={text}"))
            .collect();
        let path = super::DeskPage::WhatIf(account).path();
        // Not at once: whoever only looks adds nothing to the history.
        if before.is_some() {
            go(format!("{path}?{}", words.join("&")), true);
        }
    });
    let number = bill.account.number.clone();
    let name = bill.account.name.clone();
    let columns = columns(bill, wishes);
    el("div")
        .class("page wide")
        .child(account_line(&number, &name))
        .child(heading("What would a payment do?"))
        .child(el("p").class("hint").child(
            "Nothing is saved. The address of this page says all that is typed here, so that it \
             can be sent to a colleague.",
        ))
        .child(columns)
        .child(
            el("p").class("acts no-print").child(add_button(wishes)).child(
                el("button")
                    .attr("type", "button")
                    .class("button")
                    .on("click", |_| browser::print())
                    .child("Print"),
            ),
        )
        .child(back_to(account))
        .show()
}

fn suggested(bill: &CurrentBill) -> Wish {
    let amount = match bill.account.due_now.is_positive() {
        true => bill.account.due_now,
        false => bill.account.available_to_pay,
    };
    let typed = Money::new(amount, bill.account.currency).number_text();
    Wish { typed, way: Way::Order(bill.rules.order) }
}

fn add_button(wishes: RwSignal<Vec<RwSignal<Wish>>>) -> View {
    let add = move |_| {
        wishes.update(|wishes| {
            let last = wishes.last().map(|wish| wish.get_untracked());
            wishes.extend(last.map(RwSignal::new));
        });
    };
    el("button")
        .attr("type", "button")
        .class("button")
        .live_attr("hidden", move || (wishes.read().len() >= MOST).then_some(""))
        .on("click", add)
        .child("Compare with another amount")
        .show()
}

fn columns(bill: CurrentBill, wishes: RwSignal<Vec<RwSignal<Wish>>>) -> View {
    let drawn = move || {
        let all = wishes.get();
        let several = all.len() > 1;
        let columns: Vec<_> = all
            .into_iter()
            .enumerate()
            .map(|(at, wish)| {
                let remove = several.then(|| remove_button(wishes, at));
                column(&bill, at, wish, remove)
            })
            .collect();
        el("div").class("what-ifs").child(columns)
    };
    drawn.show()
}

fn remove_button(wishes: RwSignal<Vec<RwSignal<Wish>>>, at: usize) -> View {
    let remove = move |_| {
        wishes.update(|wishes| {
            if at < wishes.len() {
                wishes.remove(at);
            }
        });
    };
    el("button")
        .attr("type", "button")
        .class("quiet no-print")
        .on("click", remove)
        .child(format!("Remove amount {}", at + 1))
        .show()
}

fn column(bill: &CurrentBill, at: usize, wish: RwSignal<Wish>, remove: Option<View>) -> View {
    let currency = bill.account.currency;
    let (amount_id, way_id) = (format!("amount-{at}"), format!("way-{at}"));
    let fields = views![
        el("label").attr("for", amount_id.clone()).child("Amount"),
        el("div")
            .class("amount")
            .child(
                el("span")
                    .class("amount-sign")
                    .attr("aria-hidden", "true")
                    .child(currency.sign().to_owned())
            )
            .child(
                el("input")
                    .attr("id", amount_id)
                    .attr("type", "text")
                    .attr("inputmode", "decimal")
                    .attr("autocomplete", "off")
                    .live_value(move || wish.read().typed.clone())
                    .on("input", move |event| {
                        wish.update(|wish| wish.typed = event_target_value(&event));
                    })
            ),
        el("label").attr("for", way_id.clone()).child("Goes to"),
        ways(bill, way_id, wish)
    ];
    let bill = bill.clone();
    let result = move || result(&bill, &wish.read());
    el("section")
        .class("what-if")
        .attr("aria-label", format!("Amount {}", at + 1))
        .child(fields)
        .child(remove)
        .child(el("div").attr("aria-live", "polite").child(result))
        .show()
}

fn ways(bill: &CurrentBill, id: String, wish: RwSignal<Wish>) -> View {
    let chosen = wish.read_untracked().way;
    let option = |way: Way, words: String| {
        el("option")
            .attr("value", way.word())
            .attr("selected", (way == chosen).then_some(""))
            .child(words)
    };
    let own = bill.rules.order;
    let mut options: Vec<_> = AllocationOrder::ALL
        .into_iter()
        .map(|order| {
            let usual = if order == own { " (as usual here)" } else { "" };
            option(Way::Order(order), format!("{}{usual}", order_words(order)))
        })
        .collect();
    let payable = bill.due_periods.iter().filter(|due| due.item.available().is_positive());
    options.extend(payable.take(100).map(|due| {
        let name = bill_name(due.period, &due.item.bill_number);
        option(Way::Bill(due.item.bill_id), format!("{name} first"))
    }));
    el("select")
        .attr("id", id)
        .on("change", move |event| {
            if let Some(way) = Way::read(&event_target_value(&event)) {
                wish.update(|wish| wish.way = way);
            }
        })
        .child(options)
        .show()
}

/// The customer's own table for this wish, or why there is none.
fn result(bill: &CurrentBill, wish: &Wish) -> View {
    let mut bill = bill.clone();
    let draft = draft_of(&mut bill, wish);
    let asking = Asking::what_if(bill, draft);
    let seen = asking.seen();
    let (shown, _) = signal(seen.as_ref().ok().map(|seen| seen.preview.clone()));
    let (behind, _) = signal(false);
    let split = Split { shown, behind };
    match seen {
        Ok(_) => {
            views![preview_table::outcome(&asking, split), preview_table::view(&asking, split)]
                .show()
        }
        Err(wrong) => {
            let error = problem(&wrong, &asking.draft.read_untracked(), &asking.bill);
            el("p").class("field-error").child(error.words).show()
        }
    }
}

fn draft_of(bill: &mut CurrentBill, wish: &Wish) -> Draft {
    let typed = wish.typed.clone();
    match wish.way {
        Way::Order(order) => {
            bill.rules.order = order;
            Draft { choice: Some(Choice::Another), typed, ..Draft::default() }
        }
        Way::Bill(bill_id) => {
            let currency = bill.account.currency;
            let due = bill.due_periods.iter().find(|due| due.item.bill_id == bill_id);
            let available = due.map(|due| due.item.available()).unwrap_or_default();
            let towards = match read_sum(&typed, currency) {
                Ok(amount) => amount.min(available),
                Err(_) => {
                    return Draft { choice: Some(Choice::Another), typed, ..Draft::default() };
                }
            };
            let text = Money::new(towards, currency).number_text();
            Draft {
                choice: Some(Choice::ChosenBills),
                chosen: vec![ChosenBill { bill_id, typed: text }],
                total_typed: typed,
                ..Draft::default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wished_is_read_again_from_its_address() {
        let bill = BillId::from_parts(1, &[1; 10]);
        for way in [Way::Order(AllocationOrder::NewestFirst), Way::Bill(bill)] {
            let wish = Wish { typed: "1,234.50".into(), way };
            assert_eq!(Wish::read(&wish.text()), Some(wish));
        }
        for text in ["", "12", "12~", "12~nothing", "~oldest"] {
            assert_eq!(Wish::read(text), None, "{text}");
        }
    }
}
