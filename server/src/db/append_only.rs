//! The database itself refuses to change or delete what is written in the book. The two engines
//! have no common words for a trigger, so this is the one place with a text for each; it runs at
//! every start and changes nothing when the triggers are there.

use sqlx::{AnyConnection, AssertSqlSafe};

use super::{DbError, Engine};

const TABLES: [&str; 5] = ["posting", "entry", "application", "receipt", "audit_act"];

const POSTGRES_FUNCTION: &str = "
create or replace function refuse_change_to_the_book() returns trigger language plpgsql as $$
begin
  raise exception 'the book is append only: % on % refused', tg_op, tg_table_name;
end $$";

/// An act of the audit trail may be given its place, once, and nothing else.
const TOUCHES_AN_ACT: &str = "old.n is not null or new.id <> old.id or new.kind <> old.kind \
     or new.actor <> old.actor or new.about <> old.about or new.at <> old.at \
     or coalesce(new.account_id, '') <> coalesce(old.account_id, '') \
     or coalesce(new.request, '') <> coalesce(old.request, '') \
     or coalesce(new.digest, '') <> coalesce(old.digest, '')";

pub(super) async fn guard(connection: &mut AnyConnection, engine: Engine) -> Result<(), DbError> {
    if engine == Engine::Postgres {
        sqlx::query(POSTGRES_FUNCTION).execute(&mut *connection).await?;
    }
    for table in TABLES {
        for change in ["update", "delete"] {
            let when = match (table, change) {
                ("audit_act", "update") => format!("when ({TOUCHES_AN_ACT})"),
                _ => String::new(),
            };
            let text = match engine {
                Engine::Sqlite => format!(
                    "create trigger if not exists {table}_refuses_{change} before {change} on \
                     {table} {when} begin select raise(abort, 'the book is append only'); end"
                ),
                Engine::Postgres => format!(
                    "create or replace trigger {table}_refuses_{change} before {change} on \
                     {table} for each row {when} execute function refuse_change_to_the_book()"
                ),
            };
            // Built from the two lists above and nothing else.
            sqlx::query(AssertSqlSafe(text)).execute(&mut *connection).await?;
        }
    }
    if engine == Engine::Postgres {
        for table in TABLES {
            let text = format!(
                "create or replace trigger {table}_refuses_truncate before truncate on {table} \
                 for each statement execute function refuse_change_to_the_book()"
            );
            sqlx::query(AssertSqlSafe(text)).execute(&mut *connection).await?;
        }
    }
    Ok(())
}
