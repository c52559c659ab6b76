//! Tender: the form in which a payment came in.

use serde::{Deserialize, Serialize};

/// The form money came in. A payment made online is a [`Card`](Self::Card) until the gateway
/// says that the payer used a bank account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Tender {
    Card,
    BankDebit,
    Cash,
    Cheque,
    Transfer,
    /// A card at a terminal on the counter.
    Terminal,
    /// Paid in a portal that is not ours.
    OtherPortal,
}

impl Tender {
    pub const ALL: [Self; 7] = [
        Self::Card,
        Self::BankDebit,
        Self::Cash,
        Self::Cheque,
        Self::Transfer,
        Self::Terminal,
        Self::OtherPortal,
    ];

    /// The stored spelling, the same as on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::BankDebit => "bank_debit",
            Self::Cash => "cash",
            Self::Cheque => "cheque",
            Self::Transfer => "transfer",
            Self::Terminal => "terminal",
            Self::OtherPortal => "other_portal",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tender| tender.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tender_is_stored_by_its_word_on_the_wire() {
        let stored =
            ["card", "bank_debit", "cash", "cheque", "transfer", "terminal", "other_portal"];
        assert_eq!(Tender::ALL.map(Tender::code), stored);
        for word in Tender::ALL {
            assert_eq!(Tender::parse(word.code()), Some(word));
            assert_eq!(serde_json::to_value(word).unwrap(), word.code());
        }
        assert_eq!(Tender::parse("something else"), None);
    }
}
