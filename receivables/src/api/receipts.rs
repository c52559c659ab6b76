//! Receipts: `GET /api/v1/payments/{id}/receipt`.

pub use crate::receipt::{Receipt, ReceiptLine};
