//! Why a line of an allocation is there, in words.

use super::Message;
use crate::allocation::Reason;

impl Message {
    /// What to say beside a line with this reason.
    pub const fn of_reason(reason: Reason) -> Self {
        match reason {
            Reason::OldestOverdue => Self::ReasonOldestOverdue,
            Reason::NextDue => Self::ReasonNextDue,
            Reason::NoDueDate => Self::ReasonNoDueDate,
            Reason::YouChoseIt => Self::ReasonYouChoseIt,
            Reason::YourCredit => Self::ReasonYourCredit,
            Reason::OldestBill => Self::ReasonOldestBill,
            Reason::NewestBill => Self::ReasonNewestBill,
            Reason::SmallestBill => Self::ReasonSmallestBill,
            Reason::EqualShare => Self::ReasonEqualShare,
            Reason::WholeBill => Self::ReasonWholeBill,
        }
    }
}
