//! Lists as Stripe pages them: newest first, from a cursor towards the past (`starting_after`)
//! or towards the present (`ending_before`).

use serde_json::Value;
use sqlx::AnyConnection;

use super::intents::{SandboxCharge, SandboxIntent, SandboxRefund};
use super::params::Params;
use super::problem::Problem;
use super::store::{Span, Walk};
use super::{render, store};
use crate::db::DbError;

type Listed = Result<Result<Value, Problem>, DbError>;

pub(super) async fn intents(connection: &mut AnyConnection, mut params: Params) -> Listed {
    let page = match Page::take(&mut params).and_then(|page| params.finish().map(|()| page)) {
        Ok(page) => page,
        Err(problem) => return Ok(Err(problem)),
    };
    let span = match page.span(connection, "intent").await? {
        Ok(span) => span,
        Err(problem) => return Ok(Err(problem)),
    };
    let found = store::list::<SandboxIntent>(connection, "", &span).await?;
    let data = found.iter().map(|intent| render::intent(intent, None)).collect();
    Ok(Ok(page.cut("/v1/payment_intents", data)))
}

pub(super) async fn refunds(connection: &mut AnyConnection, mut params: Params) -> Listed {
    let (intent_id, charge_id) = (params.take("payment_intent"), params.take("charge"));
    let page = match Page::take(&mut params).and_then(|page| params.finish().map(|()| page)) {
        Ok(page) => page,
        Err(problem) => return Ok(Err(problem)),
    };
    let of_intent = match (intent_id, charge_id) {
        (Some(intent_id), _) => intent_id,
        (None, None) => String::new(),
        (None, Some(id)) => match store::load::<SandboxCharge>(connection, &id).await? {
            Some(charge) => charge.intent_id,
            None => return Ok(Err(Problem::no_such("charge", &id, "charge"))),
        },
    };
    let span = match page.span(connection, "refund").await? {
        Ok(span) => span,
        Err(problem) => return Ok(Err(problem)),
    };
    let found = store::list::<SandboxRefund>(connection, &of_intent, &span).await?;
    Ok(Ok(page.cut("/v1/refunds", found.iter().map(render::refund).collect())))
}

pub(super) async fn events(connection: &mut AnyConnection, mut params: Params) -> Listed {
    let mut kinds = params.take_list("types");
    kinds.extend(params.take("type"));
    let delivered = match params.take("delivery_success").as_deref() {
        None => 0,
        Some("true") => 1,
        Some("false") => 2,
        Some(_) => {
            let message = "Invalid boolean.";
            return Ok(Err(Problem::invalid(None, "delivery_success", message)));
        }
    };
    let page = match Page::take(&mut params).and_then(|page| params.finish().map(|()| page)) {
        Ok(page) => page,
        Err(problem) => return Ok(Err(problem)),
    };
    let span = match page.span(connection, "event").await? {
        Ok(span) => span,
        Err(problem) => return Ok(Err(problem)),
    };
    let kinds = if kinds.is_empty() { String::new() } else { format!(",{},", kinds.join(",")) };
    let found = store::list_events(connection, &kinds, delivered, &span).await?;
    Ok(Ok(page.cut("/v1/events", found)))
}

struct Page {
    limit: usize,
    starting_after: Option<String>,
    ending_before: Option<String>,
    from_seconds: i64,
    to_seconds: i64,
}

impl Page {
    fn take(params: &mut Params) -> Result<Self, Problem> {
        let limit = params.take_integer("limit")?.unwrap_or(10);
        let Some(limit) = usize::try_from(limit).ok().filter(|limit| (1..=100).contains(limit))
        else {
            let message = "This value must be between 1 and 100.";
            return Err(Problem::invalid(Some("parameter_invalid_integer"), "limit", message));
        };
        let exact = params.take_integer("created")?;
        let mut bound = |name| params.take_integer(name);
        let (gte, gt) = (bound("created[gte]")?, bound("created[gt]")?);
        let (lte, lt) = (bound("created[lte]")?, bound("created[lt]")?);
        let from = gte.max(gt.map(|gt| gt.saturating_add(1))).or(exact);
        let to = lte.or(lt.map(|lt| lt.saturating_sub(1))).or(exact);
        let (starting_after, ending_before) =
            (params.take("starting_after"), params.take("ending_before"));
        if starting_after.is_some() && ending_before.is_some() {
            let message = "You may only specify one of these: starting_after, ending_before.";
            return Err(Problem::invalid(None, "starting_after", message));
        }
        Ok(Self {
            limit,
            starting_after,
            ending_before,
            from_seconds: from.unwrap_or(0),
            to_seconds: to.unwrap_or(i64::MAX),
        })
    }

    /// One more than the page holds, to know whether there is more.
    async fn span(
        &self,
        connection: &mut AnyConnection,
        kind: &'static str,
    ) -> Result<Result<Span, Problem>, DbError> {
        let mut span = Span {
            after_sequence: 0,
            before_sequence: i64::MAX,
            from_seconds: self.from_seconds,
            to_seconds: self.to_seconds,
            limit: i64::try_from(self.limit).unwrap_or(i64::MAX).saturating_add(1),
            walk: Walk::Backwards,
        };
        let (cursor, param) = match (&self.starting_after, &self.ending_before) {
            (Some(id), _) => (id, "starting_after"),
            (None, Some(id)) => (id, "ending_before"),
            (None, None) => return Ok(Ok(span)),
        };
        let Some(sequence) = store::sequence_of(connection, kind, cursor).await? else {
            return Ok(Err(Problem::no_such(kind, cursor, param)));
        };
        if param == "starting_after" {
            span.before_sequence = sequence;
        } else {
            span.after_sequence = sequence;
            span.walk = Walk::Forwards;
        }
        Ok(Ok(span))
    }

    fn cut(&self, url: &str, mut found: Vec<Value>) -> Value {
        let has_more = found.len() > self.limit;
        found.truncate(self.limit);
        if self.ending_before.is_some() {
            found.reverse();
        }
        render::list(url, found, has_more)
    }
}
