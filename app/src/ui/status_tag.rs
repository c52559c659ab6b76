//! Statuses in words. Colour and shape repeat them, never carry them.

use receivables::bill::{BillStatus, DerivedStatus};
use receivables::payment::PaymentStage;
use receivables::words::Message;

use super::words::say;
use crate::ui::view::{Show, View, el};

pub fn tag(message: Message, tone: &'static str) -> View {
    el("strong").class("tag").attr("data-tone", tone).child(say(message)).show()
}

/// The tags of a bill: the main status where it is worth a word, then the marks beside it.
pub fn bill_tags(status: DerivedStatus) -> View {
    let main = match status.main {
        BillStatus::NotDue | BillStatus::Draft => None,
        BillStatus::DueSoon => Some((Message::StatusDueSoon, "soon")),
        BillStatus::DueToday => Some((Message::StatusDueToday, "soon")),
        BillStatus::Overdue => Some((Message::StatusOverdue, "late")),
        BillStatus::Disputed => Some((Message::StatusDisputed, "quiet")),
        BillStatus::Paid => Some((Message::StatusPaid, "good")),
        BillStatus::Cancelled => Some((Message::StatusCancelled, "quiet")),
        BillStatus::WrittenOff => Some((Message::StatusWrittenOff, "quiet")),
    };
    let part_paid = status.part_paid.then_some((Message::StatusPartPaid, "part"));
    let in_progress = status.in_progress.then_some((Message::StatusInProgress, "part"));
    let tags: Vec<View> = [main, part_paid, in_progress]
        .into_iter()
        .flatten()
        .map(|(message, tone)| tag(message, tone))
        .collect();
    if tags.is_empty() {
        return ().show();
    }
    el("span").class("tags").child(tags).show()
}

pub fn stage_tag(stage: PaymentStage) -> View {
    let (message, tone) = match stage {
        PaymentStage::AwaitingPayer => (Message::StageNotFinished, "quiet"),
        PaymentStage::Declined => (Message::StageDeclined, "late"),
        PaymentStage::InProgress => (Message::StageInProgress, "part"),
        PaymentStage::Checking => (Message::StageChecking, "soon"),
        PaymentStage::Paid => (Message::StagePaid, "good"),
        PaymentStage::Failed => (Message::StageFailed, "late"),
        PaymentStage::Cancelled => (Message::StageCancelled, "quiet"),
        PaymentStage::Expired => (Message::StageExpired, "quiet"),
    };
    tag(message, tone)
}
