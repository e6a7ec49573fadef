//! Calls beside the turn: which models there are, what is left of a plan.
//!
//! They are welcome and never needed, so they are cheap to lose: a short limit from the profile, one
//! repetition at most and no wait. A refused key is renewed only where somebody waits for the answer.
//! They take the same way as the turn (dialer, egress, HTTP client, identity, credential), because
//! another way is what gets clients challenged.
//! And their faults are another type: backends were seen to answer 401 here while turns go on
//! (codex-protocol §6.3), so nothing that signs out, opens a breaker or condemns an account takes an
//! [`AuxiliaryFault`].

mod answer;
mod request;
mod side_calls;

use std::sync::Arc;

use alipes_base::Deadline;
use http::HeaderValue;

pub use answer::{AuxiliaryAnswer, AuxiliaryFault};
pub(crate) use request::{Question, get};
pub use side_calls::SideCalls;

use crate::attempt::{newer_token, token, with_place_of_key};
use crate::breaker::Destination;
use crate::conversation::Conversation;
use crate::leave::{no_permit, not_tried};
use crate::permits::Permit;
use crate::{
    AttemptHistory, Budget, Credential, Endpoint, Fault, Priority, Reaction, Scope, Token,
    Transport, react,
};

/// The class of their paths, apart from the main one: an edge may challenge the one and not the
/// other.
const PATH_CLASS: &str = "auxiliary";

/// The limit's name, as profiles spell it.
const LIMIT: &str = "auxiliary_timeout";

impl Transport {
    /// Gets `path`, beneath the endpoint's base URL; `../` leads out of its last part.
    ///
    /// # Errors
    /// [`AuxiliaryFault`], within the profile's `auxiliary_timeout` at the latest.
    pub async fn auxiliary(
        &self,
        endpoint: &Arc<Endpoint>,
        credential: &Arc<dyn Credential>,
        path: &str,
        deadline: Deadline,
    ) -> Result<AuxiliaryAnswer, AuxiliaryFault> {
        let question = Question::of(path);
        self.ask(endpoint, credential, question, deadline).await
    }

    /// The same, unless it is still what the caller got with this `ETag`.
    ///
    /// # Errors
    /// As [`auxiliary`](Self::auxiliary).
    pub async fn auxiliary_unless(
        &self,
        endpoint: &Arc<Endpoint>,
        credential: &Arc<dyn Credential>,
        path: &str,
        etag: &HeaderValue,
        deadline: Deadline,
    ) -> Result<AuxiliaryAnswer, AuxiliaryFault> {
        let question = Question::unless(path, etag);
        self.ask(endpoint, credential, question, deadline).await
    }

    async fn ask(
        &self,
        endpoint: &Arc<Endpoint>,
        credential: &Arc<dyn Credential>,
        question: Question<'_>,
        deadline: Deadline,
    ) -> Result<AuxiliaryAnswer, AuxiliaryFault> {
        let (endpoint, credential) = (Arc::clone(endpoint), Arc::clone(credential));
        let mut about = self.session(endpoint, credential, String::new()).about;
        let profile = about.endpoint.profile();
        let length = profile.auxiliary_timeout;
        let limit = match question.is_waited_for() {
            true => deadline,
            false => deadline.tightened(&self.clock, LIMIT, length),
        };
        let to = about.destination("");
        let permit = leave(&about, &to, &limit).await;
        let _permit = permit.map_err(|fault| AuxiliaryFault(Box::new(signed(&about, fault))))?;
        let (mut first, mut renewed) = (None, None);
        loop {
            let (generation, got) = tried(&about, &question, renewed, limit, &deadline).await;
            self.experience.auxiliary_ended(&to, got.as_ref().err());
            let fault = match got {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            let spent = limit.remaining(&self.clock).is_zero();
            let again = match (first.take(), spent) {
                // The limit that ends the second try hides why there was one.
                (Some(first), true) => Err(first),
                (Some(_), false) | (None, true) => Err(fault),
                (None, false) => once_more(&about, &question, fault, generation, &limit).await,
            };
            let told = |fault| AuxiliaryFault(Box::new(signed(&about, fault)));
            let (fault, newer) = again.map_err(told)?;
            about.fresh = fault.scope() == Scope::Connection;
            (first, renewed) = (Some(fault), newer);
        }
    }
}

/// Whether the second try can go better: the fault of the first comes back as it was, with the newer
/// key if that is what helps. `Err` is the fault where it cannot.
async fn once_more(
    about: &Conversation,
    question: &Question<'_>,
    fault: Fault,
    generation: Option<u64>,
    limit: &Deadline,
) -> Result<(Fault, Option<Token>), Fault> {
    let budget = Budget::of(about.endpoint.profile());
    let best = react(&fault, &AttemptHistory::new(), budget);
    match best.first() {
        Some(Reaction::SameRoute { backoff }) if backoff.is_zero() => Ok((fault, None)),
        // A list that is refused while turns go on is no reason to spend a sign-in's next token.
        Some(Reaction::RefreshCredential) if question.is_waited_for() => {
            match newer_token(about, generation, limit).await {
                Ok(newer) => Ok((fault, Some(newer))),
                Err(why) => Err(fault.because(&why)),
            }
        }
        _ => Err(with_place_of_key(about, fault)),
    }
}

/// Leave to call: not where such calls are challenged, and behind all that a user waits for.
async fn leave(about: &Conversation, to: &Destination, limit: &Deadline) -> Result<Permit, Fault> {
    let experience = &about.transport.experience;
    if let Some(known) = experience.auxiliary_left_alone(to) {
        return Err(not_tried(&known));
    }
    let concurrency = about.endpoint.profile().concurrency;
    let (lane, priority) = (to.lane(), Priority::Auxiliary);
    let permit = experience.permits.wait(&lane, concurrency, priority, limit);
    permit.await.map_err(no_permit)
}

/// One try, with the newer key if there is one, and the generation of the key that it went with.
async fn tried(
    about: &Conversation,
    question: &Question<'_>,
    renewed: Option<Token>,
    limit: Deadline,
    deadline: &Deadline,
) -> (Option<u64>, Result<AuxiliaryAnswer, Fault>) {
    let token = match renewed {
        Some(newer) => Some(newer),
        None => match token(about, &limit).await {
            Ok(token) => token,
            Err(fault) => return (None, Err(fault)),
        },
    };
    let generation = token.as_ref().map(|token| token.generation);
    let got = get(about, question, token.as_ref(), limit, deadline).await;
    (generation, got)
}

fn signed(about: &Conversation, mut fault: Fault) -> Fault {
    fault.endpoint = Arc::clone(about.endpoint.name());
    fault.redacted(&about.transport.redactor)
}
