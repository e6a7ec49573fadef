//! What is left of an account, by its provider's own word. Asked beside turns and never needed by
//! one: the answer is kept in endpoint memory, with its age.

use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_transport::{
    AccountKey, AuxiliaryFault, Credential, Endpoint, EndpointKey, Experience, QuotaLeft, Transport,
};
use alipes_wire::{Quota, QuotaFields};

use crate::Records;
use crate::catalog::reach::Reached;
use crate::recording::Question;

/// Clocks are read in between, so lengths that should be the same differ by as much.
const SLACK: Duration = Duration::from_secs(2);

/// An answer without a date counts for this long, and none for less than a minute.
const COUNTS: Duration = Duration::from_secs(24 * 3_600);
const LEAST: Duration = Duration::from_secs(60);

/// Within how long the account has all of its plan again, where its provider said so: an answer without
/// a date counts for a day, and says nothing about that. Where a plan has several windows it may be
/// sooner, because memory keeps the later of two dates.
pub(crate) fn resets_in(left: QuotaLeft) -> Option<Duration> {
    let counted = left.age + left.remaining;
    (counted.abs_diff(COUNTS) > SLACK).then_some(left.remaining)
}

/// Where a provider says what an account has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageSource {
    /// Beneath its base URL; `../` leads out of that.
    pub path: String,
    /// Where in the answer.
    pub fields: QuotaFields,
}

/// A question about one account, still to be asked.
#[derive(Clone)]
pub struct UsageQuestion {
    transport: Transport,
    endpoint: Arc<Endpoint>,
    credential: Arc<dyn Credential>,
    source: UsageSource,
    records: Option<Records>,
}

impl UsageQuestion {
    pub(crate) fn new(
        transport: &Transport,
        reached: Reached,
        source: UsageSource,
        records: Option<Records>,
    ) -> Self {
        Self {
            transport: transport.clone(),
            endpoint: reached.endpoint,
            credential: reached.credential,
            source,
            records,
        }
    }

    /// Asks, and keeps the answer.
    ///
    /// # Errors
    /// [`AuxiliaryFault`], which says nothing about turns.
    pub async fn ask(&self, deadline: Deadline) -> Result<Quota, AuxiliaryFault> {
        let (endpoint, credential) = (&self.endpoint, &self.credential);
        let path = &self.source.path;
        let (transport, records) = (&self.transport, self.records.as_ref());
        let question = Question::begin(records, &transport.clock, endpoint, path);
        let answer = transport
            .auxiliary(endpoint, credential, path, deadline)
            .await;
        question.ended(&answer);
        let answer = answer?;
        let quota = Quota::read(&answer.body, &self.source.fields);
        let quota = quota.ok_or_else(|| answer.malformed("it does not say what is left"))?;
        let key = EndpointKey::of(endpoint.base_url());
        let account = AccountKey::of(&key, &credential.identity());
        note(
            &self.transport.experience,
            &account,
            &quota,
            &self.transport.clock,
        );
        Ok(quota)
    }
}

/// Keeps what is left until that begins anew.
pub(crate) fn note(experience: &Experience, account: &AccountKey, quota: &Quota, clock: &Clock) {
    let Some(percent) = quota.percent_left() else {
        return;
    };
    let now = clock.unix_ms() / 1_000;
    let lasting = quota
        .resets_at()
        .map(|at| Duration::from_secs(at.saturating_sub(now)));
    experience.note_quota(account, percent, lasting.unwrap_or(COUNTS).max(LEAST));
}
