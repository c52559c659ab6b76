//! Why the payer is still on the check page, and what to do. Every one says whether money was
//! taken, or that nothing was asked for yet.

use leptos::prelude::*;
use receivables::payment::MoneyTaken;
use receivables::words::Message;

use super::paying::{Paying, Trouble};
use crate::page::Page;
use crate::ui::link::link;
use crate::ui::notice::{Tone, failure_words, money_words, notice, paragraph};
use crate::ui::view::{Show, View, el, views};
use crate::ui::words::say;

pub fn trouble_notice(paying: Paying) -> View {
    (move || paying.trouble.get().map(|trouble| words(trouble, paying))).show()
}

fn words(trouble: Trouble, paying: Paying) -> View {
    let not_taken = || paragraph(money_words(MoneyTaken::No));
    let (title, body) = match trouble {
        Trouble::Declined(bank) => {
            let bank = bank.map(paragraph);
            let body = views![not_taken(), bank, paragraph(say(Message::DeclinedTryAgain))];
            (Message::ResultDeclined, body.show())
        }
        Trouble::Changed => {
            (Message::ChangedTitle, views![paragraph(say(Message::Changed)), not_taken()].show())
        }
        Trouble::Reserved(payment) => {
            let see = link(Page::Payment(payment), "", say(Message::SeeThatPayment));
            let body = views![paragraph(say(Message::Reserved)), not_taken(), el("p").child(see)];
            (Message::ReservedTitle, body.show())
        }
        Trouble::NotReached => {
            let body = views![not_taken(), paragraph(say(Message::NotReached))];
            (Message::NoAnswerTitle, body.show())
        }
        Trouble::CardFieldsUnavailable => {
            let body = views![
                not_taken(),
                paragraph(say(Message::CardFieldsUnavailable)),
                other_ways(paying).map(paragraph)
            ];
            (Message::CardFieldsUnavailableTitle, body.show())
        }
        Trouble::CardFieldsWrong(words) => {
            (Message::CardFieldsWrongTitle, views![paragraph(words), not_taken()].show())
        }
        Trouble::Refused(failure) => {
            (Message::RefusedTitle, views![failure_words(&failure), not_taken()].show())
        }
    };
    notice(Tone::Alert, say(title), body)
}

fn other_ways(paying: Paying) -> Option<String> {
    let portal = paying.visit.portal.read();
    let other = portal.as_ref().map(|portal| portal.biller.other_ways_to_pay.clone());
    other.filter(|words| !words.is_empty())
}
