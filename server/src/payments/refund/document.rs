//! A refund as staff and as its payer see it.

use receivables::api::refunds::{RefundDocument, RefundRow};
use receivables::refund::RefundState;

use super::store::RefundRecord;
use crate::clock::instant_text;
use crate::config::Zone;

pub(super) fn document(refund: RefundRecord) -> RefundDocument {
    RefundDocument {
        id: refund.id,
        payment_id: refund.payment_id,
        account_id: refund.account_id,
        state: refund.state,
        amount: refund.amount,
        currency: refund.currency,
        by_hand: refund.gateway.is_none(),
        reason: refund.reason,
        requested_by: refund.requested_by,
        requested_at: instant_text(refund.requested_at),
        changed_at: instant_text(refund.changed_at),
        failure: refund.failure,
    }
}

/// What the payer is shown. A refund that came to nothing is no news to them, except one that
/// they were told of and that came back.
pub fn refund_rows(refunds: &[RefundRecord], zone: &Zone) -> Vec<RefundRow> {
    let shown = refunds.iter().filter(|refund| {
        refund.state.is_under_way()
            || matches!(refund.state, RefundState::Done | RefundState::Failed)
    });
    let row = |refund: &RefundRecord| RefundRow {
        id: refund.id,
        state: refund.state,
        amount: refund.amount,
        on: zone.day(refund.changed_at),
    };
    shown.map(row).collect()
}
