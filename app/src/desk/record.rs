//! Money that came in elsewhere: what it settles is shown before it is recorded, and what looks
//! like an earlier payment stops until somebody says why it is another.

use leptos::prelude::*;
use receivables::allocation::{Direction, Fingerprint};
use receivables::api::accounts::CurrentBill;
use receivables::api::external_payments::{
    EarlierPayment, ExternalPaymentDocument, ExternalPaymentRequest, ExternalPaymentState,
};
use receivables::calendar::CivilDate;
use receivables::ids::AccountId;
use receivables::tender::Tender;

use super::act::{Act, act};
use super::fields::Field;
use super::find::back_to;
use super::payment::preview_lines;
use super::place::{DeskPage, link};
use super::requests;
use super::staff::Desk;
use crate::api;
use crate::bills::account_line::account_line;
use crate::json;
use crate::pay::preview_table::{change_in_words, sums_after};
use crate::payments::method_words;
use crate::session::Visit;
use crate::ui::field::{FieldError, FieldErrors, field_error, is_wrong};
use crate::ui::heading::heading;
use crate::ui::loaded::loaded;
use crate::ui::money::money_text;
use crate::ui::notice::{Tone, notice, paragraph};
use crate::ui::view::{Show, View, el, views};

const RECEIVED_ON: &str = "received-on";
/// How money comes in outside the portal.
const TENDERS: [Tender; 5] =
    [Tender::Cash, Tender::Cheque, Tender::Transfer, Tender::Terminal, Tender::OtherPortal];

pub fn page(account: AccountId) -> View {
    Visit::here().look_at(account);
    loaded(move || api::due_periods(account), draw)
}

/// The form, and what the answer without a trace told of it.
struct Form {
    amount: Field,
    reference: Field,
    payer: Field,
    fee: Field,
    note: Field,
    why_another: Field,
    tender: RwSignal<Tender>,
    received_on: RwSignal<String>,
    mail_receipt: RwSignal<bool>,
    looks_like_another: RwSignal<bool>,
    seen: RwSignal<Option<Fingerprint>>,
}

impl Form {
    fn new(today: CivilDate) -> Self {
        Self {
            amount: Field::new("amount", "How much was received", ""),
            reference: Field::new(
                "reference",
                "Reference",
                "The number of the cheque, the bank's reference. It may be empty.",
            ),
            payer: Field::new("payer", "Who paid", "Only if it was not the customer."),
            fee: Field::new("fee", "Fee", "What the bank or the terminal kept of it, if anything."),
            note: Field::new("note", "Note", "For those who read the books later."),
            why_another: Field::new(
                "why-another",
                "Why it is another payment",
                "It looks like one that is recorded already.",
            ),
            tender: RwSignal::new(Tender::Cash),
            received_on: RwSignal::new(today.to_string()),
            mail_receipt: RwSignal::new(false),
            looks_like_another: RwSignal::new(false),
            seen: RwSignal::new(None),
        }
    }

    fn show(&self, errors: FieldErrors, bill: &CurrentBill) -> View {
        let currency = bill.account.currency;
        let looks = self.looks_like_another;
        views![
            self.amount.sum(errors, currency),
            self.tenders(),
            self.day(errors),
            self.reference.text(errors),
            el("details")
                .child(el("summary").child("Payer, fee and note"))
                .child(self.payer.text(errors))
                .child(self.fee.sum(errors, currency))
                .child(self.note.text(errors)),
            self.receipt(),
            el("div")
                .class("bill-sum")
                .live_attr("hidden", move || (!looks.get()).then_some(""))
                .child(self.why_another.text(errors))
        ]
        .show()
    }

    fn tenders(&self) -> View {
        let tender = self.tender;
        let options: Vec<_> = TENDERS
            .into_iter()
            .map(|of| el("option").attr("value", of.code()).child(method_words(None, of)))
            .collect();
        let choose = move |event| {
            if let Some(chosen) = Tender::parse(&event_target_value(&event)) {
                tender.set(chosen);
            }
        };
        views![
            el("label").attr("for", "tender").child("How it came"),
            el("select").attr("id", "tender").on("change", choose).child(options)
        ]
        .show()
    }

    fn day(&self, errors: FieldErrors) -> View {
        let day = self.received_on;
        views![
            el("label").attr("for", RECEIVED_ON).child("Received on"),
            field_error(errors, RECEIVED_ON),
            el("input")
                .attr("id", RECEIVED_ON)
                .attr("type", "date")
                .live_attr("aria-invalid", move || is_wrong(errors, RECEIVED_ON))
                .live_value(move || day.get())
                .on("input", move |event| day.set(event_target_value(&event)))
        ]
        .show()
    }

    fn receipt(&self) -> View {
        let mail = self.mail_receipt;
        el("p")
            .class("check")
            .child(
                el("label")
                    .child(
                        el("input")
                            .attr("type", "checkbox")
                            .live_checked(move || mail.get())
                            .on("change", move |event| mail.set(event_target_checked(&event))),
                    )
                    .child(" Mail a receipt to the customer"),
            )
            .show()
    }

