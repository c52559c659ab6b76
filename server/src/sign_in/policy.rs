//! What a caller may do: one function, so that the whole answer is read in one place.

use super::Caller;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    See,
    Preview,
    Pay,
    /// Take back a payment that has not been made.
    Cancel,
}

/// What the action is done to, as the database says it stands to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// An account the caller holds, with its bills, payments and receipts.
    AccountOfCaller,
    AccountOfOthers,
}

pub const fn can(_caller: &Caller, action: Action, resource: Resource) -> bool {
    match (resource, action) {
        (
            Resource::AccountOfCaller,
            Action::See | Action::Preview | Action::Pay | Action::Cancel,
        ) => true,
        (Resource::AccountOfOthers, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use receivables::ids::CustomerId;

    use super::*;

    #[test]
    fn a_customer_does_everything_with_own_accounts_and_nothing_with_others() {
        let customer_id = CustomerId::from_parts(1, &[1; 10]);
        let caller = Caller { customer_id, session_hash: "of a session".to_owned() };
        for action in [Action::See, Action::Preview, Action::Pay, Action::Cancel] {
            assert!(can(&caller, action, Resource::AccountOfCaller));
            assert!(!can(&caller, action, Resource::AccountOfOthers));
        }
    }
}
