//! What a caller may do: one function, so that the whole answer is read in one place. Every
//! route that is not open to everyone asks it, and `docs/authorization.txt` says of every route
//! what comes of it for whom.

use axum::http::StatusCode;
use receivables::api::roles::{AccountRole, Scope, StaffRole};

use super::caller::Caller;
use super::words::StaffRoles;
use crate::problem::Refusal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Look at an account and its bills.
    See,
    /// Look at payments, refunds and receipts.
    SeePayments,
    /// Ask what an amount would settle.
    Preview,
    /// Start a payment, or use the account's credit.
    Pay,
    /// Take back a payment that has not been made.
    Cancel,
    /// See and end one's own sessions and passkeys.
    OwnSignIn,
    /// Look at refunds one by one.
    SeeRefunds,
    /// Look at adjustments.
    SeeAdjustments,
    /// Settle other bills with what was paid.
    Move,
    Refund,
    /// Record money that was received outside the portal; above the clerks' limit it waits.
    RecordPayment,
    GiveCredit,
    ProposeWriteOff,
    Approve,
    Decline,
    /// Take back an adjustment that was posted.
    Reverse,
    /// Invite customers, send invitations again and revoke them.
    Invite,
    SeeInvitations,
    /// Send in files of payments, start and stop them, and keep column maps.
    Import,
    /// Look at what became of files that were sent in.
    SeeImports,
    /// See operators, API clients and their keys.
    SeeKeys,
    /// Put a bill on hold, and release it.
    HoldBill,
    /// Look at what waits for a person.
    SeeWork,
    /// Take what was settled off that list.
    DoWork,
    /// Look at the portal's sums.
    SeeFigures,
    /// Look at the audit trail.
    SeeAudit,
    /// Give and end keys.
    ManageKeys,
}

impl Action {
    pub const ALL: [Self; 27] = [
        Self::See,
        Self::SeePayments,
        Self::Preview,
        Self::Pay,
        Self::Cancel,
        Self::OwnSignIn,
        Self::SeeRefunds,
        Self::SeeAdjustments,
        Self::Move,
        Self::Refund,
        Self::RecordPayment,
        Self::GiveCredit,
        Self::ProposeWriteOff,
        Self::Approve,
        Self::Decline,
        Self::Reverse,
        Self::Invite,
        Self::SeeInvitations,
        Self::HoldBill,
        Self::SeeWork,
        Self::DoWork,
        Self::SeeFigures,
        Self::SeeAudit,
        Self::Import,
        Self::SeeImports,
        Self::SeeKeys,
        Self::ManageKeys,
    ];

    pub const fn code(self) -> &'static str {
        match self {
            Self::See => "see",
            Self::SeePayments => "see_payments",
            Self::Preview => "preview",
            Self::Pay => "pay",
            Self::Cancel => "cancel",
            Self::OwnSignIn => "own_sign_in",
            Self::SeeRefunds => "see_refunds",
            Self::SeeAdjustments => "see_adjustments",
            Self::Move => "move",
            Self::Refund => "refund",
            Self::RecordPayment => "record_payment",
            Self::GiveCredit => "give_credit",
            Self::ProposeWriteOff => "propose_write_off",
            Self::Approve => "approve",
            Self::Decline => "decline",
            Self::Reverse => "reverse",
            Self::Invite => "invite",
            Self::SeeInvitations => "see_invitations",
            Self::HoldBill => "hold_bill",
            Self::SeeWork => "see_work",
            Self::DoWork => "do_work",
            Self::SeeFigures => "see_figures",
            Self::SeeAudit => "see_audit",
            Self::Import => "import",
            Self::SeeImports => "see_imports",
            Self::SeeKeys => "see_keys",
            Self::ManageKeys => "manage_keys",
        }
    }

    const fn only_looks(self) -> bool {
        matches!(
            self,
            Self::See
                | Self::SeePayments
                | Self::SeeRefunds
                | Self::SeeAdjustments
                | Self::SeeInvitations
                | Self::SeeWork
                | Self::SeeFigures
                | Self::SeeAudit
                | Self::SeeImports
                | Self::SeeKeys
        )
    }

    const fn moves_money(self) -> bool {
        matches!(
            self,
            Self::Pay
                | Self::Cancel
                | Self::Move
                | Self::Refund
                | Self::RecordPayment
                | Self::HoldBill
                | Self::GiveCredit
                | Self::ProposeWriteOff
                | Self::Approve
                | Self::Decline
                | Self::Reverse
                | Self::Import
        )
    }
}

