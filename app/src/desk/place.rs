//! Every page of the desk and its address.

use receivables::ids::{AccountId, AdjustmentId, BillId, PaymentId};

use crate::page::Page;
use crate::ui::view::{Show, View, el};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeskPage {
    /// The search, with what was typed behind the `?`.
    Find,
    /// What waits for a person.
    Work,
    /// How the portal stands.
    Figures,
    Account(AccountId),
    /// What the customer sees of the account, to look at.
    AsCustomer(AccountId),
    /// What amounts would settle; they stand behind the `?`, so that the page can be sent.
    WhatIf(AccountId),
    /// A credit note or a write-off.
    Adjust(AccountId),
    /// Money that came in elsewhere.
    Record(AccountId),
    /// Approve, decline or take back an adjustment.
    Decide(AccountId, AdjustmentId),
    /// Approve or decline money from elsewhere.
    DecideExternal(AccountId, PaymentId),
    /// Hold a bill, or release it.
    Hold(BillId),
    Payment(PaymentId),
    Refund(PaymentId),
    Move(PaymentId),
    /// A page about an account that customers have too.
    Customers(Page),
}

impl DeskPage {
    pub fn path(self) -> String {
        match self {
            Self::Find => "/desk".into(),
            Self::Work => "/desk/work".into(),
            Self::Figures => "/desk/figures".into(),
            Self::Hold(id) => format!("/desk/bills/{id}/hold"),
            Self::Account(id) => format!("/desk/accounts/{id}"),
            Self::AsCustomer(id) => format!("/desk/accounts/{id}/as-customer"),
            Self::WhatIf(id) => format!("/desk/accounts/{id}/what-if"),
            Self::Adjust(id) => format!("/desk/accounts/{id}/adjust"),
            Self::Record(id) => format!("/desk/accounts/{id}/external-payments"),
            Self::DecideExternal(id, payment) => {
                format!("/desk/accounts/{id}/external-payments/{payment}")
            }
            Self::Decide(id, adjustment) => format!("/desk/accounts/{id}/adjustments/{adjustment}"),
            Self::Payment(id) => format!("/desk/payments/{id}"),
            Self::Refund(id) => format!("/desk/payments/{id}/refund"),
            Self::Move(id) => format!("/desk/payments/{id}/move"),
            Self::Customers(page) => page.path(),
        }
    }

    /// The page at an address; none where the desk has no page.
    pub fn at(path: &str) -> Option<Self> {
        let rest =
            path.strip_prefix("/desk").filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        let mut parts = rest.split('/').filter(|part| !part.is_empty());
        let place = (parts.next(), parts.next(), parts.next(), parts.next(), parts.next());
        let own = match place {
            (None, ..) => Some(Self::Find),
            (Some("work"), None, ..) => Some(Self::Work),
            (Some("figures"), None, ..) => Some(Self::Figures),
            (Some("bills"), Some(id), Some("hold"), None, None) => {
                BillId::parse(id).ok().map(Self::Hold)
            }
            (Some("accounts"), Some(id), what, about, None) => {
                let id = AccountId::parse(id).ok()?;
                match (what, about) {
                    (None, None) => Some(Self::Account(id)),
                    (Some("as-customer"), None) => Some(Self::AsCustomer(id)),
                    (Some("what-if"), None) => Some(Self::WhatIf(id)),
                    (Some("adjust"), None) => Some(Self::Adjust(id)),
                    (Some("external-payments"), None) => Some(Self::Record(id)),
                    (Some("external-payments"), Some(payment)) => {
                        PaymentId::parse(payment).ok().map(|about| Self::DecideExternal(id, about))
                    }
                    (Some("adjustments"), Some(adjustment)) => {
                        AdjustmentId::parse(adjustment).ok().map(|about| Self::Decide(id, about))
                    }
                    _ => None,
                }
            }
            (Some("payments"), Some(id), what, None, None) => {
                let id = PaymentId::parse(id).ok()?;
                match what {
                    None => Some(Self::Payment(id)),
                    Some("refund") => Some(Self::Refund(id)),
                    Some("move") => Some(Self::Move(id)),
                    Some(_) => None,
                }
            }
            _ => None,
        };
        own.or_else(|| customers(rest))
    }
}

/// Of the customer's pages the desk shows those about bills, payments and receipts.
fn customers(path: &str) -> Option<DeskPage> {
    let page = Page::at(path)?;
    let is_shown =
        matches!(page, Page::Bill(_) | Page::PastBills(_) | Page::Payments(_) | Page::Receipt(_));
    is_shown.then_some(DeskPage::Customers(page))
}

pub fn link(page: DeskPage, class: &'static str, content: impl Show) -> View {
    el("a").attr("href", page.path()).attr("class", class).child(content.show()).show()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::{Document, open};

    #[test]
    fn every_page_of_the_desk_is_found_again_at_its_own_address() {
        open(Document::Desk);
        let account = AccountId::from_parts(1, &[1; 10]);
        let adjustment = AdjustmentId::from_parts(1, &[2; 10]);
        let payment = PaymentId::from_parts(1, &[3; 10]);
        let bill = BillId::from_parts(1, &[4; 10]);
        for page in [
            DeskPage::Find,
            DeskPage::Work,
            DeskPage::Figures,
            DeskPage::Hold(bill),
            DeskPage::Account(account),
            DeskPage::AsCustomer(account),
            DeskPage::WhatIf(account),
            DeskPage::Adjust(account),
            DeskPage::Record(account),
            DeskPage::DecideExternal(account, payment),
            DeskPage::Decide(account, adjustment),
            DeskPage::Payment(payment),
            DeskPage::Refund(payment),
            DeskPage::Move(payment),
            DeskPage::Customers(Page::Bill(bill)),
            DeskPage::Customers(Page::PastBills(account)),
            DeskPage::Customers(Page::Payments(account)),
            DeskPage::Customers(Page::Receipt(payment)),
        ] {
            assert_eq!(DeskPage::at(&page.path()), Some(page));
        }
    }

    #[test]
    fn what_is_no_address_of_the_desk_is_no_page() {
        let id = AccountId::from_parts(1, &[1; 10]);
        for path in ["/", "/desk/nowhere", "/desk/accounts", "/desk/sign-in", "/desks"] {
            assert_eq!(DeskPage::at(path), None, "{path}");
        }
        assert_eq!(DeskPage::at(&format!("/desk/pay/{id}")), None);
        assert_eq!(DeskPage::at(&format!("/desk/accounts/{id}/what-if/more")), None);
    }
}
