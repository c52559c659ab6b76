//! Tables that become labelled cards on a narrow page. The roles are written out because a
//! browser drops a table's own once its rows are laid out as cards.

use crate::ui::view::{Show, View, el};

pub fn head(columns: &[&'static str]) -> View {
    let cells: Vec<_> = columns
        .iter()
        .map(|column| el("th").attr("role", "columnheader").attr("scope", "col").child(*column))
        .collect();
    el("thead").attr("role", "rowgroup").child(el("tr").attr("role", "row").child(cells)).show()
}

pub fn row_head(content: impl Show) -> View {
    el("th").attr("role", "rowheader").attr("scope", "row").child(content.show()).show()
}

/// A cell with its column's name, which is seen on narrow pages only.
pub fn cell(column: &'static str, content: impl Show) -> View {
    el("td")
        .attr("role", "cell")
        .child(el("span").class("cell-label").attr("aria-hidden", "true").child(column))
        .child(el("span").class("cell-value").child(content.show()))
        .show()
}

pub fn row(class: &'static str, cells: Vec<View>) -> View {
    el("tr").attr("role", "row").attr("class", class).child(cells).show()
}

pub fn table(caption: View, head: View, body: View) -> View {
    el("table")
        .attr("role", "table")
        .class("cards")
        .child(el("caption").child(caption))
        .child(head)
        .child(el("tbody").attr("role", "rowgroup").child(body))
        .show()
}

/// A list of facts: what, and its value.
pub fn facts(rows: Vec<(&'static str, View)>) -> View {
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(name, value)| el("div").child(el("dt").child(name)).child(el("dd").child(value)))
        .collect();
    el("dl").class("facts").child(rows).show()
}
