//! How much: sums to choose from, one tolerant field, and what the money will settle, worked
//! out here on every key press.

use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use receivables::account_balance::AccountBalance;
use receivables::api::accounts::CurrentBill;
use receivables::api::payments::PaymentDocument;
use receivables::ids::AccountId;
use receivables::open_item::OpenItem;
use receivables::payment::PaymentStage;
use receivables::words::Message;
use web_sys::Event;

use super::credit_first::{self, CreditFirst};
use super::draft::{Asked, Choice, Draft, DraftProblem, Preset, Reader, Seen, presets, split};
use super::preview_table::Split;
use super::problem_words::{CHOICES, problem};
use super::{amount_field, attempt, choose_bills, long_list, preview_table};
use crate::address;
use crate::api::{self, Failure};
use crate::bills::account_line::account_line;
use crate::page::Page;
use crate::session::Visit;
use crate::ui::browser;
use crate::ui::field::{FieldErrors, error_summary, field_error, show_errors};
use crate::ui::heading::{HEADING, heading, titled};
use crate::ui::link::link;
use crate::ui::loaded::{loaded, loading};
use crate::ui::money::{money, money_text};
use crate::ui::notice::{Tone, notice, paragraph};
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::{fill, language, say};

/// A real table up to here; a window on the list above it, so that a key press costs the same.
pub const TABLE_AT_MOST: usize = 200;
/// How long nobody has typed before the screen reader is told.
const CALM: Duration = Duration::from_millis(700);
const OFFLINE_REASON: &str = "offline-reason";

/// What the parts of this page share.
#[derive(Clone)]
pub struct Asking {
    pub bill: Arc<CurrentBill>,
    pub items: Arc<Vec<OpenItem>>,
    pub balance: AccountBalance,
    pub draft: RwSignal<Draft>,
    pub errors: FieldErrors,
    pub credit: CreditFirst,
}

impl Asking {
    fn new(bill: CurrentBill, keep_credit: RwSignal<bool>) -> Self {
        let (bill, credit) = CreditFirst::of(bill, keep_credit);
        let items = bill.open_items();
        let asking = Self {
            balance: AccountBalance::of(&items, bill.today),
            bill: Arc::new(bill),
            items: Arc::new(items),
            draft: RwSignal::new(Draft::default()),
            errors: RwSignal::new(Vec::new()),
            credit,
        };
        let presets = asking.presets();
        let kept = attempt::draft(asking.bill.account.id).filter(|draft| draft.fits(&presets));
        let mut draft = kept.unwrap_or_else(|| Draft::new(&presets));
        draft.keep_credit = keep_credit.get_untracked();
        asking.draft.set(draft);
        asking
    }

    /// Of a wish that nobody keeps, with the account's credit going first.
    pub fn what_if(bill: CurrentBill, draft: Draft) -> Self {
        let (bill, credit) = CreditFirst::of(bill, RwSignal::new(false));
        let items = bill.open_items();
        Self {
            balance: AccountBalance::of(&items, bill.today),
            bill: Arc::new(bill),
            items: Arc::new(items),
            draft: RwSignal::new(draft),
            errors: RwSignal::new(Vec::new()),
            credit,
        }
    }

