//! The dashboard: how the portal stands, in a few sums a currency.

use serde::{Deserialize, Serialize};

use crate::calendar::CivilDate;
use crate::money::{Currency, MinorUnits};

/// `GET /api/v1/dashboard`. Amounts are minor units of their currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dashboard {
    pub as_of: String,
    /// Today in the biller's time zone.
    pub today: CivilDate,
    /// Matters on the work list.
    pub needs_a_person: i64,
    /// The currencies in which anything is owed, in progress, or was received in these days.
    pub currencies: Vec<CurrencyFigures>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CurrencyFigures {
    pub currency: Currency,
    /// What was received today, by whatever way; what went back is not taken off.
    pub collected_today: Figure,
    /// Open on bills asked for whose day is over; payments in progress are not taken off.
    pub past_due: Figure,
    /// Of payments that were started and are not over.
    pub in_progress: Figure,
    /// All that is open on bills asked for, by days since the due date; every bucket is there.
    pub aging: Vec<AgingBucket>,
    /// Of 30 days, the oldest first, today the last; every day is there.
    pub collected: Vec<CollectedOn>,
}

/// A sum, and of how many bills or payments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Figure {
    pub amount: MinorUnits,
    pub count: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgingBucket {
    pub age: Age,
    pub amount: MinorUnits,
    pub count: i64,
}

/// Days since the due date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Age {
    /// Not over: due today, later, or never.
    Current,
    #[serde(rename = "days_1_30")]
    Days1To30,
    #[serde(rename = "days_31_60")]
    Days31To60,
    #[serde(rename = "days_61_90")]
    Days61To90,
    #[serde(rename = "over_90")]
    DaysOver90,
}

impl Age {
    pub const ALL: [Self; 5] =
        [Self::Current, Self::Days1To30, Self::Days31To60, Self::Days61To90, Self::DaysOver90];
}

/// What was received on one business day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CollectedOn {
    pub on: CivilDate,
    pub amount: MinorUnits,
    pub count: i64,
}
