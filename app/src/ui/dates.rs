//! Days in words, with how far away they are.

use receivables::calendar::CivilDate;
use receivables::words::Message;

use super::words::{fill, say};

/// `in 9 days`, `yesterday`.
pub fn relative(day: CivilDate, today: CivilDate) -> String {
    let days = day.days_since(today);
    let count = days.unsigned_abs().to_string();
    let places = [("days", count.as_str())];
    match days {
        0 => say(Message::DayToday).into(),
        1 => say(Message::DayTomorrow).into(),
        -1 => say(Message::DayYesterday).into(),
        2.. => fill(Message::DaysAhead, &places),
        _ => fill(Message::DaysAgo, &places),
    }
}

/// `Due 1 Dec 2026 (in 9 days)`, `Was due 1 Nov 2026 (21 days ago)`.
pub fn due_line(due_on: Option<CivilDate>, today: CivilDate) -> String {
    let Some(day) = due_on else { return say(Message::NoDueDate).into() };
    let message = if day < today { Message::WasDueOn } else { Message::DueOn };
    fill(message, &[("day", &day.in_words()), ("relative", &relative(day, today))])
}
