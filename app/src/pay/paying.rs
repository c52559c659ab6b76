//! One press of "Pay": start the payment, have the gateway take it, and ask the server what
//! happened. Nothing the browser hears from the gateway is believed.

use leptos::prelude::*;
use receivables::allocation::{Direction, Preview};
use receivables::api::payments::{PaymentDocument, PaymentRequest};
use receivables::ids::{AccountId, PaymentId};
use receivables::payment::PaymentStage;
use serde::Deserialize;

use super::attempt;
use super::card_form::{CardForm, Confirmed};
use crate::api::{self, Failure, Request};
use crate::page::Page;
use crate::session::Visit;
use crate::ui::browser;

/// Where a press of "Pay" stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Ready,
    Starting,
    /// The bank wants the payer to approve; sandbox only, the gateway's script asks by itself.
    BankAsks,
    /// Asked of the bank, for this many seconds.
    Waiting {
        seconds: u32,
    },
}

/// Why the payer is still, or again, on this page.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    Declined(Option<String>),
    /// The bills changed: the preview is a new one.
    Changed,
    /// Another payment holds the same money.
    Reserved(PaymentId),
    NotReached,
    CardFieldsUnavailable,
    CardFieldsWrong(String),
    Refused(Failure),
}

/// What is being paid, shared with the page.
#[derive(Clone, Copy)]
pub struct Paying {
    pub account: AccountId,
    pub direction: StoredValue<Direction>,
    /// Credit on account goes first.
    pub uses_credit: bool,
    pub preview: RwSignal<Preview>,
    /// What the payer saw before, where it differs.
    pub seen_before: RwSignal<Option<Preview>>,
    pub step: RwSignal<Step>,
    pub trouble: RwSignal<Option<Trouble>>,
    /// Known to the server, and waiting for a card.
    pub started: RwSignal<Option<PaymentDocument>>,
    /// The sandbox card chosen; empty where the gateway's own fields stand.
    pub card: RwSignal<String>,
    pub fields: StoredValue<Option<CardForm>, LocalStorage>,
    pub visit: Visit,
}

/// How the sandbox answers; the same words as the gateway's.
#[derive(Deserialize)]
struct SandboxAnswer {
    status: String,
    decline: Option<SandboxDecline>,
}

#[derive(Deserialize)]
struct SandboxDecline {
    message: String,
}

/// What to do after the gateway was asked.
enum Next {
    AskServer,
    BankAsks,
    Declined(Option<String>),
}

impl Paying {
    pub fn is_busy(&self) -> bool {
        self.step.get() != Step::Ready
    }

    /// The press. A second one while the first is under way does nothing.
    pub async fn pay(self) {
        if self.step.get_untracked() != Step::Ready || !browser::is_online() {
            return;
        }
        self.step.set(Step::Starting);
        self.trouble.set(None);
        if let Err(trouble) = self.try_pay().await {
            self.stop(trouble);
        }
    }

    async fn try_pay(self) -> Result<(), Trouble> {
        let sandbox = !self.card.read_untracked().is_empty();
        if !sandbox {
            self.check_fields().await?;
        }
        // Only the answer to starting carries what confirming needs: a payment found again is
        // started again, with the same id, and is the same payment.
        let payment = match self.started.get_untracked() {
            Some(payment) if payment.card_form.is_some() => payment,
            _ => self.start().await?,
        };
        let Some(form) = payment.card_form.clone() else {
            // Nothing to give here any more: its own page says what it is.
            browser::load(Page::Payment(payment.id));
            return Ok(());
        };
        let next = if sandbox {
            let card = self.card.get_untracked();
            let confirm = api::sandbox_confirm(&form.gateway_ref, &form.client_secret, &card);
            ask_sandbox(confirm).await
        } else {
            self.confirm_fields(&form.client_secret, payment.id).await?
        };
        // The bank's question may stand over another page by now; who answered it there is
        // waiting for what came of it.
        if self.step.is_disposed() {
            browser::load(Page::Payment(payment.id));
            return Ok(());
        }
        self.go_on(next, payment.id).await
    }

