//! Civil dates. A due date is a day in the biller's time zone, never an instant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A day of the calendar, written `YYYY-MM-DD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilDate(jiff::civil::Date);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a date of the form YYYY-MM-DD")]
pub struct NotADate;

impl CivilDate {
    /// The day, or [`NotADate`] for one the calendar does not have.
    pub fn try_new(year: i16, month: i8, day: i8) -> Result<Self, NotADate> {
        // Years outside four digits would change the width, and so the order, of the text form.
        if !(1..=9999).contains(&year) {
            return Err(NotADate);
        }
        jiff::civil::Date::new(year, month, day).map(Self).map_err(|_| NotADate)
    }

    pub const fn from_jiff(date: jiff::civil::Date) -> Self {
        Self(date)
    }

    pub const fn jiff(self) -> jiff::civil::Date {
        self.0
    }

    /// Parses exactly `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Result<Self, NotADate> {
        let bytes = text.as_bytes();
        let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = bytes else { return Err(NotADate) };
        let number = |digits: &[u8]| -> Result<i16, NotADate> {
            if !digits.iter().all(u8::is_ascii_digit) {
                return Err(NotADate);
            }
            std::str::from_utf8(digits).ok().and_then(|d| d.parse().ok()).ok_or(NotADate)
        };
        let small = |digits: &[u8]| i8::try_from(number(digits)?).map_err(|_| NotADate);
        Self::try_new(number(&[*y1, *y2, *y3, *y4])?, small(&[*m1, *m2])?, small(&[*d1, *d2])?)
    }

    /// How many days after `earlier` this day is; negative when before.
    pub fn days_since(self, earlier: Self) -> i32 {
        // By the duration, which cannot fail: a span comes with words for every way to fail,
        // and those weighed as much in the browser as a page. It fits: years are 1 to 9999.
        let seconds = self.0.duration_since(earlier.0).as_secs();
        i32::try_from(seconds.div_euclid(86_400)).unwrap_or(0)
    }

    /// The day `days` later (earlier when negative); the calendar's end when beyond it.
    pub fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().days(days.clamp(-3_000_000, 3_000_000))))
    }

    /// `22 Nov 2026`: the month in letters, so that nobody takes the day for the month.
    pub fn in_words(self) -> String {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let place = usize::from(self.0.month().unsigned_abs()).saturating_sub(1);
        let month = MONTHS.get(place).copied().unwrap_or("");
        format!("{} {month} {}", self.0.day(), self.0.year())
    }
}

impl fmt::Display for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

impl fmt::Debug for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CivilDate {
    type Err = NotADate;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Serialize for CivilDate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CivilDate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
mod schema {
    use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, schema::Type};
    impl utoipa::PartialSchema for super::CivilDate {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
                .description(Some("A day in the biller's time zone, YYYY-MM-DD"))
                .into()
        }
    }
    impl utoipa::ToSchema for super::CivilDate {}
}

/// An instant: microseconds since 1970-01-01 UTC. Whole numbers compare and store alike on
/// every database; on the wire it is RFC 3339 text made by the server.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = i64))]
pub struct Micros(pub i64);

impl Micros {
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    pub const fn plus_minutes(self, minutes: i64) -> Self {
        self.plus_seconds(minutes.saturating_mul(60))
    }

    /// Whole seconds since 1970, as the gateway counts.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_day_of_the_calendar_in_iso_form_is_a_date() {
        assert_eq!(CivilDate::parse("2028-02-29").unwrap().to_string(), "2028-02-29");
        for wrong in [
            "2026-02-30",
            "0000-01-01",
            "2026-2-3",
            "2026/02/03",
            "+2026-02-3",
            "22 Nov 2026",
            "2026-13-01",
            "2026-00-10",
            "",
            "2026-11-22T00:00:00Z",
            "-001-01-01",
            "２０２６-01-01",
        ] {
            assert_eq!(CivilDate::parse(wrong), Err(NotADate), "{wrong:?}");
        }
    }

    #[test]
    fn days_are_counted_over_leap_years_and_month_ends() {
        let day = |text| CivilDate::parse(text).unwrap();
        assert_eq!(day("2028-03-01").days_since(day("2028-02-28")), 2);
        assert_eq!(day("2026-02-28").days_since(day("2026-03-01")), -1);
        assert_eq!(day("2026-11-22").plus_days(40), day("2027-01-01"));
        assert_eq!(day("2026-11-22").in_words(), "22 Nov 2026");
    }

    #[test]
    fn an_instant_is_counted_in_microseconds_and_told_in_whole_seconds() {
        let instant = Micros(1_500_000);
        assert_eq!(instant.plus_seconds(2), Micros(3_500_000));
        assert_eq!(instant.plus_minutes(-1), Micros(-58_500_000));
        assert_eq!(instant.unix_seconds(), 1);
        assert_eq!(Micros(-1).unix_seconds(), -1);
        assert_eq!(Micros(42_999_999).unix_seconds(), 42);
    }
}
