//! How a file writes a day: `month/day/year`, `day.month.year`, `year-month-day`.

use receivables::calendar::CivilDate;
use serde::Deserialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Day,
    Month,
    Year,
}

/// The three parts in their order, with the signs that stand between them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct DatePattern {
    text: String,
    parts: [Part; 3],
    between: [char; 2],
}

impl TryFrom<String> for DatePattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} must be day, month and year once each, as in day.month.year");
        let part = |word: &str| match word {
            "day" => Some(Part::Day),
            "month" => Some(Part::Month),
            "year" => Some(Part::Year),
            _ => None,
        };
        let mut signs = text.chars().filter(|c| !c.is_ascii_alphabetic());
        let between = match (signs.next(), signs.next(), signs.next()) {
            (Some(first), Some(second), None) if !first.is_alphanumeric() => [first, second],
            _ => return Err(wrong()),
        };
        let words: Vec<Part> =
            text.split(|c: char| !c.is_ascii_alphabetic()).filter_map(part).collect();
        let Ok(parts) = <[Part; 3]>::try_from(words) else { return Err(wrong()) };
        if ![Part::Day, Part::Month, Part::Year].iter().all(|part| parts.contains(part)) {
            return Err(wrong());
        }
        Ok(Self { text, parts, between })
    }
}

impl DatePattern {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The day, if the text has this form and the calendar has it. A year has four digits: two
    /// could be of either century.
    pub fn parse(&self, text: &str) -> Option<CivilDate> {
        let (first, rest) = text.split_once(self.between[0])?;
        let (second, third) = rest.split_once(self.between[1])?;
        let (mut year, mut month, mut day) = (0, 0, 0);
        for (part, digits) in self.parts.iter().zip([first, second, third]) {
            let lengths = if *part == Part::Year { 4..=4 } else { 1..=2 };
            if !lengths.contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let number: i16 = digits.parse().ok()?;
            match part {
                Part::Year => year = number,
                Part::Month => month = i8::try_from(number).ok()?,
                Part::Day => day = i8::try_from(number).ok()?,
            }
        }
        CivilDate::try_new(year, month, day).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pattern: &str, text: &str) -> Option<String> {
        let pattern = DatePattern::try_from(pattern.to_owned()).unwrap();
        pattern.parse(text).map(|day| day.to_string())
    }

    #[test]
    fn a_day_is_read_in_the_files_own_order() {
        let day = Some("2013-02-01".to_owned());
        assert_eq!(read("month/day/year", "2/1/2013"), day);
        assert_eq!(read("day.month.year", "01.02.2013"), day);
        assert_eq!(read("year-month-day", "2013-02-01"), day);
    }

    #[test]
    fn what_is_no_day_of_that_form_is_none() {
        for text in
            ["2/30/2013", "13/1/2013", "2/1/13", "2-1-2013", "2/1", "", "+2/1/2013", "２/1/2013"]
        {
            assert_eq!(read("month/day/year", text), None, "{text}");
        }
    }

    #[test]
    fn a_pattern_names_each_part_once() {
        for text in ["", "month/day", "day/day/year", "year-month-day-hour", "dmy", "day month"] {
            assert!(DatePattern::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
