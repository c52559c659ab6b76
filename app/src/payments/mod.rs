//! Payments that were started: how each came out, and all of them.

pub mod history;
pub mod result;

use receivables::tender::Tender;
use receivables::words::Message;

use crate::ui::words::say;

/// `Visa 4242` where the gateway said so, else the form of the payment.
pub fn method_words(method: Option<&str>, tender: Tender) -> String {
    let tender = match tender {
        Tender::Card => Message::TenderCard,
        Tender::BankDebit => Message::TenderBankDebit,
        Tender::Cash => Message::TenderCash,
        Tender::Cheque => Message::TenderCheque,
        Tender::Transfer => Message::TenderTransfer,
        Tender::Terminal => Message::TenderTerminal,
        Tender::OtherPortal => Message::TenderOtherPortal,
    };
    method.map_or_else(|| say(tender).to_owned(), str::to_owned)
}
