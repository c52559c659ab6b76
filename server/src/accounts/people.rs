//! Who may see and pay an account, and taking that back: for staff.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use receivables::api::people::{PeopleOfAccount, PersonOnAccount};
use receivables::api::problem::Problem;
use receivables::calendar::Micros;
use receivables::ids::{AccountId, CustomerId};
use sqlx::{AnyConnection, Row};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{account_of, words};
use crate::audit::{self, NewAct};
use crate::db::{Command, DbError};
use crate::problem::{Refusal, request_name};
use crate::sign_in::{Action, Caller, Reach, Resource, account_role, require};
use crate::state::Shared;
use crate::web::Path;

const LIST: &str = "
select c.id, c.name, c.email, x.role from account_customer x join customer c on c.id = x.customer_id
where x.account_id = $1 order by c.email, c.id";

const LEAVE: &str = "delete from account_customer where account_id = $1 and customer_id = $2";

pub(super) const SQL: &[&str] = &[LIST, LEAVE];

pub fn staff_router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(take_back))
}

/// Who may see the account, and who of them may pay.
#[utoipa::path(
    get, path = "/api/v1/accounts/{id}/people", operation_id = "peopleOfAccount",
    tag = "invitations",
    params(("id" = AccountId, Path, description = "The account")),
    responses(
        (status = 200, body = PeopleOfAccount),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn list(
    State(portal): State<Shared>,
    caller: Caller,
    Path(id): Path<AccountId>,
) -> Result<Json<PeopleOfAccount>, Refusal> {
    require(&caller, Action::SeeInvitations, Resource::Portal)?;
    account_of(&portal, Reach::Everyones, id).await?;
    let rows = sqlx::query(LIST).bind(id.to_string()).fetch_all(portal.db.read()).await?;
    let people = rows.iter().map(person).collect::<Result<_, DbError>>()?;
    Ok(Json(PeopleOfAccount { people }))
}

fn person(row: &sqlx::any::AnyRow) -> Result<PersonOnAccount, DbError> {
    let (id, role): (String, String) = (row.try_get("id")?, row.try_get("role")?);
    Ok(PersonOnAccount {
        id: CustomerId::parse(&id).map_err(|_| DbError::inconsistent("customer", "id", &id))?,
        name: row.try_get("name")?,
        email: row.try_get("email")?,
        role: account_role(&role)?,
    })
}

/// Takes back that a person may see and pay an account. A payment they are making ends as every
/// payment does; the next thing they ask about the account is not there.
#[utoipa::path(
    delete, path = "/api/v1/accounts/{id}/people/{person}", operation_id = "takeAccountBack",
    tag = "invitations",
    params(
        ("id" = AccountId, Path, description = "The account"),
        ("person" = CustomerId, Path, description = "The person, as they are listed"),
    ),
    responses(
        (status = 204, description = "They see nothing of it any more"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
async fn take_back(
    State(portal): State<Shared>,
    caller: Caller,
    Path((account_id, person)): Path<(AccountId, CustomerId)>,
) -> Result<StatusCode, Refusal> {
    require(&caller, Action::Invite, Resource::Portal)?;
    let command = TakeBack { account_id, person, by: caller.signature(), now: portal.now() };
    if portal.db.write(command).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::not_found())
    }
}

struct TakeBack {
    account_id: AccountId,
    person: CustomerId,
    by: String,
    now: Micros,
}

impl Command for TakeBack {
    /// Whether it was theirs.
    type Reply = bool;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<bool, DbError> {
        let left = sqlx::query(LEAVE)
            .bind(self.account_id.to_string())
            .bind(self.person.to_string())
            .execute(&mut *tx)
            .await?;
        if left.rows_affected() == 0 {
            return Ok(false);
        }
        words::rewrite(&mut *tx, self.account_id).await?;
        let act = NewAct {
            id: format!("access/{}/{}/{}", self.account_id, self.person, self.now.0),
            kind: "access_taken_back".into(),
            actor: self.by.clone(),
            about: self.person.to_string(),
            account_id: Some(self.account_id),
            at: self.now,
            request: request_name(),
            digest: None,
        };
        audit::record(tx, &act).await?;
        Ok(true)
    }
}
