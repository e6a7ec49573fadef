//! Who could not answer lately, and for how long it is not asked first.
//!
//! What rests is what the fault condemns: an account that has reached its limit rests alone, a
//! provider that fails inside with all its accounts. Nothing here refuses anybody: whoever rests is
//! only asked after the others. What should outlive the process is the transport's to remember.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use alipes_transport::{Cause, Fault, Phase, Scope};
use tokio::time::Instant;

use crate::ModelName;

/// Those who rest. Clones are the same list, so that what one conversation has met counts for all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rests(Arc<Mutex<HashMap<Whom, Instant>>>);

/// What can rest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Whom {
    /// An account, whichever model it is asked for.
    Account { provider: String, account: String },
    /// A provider's model, with all its accounts.
    Model(ModelName),
}

impl Rests {
    /// `account` could not answer for `model`: what the fault condemns rests for as long as the
    /// server asked, else for as long as such things take.
    pub(crate) fn failed(&self, model: &ModelName, account: &str, fault: &Fault, now: Instant) {
        let whom = match fault.scope() {
            Scope::Account => whose(model, account),
            _ => Whom::Model(model.clone()),
        };
        let length = fault.retry_after.unwrap_or(usual(fault));
        self.known().insert(whom, now + length);
    }

    /// `account` has answered for `model`.
    pub(crate) fn answered(&self, model: &ModelName, account: &str) {
        let mut known = self.known();
        known.remove(&whose(model, account));
        known.remove(&Whom::Model(model.clone()));
    }

    /// For how much longer `account` rests where it is asked for `model`; zero: it does not.
    pub(crate) fn left(&self, model: &ModelName, account: &str, now: Instant) -> Duration {
        let known = self.known();
        [whose(model, account), Whom::Model(model.clone())]
            .iter()
            .filter_map(|whom| known.get(whom))
            .map(|until| until.saturating_duration_since(now))
            .max()
            .unwrap_or_default()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Whom, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn whose(model: &ModelName, account: &str) -> Whom {
    Whom::Account {
        provider: model.provider.clone(),
        account: account.to_owned(),
    }
}

/// The rest of somebody who did not say when to come back. A limit or an empty account does not mend
/// itself within a turn; anything else may be over in a minute. One that was not even asked has its
/// date in the transport's memory.
fn usual(fault: &Fault) -> Duration {
    Duration::from_secs(match fault.cause {
        _ if fault.phase == Phase::Queue => 60,
        Cause::Quota => 3_600,
        Cause::UsageLimit | Cause::Unauthorized | Cause::Forbidden | Cause::NoCredential => 900,
        _ => 60,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_base::Clock;

    fn fault(cause: Cause, retry_after: Option<u64>) -> Fault {
        Fault {
            phase: Phase::Headers,
            cause,
            retry_after: retry_after.map(Duration::from_secs),
            ..Fault::nobody_to_ask()
        }
    }

    #[test]
    fn what_rests_is_what_the_fault_condemns() {
        let (clock, rests) = (Clock::system(), Rests::default());
        let now = clock.now();
        let (small, large): (ModelName, ModelName) =
            ("p/small".parse().unwrap(), "p/large".parse().unwrap());
        let left = |model, account| rests.left(model, account, now).as_secs();
        rests.failed(&small, "a", &fault(Cause::UsageLimit, Some(7_000)), now);
        assert_eq!((left(&small, "a"), left(&large, "a")), (7_000, 7_000));
        assert_eq!(left(&small, "b"), 0);
        rests.failed(&large, "b", &fault(Cause::Challenge, None), now);
        // No account is condemned by it: the model rests for both, the other model for none.
        assert_eq!((left(&large, "a"), left(&large, "b")), (7_000, 60));
        assert_eq!(left(&small, "b"), 0);
        rests.answered(&large, "b");
        assert_eq!((left(&large, "a"), left(&large, "b")), (7_000, 0));
    }

    #[test]
    fn who_does_not_say_when_to_come_back_rests_as_long_as_such_things_take() {
        let (clock, rests) = (Clock::system(), Rests::default());
        let model: ModelName = "p/m".parse().unwrap();
        for (cause, seconds) in [
            (Cause::Quota, 3_600),
            (Cause::Unauthorized, 900),
            (Cause::RateLimited, 60),
            (Cause::ServerError, 60),
        ] {
            let now = clock.now();
            rests.failed(&model, "", &fault(cause, None), now);
            assert_eq!(rests.left(&model, "", now).as_secs(), seconds, "{cause:?}");
            rests.answered(&model, "");
        }
    }
}
