//! Taking a name out of receipts. The one change of a receipt that the database lets through.

use receivables::ids::AccountId;
use receivables::receipt::Receipt;
use sqlx::{AnyConnection, Row};

use crate::db::{DbError, expect_rows};

const OF_ACCOUNT: &str = "select payment_id, content from receipt where account_id = $1";

const WITHOUT_NAME: &str = "update receipt set content = $2 where payment_id = $1";

pub(super) const SQL: &[&str] = &[OF_ACCOUNT, WITHOUT_NAME];

pub async fn forget_name(tx: &mut AnyConnection, account: AccountId) -> Result<(), DbError> {
    let rows = sqlx::query(OF_ACCOUNT).bind(account.to_string()).fetch_all(&mut *tx).await?;
    for row in rows {
        let (id, content): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let wrong = || DbError::inconsistent("receipt", "content", &id);
        let mut receipt: Receipt = serde_json::from_str(&content).map_err(|_| wrong())?;
        receipt.account_name = "(erased)".to_owned();
        let content = serde_json::to_string(&receipt).map_err(|_| wrong())?;
        let written = sqlx::query(WITHOUT_NAME).bind(&id).bind(content).execute(&mut *tx).await?;
        expect_rows(&written, 1, "receipt")?;
    }
    Ok(())
}
