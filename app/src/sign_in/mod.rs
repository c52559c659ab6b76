//! Sign-in: a code by mail, or the link beside it. Neither a memory nor a puzzle is needed.

pub mod ask_for_code;
mod change_email;
pub mod invitation;
pub mod link_from_mail;
pub mod passkey;
pub mod your_sign_in;

use receivables::words::Message;

use crate::api::Failure;
use crate::ui::field::FieldError;
use crate::ui::notice::failure_title;
use crate::ui::words::say;

/// Why signing in did not work, said at a field.
fn failed_at(field: &str, failure: &Failure) -> FieldError {
    let words = match failure {
        Failure::Problem(problem) => match problem.code.as_str() {
            "code-invalid" => say(Message::CodeInvalid).to_owned(),
            _ => problem.errors.first().map_or(&problem.detail, |error| &error.detail).clone(),
        },
        Failure::NoAnswer => say(Message::NoAnswer).to_owned(),
        other => failure_title(other).to_owned(),
    };
    FieldError { field: field.to_owned(), words }
}
