//! Leave to make an attempt: is it worth making, after all that is known, and is there room for it.
//!
//! What is left alone is not tried while there is somebody else to ask. Where nobody is, one real
//! request is the probe: nobody is refused an answer because of what happened a minute ago.

use std::time::Duration;

use crate::breaker::{Admission, Destination};
use crate::conversation::Conversation;
use crate::experience::LeftAlone;
use crate::permits::{NoPermit, Permit};
use crate::step::Step;
use crate::{Alternatives, Cause, Experience, Fault, Phase, Replay, Route, Trace};

/// Held for as long as the attempt runs.
pub(crate) struct Leave {
    pub(crate) to: Destination,
    _probes: Admission,
    _permit: Permit,
}

impl Leave {
    /// Leave for the next attempt, on `route`. Once a step has begun here its budget decides how often
    /// it is sent again.
    ///
    /// # Errors
    /// The [`Fault`] of an attempt that is not made: with the cause that is remembered, or that of a
    /// wait in the queue.
    pub(crate) async fn ask(
        about: &Conversation,
        step: &Step<'_>,
        route: Route,
        attempt: u32,
    ) -> Result<Self, Fault> {
        let experience = &about.transport.experience;
        let to = about.destination(&step.request.model);
        if attempt == 1
            && let Some(known) = better_elsewhere(experience, &to, route, step.request.alternatives)
        {
            return Err(not_tried(&known));
        }
        let permit = permit(about, step, &to, attempt).await?;
        let breakers = match experience.breakers.is_empty() {
            true => Vec::new(),
            false => to.breakers(),
        };
        let probes = experience
            .breakers
            .insist(&breakers, about.transport.clock.now());
        Ok(Self {
            to,
            _probes: probes,
            _permit: permit,
        })
    }
}

/// What speaks against the attempt and not against those who could be asked instead: another account
/// takes the same way to the same endpoint.
fn better_elsewhere(
    experience: &Experience,
    to: &Destination,
    route: Route,
    alternatives: Alternatives,
) -> Option<LeftAlone> {
    match alternatives {
        Alternatives { provider: true, .. } => experience
            .route_left_alone(to, route)
            .or_else(|| experience.destination_left_alone(to)),
        Alternatives { account: true, .. } => experience.account_left_alone(to),
        _ => None,
    }
}

/// A permit for one more request beside one that runs, if there is room now.
pub(crate) fn permit_now(about: &Conversation, to: &Destination) -> Option<Permit> {
    let limit = about.endpoint.profile().concurrency;
    about
        .transport
        .experience
        .permits
        .try_now(&to.lane(), limit)
}

async fn permit(
    about: &Conversation,
    step: &Step<'_>,
    to: &Destination,
    attempt: u32,
) -> Result<Permit, Fault> {
    let experience = &about.transport.experience;
    let (lane, limit) = (to.lane(), about.endpoint.profile().concurrency);
    if let Some(met) = experience.limit_met(to) {
        experience.permits.lower(&lane, limit, met);
    }
    if let Some(permit) = permit_now(about, to) {
        return Ok(permit);
    }
    let waits = Trace::Waiting {
        attempt,
        limit: "queue",
        length: step.deadline.remaining(&about.transport.clock),
    };
    step.updates.trace(waits).await;
    let priority = step.request.priority;
    let waited = experience
        .permits
        .wait(&lane, limit, priority, &step.deadline);
    waited.await.map_err(no_permit)
}

pub(crate) fn no_permit(why: NoPermit) -> Fault {
    match why {
        NoPermit::Expired(expired) => {
            let fault = unsent(Cause::Deadline).limited(expired);
            fault.because("as many requests as it bears were under way all the time")
        }
        NoPermit::Full { waiting } => {
            let why = format!("{waiting} requests wait for it already");
            unsent(Cause::RateLimited).because(&why)
        }
    }
}

/// The fault of an attempt that is known to fail.
pub(crate) fn not_tried(known: &LeftAlone) -> Fault {
    let reason = known.reason.as_ref();
    let mut fault = unsent(reason.map_or(Cause::Blocked, |reason| reason.cause));
    fault.evidence.cf_ray = reason.and_then(|reason| reason.cf_ray.clone());
    fault.because(&format!(
        "not tried: that was {} ago, and it is left alone for another {}",
        roughly(known.ago),
        roughly(known.remaining)
    ))
}

fn unsent(cause: Cause) -> Fault {
    let mut fault = Fault::new(Phase::Queue, cause);
    fault.replay = Replay::Free;
    fault
}

/// `12 s`, `3 min`, `5 h`: what a person wants to know.
fn roughly(length: Duration) -> String {
    match length.as_secs() {
        seconds @ 0..=99 => format!("{seconds} s"),
        seconds @ 100..=5_999 => format!("{} min", (seconds + 30) / 60),
        seconds => format!("{} h", (seconds + 1_800) / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_roughly() {
        let table = [(0, "0 s"), (99, "99 s"), (180, "3 min"), (7_200, "2 h")];
        for (seconds, text) in table {
            assert_eq!(roughly(Duration::from_secs(seconds)), text);
        }
    }
}
