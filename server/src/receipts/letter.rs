//! The receipt as a mail: what was posted, in words, and nothing computed again.

use std::sync::LazyLock;

use receivables::money::{MinorUnits, Money};
use receivables::receipt::{Receipt, ReceiptLine};
use receivables::tender::Tender;
use serde::Serialize;

use crate::outbox::{Letter, Sender, Templates, templates};

static TEMPLATES: LazyLock<Templates> =
    templates!("templates/subject.txt", "templates/letter.txt", "templates/letter.html");

#[derive(Serialize)]
struct Words<'a> {
    number: &'a str,
    biller: &'a str,
    account_number: &'a str,
    account_name: &'a str,
    public_url: &'a str,
    paid: String,
    paid_on: String,
    method: String,
    lines: Vec<LineWords<'a>>,
    credit: Option<String>,
    differs: bool,
    left: String,
    past_due: Option<String>,
    next_due: Option<NextDueWords>,
}

#[derive(Serialize)]
struct LineWords<'a> {
    bill: &'a str,
    period: Option<String>,
    total: String,
    before: String,
    paid: String,
    left: String,
}

#[derive(Serialize)]
struct NextDueWords {
    amount: String,
    on: String,
}

/// The letter, still without a receiver.
pub fn write(receipt: &Receipt, public_url: &str) -> Letter {
    let money = |amount: MinorUnits| Money::new(amount, receipt.currency).to_string();
    let some = |amount: MinorUnits| amount.is_positive().then(|| money(amount));
    let line = |line: &'_ ReceiptLine| (money(line.left_before), money(line.left_to_pay));
    let lines = receipt.lines.iter().map(|of| {
        let (before, left) = line(of);
        LineWords {
            bill: &of.bill_number,
            period: of.period.as_ref().map(|period| period.in_words()),
            total: money(of.bill_total),
            before,
            paid: money(of.amount),
            left,
        }
    });
    let words = Words {
        number: &receipt.number,
        biller: &receipt.biller_name,
        account_number: &receipt.account_number,
        account_name: &receipt.account_name,
        public_url,
        paid: money(receipt.amount),
        paid_on: receipt.paid_on.in_words(),
        method: receipt.method.clone().unwrap_or_else(|| tender(receipt.tender).to_owned()),
        lines: lines.collect(),
        credit: some(receipt.credit_on_account),
        differs: receipt.differs_from_preview,
        left: money(receipt.left_to_pay),
        past_due: some(receipt.past_due),
        next_due: receipt
            .next_due
            .as_ref()
            .map(|next| NextDueWords { amount: money(next.amount), on: next.on.in_words() }),
    };
    let sender = Sender { biller: receipt.biller_name.clone(), demo: receipt.demo };
    TEMPLATES.write(&sender, words)
}

const fn tender(tender: Tender) -> &'static str {
    match tender {
        Tender::Card => "card",
        Tender::BankDebit => "bank debit",
        Tender::Cash => "cash",
        Tender::Cheque => "cheque",
        Tender::Transfer => "transfer",
        Tender::Terminal => "card at a terminal",
        Tender::OtherPortal => "another portal",
    }
}

#[cfg(test)]
mod tests {
    use receivables::allocation::{NextDue, Reason};
    use receivables::bill::BillingPeriod;
    use receivables::calendar::CivilDate;
    use receivables::ids::{AccountId, BillId, PaymentId};
    use receivables::money::Currency;

    use super::*;

    fn day(text: &str) -> CivilDate {
        CivilDate::parse(text).unwrap()
    }

    fn receipt() -> Receipt {
        let line = |number: &str, from: &str, to: &str, before: i64, amount: i64| ReceiptLine {
            bill_id: BillId::from_parts(1, &[1; 10]),
            bill_number: number.to_owned(),
            period: Some(BillingPeriod { from: day(from), to: day(to) }),
            due_on: None,
            bill_total: MinorUnits::new(8_000),
            left_before: MinorUnits::new(before),
            amount: MinorUnits::new(amount),
            left_to_pay: MinorUnits::new(before - amount),
            reason: Reason::OldestOverdue,
        };
        Receipt {
            number: "R-4711-0001".to_owned(),
            payment_id: PaymentId::from_parts(1, &[1; 10]),
            account_id: AccountId::from_parts(1, &[1; 10]),
            account_number: "4711".to_owned(),
            account_name: "Mill <Lane>".to_owned(),
            biller_name: "Riverside Utilities".to_owned(),
            paid_on: day("2026-11-22"),
            amount: MinorUnits::new(12_000),
            currency: Currency::USD,
            tender: Tender::Card,
            method: Some("Visa 4242".to_owned()),
            lines: vec![
                line("2026-08", "2026-08-01", "2026-08-31", 8_000, 8_000),
                line("2026-09", "2026-09-01", "2026-09-30", 7_500, 4_000),
            ],
            credit_on_account: MinorUnits::ZERO,
            left_to_pay: MinorUnits::new(3_500),
            past_due: MinorUnits::ZERO,
            next_due: Some(NextDue { on: day("2026-12-15"), amount: MinorUnits::new(3_500) }),
            differs_from_preview: false,
            refunded: MinorUnits::ZERO,
            withdrawn: MinorUnits::ZERO,
            demo: true,
        }
    }

    #[test]
    fn the_subject_says_what_was_paid_and_what_is_left() {
        let letter = write(&receipt(), "https://pay.example");
        assert_eq!(letter.subject, "Receipt R-4711-0001: you paid $120.00, $35.00 left");
    }

    #[test]
    fn text_and_html_show_every_bill_as_it_was_posted() {
        let letter = write(&receipt(), "https://pay.example");
        for body in [&letter.text, &letter.html] {
            for shown in [
                "$120.00",
                "22 Nov 2026",
                "Visa 4242",
                "August 2026",
                "September 2026",
                "$80.00",
                "$75.00",
                "$40.00",
                "$35.00",
                "15 Dec 2026",
                "DEMO",
            ] {
                assert!(body.contains(shown), "{shown} in {body}");
            }
            assert!(!body.contains("past due") && !body.contains("credit"), "{body}");
            assert!(!body.contains("changed while"), "{body}");
        }
        assert!(letter.html.contains("Mill &lt;Lane&gt;"));
        assert!(letter.text.contains("    This payment       $40.00\n"), "{}", letter.text);
    }

    #[test]
    fn credit_arrears_and_a_changed_split_are_said() {
        let mut receipt = receipt();
        receipt.credit_on_account = MinorUnits::new(250);
        receipt.past_due = MinorUnits::new(3_500);
        receipt.differs_from_preview = true;
        receipt.demo = false;
        let letter = write(&receipt, "https://pay.example");
        for body in [&letter.text, &letter.html] {
            for shown in ["$2.50", "$35.00 past due", "changed while you paid"] {
                assert!(body.contains(shown), "{shown} in {body}");
            }
            assert!(!body.contains("DEMO"));
        }
    }
}
