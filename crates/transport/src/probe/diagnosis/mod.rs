//! What a survey means: what is wrong, in plain words, and what helps. Pure.
//!
//! What fails alone proves little; what fails beside something that works is a cause. So the door that
//! turns take is held against the others, one family against the other, one route against the other,
//! and only what is left without a counterpart is told by its fault alone.

mod accounts;
mod answer;
mod beside;
mod way;
mod words;

#[cfg(test)]
mod tests;

use super::{Door, Step, Survey};
use crate::{Blame, Cause, Fault, Phase, Scope};

pub use words::{length, shown};

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Nothing is wrong.
    Fine,
    /// Turns are answered all the same.
    Warning,
    /// Turns are not answered.
    Fault,
}

/// What a fault is called, by the names that turns, records and `alipes explain` have for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Called {
    /// Where on the way.
    pub phase: Phase,
    /// Why.
    pub cause: Cause,
}

impl Called {
    /// Who is at fault.
    #[must_use]
    pub fn blame(self) -> Blame {
        self.cause.blame()
    }

    /// What else it condemns.
    #[must_use]
    pub fn scope(self) -> Scope {
        self.cause.scope()
    }
}

/// Something that was found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// What it is called, for programs.
    pub id: &'static str,
    /// How much it matters.
    pub weight: Weight,
    /// The fault that it rests on; `None` where none was met.
    pub called: Option<Called>,
    /// What it is, in a sentence without its full stop.
    pub says: String,
    /// What helps, the best first.
    pub helps: Vec<String>,
}

impl Diagnosis {
    fn new(id: &'static str, weight: Weight, says: String) -> Self {
        Self {
            id,
            weight,
            called: None,
            says,
            helps: Vec::new(),
        }
    }

    fn rests_on(mut self, fault: &Fault) -> Self {
        self.called = Some(Called {
            phase: fault.phase,
            cause: fault.cause,
        });
        self
    }

    fn helped_by(mut self, help: impl Into<String>) -> Self {
        self.helps.push(help.into());
        self
    }
}

/// What a survey means, the worst first; never empty.
#[must_use]
pub fn diagnose(survey: &Survey) -> Vec<Diagnosis> {
    let mut found = Vec::new();
    if let Some(door) = survey.taken() {
        match (door.broken_dial(), beside::clock(survey, door)) {
            // Who reads a wrong date cannot tell a good certificate.
            (Some(fault), Some(clock)) if fault.cause == Cause::ClockSkew => {
                found.push(clock.rests_on(fault));
            }
            (broken, clock) => {
                match broken {
                    Some(fault) => found.push(way::broken(survey, door, fault).rests_on(fault)),
                    None => found.extend(answer::found(survey, door)),
                }
                found.extend(clock);
            }
        }
        found.extend(beside::families(survey));
        found.extend(beside::hello(survey, door));
        found.extend(beside::model(survey, door));
        found.extend(beside::untried(survey, door));
        found.extend(beside::unfinished(survey, door));
    }
    if found.iter().all(|known| known.weight < Weight::Fault) {
        found.extend(beside::lately(survey));
    }
    found.sort_by_key(|known| std::cmp::Reverse(known.weight));
    if found.is_empty() {
        found.push(fine(survey));
    }
    found
}

fn fine(survey: &Survey) -> Diagnosis {
    let open = survey.taken().is_some_and(Door::is_open);
    let name = &survey.endpoint;
    match open {
        true => Diagnosis::new(
            "fine",
            Weight::Fine,
            format!("nothing is wrong on the way to {name}"),
        ),
        false => Diagnosis::new(
            "unknown",
            Weight::Warning,
            format!("nothing could be found out about {name}"),
        ),
    }
}

/// Whether something on the way through this door swallows IPv6, and nothing IPv4.
pub(super) fn swallows_ipv6(door: &Door) -> bool {
    let dead = door.fault(Step::Ipv6);
    dead.is_some_and(|fault| fault.cause == Cause::TimedOut) && door.passed(Step::Ipv4)
}

/// Whether something on the way through this door swallows a ClientHello of two segments.
pub(super) fn swallows_large_hellos(door: &Door) -> bool {
    let silence = |cause| matches!(cause, Cause::Reset | Cause::TimedOut);
    let large = door.fault(Step::Tls);
    large.is_some_and(|fault| silence(fault.cause)) && door.passed(Step::TlsClassical)
}