    /// The payer's answer to the bank, in the sandbox.
    pub async fn answer_bank(self, outcome: &'static str) {
        let Some(payment) = self.started.get_untracked() else { return };
        let Some(form) = payment.card_form.clone() else { return };
        if self.step.get_untracked() != Step::BankAsks {
            return;
        }
        self.step.set(Step::Starting);
        let answer = api::sandbox_authenticate(&form.gateway_ref, &form.client_secret, outcome);
        let next = ask_sandbox(answer).await;
        if let Err(trouble) = self.go_on(next, payment.id).await {
            self.stop(trouble);
        }
    }

    async fn go_on(self, next: Next, payment: PaymentId) -> Result<(), Trouble> {
        match next {
            Next::BankAsks => {
                self.step.set(Step::BankAsks);
                browser::focus_soon(super::check_and_pay::BANK_ASKS);
                Ok(())
            }
            Next::AskServer => self.ask_server(payment).await,
            Next::Declined(words) => {
                // The server's word counts, should it know better.
                if let Ok(known) = api::payment(payment).document::<PaymentDocument>().await {
                    if has_outcome(known.stage) {
                        browser::load(Page::Payment(payment));
                        return Ok(());
                    }
                    self.know(known);
                }
                Err(Trouble::Declined(words))
            }
        }
    }

    /// Later news of the started payment; what confirming needs is kept.
    fn know(self, mut news: PaymentDocument) {
        self.started.update(|started| {
            let form = started.as_mut().and_then(|started| started.card_form.take());
            news.card_form = news.card_form.or(form);
            *started = Some(news);
        });
    }

    fn stop(self, trouble: Trouble) {
        if trouble == Trouble::Refused(Failure::SignedOut) {
            return self.visit.signed_out();
        }
        // The page may be gone by now.
        let _ = self.step.try_set(Step::Ready);
        let _ = self.trouble.try_set(Some(trouble));
        browser::focus_soon(super::check_and_pay::TROUBLE);
    }

    /// Creates the payment. A lost answer is asked again with the same id: it is the same
    /// payment, and no card has been given yet.
    async fn start(self) -> Result<PaymentDocument, Trouble> {
        let preview = self.preview.get_untracked();
        let begun = self.started.read_untracked().as_ref().map(|payment| payment.id);
        let id = begun
            .or_else(|| attempt::payment_for(self.account, &preview.fingerprint))
            .ok_or(Trouble::Refused(Failure::NotUnderstood))?;
        let request = PaymentRequest {
            id,
            amount: preview.amount,
            currency: preview.currency,
            direction: self.direction.get_value(),
            fingerprint: preview.fingerprint,
            use_credit: self.uses_credit,
        };
        let mut tries_left = 3_u8;
        loop {
            let answer = api::start_payment(self.account, &request).document().await;
            tries_left -= 1;
            match answer {
                Ok(payment) => {
                    let payment: PaymentDocument = payment;
                    self.started.set(Some(payment.clone()));
                    return Ok(payment);
                }
                Err(Failure::NoAnswer) if tries_left > 0 => browser::sleep_ms(2_000).await,
                Err(Failure::NoAnswer) => return Err(Trouble::NotReached),
                Err(failure) => return Err(self.refused(failure)),
            }
        }
    }

    fn refused(self, failure: Failure) -> Trouble {
        let Failure::Problem(problem) = &failure else { return Trouble::Refused(failure) };
        match (problem.code.as_str(), &problem.preview, problem.payment_id) {
            ("allocation-changed", Some(preview), _) => {
                // Nothing was created on the old numbers, and nothing will be on the new ones
                // without another press.
                attempt::forget(self.account);
                self.show_changed((**preview).clone());
                Trouble::Changed
            }
            ("balance-reserved", _, Some(payment)) => {
                attempt::forget(self.account);
                Trouble::Reserved(payment)
            }
            // That payment has failed: the next press starts another.
            ("gateway-refused" | "gateway-unavailable", _, Some(_)) => {
                attempt::forget(self.account);
                Trouble::Refused(failure)
            }
            _ => Trouble::Refused(failure),
        }
    }

