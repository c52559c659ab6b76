//! The preview of more bills than a table should hold: a window of a few rows on a list, so
//! that a key press costs one search among running sums and a score of rows, however many bills.

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
const ROWS: usize = 20;
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
    // Rows are drawn anew by scrolling only; a key press changes words in them.
    let rows = move || {
        let from = first.get();
        let to = (from + ROWS).min(all);
        (from..to).map(|position| long_row(book, position, given)).collect::<Vec<_>>()
    };
    let height = format!("{}px", i64::try_from(all).unwrap_or(0) * i64::from(ROW_PX));
    let offset = move || {
        let px = i64::try_from(first.get()).unwrap_or(0) * i64::from(ROW_PX);
        format!("translateY({px}px)")
    };
    views![
        el("p")
            .class("caption")
            .attr("id", "preview-caption")
            .child(move || summary(&book.read_value(), &given.read())),
        el("div")
            .class("long-list")
            .attr("role", "table")
            .attr("aria-labelledby", "preview-caption")
            .attr("aria-rowcount", (all + 1).to_string())
            .child(column_heads())
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

fn column_heads() -> View {
    let heads: Vec<_> = columns()
        .into_iter()
        .map(|column| el("span").attr("role", "columnheader").child(column))
        .collect();
    let row = el("div").attr("role", "row").attr("aria-rowindex", "1").child(heads);
    el("div").attr("role", "rowgroup").class("long-head").child(row).show()
}

fn summary(book: &Book, given: &Given) -> String {
    let amount = match given {
        Given::Nothing => return say(Message::PreviewCaptionEmpty).to_owned(),
        Given::InOrder(amount) => *amount,
        Given::Whole(allocation) => {
            MinorUnits::sum(allocation.lines.iter().map(|line| line.amount)).unwrap_or_default()
        }
    };
    let settled = book.ordered.settled_whole(amount).to_string();
    let amount = money_text(amount, book.bill.account.currency);
    let all = book.places.len().to_string();
    let places = [("amount", amount.as_str()), ("settled", &settled), ("all", &all)];
    fill(Message::LongListSummary, &places)
}

fn long_row(book: StoredValue<Book>, position: usize, given: Memo<Given>) -> View {
    let line = Memo::new(move |_| book.with_value(|book| given.read().line(book, position)));
    book.with_value(|book| {
        let Some(due) = book.places.get(position).and_then(|at| book.bill.due_periods.get(*at))
        else {
            return ().show();
        };
        let currency = book.bill.account.currency;
        let (available, open) = (due.item.available(), due.item.open);
        let left_out = available.is_zero();
        let amount = move || match line.get() {
            Some(line) => money_text(line.amount, currency),
            None if left_out => String::new(),
            None => say(Message::NothingOnThis).to_owned(),
        };
        let reason = move || match line.get() {
            Some(line) => reason_words(line.reason),
            None if left_out => say(Message::LeftOutShort),
            None => "",
        };
        let untouched = if left_out { open } else { available };
        let after = move || money_text(line.get().map_or(untouched, |line| line.after), currency);
        let sum = |content: View| el("bdi").class("money").child(content);
        // Of so many bills several are for one period.
        let number = due.period.map(|_| {
            let words = fill(Message::BillNumber, &[("number", &due.item.bill_number)]);
            el("span").class("hint").child(words)
        });
        let name = el("span")
            .attr("role", "rowheader")
            .child(bill_name(due.period, &due.item.bill_number))
            .child(number)
            .child(el("span").class("hint").child(due_line(due.item.due_on, book.bill.today)));
        let hint = el("span").class("hint").child(reason);
        let cell = || el("span").attr("role", "cell");
        el("div")
            .attr("role", "row")
            .class("long-row")
            .class_when("gets", move || line.get().is_some())
            .attr("aria-rowindex", (position + 2).to_string())
            .child(name)
            .child(cell().child(sum(money_text(available, currency).show())))
            .child(cell().child(sum(amount.show())).child(" ").child(hint))
            .child(cell().child(sum(after.show())))
            .show()
    })
}
