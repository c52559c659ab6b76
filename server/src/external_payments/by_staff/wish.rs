//! A request to record money, read into what can be recorded.

use receivables::api::external_payments::ExternalPaymentRequest;
use receivables::calendar::CivilDate;
use receivables::money::MinorUnits;
use receivables::tender::Tender;

use crate::problem::Refusal;
use crate::web::optional_line;

const LONGEST_NAME: usize = 100;
const LONGEST_WORDS: usize = 500;

/// The same request with its texts trimmed and its fields held to what staff can know.
pub fn read(
    request: ExternalPaymentRequest,
    today: CivilDate,
) -> Result<ExternalPaymentRequest, Refusal> {
    if !request.amount.is_positive() {
        let words = "An amount is more than zero.";
        return Err(Refusal::unprocessable("amount-invalid", words).at("#/amount"));
    }
    if request.received_on > today {
        let words = "That day has not come. Say on which day the money was received.";
        return Err(Refusal::unprocessable("date-in-future", words).at("#/received_on"));
    }
    if matches!(request.tender, Tender::Card | Tender::BankDebit) {
        let words = "What the card service takes is recorded by itself. Say how the money came.";
        return Err(Refusal::unprocessable("field-invalid", words).at("#/tender"));
    }
    let is_fee = |fee: MinorUnits| fee < request.amount && (fee.is_positive() || fee.is_zero());
    if request.fee.is_some_and(|fee| !is_fee(fee)) {
        let words = "A fee is a part of the amount.";
        return Err(Refusal::unprocessable("amount-invalid", words).at("#/fee"));
    }
    let text =
        |text: &Option<String>, longest, pointer| optional_line(text.as_deref(), longest, pointer);
    Ok(ExternalPaymentRequest {
        reference: text(&request.reference, LONGEST_NAME, "#/reference")?,
        payer_name: text(&request.payer_name, LONGEST_NAME, "#/payer_name")?,
        note: text(&request.note, LONGEST_WORDS, "#/note")?,
        duplicate_reason: text(&request.duplicate_reason, LONGEST_WORDS, "#/duplicate_reason")?,
        ..request
    })
}
