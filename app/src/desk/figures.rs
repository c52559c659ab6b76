//! How the portal stands: sums, how old what is owed is, and what came in by day. Each picture is
//! a table too.

use receivables::api::dashboard::{
    Age, AgingBucket, CollectedOn, CurrencyFigures, Dashboard, Figure,
};
use receivables::money::{Currency, MinorUnits};

use super::place::{DeskPage, link};
use super::requests;
use crate::ui::heading::heading;
use crate::ui::loaded::loaded;
use crate::ui::money::{money, money_text};
use crate::ui::table::{self, cell, facts, row, row_head};
use crate::ui::view::{Show, View, el, views};

const AGING: [&str; 3] = ["Days since due", "Bills", "Open"];
const COLLECTED: [&str; 3] = ["Day", "Payments", "Collected"];

pub fn page() -> View {
    loaded(requests::dashboard, draw)
}

fn draw(dashboard: Dashboard) -> View {
    let time = dashboard.as_of.get(11..16).unwrap_or_default();
    let currencies: Vec<_> = dashboard.currencies.iter().map(currency).collect();
    let waits = format!("{} matters wait for a person", dashboard.needs_a_person);
    el("div")
        .class("page")
        .child(heading("How it stands"))
        .child(
            el("p")
                .class("hint")
                .child(format!("As of {} {time} UTC.", dashboard.today.in_words())),
        )
        .child(el("p").child(link(DeskPage::Work, "", waits)))
        .child(currencies)
        .child(definitions())
        .show()
}

fn definitions() -> View {
    el("details")
        .child(el("summary").child("What these sums are"))
        .child(el("p").child(
            "Collected: what was received, by whatever way; what went back is not taken off. Past \
             due: open on bills asked for whose day is over; payments in progress are not taken \
             off. In progress: payments that were started and are not over.",
        ))
        .show()
}

fn currency(figures: &CurrencyFigures) -> View {
    let currency = figures.currency;
    let figure = |of: &Figure, what: &str| {
        let sum = money_text(of.amount, currency);
        format!("{sum} · {} {what}", of.count).show()
    };
    let sums = facts(vec![
        ("Collected today", figure(&figures.collected_today, "payments")),
        ("Past due", figure(&figures.past_due, "bills")),
        ("In progress", figure(&figures.in_progress, "payments")),
    ]);
    views![
        el("h2").child(format!("In {}", currency.code())),
        sums,
        aging(&figures.aging, currency),
        collected(&figures.collected, currency)
    ]
    .show()
}

fn age_words(age: Age) -> &'static str {
    match age {
        Age::Current => "Not over",
        Age::Days1To30 => "1 to 30",
        Age::Days31To60 => "31 to 60",
        Age::Days61To90 => "61 to 90",
        Age::DaysOver90 => "Over 90",
    }
}

/// As long as its share of the largest.
fn bar(amount: MinorUnits, largest: MinorUnits) -> View {
    el("progress")
        .attr("aria-hidden", "true")
        .attr("max", largest.get().max(1).to_string())
        .attr("value", amount.get().to_string())
        .show()
}

fn aging(buckets: &[AgingBucket], currency: Currency) -> View {
    let largest = buckets.iter().map(|bucket| bucket.amount).max().unwrap_or_default();
    let rows: Vec<_> = buckets
        .iter()
        .map(|bucket| {
            let cells = vec![
                row_head(age_words(bucket.age)),
                cell(AGING[1], bucket.count.to_string()),
                cell(AGING[2], views![money(bucket.amount, currency), bar(bucket.amount, largest)]),
            ];
            row("", cells)
        })
        .collect();
    table::table("How old what is owed is".show(), table::head(&AGING), rows.show())
}

fn collected(days: &[CollectedOn], currency: Currency) -> View {
    let largest = days.iter().map(|day| day.amount).max().unwrap_or_default();
    let rows: Vec<_> = days
        .iter()
        .rev()
        .map(|day| {
            let cells = vec![
                row_head(day.on.in_words()),
                cell(COLLECTED[1], day.count.to_string()),
                cell(COLLECTED[2], views![money(day.amount, currency), bar(day.amount, largest)]),
            ];
            row("", cells)
        })
        .collect();
    table::table("Collected per day".show(), table::head(&COLLECTED), rows.show())
}
