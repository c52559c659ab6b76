//! One order for rows of several tables: by the instant, then by the table, then as the table's
//! own ids are sorted by the database, which need not sort letters as a program would.

use receivables::api::timeline::TimelineRow;

/// The tables a page is read from. Of what happened in one moment the later is named first: a
/// letter is written because of a posting, and a posting because of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Letters,
    Postings,
    Acts,
}

impl Source {
    const ALL: [Self; 3] = [Self::Letters, Self::Postings, Self::Acts];

    const fn code(self) -> &'static str {
        match self {
            Self::Letters => "l",
            Self::Postings => "p",
            Self::Acts => "a",
        }
    }
}

/// The row after which a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub at: i64,
    pub source: Source,
    pub id: String,
}

impl Cursor {
    pub fn parse(text: &str) -> Option<Self> {
        let (at, rest) = text.split_once('~')?;
        let (source, id) = rest.split_once('~')?;
        let is_id = (1..=200).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
        Some(Self {
            at: at.parse().ok().filter(|at| *at >= 0)?,
            source: Source::ALL.into_iter().find(|known| known.code() == source)?,
            id: is_id.then(|| id.to_owned())?,
        })
    }

    pub fn text(&self) -> String {
        format!("{}~{}~{}", self.at, self.source.code(), self.id)
    }
}

/// Where one table's rows begin: before this instant, or in it before this id.
pub fn bound(after: Option<&Cursor>, source: Source) -> (i64, String) {
    let Some(after) = after else { return (i64::MAX, String::new()) };
    match source.cmp(&after.source) {
        std::cmp::Ordering::Less => (after.at, String::new()),
        std::cmp::Ordering::Equal => (after.at, after.id.clone()),
        // All of that moment are still to come.
        std::cmp::Ordering::Greater => (after.at.saturating_add(1), String::new()),
    }
}

/// A row as it was read, with its place in the order. What nobody has a word for has no row.
#[derive(Debug)]
pub struct Placed {
    pub place: Cursor,
    pub row: Option<TimelineRow>,
}

/// Each list is in its table's order; together they are in the timeline's.
pub fn merged(lists: [Vec<Placed>; 3]) -> Vec<Placed> {
    let mut all: Vec<Placed> = lists.into_iter().flatten().collect();
    // The sort is stable, so that rows of one table stay as the database sorted them.
    all.sort_by_key(|placed| (std::cmp::Reverse(placed.place.at), placed.place.source));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(at: i64, source: Source, id: &str) -> Cursor {
        Cursor { at, source, id: id.to_owned() }
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is_one() {
        for source in Source::ALL {
            let written = cursor(7, source, "invitation/inv_1/sent_again/9");
            assert_eq!(Cursor::parse(&written.text()), Some(written));
        }
        for wrong in ["", "7", "7~p", "7~p~", "-1~p~x", "x~p~x", "7~q~x", "7~p~a b", "7~p~é"] {
            assert_eq!(Cursor::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn of_one_moment_a_page_goes_on_in_the_same_table_and_with_the_tables_after_it() {
        let after = cursor(7, Source::Postings, "post_5");
        assert_eq!(bound(Some(&after), Source::Letters), (7, String::new()));
        assert_eq!(bound(Some(&after), Source::Postings), (7, "post_5".to_owned()));
        assert_eq!(bound(Some(&after), Source::Acts), (8, String::new()));
        assert_eq!(bound(None, Source::Acts), (i64::MAX, String::new()));
    }
}
