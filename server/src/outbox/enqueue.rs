//! Putting work into the outbox, inside the command that causes it.

use receivables::calendar::Micros;
use receivables::ids::{AccountId, OutboxId};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::store::ENQUEUE;
use crate::db::{DbError, ROWS_AT_MOST, expect_rows, widened};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxKind {
    SignInMail,
    ReceiptMail,
    RefundMail,
    InvitationMail,
    /// Tells the biller's own system what was paid.
    WriteBack,
}

impl OutboxKind {
    const ALL: [Self; 5] = [
        Self::SignInMail,
        Self::ReceiptMail,
        Self::RefundMail,
        Self::InvitationMail,
        Self::WriteBack,
    ];

    pub const fn code(self) -> &'static str {
        match self {
            Self::SignInMail => "sign_in_mail",
            Self::ReceiptMail => "receipt_mail",
            Self::RefundMail => "refund_mail",
            Self::InvitationMail => "invitation_mail",
            Self::WriteBack => "write_back",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

#[derive(Clone, Debug)]
pub struct NewOutbox {
    pub id: OutboxId,
    pub account_id: Option<AccountId>,
    pub kind: OutboxKind,
    /// A [`Letter`](super::Letter) for the mails, the body to send for a write-back.
    pub payload: serde_json::Value,
    pub due_at: Micros,
}

/// Writes the row. After the commit wake the deliverer: `portal.work.outbox.notify_one()`.
pub async fn enqueue(tx: &mut AnyConnection, new: &NewOutbox, now: Micros) -> Result<(), DbError> {
    enqueue_all(tx, std::slice::from_ref(new), now).await
}

/// As [`enqueue`], all by one statement.
pub async fn enqueue_all(
    tx: &mut AnyConnection,
    all: &[NewOutbox],
    now: Micros,
) -> Result<(), DbError> {
    for some in all.chunks(ROWS_AT_MOST) {
        let mut query = sqlx::query(AssertSqlSafe(widened(ENQUEUE, some.len())));
        for new in some {
            query = query
                .bind(new.id.to_string())
                .bind(new.account_id.map(|id| id.to_string()))
                .bind(new.kind.code())
                .bind(new.payload.to_string())
                .bind(new.due_at.0)
                .bind(now.0);
        }
        expect_rows(&query.execute(&mut *tx).await?, some.len() as u64, "outbox")?;
    }
    Ok(())
}