    pub fn show_changed(self, preview: Preview) {
        self.seen_before.set(Some(self.preview.get_untracked()));
        self.fields.with_value(|fields| {
            if let Some(fields) = fields {
                // A wrong amount would be refused by the gateway, never taken.
                let _ = fields.update_amount(preview.amount);
            }
        });
        self.preview.set(preview);
    }

    async fn check_fields(self) -> Result<(), Trouble> {
        let Some(fields) = self.fields.try_update_value(Option::take).flatten() else {
            return Err(Trouble::CardFieldsUnavailable);
        };
        let checked = fields.submit().await;
        self.fields.set_value(Some(fields));
        match checked {
            Ok(None) => Ok(()),
            Ok(Some(words)) => Err(Trouble::CardFieldsWrong(words)),
            Err(_) => Err(Trouble::CardFieldsUnavailable),
        }
    }

    async fn confirm_fields(
        self,
        client_secret: &str,
        payment: PaymentId,
    ) -> Result<Next, Trouble> {
        let Some(fields) = self.fields.try_update_value(Option::take).flatten() else {
            return Err(Trouble::CardFieldsUnavailable);
        };
        let origin = window().location().origin().unwrap_or_default();
        let return_url = format!("{origin}{}", Page::Payment(payment).path());
        let answer = fields.confirm(client_secret, &return_url).await;
        self.fields.set_value(Some(fields));
        Ok(match answer {
            Ok(Confirmed::Refused(words)) => Next::Declined(words),
            // Without a clear answer the server is asked too: the bank may have been.
            Ok(Confirmed::Sent) | Err(_) => Next::AskServer,
        })
    }

    /// Polls until the server knows an outcome: at once, then every 2 seconds, then slower.
    /// A decline may be of an earlier try, until the server has asked the gateway again.
    async fn ask_server(self, payment: PaymentId) -> Result<(), Trouble> {
        let begun = browser::now_ms();
        let mut pause_ms = 500;
        loop {
            let seconds = u32::try_from(browser::now_ms().saturating_sub(begun) / 1_000);
            let seconds = seconds.unwrap_or(u32::MAX);
            if self.step.try_set(Step::Waiting { seconds }).is_some() {
                return Ok(());
            }
            match api::payment(payment).document::<PaymentDocument>().await {
                Ok(known) if has_outcome(known.stage) => {
                    browser::load(Page::Payment(payment));
                    return Ok(());
                }
                Ok(known) if known.stage == PaymentStage::Declined && seconds > 10 => {
                    let words = known.decline.clone();
                    self.know(known);
                    return Err(Trouble::Declined(words));
                }
                Err(Failure::SignedOut) => return Err(Trouble::Refused(Failure::SignedOut)),
                // Still waiting, or a missed poll: which is no news.
                Ok(_) | Err(_) => {}
            }
            browser::sleep_ms(pause_ms).await;
            pause_ms = match seconds {
                0..2 => 1_000,
                2..30 => 2_000,
                _ => 5_000,
            };
        }
    }
}

/// Is there something for the payment's own page to say?
fn has_outcome(stage: PaymentStage) -> bool {
    !matches!(stage, PaymentStage::AwaitingPayer | PaymentStage::Declined)
}

async fn ask_sandbox(request: Request) -> Next {
    match request.document::<SandboxAnswer>().await {
        Ok(answer) => match answer.status.as_str() {
            "requires_action" => Next::BankAsks,
            "requires_payment_method" => Next::Declined(answer.decline.map(|no| no.message)),
            _ => Next::AskServer,
        },
        // The answer is lost; what was asked may have been done.
        Err(_) => Next::AskServer,
    }
}