/// What the action is done to, as it stands to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// An account with its bills, payments and receipts, and what the customer is on it; none
    /// for an account of others and for one that is not there.
    Account(Option<AccountRole>),
    /// A sum that is given away; is it one that clerks may decide on alone?
    Sum { clerks: bool },
    /// What waits for approval; did the caller propose it?
    Proposal { own: bool },
    /// The portal as a whole: any account, every key.
    Portal,
}

/// May this caller do this to that?
pub fn can(caller: &Caller, action: Action, resource: Resource) -> bool {
    match caller {
        Caller::Customer(_) => customer_can(action, resource),
        Caller::Staff(staff) => staff_can(&staff.roles, action, resource),
        Caller::Client(client) => scope_for(action).is_some_and(|scope| client.scopes.has(scope)),
        Caller::Nobody => false,
    }
}

fn customer_can(action: Action, resource: Resource) -> bool {
    let Resource::Account(role) = resource else { return action == Action::OwnSignIn };
    match action {
        Action::See | Action::SeePayments => role.is_some(),
        Action::Preview | Action::Pay | Action::Cancel => role == Some(AccountRole::Payer),
        _ => false,
    }
}

/// Any of the roles is enough; what an admin and an auditor are kept from, no other role gives
/// back.
fn staff_can(roles: &StaffRoles, action: Action, resource: Resource) -> bool {
    let kept_from = roles.has(StaffRole::Admin) && action.moves_money()
        || roles.has(StaffRole::Auditor) && !action.only_looks();
    !kept_from && roles.iter().any(|role| role_can(role, action, resource))
}

fn role_can(role: StaffRole, action: Action, resource: Resource) -> bool {
    let looks_after_customers = matches!(
        action,
        Action::See
            | Action::SeePayments
            | Action::SeeRefunds
            | Action::SeeAdjustments
            | Action::SeeInvitations
            | Action::SeeImports
            | Action::Preview
            | Action::Move
            | Action::RecordPayment
            | Action::HoldBill
            | Action::SeeWork
            | Action::SeeFigures
            | Action::DoWork
            | Action::ProposeWriteOff
    );
    match role {
        StaffRole::Clerk => match action {
            Action::Refund | Action::GiveCredit => resource == Resource::Sum { clerks: true },
            Action::Decline => resource == Resource::Proposal { own: true },
            Action::Invite => true,
            _ => looks_after_customers,
        },
        StaffRole::Approver => match action {
            Action::Approve => resource == Resource::Proposal { own: false },
            Action::Refund | Action::GiveCredit | Action::Decline | Action::Reverse => true,
            // A file holds many sums, which the clerks' limit would otherwise stop one by one.
            Action::Import => true,
            _ => looks_after_customers,
        },
        StaffRole::Admin => {
            matches!(action, Action::SeeAudit | Action::SeeKeys | Action::ManageKeys)
        }
        StaffRole::Auditor => action.only_looks(),
    }
}

/// The scope a client needs; no scope opens what is missing here.
const fn scope_for(action: Action) -> Option<Scope> {
    match action {
        Action::See => Some(Scope::AccountsRead),
        Action::SeePayments | Action::SeeRefunds => Some(Scope::PaymentsRead),
        Action::Preview => Some(Scope::Previews),
        Action::Invite | Action::SeeInvitations => Some(Scope::InvitationsWrite),
        _ => None,
    }
}

/// Goes on if the caller may, and else says what each of them is told.
pub fn require(caller: &Caller, action: Action, resource: Resource) -> Result<(), Refusal> {
    if can(caller, action, resource) {
        return Ok(());
    }
    if *caller == Caller::Nobody {
        return Err(Refusal::unauthenticated());
    }
    tracing::warn!(security = "forbidden", who = %caller, action = action.code(), "refused");
    Err(match (caller, resource) {
        // To a customer, what belongs to others is not there.
        (Caller::Customer(_), Resource::Account(None)) => Refusal::not_found(),
        (Caller::Staff(_), Resource::Proposal { own: true })
            if can(caller, action, Resource::Proposal { own: false }) =>
        {
            let words = "Somebody else has to approve what you proposed.";
            Refusal::new(StatusCode::FORBIDDEN, "own-proposal", words)
        }
        _ => Refusal::forbidden(),
    })
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
