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
use crate::Cause;

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

/// Something that was found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// What it is called, for programs.
    pub id: &'static str,
    /// How much it matters.
    pub weight: Weight,
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
            says,
            helps: Vec::new(),
        }
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
        let clock = beside::clock(survey, door);
        match door.broken_dial() {
            // Who reads a wrong date cannot tell a good certificate.
            Some(fault) if clock.is_some() && fault.cause == Cause::ClockSkew => {}
            Some(fault) => found.push(way::broken(survey, door, fault)),
            None => found.extend(answer::found(survey, door)),
        }
        found.extend(clock);
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
