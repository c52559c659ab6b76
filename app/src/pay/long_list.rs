//! The preview of more bills than a table should hold: a window of a few rows on a list, so
//! that a key press costs one search among running sums and two dozen rows, however many bills.

use leptos::prelude::*;
use receivables::allocation::{Allocation, AllocationLine, AllocationOrder, OrderedItems};
use receivables::api::accounts::CurrentBill;
use receivables::money::MinorUnits;
use receivables::words::Message;

use super::how_much::Asking;
use super::preview_table::columns;
use super::reason_words;
use crate::bills::bill_name;
use crate::ui::dates::due_line;
use crate::ui::money::money_text;
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::{fill, say};

/// Height of a row in CSS pixels; `.long-list` in pay.css says the same.
const ROW_PX: i32 = 64;
const ROWS: usize = 24;
/// Rows drawn above the first one in sight.
const ABOVE: usize = 4;

/// The open items in their order, with what a window needs of them.
struct Book {
    bill: std::sync::Arc<CurrentBill>,
    ordered: OrderedItems,
    /// Where in `due_periods` the item at each position is.
    places: Vec<usize>,
}

impl Book {
    fn new(asking: &Asking) -> Self {
        let bill = asking.bill.clone();
        let ordered = OrderedItems::new(bill.rules.order, &asking.items, bill.today);
        let mut places: Vec<usize> = (0..bill.due_periods.len()).collect();
        places.sort_by_key(|at| ordered.position(asking.items[*at].bill_id));
        Self { bill, ordered, places }
    }
}

/// The split of the amount now asked: looked up row by row where the order allows it.
#[derive(Clone, Debug, PartialEq)]
enum Given {
    Nothing,
    InOrder(MinorUnits),
    Whole(Allocation),
}

impl Given {
    fn line(&self, book: &Book, position: usize) -> Option<AllocationLine> {
        match self {
            Self::Nothing => None,
            Self::InOrder(amount) => book.ordered.line_at(position, *amount),
            Self::Whole(allocation) => {
                let at = *book.places.get(position)?;
                let id = book.bill.due_periods.get(at)?.item.bill_id;
                allocation.lines.iter().find(|line| line.bill_id == id).copied()
            }
        }
    }
}

pub fn view(asking: &Asking) -> View {
    let book = StoredValue::new(Book::new(asking));
    let currency = asking.bill.account.currency;
    let asker = asking.clone();
    let given = Memo::new(move |_| {
        let Ok(asked) = asker.asked() else { return Given::Nothing };
        if asked.amount > asker.balance.available {
            return Given::Nothing;
        }
        book.with_value(|book| match asker.bill.rules.order {
            AllocationOrder::Proportional => Given::Whole(book.ordered.allocate(asked.amount)),
            _ => Given::InOrder(asked.amount),
        })
    });
    let all = asking.items.len();
    let first = RwSignal::new(0_usize);
    let scrolled = move |event: web_sys::Event| {
        let top = event_target::<web_sys::HtmlElement>(&event).scroll_top();
        let at = usize::try_from(top / ROW_PX).unwrap_or(0).saturating_sub(ABOVE);
        // By fours, so that most of a scroll draws nothing anew.
        first.set((at - at % 4).min(all.saturating_sub(ROWS)));
    };
    let rows = move || {
        let (from, given) = (first.get(), given.read());
        book.with_value(|book| {
            let to = (from + ROWS).min(all);
            (from..to).map(|position| long_row(book, position, &given)).collect::<Vec<_>>()
        })
    };
    let summary = move || {
        let amount = match &*given.read() {
            Given::Nothing => return say(Message::PreviewCaptionEmpty).to_owned(),
            Given::InOrder(amount) => *amount,
            Given::Whole(allocation) => {
                MinorUnits::sum(allocation.lines.iter().map(|l| l.amount)).unwrap_or_default()
            }
        };
        let settled = book.with_value(|book| book.ordered.settled_whole(amount)).to_string();
        let amount = money_text(amount, currency);
        let places =
            [("amount", amount.as_str()), ("settled", &settled), ("all", &all.to_string())];
        fill(Message::LongListSummary, &places)
    };
    let columns = columns();
    let heads: Vec<_> = columns
        .iter()
        .map(|column| el("span").attr("role", "columnheader").child(*column))
        .collect();
    let height = format!("{}px", i64::try_from(all).unwrap_or(0) * i64::from(ROW_PX));
    let offset = move || {
        let px = i64::try_from(first.get()).unwrap_or(0) * i64::from(ROW_PX);
        format!("translateY({px}px)")
    };
    views![
        el("p").class("caption").attr("id", "preview-caption").child(summary),
        el("div")
            .class("long-list")
            .attr("role", "table")
            .attr("aria-labelledby", "preview-caption")
            .attr("aria-rowcount", (all + 1).to_string())
            .child(
                el("div")
                    .attr("role", "rowgroup")
                    .class("long-head")
                    .child(el("div").attr("role", "row").attr("aria-rowindex", "1").child(heads))
            )
            .child(
                el("div")
                    .attr("role", "rowgroup")
                    .class("long-scroll")
                    .attr("tabindex", "0")
                    .on("scroll", scrolled)
                    .child(
                        el("div")
                            .attr("role", "presentation")
                            .class("long-all")
                            .live_style("height", move || height.clone())
                            .child(
                                el("div")
                                    .attr("role", "presentation")
                                    .live_style("transform", offset)
                                    .child(rows)
                            )
                    )
            )
    ]
    .show()
}

fn long_row(book: &Book, position: usize, given: &Given) -> View {
    let Some(due) = book.places.get(position).and_then(|at| book.bill.due_periods.get(*at)) else {
        return ().show();
    };
    let currency = book.bill.account.currency;
    let available = due.item.available();
    let line = given.line(book, position);
    let (amount, after, reason) = match line {
        Some(line) => (money_text(line.amount, currency), line.after, reason_words(line.reason)),
        None if available.is_zero() => (String::new(), due.item.open, say(Message::LeftOutShort)),
        None => (say(Message::NothingOnThis).to_owned(), available, ""),
    };
    el("div")
        .attr("role", "row")
        .class(if line.is_some() { "long-row gets" } else { "long-row" })
        .attr("aria-rowindex", (position + 2).to_string())
        .child(
            el("span")
                .attr("role", "rowheader")
                .child(bill_name(due.period, &due.item.bill_number))
                .child(el("span").class("hint").child(due_line(due.item.due_on, book.bill.today))),
        )
        .child(
            el("span")
                .attr("role", "cell")
                .child(el("bdi").class("money").child(money_text(available, currency))),
        )
        .child(
            el("span")
                .attr("role", "cell")
                .child(el("bdi").class("money").child(amount))
                .child(el("span").class("hint").child(reason)),
        )
        .child(
            el("span")
                .attr("role", "cell")
                .child(el("bdi").class("money").child(money_text(after, currency))),
        )
        .show()
}
