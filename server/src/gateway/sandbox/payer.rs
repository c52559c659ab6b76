//! What the payer's browser may do with an intent whose client secret it knows, and what time
//! does to a debit that is under way.

use sqlx::AnyConnection;

use super::cards::TestCard;
use super::desk::{Desk, Occasion};
use super::intents::{Authentication, SandboxIntent};
use super::{sessions, store};
use crate::config::Secret;
use crate::db::{Command, DbError};

pub(super) enum Step {
    Confirm {
        client_secret: Secret,
        card: TestCard,
    },
    Authenticate {
        client_secret: Secret,
        outcome: Authentication,
    },
    /// The debit comes to its end.
    Settle,
}

pub(super) struct PayerStep {
    pub occasion: Occasion,
    pub intent_id: String,
    pub step: Step,
}

impl Command for PayerStep {
    /// The intent as it is afterwards. A step that its state does not allow changes nothing;
    /// without the right secret there is no intent.
    type Reply = Option<SandboxIntent>;

    async fn apply<'c>(
        &'c self,
        tx: &'c mut AnyConnection,
    ) -> Result<Option<SandboxIntent>, DbError> {
        let mut desk = Desk::open(tx, &self.occasion, None).await?;
        let found = store::load::<SandboxIntent>(desk.tx, &self.intent_id).await?;
        let Some(mut intent) = found.filter(|intent| self.may_touch(intent)) else {
            return Ok(None);
        };
        let now = desk.now.unix_seconds();
        let happened = match &self.step {
            Step::Confirm { card, .. } => intent.confirm(*card, &mut desk.names, now),
            Step::Authenticate { outcome, .. } => {
                intent.authenticate(*outcome, &mut desk.names, now)
            }
            Step::Settle => {
                let pending = intent.latest_charge.clone().unwrap_or_default();
                let Some(pending) = store::load(desk.tx, &pending).await? else {
                    return Ok(Some(intent));
                };
                intent.settle(pending, &mut desk.names, now)
            }
        };
        if let Ok(happened) = happened {
            desk.record(&intent, &happened).await?;
            sessions::follow(&mut desk, &intent).await?;
        }
        Ok(Some(intent))
    }
}

impl PayerStep {
    fn may_touch(&self, intent: &SandboxIntent) -> bool {
        match &self.step {
            Step::Confirm { client_secret, .. } | Step::Authenticate { client_secret, .. } => {
                client_secret.reveal() == intent.client_secret
            }
            Step::Settle => true,
        }
    }
}
