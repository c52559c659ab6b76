//! Who may do what, as values: the table of `docs/authorization.txt` is held over HTTP elsewhere.

use receivables::calendar::Micros;
use receivables::ids::CustomerId;

use super::super::caller::{ApiClient, Customer, StaffMember};
use super::super::words::Scopes;
use super::*;

fn customer() -> Caller {
    let customer_id = CustomerId::from_parts(1, &[1; 10]);
    Caller::Customer(Customer { customer_id, session_hash: "of a session".to_owned() })
}

fn staff(roles: &[StaffRole]) -> Caller {
    let roles = StaffRoles::of(roles).unwrap();
    Caller::Staff(StaffMember { name: "anna".into(), roles, authenticated_at: Micros(0) })
}

fn resources() -> Vec<Resource> {
    vec![
        Resource::Account(None),
        Resource::Account(Some(AccountRole::Viewer)),
        Resource::Account(Some(AccountRole::Payer)),
        Resource::Sum { clerks: true },
        Resource::Sum { clerks: false },
        Resource::Proposal { own: true },
        Resource::Proposal { own: false },
        Resource::Portal,
    ]
}

fn may(caller: &Caller, action: Action) -> bool {
    resources().into_iter().any(|resource| can(caller, action, resource))
}

#[test]
fn nobody_may_do_anything() {
    assert!(Action::ALL.iter().all(|action| !may(&Caller::Nobody, *action)));
}

#[test]
fn a_payer_pays_and_a_viewer_only_looks_each_at_their_own() {
    let on = |role| Resource::Account(role);
    for action in Action::ALL {
        let looks = matches!(action, Action::See | Action::SeePayments);
        let pays = matches!(action, Action::Preview | Action::Pay | Action::Cancel);
        assert_eq!(can(&customer(), action, on(Some(AccountRole::Payer))), looks || pays);
        assert_eq!(can(&customer(), action, on(Some(AccountRole::Viewer))), looks, "{action:?}");
        assert!(!can(&customer(), action, on(None)), "{action:?}");
        let own = action == Action::OwnSignIn;
        assert_eq!(can(&customer(), action, Resource::Portal), own, "{action:?}");
    }
}

#[test]
fn an_admin_moves_no_money_and_an_auditor_changes_nothing_whatever_else_they_are() {
    for roles in 1..16_usize {
        let roles: Vec<StaffRole> = StaffRole::ALL
            .into_iter()
            .enumerate()
            .filter_map(|(n, role)| (roles >> n & 1 == 1).then_some(role))
            .collect();
        let caller = staff(&roles);
        for action in Action::ALL {
            if roles.contains(&StaffRole::Admin) {
                assert!(!(action.moves_money() && may(&caller, action)), "{roles:?} {action:?}");
            }
            if roles.contains(&StaffRole::Auditor) {
                assert!(action.only_looks() || !may(&caller, action), "{roles:?} {action:?}");
            }
        }
    }
}

#[test]
fn nobody_approves_what_they_proposed() {
    for role in StaffRole::ALL {
        assert!(!can(&staff(&[role]), Action::Approve, Resource::Proposal { own: true }));
    }
    let approver = staff(&[StaffRole::Clerk, StaffRole::Approver]);
    assert!(!can(&approver, Action::Approve, Resource::Proposal { own: true }));
    assert!(can(&approver, Action::Approve, Resource::Proposal { own: false }));
    let refusal = require(&approver, Action::Approve, Resource::Proposal { own: true });
    assert_eq!(refusal.unwrap_err().code(), "own-proposal");
}

#[test]
fn a_clerk_gives_away_no_more_than_the_limit() {
    let clerk = staff(&[StaffRole::Clerk]);
    for action in [Action::Refund, Action::GiveCredit] {
        assert!(can(&clerk, action, Resource::Sum { clerks: true }));
        assert!(!can(&clerk, action, Resource::Sum { clerks: false }));
        assert!(can(&staff(&[StaffRole::Approver]), action, Resource::Sum { clerks: false }));
    }
}

#[test]
fn a_client_does_what_its_scopes_say_and_no_money_moves() {
    for scope in Scope::ALL {
        let scopes = Scopes::of(&[scope]).unwrap();
        let client = Caller::Client(ApiClient { name: "billing".into(), scopes });
        let opened: Vec<Action> =
            Action::ALL.into_iter().filter(|action| may(&client, *action)).collect();
        assert!(!opened.is_empty(), "{scope:?} opens nothing");
        assert!(opened.iter().all(|action| scope_for(*action) == Some(scope)));
        assert!(opened.iter().all(|action| !action.moves_money()), "{scope:?}");
    }
}
