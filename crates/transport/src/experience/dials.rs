//! What net has learnt on its dials, as facts that can be stored, and back again.

use std::time::SystemTime;

use alipes_net::{DialMemory, EgressKey};

use super::{DAY, Experience, millis};
use crate::memory::{Fact, Remembered};

impl Experience {
    /// Takes over what net has learnt, and what it has found to be mended.
    pub(super) fn learn_from(&self, dials: &DialMemory) {
        let learnt = self.learnt_by(dials);
        let can_be_mended =
            |fact: &Fact| matches!(fact, Fact::ClassicalHello { .. } | Fact::Ipv6Silent { .. });
        for fact in self.facts.all().into_keys().filter(can_be_mended) {
            if learnt.iter().all(|(known, _)| *known != fact) {
                self.facts.withdraw(&fact);
            }
        }
        for (fact, known) in learnt {
            self.facts.keep(fact, known);
        }
    }

    fn learnt_by(&self, dials: &DialMemory) -> Vec<(Fact, Remembered)> {
        let known = |until: SystemTime, limit| {
            let left = until.duration_since(self.clock.wall()).unwrap_or_default();
            let mut known = Remembered::for_the_next(left, self.clock.unix_ms());
            // When it was found out, so that merging does not make it younger than it is.
            known.noted = known.until.saturating_sub(millis(DAY));
            known.limit = limit;
            known
        };
        let classical = dials.classical().into_iter().map(|(key, until)| {
            let egress = key.as_str().to_owned();
            (Fact::ClassicalHello { egress }, known(until, None))
        });
        let silent = dials.silent_ipv6().into_iter().map(|((host, key), until)| {
            let egress = key.as_str().to_owned();
            (Fact::Ipv6Silent { egress, host }, known(until, None))
        });
        let calmed = dials.calmed().into_iter().map(|(server, factor, until)| {
            let factor = usize::try_from(factor).ok();
            (Fact::CalmAsked { server }, known(until, factor))
        });
        classical.chain(silent).chain(calmed).collect()
    }
}

/// Gives net its part of what is stored.
pub(super) fn teach(dials: &DialMemory, fact: &Fact, remembered: &Remembered) {
    let until = remembered.until();
    match fact {
        Fact::ClassicalHello { egress } => {
            dials.make_classical(EgressKey::from(egress.as_str()), until);
        }
        Fact::Ipv6Silent { egress, host } => {
            dials.make_ipv6_silent(host, &EgressKey::from(egress.as_str()), until);
        }
        Fact::CalmAsked { server } => {
            let factor = remembered.limit.and_then(|limit| u32::try_from(limit).ok());
            dials.make_calm(server.clone(), factor.unwrap_or(2), until);
        }
        _ => {}
    }
}

/// Takes back from net what somebody has found to be mended.
pub(super) fn unteach(dials: &DialMemory, fact: &Fact) {
    match fact {
        Fact::ClassicalHello { egress } => {
            dials.passes_large_hellos(&EgressKey::from(egress.as_str()));
        }
        Fact::Ipv6Silent { egress, host } => {
            dials.hears_ipv6(host, &EgressKey::from(egress.as_str()));
        }
        _ => {}
    }
}
