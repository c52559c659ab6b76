//! Names of things. Each id is its own type, so that an account can never be passed as a bill,
//! and each prints with a prefix that says what it names: `pay_0192f3a4…`.
//!
//! The 128 bits behind an id are a UUIDv7: the time first, so that rows made together lie
//! together, then chance. Both are arguments.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a {prefix}… id")]
pub struct NotAnId {
    pub prefix: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            /// A new id from the time and ten bytes of chance, both given by the caller.
            pub fn from_parts(unix_ms: u64, chance: &[u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(unix_ms, chance).into_uuid())
            }

            /// Parses the prefix and 32 lower-case hexadecimal digits; one spelling only.
            pub fn parse(text: &str) -> Result<Self, NotAnId> {
                let wrong = NotAnId { prefix: $prefix };
                let digits = text.strip_prefix($prefix).ok_or(wrong)?;
                let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
                if digits.len() != 32 || !digits.bytes().all(lower_hex) {
                    return Err(wrong);
                }
                Uuid::try_parse(digits).map(Self).map_err(|_| wrong)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "[0-9a-f]{32}$")))
                    .into()
            }
        }
        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}

id!(
    /// A person who signs in.
    CustomerId,
    "cus_"
);
id!(
    /// The thing that owes.
    AccountId,
    "acc_"
);
id!(
    /// One request for payment.
    BillId,
    "bill_"
);
id!(
    /// Money towards an account. Made in the browser, so that a repeated request is the same
    /// payment.
    PaymentId,
    "pay_"
);
id!(
    /// One movement in the book.
    PostingId,
    "post_"
);
id!(
    /// One recorded line of an allocation: payment to open item.
    ApplicationId,
    "appl_"
);
id!(
    /// A credit note or a write-off: what changes a balance without money.
    AdjustmentId,
    "adj_"
);
id!(
    /// Money given back of a payment.
    RefundId,
    "ref_"
);
id!(
    /// A payer's bank that questions a payment, or takes it back.
    DisputeId,
    "dis_"
);
id!(
    /// A person asked to come in.
    InvitationId,
    "inv_"
);
id!(
    /// A file of payments that staff sent in.
    ImportId,
    "imp_"
);
id!(
    /// A piece of work to do after a commit.
    OutboxId,
    "out_"
);
id!(
    /// A member of staff, as the company's identity provider knows them.
    MemberId,
    "mem_"
);
id!(
    /// Something that waits for a person.
    WorkItemId,
    "work_"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling_and_one_kind() {
        let id = PaymentId::from_parts(1_795_000_000_000, &[7; 10]);
        assert_eq!(PaymentId::parse(&id.to_string()), Ok(id));
        let text = id.to_string();
        let digits = text.strip_prefix("pay_").unwrap();
        let long = "a".repeat(10_000);
        for wrong in [
            format!("bill_{digits}"),
            digits.to_owned(),
            text.to_uppercase(),
            format!("{text} "),
            "1".into(),
            "-1".into(),
            "../".into(),
            "%00".into(),
            long,
            format!("pay_{{{digits}}}"),
        ] {
            assert!(PaymentId::parse(&wrong).is_err(), "{}", &wrong[..wrong.len().min(40)]);
        }
    }

    #[test]
    fn ids_made_later_sort_later() {
        let early = BillId::from_parts(1_000, &[255; 10]);
        let late = BillId::from_parts(1_001, &[0; 10]);
        assert!(early < late && early.to_string() < late.to_string());
    }
}