    fn read(&self, bill: &CurrentBill) -> Result<ExternalPaymentRequest, Vec<FieldError>> {
        let currency = bill.account.currency;
        let text = |field: &Field| {
            let text = field.typed.read_untracked().trim().to_owned();
            (!text.is_empty()).then_some(text)
        };
        let amount = self.amount.read_sum(currency);
        let received_on = CivilDate::parse(&self.received_on.read_untracked()).map_err(|_| {
            let words = "Choose the day on which it was received.".to_owned();
            FieldError { field: RECEIVED_ON.to_owned(), words }
        });
        let fee = text(&self.fee).map(|_| self.fee.read_sum(currency)).transpose();
        let why = match self.looks_like_another.get_untracked() {
            true => self.why_another.read_text("Say why it is another payment.").map(Some),
            false => Ok(None),
        };
        match (amount, received_on, fee, why) {
            (Ok(amount), Ok(received_on), Ok(fee), Ok(duplicate_reason)) => {
                Ok(ExternalPaymentRequest {
                    amount,
                    currency,
                    received_on,
                    tender: self.tender.get_untracked(),
                    reference: text(&self.reference),
                    payer_name: text(&self.payer),
                    fee,
                    note: text(&self.note),
                    direction: Direction::default(),
                    mail_receipt: self.mail_receipt.get_untracked(),
                    duplicate_reason,
                    fingerprint: None,
                })
            }
            (amount, received_on, fee, why) => {
                let wrong = [amount.err(), received_on.err(), fee.err(), why.err()];
                Err(wrong.into_iter().flatten().collect())
            }
        }
    }
}

fn draw(bill: CurrentBill) -> View {
    let account = bill.account.id;
    let errors = RwSignal::new(Vec::new());
    let form = Form::new(bill.today);
    let fields = form.show(errors, &bill);
    let (looks, seen) = (form.looks_like_another, form.seen);
    let (number, name) = (bill.account.number.clone(), bill.account.name.clone());
    let ask = move |how: requests::Earnest| {
        let mut request = form.read(&bill)?;
        if how != requests::Earnest::DryRun {
            request.fingerprint = form.seen.get_untracked();
        }
        Ok(requests::record(account, &request, how))
    };
    let look = move |text: &str| {
        let document: ExternalPaymentDocument = json::read(text).ok()?;
        seen.set(document.preview.as_ref().map(|preview| preview.fingerprint.clone()));
        looks.set(document.likely_duplicate.is_some());
        Some(effect(&document))
    };
    el("div")
        .class("page")
        .child(account_line(&number, &name))
        .child(heading("Record a payment from elsewhere"))
        .child(act(Act {
            errors,
            fields,
            ask: Box::new(ask),
            effect: Box::new(look),
            press,
            done: Box::new(done),
        }))
        .child(back_to(account))
        .show()
}

fn press(text: &str) -> Option<String> {
    let document: ExternalPaymentDocument = json::read(text).ok()?;
    if document.likely_duplicate.is_some() && document.duplicate_reason.is_none() {
        return None;
    }
    let amount = money_text(document.amount, document.currency);
    Some(match document.state {
        ExternalPaymentState::Proposed => format!("Propose {amount}"),
        _ => format!("Record {amount}"),
    })
}

fn effect(document: &ExternalPaymentDocument) -> View {
    let earlier = document
        .likely_duplicate
        .as_ref()
        .map(|earlier| looks_like(earlier, document.duplicate_reason.is_some()));
    let split = document.preview.as_ref().map(|split| {
        let words: Vec<_> = change_in_words(split).into_iter().map(paragraph).collect();
        views![preview_lines("What it settles", split), sums_after(split), words]
    });
    let nobody = (document.mail_receipt && !document.can_mail)
        .then(|| paragraph("Nobody of this account has an address: no receipt can be mailed."));
    let waits = (document.state == ExternalPaymentState::Proposed)
        .then(|| paragraph("It is above your limit: it waits until somebody else approves it."));
    views![earlier, split, nobody, waits].show()
}

fn looks_like(earlier: &EarlierPayment, is_explained: bool) -> View {
    let words = format!(
        "{} received on {}, recorded by {}.",
        method_words(None, earlier.tender),
        earlier.received_on.in_words(),
        Desk::here().called(&earlier.recorded_by)
    );
    let next = (!is_explained)
        .then(|| paragraph("If it is another payment, say why in the form above, and look again."));
    let body = views![
        paragraph(words),
        el("p").child(link(DeskPage::Payment(earlier.payment_id), "", "See the earlier payment")),
        next
    ];
    notice(Tone::Alert, "This looks like a payment that is recorded already", body.show())
}

fn done(text: &str) -> Option<View> {
    let document: ExternalPaymentDocument = json::read(text).ok()?;
    let amount = money_text(document.amount, document.currency);
    Some(match (document.state, document.id) {
        (ExternalPaymentState::Proposed, _) => {
            let words = "It stands on the account and on the work list until then.";
            notice(Tone::Status, format!("{amount} waits for approval"), paragraph(words))
        }
        (_, Some(id)) => {
            let number = document.receipt_number.unwrap_or_default();
            let see = link(DeskPage::Payment(id), "", format!("See the payment, receipt {number}"));
            notice(Tone::Status, format!("{amount} is recorded"), el("p").child(see).show())
        }
        (_, None) => return None,
    })
}
