//! Counting without fractions: rates, the middle of several rounds, and tables.

use std::time::Duration;

/// What one round found.
#[derive(Clone, Debug)]
pub struct Run {
    pub count: usize,
    pub took: Duration,
    /// How long each took, where each can be told from the others.
    pub each: Vec<Duration>,
}

impl Run {
    pub fn per_second(&self) -> u128 {
        (self.count as u128 * 1_000_000).checked_div(self.took.as_micros()).unwrap_or(0)
    }

    fn percentile(&self, percent: usize) -> Option<u128> {
        let mut sorted: Vec<u128> = self.each.iter().map(Duration::as_micros).collect();
        sorted.sort_unstable();
        let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(at).copied()
    }
}

/// The same thing measured in several rounds.
#[derive(Clone, Debug, Default)]
pub struct Rounds(Vec<Run>);

impl Rounds {
    pub fn add(&mut self, run: Run) {
        self.0.push(run);
    }

    fn per_second(&self) -> u128 {
        middle(self.0.iter().map(Run::per_second).collect()).unwrap_or(0)
    }

    fn percentile(&self, percent: usize) -> Option<u128> {
        middle(self.0.iter().filter_map(|run| run.percentile(percent)).collect())
    }

    /// In hundredths; the middle of the rounds' own ratios, as a busy minute slows both.
    fn ratio_to(&self, reference: &Self) -> Option<u128> {
        let pairs = self.0.iter().zip(&reference.0);
        let ratio = |(ours, theirs): (&Run, &Run)| {
            (ours.per_second() * 100).checked_div(theirs.per_second())
        };
        middle(pairs.filter_map(ratio).collect())
    }
}

fn middle(mut figures: Vec<u128>) -> Option<u128> {
    figures.sort_unstable();
    figures.get(figures.len() / 2).copied()
}

pub struct Row {
    cells: [String; 6],
}

impl Row {
    pub fn of(what: &str, rounds: &Rounds) -> Self {
        let none = || "–".to_owned();
        let ms = |percent| rounds.percentile(percent).map_or_else(none, milliseconds);
        let rate = rounds.per_second().to_string();
        Self { cells: [what.to_owned(), rate, ms(50), ms(99), none(), none()] }
    }

    pub fn beside(what: &str, rounds: &Rounds, reference: &Rounds) -> Self {
        let mut row = Self::of(what, rounds);
        if let Some(ratio) = rounds.ratio_to(reference) {
            row.cells[4] = format!("{}.{:02}", ratio / 100, ratio % 100);
        }
        row
    }

    pub fn with_target(mut self, target: &str) -> Self {
        target.clone_into(&mut self.cells[5]);
        self
    }
}

/// 12345 µs → `12.3`
fn milliseconds(micros: u128) -> String {
    format!("{}.{}", micros / 1_000, micros % 1_000 / 100)
}

pub struct Table {
    pub title: String,
    pub unit: &'static str,
    pub reference: Option<&'static str>,
    pub rows: Vec<Row>,
}

impl Table {
    pub fn print(&self) {
        println!("### {}\n", self.title);
        let of = self.reference.map_or_else(String::new, |reference| format!("of {reference}"));
        let head = ["what", self.unit, "p50 ms", "p99 ms", &of, "target"].map(str::to_owned);
        let lines: Vec<&[String; 6]> =
            std::iter::once(&head).chain(self.rows.iter().map(|row| &row.cells)).collect();
        let width = |column: usize| {
            lines.iter().map(|cells| cells[column].chars().count()).max().unwrap_or(0)
        };
        for (at, cells) in lines.iter().enumerate() {
            let mut line = format!("| {:<1$} |", cells[0], width(0));
            for column in 1..6 {
                line.push_str(&format!(" {:>1$} |", cells[column], width(column)));
            }
            println!("{line}");
            if at == 0 {
                let rules: Vec<String> = (1..6).map(|c| "-".repeat(width(c)) + ":").collect();
                println!("|{}|-{}|", "-".repeat(width(0) + 2), rules.join("|-"));
            }
        }
        println!();
    }
}
