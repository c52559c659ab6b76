//! Every page and its address. [`Page::path`] is the only place an address is written.

use std::cell::Cell;

use receivables::ids::{AccountId, BillId, PaymentId};

/// What the server sends for an address: each has a module and a content policy of its own.
///
/// Only documents under `/pay/` are served with a policy that admits the gateway's script, and
/// only they bring what paying needs: so the way into these pages, and the way out of them, is
/// a full load, never a change of route inside the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    Portal,
    Pay,
    /// The staff desk, below `/desk`.
    Desk,
    /// Drawn by the server, without a module.
    Mailbox,
}

thread_local! {
    static OPENED: Cell<Document> = const { Cell::new(Document::Portal) };
}

/// Says which document this is.
pub fn open(document: Document) {
    OPENED.set(document);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// What you owe, on the customer's first account.
    Home,
    SignIn,
    /// Where the link in the mail leads; its secret stands behind the `#`.
    SignInLink,
    /// Where the link of an invitation leads; its secret stands behind the `#`.
    Invitation,
    /// The customer's address, passkeys and sessions.
    YourSignIn,
    /// What you owe, on this account.
    Account(AccountId),
    PastBills(AccountId),
    Bill(BillId),
    Payments(AccountId),
    /// The result of a payment, one page per outcome.
    Payment(PaymentId),
    Receipt(PaymentId),
    HowMuch(AccountId),
    Check(AccountId),
    /// Drawn by the server, in the demo only.
    Mailbox,
}

impl Page {
    /// The desk shows the pages about an account itself, each below `/desk`.
    pub fn path(self) -> String {
        let path = self.own_path();
        if self.stands_at_the_desk() { format!("/desk{path}") } else { path }
    }

    fn stands_at_the_desk(self) -> bool {
        OPENED.get() == Document::Desk
            && matches!(
                self,
                Self::Account(_)
                    | Self::PastBills(_)
                    | Self::Bill(_)
                    | Self::Payments(_)
                    | Self::Payment(_)
                    | Self::Receipt(_)
            )
    }

    fn own_path(self) -> String {
        match self {
            Self::Home => "/".into(),
            Self::SignIn => "/sign-in".into(),
            Self::SignInLink => "/sign-in/link".into(),
            Self::Invitation => "/invitation".into(),
            Self::YourSignIn => "/your-sign-in".into(),
            Self::Account(id) => format!("/accounts/{id}"),
            Self::PastBills(id) => format!("/accounts/{id}/bills"),
            Self::Bill(id) => format!("/bills/{id}"),
            Self::Payments(id) => format!("/accounts/{id}/payments"),
            Self::Payment(id) => format!("/payments/{id}"),
            Self::Receipt(id) => format!("/payments/{id}/receipt"),
            Self::HowMuch(id) => format!("/pay/{id}"),
            Self::Check(id) => format!("/pay/{id}/check"),
            Self::Mailbox => "/mailbox".into(),
        }
    }

    /// The page at an address; none where the portal has no page.
    pub fn at(path: &str) -> Option<Self> {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let place = (parts.next(), parts.next(), parts.next(), parts.next());
        match place {
            (None, ..) => Some(Self::Home),
            (Some("sign-in"), None, ..) => Some(Self::SignIn),
            (Some("sign-in"), Some("link"), None, _) => Some(Self::SignInLink),
            (Some("invitation"), None, ..) => Some(Self::Invitation),
            (Some("your-sign-in"), None, ..) => Some(Self::YourSignIn),
            (Some("accounts"), Some(id), rest, None) => {
                let id = AccountId::parse(id).ok()?;
                match rest {
                    None => Some(Self::Account(id)),
                    Some("bills") => Some(Self::PastBills(id)),
                    Some("payments") => Some(Self::Payments(id)),
                    Some(_) => None,
                }
            }
            (Some("bills"), Some(id), None, _) => BillId::parse(id).ok().map(Self::Bill),
            (Some("payments"), Some(id), rest, None) => {
                let id = PaymentId::parse(id).ok()?;
                match rest {
                    None => Some(Self::Payment(id)),
                    Some("receipt") => Some(Self::Receipt(id)),
                    Some(_) => None,
                }
            }
            (Some("pay"), Some(id), rest, None) => {
                let id = AccountId::parse(id).ok()?;
                match rest {
                    None => Some(Self::HowMuch(id)),
                    Some("check") => Some(Self::Check(id)),
                    Some(_) => None,
                }
            }
            _ => None,
        }
    }

    pub const fn document(self) -> Document {
        match self {
            Self::HowMuch(_) | Self::Check(_) => Document::Pay,
            Self::Mailbox => Document::Mailbox,
            _ => Document::Portal,
        }
    }

    /// Whether going to this page from the document that is open needs a new document.
    pub fn needs_new_document(self) -> bool {
        self.document() != OPENED.get() && !self.stands_at_the_desk()
    }

    pub const fn needs_sign_in(self) -> bool {
        !matches!(self, Self::SignIn | Self::SignInLink | Self::Invitation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_found_again_at_its_own_address() {
        let account = AccountId::from_parts(1, &[1; 10]);
        let bill = BillId::from_parts(1, &[2; 10]);
        let payment = PaymentId::from_parts(1, &[3; 10]);
        for page in [
            Page::Home,
            Page::SignIn,
            Page::SignInLink,
            Page::Invitation,
            Page::YourSignIn,
            Page::Account(account),
            Page::PastBills(account),
            Page::Bill(bill),
            Page::Payments(account),
            Page::Payment(payment),
            Page::Receipt(payment),
            Page::HowMuch(account),
            Page::Check(account),
        ] {
            assert_eq!(Page::at(&page.path()), Some(page));
        }
    }

    #[test]
    fn what_is_no_address_of_ours_is_no_page() {
        let id = AccountId::from_parts(1, &[1; 10]);
        for path in ["/nowhere", "/accounts", "/accounts/acc_1", "/sign-in/link/more", "/bills"] {
            assert_eq!(Page::at(path), None, "{path}");
        }
        assert_eq!(Page::at(&format!("/pay/{id}/check/again")), None);
        assert_eq!(Page::at(&format!("/accounts/{id}/staff")), None);
    }

    #[test]
    fn the_way_into_and_out_of_the_pay_pages_is_a_new_document() {
        let id = AccountId::from_parts(1, &[1; 10]);
        open(Document::Portal);
        assert!(Page::HowMuch(id).needs_new_document());
        assert!(Page::Mailbox.needs_new_document());
        assert!(!Page::PastBills(id).needs_new_document());
        open(Document::Pay);
        assert!(Page::Home.needs_new_document());
        assert!(!Page::Check(id).needs_new_document());
        open(Document::Desk);
        assert!(!Page::PastBills(id).needs_new_document());
        assert_eq!(Page::PastBills(id).path(), format!("/desk/accounts/{id}/bills"));
        assert!(Page::Home.needs_new_document());
        assert_eq!(Page::Home.path(), "/");
    }
}
