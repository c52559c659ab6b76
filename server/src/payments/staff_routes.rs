//! What staff do to payments, each with a key of their own and a preview before the act.

use utoipa_axum::router::OpenApiRouter;

use crate::state::Shared;

pub fn staff_router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
}