    pub fn read<T>(&self, with: impl FnOnce(Reader<'_>) -> T) -> T {
        let account = self.bill.snapshot(&self.items);
        let style = language().number_style();
        with(Reader { account: &account, balance: self.balance, style })
    }

    pub fn presets(&self) -> Vec<Preset> {
        self.read(presets)
    }

    pub fn asked(&self) -> Result<Asked, DraftProblem> {
        let draft = self.draft.read();
        self.read(|reader| draft.asked(reader))
    }

    pub fn seen(&self) -> Result<Seen, DraftProblem> {
        let draft = self.draft.read_untracked();
        self.read(|reader| {
            let asked = draft.asked(reader)?;
            let preview = split(reader, &asked)?;
            let uses_credit = self.credit.used.is_positive();
            Ok(Seen { direction: asked.direction, preview, uses_credit })
        })
    }

    pub fn is_long(&self) -> bool {
        self.items.len() > TABLE_AT_MOST
    }
}

pub fn page(account: AccountId) -> View {
    Visit::here().look_at(account);
    let settled: RwSignal<Option<Option<PaymentDocument>>> = RwSignal::new(None);
    spawn_local(async move {
        let earlier = leave_earlier_payment(account).await;
        let _ = settled.try_set(Some(earlier));
    });
    (move || match settled.get() {
        None => loading(),
        Some(earlier) => loaded(
            move || api::due_periods(account),
            move |bill: CurrentBill| {
                let kept = attempt::draft(account).is_some_and(|draft| draft.keep_credit);
                let (keep_credit, earlier) = (RwSignal::new(kept), earlier.clone());
                // Another decision about the credit is another page: all its sums are others.
                (move || {
                    keep_credit.track();
                    draw(Asking::new(bill.clone(), keep_credit), earlier.as_ref())
                })
                .show()
            },
        ),
    })
    .show()
}

/// Whoever comes back to choose another amount has left the payment begun before: it is
/// cancelled, so that what it had reserved can be paid again. One that can no longer be
/// cancelled is shown.
async fn leave_earlier_payment(account: AccountId) -> Option<PaymentDocument> {
    let earlier = attempt::remembered(account)?.payment;
    let known = api::payment(earlier).document::<PaymentDocument>().await;
    let known = match known {
        Ok(payment)
            if matches!(payment.stage, PaymentStage::AwaitingPayer | PaymentStage::Declined) =>
        {
            api::cancel_payment(earlier).document::<PaymentDocument>().await
        }
        known => known,
    };
    match known {
        Ok(payment) => {
            attempt::forget(account);
            let cancelled = payment.stage == PaymentStage::Cancelled;
            if !cancelled {
                attempt::forget_draft(account);
            }
            (!cancelled).then_some(payment)
        }
        Err(Failure::Problem(_)) => {
            attempt::forget(account);
            None
        }
        Err(_) => None,
    }
}

fn draw(asking: Asking, earlier: Option<&PaymentDocument>) -> View {
    let account = &asking.bill.account;
    if account.available_to_pay.is_zero() {
        return match asking.credit.used.is_positive() {
            true => credit_first::covers_all(&asking),
            false => nothing_to_pay(&asking),
        };
    }
    let header = views![
        account_line(&account.number, &account.name),
        earlier.map(earlier_notice),
        error_summary(asking.errors)
    ];
    titled(say(Message::HowMuchTitle));
    el("div").class("page pay").child(header).child(form(asking)).show()
}

fn nothing_to_pay(asking: &Asking) -> View {
    let account = &asking.bill.account;
    let message = match account.in_progress.is_positive() {
        true => Message::AllInProgress,
        false => Message::NothingToPay,
    };
    el("div")
        .class("page")
        .child(account_line(&account.number, &account.name))
        .child(heading(say(Message::NothingToPayNow)))
        .child(el("p").child(say(message)))
        .child(el("p").child(link(Page::Account(account.id), "", say(Message::BackToWhatYouOwe))))
        .show()
}

fn earlier_notice(payment: &PaymentDocument) -> View {
    let amount = money_text(payment.amount, payment.currency);
    let body = views![
        paragraph(fill(Message::EarlierPayment, &[("amount", &amount)])),
        el("p").child(link(Page::Payment(payment.id), "", say(Message::SeePayment)))
    ];
    notice(Tone::Status, say(Message::EarlierPaymentTitle), body.show())
}

fn form(asking: Asking) -> View {
    let account = asking.bill.account.id;
    let online = browser::online();
    let check = address::way_to(Page::Check(account));
    let split = follow_split(&asking);
    let going = asking.clone();
    let go_on = move |event: Event| {
        event.prevent_default();
        if !online.get_untracked() {
            return;
        }
        match going.seen() {
            Ok(seen) => {
                show_errors(going.errors, Vec::new());
                going.draft.update(|draft| draft.seen = Some(seen));
                attempt::keep_draft(account, &going.draft.read_untracked());
                check();
            }
            Err(wrong) => {
                let error = problem(&wrong, &going.draft.read_untracked(), &going.bill);
                show_errors(going.errors, vec![error]);
            }
        }
    };
    let list = match asking.is_long() {
        true => long_list::view(&asking),
        false => preview_table::view(&asking, split),
    };
    el("form")
        .attr("novalidate", "")
        .class("pay-columns")
        .on("submit", go_on)
        .child(
            el("div")
                .class("pay-ask")
                .child(credit_first::switch(&asking))
                .child(choices(&asking))
                .child(offline_notice(online)),
        )
        .child(
            el("section")
                .class("pay-preview")
                .attr("id", "preview")
                .attr("tabindex", "-1")
                .attr("aria-label", say(Message::PreviewLabel))
                .child(list)
                .child(preview_table::outcome(&asking, split)),
        )
        .child(
            el("div").class("pay-go").child(preview_table::result_line(&asking, split)).child(
                el("button")
                    .attr("type", "submit")
                    .class("button primary")
                    .live_attr("aria-disabled", move || (!online.get()).to_string())
                    .live_attr("aria-describedby", move || {
                        (!online.get()).then_some(OFFLINE_REASON)
                    })
                    .child(say(Message::Continue)),
            ),
        )
        .child(live_sentence(&asking, split))
        .show()
}

/// What the money would settle. Lists too long for a table are worked out by their window, and
/// whole only after a pause.
fn follow_split(asking: &Asking) -> Split {
    let (shown, show) = signal(None);
    let (behind, fall_behind) = signal(false);
    let account = asking.bill.account.id;
    let working = asking.clone();
    let work_out = move || {
        show.set(working.seen().ok().map(|seen| seen.preview));
        fall_behind.set(false);
    };
    let long = asking.is_long();
    let later = browser::after_calm(Duration::from_millis(150), work_out.clone());
    let draft = asking.draft;
    let keep = browser::after_calm(CALM, move || {
        if let Some(draft) = draft.try_get_untracked() {
            attempt::keep_draft(account, &draft);
        }
    });
    Effect::new(move |_| {
        draft.track();
        keep();
        if long {
            fall_behind.set(true);
            later();
        } else {
            work_out();
        }
    });
    Split { shown, behind }
}

fn choices(asking: &Asking) -> View {
    let rows: Vec<_> =
        asking.presets().into_iter().map(|preset| choice(asking.clone(), preset)).collect();
    let errors = asking.errors;
    el("fieldset")
        .attr("id", CHOICES)
        .attr("tabindex", "-1")
        .attr("aria-describedby", format!("{CHOICES}-error"))
        .child(el("legend").child(
            el("h1").attr("id", HEADING).attr("tabindex", "-1").child(say(Message::HowMuchTitle)),
        ))
        .child(field_error(errors, CHOICES))
        .child(rows)
        .show()
}

fn choice(asking: Asking, preset: Preset) -> View {
    let currency = asking.bill.account.currency;
    let (draft, errors, chosen) = (asking.draft, asking.errors, preset.choice);
    let id = match chosen {
        Choice::DueNow => "choice-due-now",
        Choice::AllOwed => "choice-all",
        Choice::Another => "choice-another",
        Choice::ChosenBills => "choice-bills",
    };
    let (label, hint) = match (chosen, preset.merged) {
        (Choice::DueNow, _) => (Message::ChoiceDueNow, None),
        (Choice::AllOwed, true) => (Message::ChoiceAllOwed, Some(Message::ChoiceAllIsDue)),
        (Choice::AllOwed, false) => (Message::ChoiceAllOwed, None),
        (Choice::Another, _) => (Message::ChoiceAnother, None),
        (Choice::ChosenBills, _) => (Message::ChoiceBills, None),
    };
    // A memo, so that typing in the field it opens does not draw that field anew.
    let is_chosen = Memo::new(move |_| draft.read().choice == Some(chosen));
    let opened = move || match chosen {
        Choice::Another if is_chosen.get() => Some(amount_field::view(&asking)),
        Choice::ChosenBills if is_chosen.get() => Some(choose_bills::view(&asking)),
        _ => None,
    };
    let chooses = matches!(chosen, Choice::Another | Choice::ChosenBills);
    let opened = chooses.then_some(opened);
    el("div")
        .class("choice")
        .child(
            el("label")
                .class("choice-label")
                .attr("for", id)
                .child(
                    el("input")
                        .attr("type", "radio")
                        .attr("name", "how-much")
                        .attr("id", id)
                        .live_checked(move || is_chosen.get())
                        .on("change", move |_| {
                            // What was wrong was wrong with another choice.
                            show_errors(errors, Vec::new());
                            draft.update(|draft| draft.choice = Some(chosen));
                        }),
                )
                .child(
                    el("span")
                        .class("choice-words")
                        .child(say(label))
                        .child(hint.map(|hint| el("span").class("hint").child(say(hint)))),
                )
                .child(preset.amount.map(|amount| money(amount, currency))),
        )
        .child(opened)
        .show()
}

fn offline_notice(online: ReadSignal<bool>) -> View {
    (move || {
        (!online.get()).then(|| {
            let words = fill(Message::OfflineExplained, &[("time", &browser::clock_time())]);
            let body = el("p").attr("id", OFFLINE_REASON).child(words);
            notice(Tone::Status, say(Message::OfflineTitle), body.show())
        })
    })
    .show()
}

/// One short sentence for those who cannot see the table change, once nobody is typing. It
/// starts empty, and the table itself is in no live region.
fn live_sentence(asking: &Asking, split: Split) -> View {
    let (said, say_it) = signal(String::new());
    let bill = asking.bill.clone();
    let speak = browser::after_calm(CALM, move || {
        let Some(split) = split.shown.try_read_untracked() else { return };
        say_it.set(
            split.as_ref().map(|s| preview_table::in_a_sentence(s, &bill)).unwrap_or_default(),
        );
    });
    Effect::new(move |before: Option<()>| {
        split.shown.track();
        if before.is_some() {
            speak();
        }
    });
    el("p")
        .class("visually-hidden")
        .attr("role", "status")
        .attr("aria-live", "polite")
        .attr("id", "preview-news")
        .child(move || said.get())
        .show()
}
