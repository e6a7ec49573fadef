//! One attempt as its traces tell it, and the phases that follow from them.

use std::time::Duration;

use alipes_net::Timings;
use alipes_store::{AttemptEnd, AttemptRecord, FaultRecord, PhaseSpan};
use alipes_transport::{Cause, Fault, Phase, Reaction};
use tokio::time::Instant;

use super::fault::{of_fault, overdue};
use super::written::micros;

/// What comes before the dial and is shorter is no phase worth telling.
const WORTH_TELLING: Duration = Duration::from_millis(1);

/// An attempt that has not ended.
pub(super) struct Open {
    record: AttemptRecord,
    begun: Instant,
    connected: Option<(Instant, Timings)>,
    sent: Option<Instant>,
    first_event: Option<Instant>,
    /// What it was overdue with when another one was sent beside it.
    overdue: Option<FaultRecord>,
}

/// How it ended.
pub(super) struct Ended<'f> {
    pub(super) end: AttemptEnd,
    /// When its answer's first output came, if it had one.
    pub(super) output: Option<Instant>,
    pub(super) fault: Option<&'f Fault>,
    pub(super) reaction: Option<Reaction>,
}

impl Open {
    pub(super) fn new(record: AttemptRecord, begun: Instant) -> Self {
        Self {
            record,
            begun,
            connected: None,
            sent: None,
            first_event: None,
            overdue: None,
        }
    }

    pub(super) fn number(&self) -> u32 {
        self.record.number
    }

    pub(super) fn record(&mut self) -> &mut AttemptRecord {
        &mut self.record
    }

    pub(super) fn connected(&mut self, at: Instant, timings: Timings) {
        self.connected = Some((at, timings));
    }

    pub(super) fn sent(&mut self, at: Instant) {
        self.sent = Some(at);
    }

    /// The first sign of life came so long after the beginning, and was noted `at`: the beginning was
    /// noted a little late where its reader was.
    pub(super) fn first_event(&mut self, at: Instant, after: Duration) -> Instant {
        self.record.first_event_us = Some(micros(after));
        *self.first_event.insert(at.min(self.begun + after))
    }

    /// It has waited so long in vain, and another one is sent beside it.
    pub(super) fn overdue(&mut self, limit: &'static str, waited: Duration) {
        self.overdue = overdue(limit, waited);
    }

    /// The finished record, on the axis of a call that began at `origin`.
    pub(super) fn end(
        mut self,
        origin: Instant,
        over: Instant,
        ended: &Ended<'_>,
    ) -> AttemptRecord {
        let spans = self.spans(over, ended);
        let record = &mut self.record;
        record.phases = spans
            .into_iter()
            .map(|(phase, from, to)| PhaseSpan {
                phase: phase.to_owned(),
                begun_us: between(origin, from),
                took_us: between(from, to),
            })
            .collect();
        record.took_us = between(self.begun, over);
        record.end = ended.end;
        // Whoever was overdue and beaten had no time to fail; why another one was sent says more than
        // that all time was over in the end.
        let ran_out = ended
            .fault
            .is_none_or(|fault| fault.cause == Cause::Deadline);
        let overdue = self
            .overdue
            .filter(|_| ended.end == AttemptEnd::Lost && ran_out);
        record.fault = overdue.or(ended.fault.map(of_fault));
        record.reaction = ended.reaction.map(|reaction| reaction.as_str().to_owned());
        record.pause_us = ended.reaction.and_then(Reaction::pause).map(micros);
        self.record
    }

    /// Its phases, one after the other from its beginning to `over`.
    fn spans(&self, over: Instant, ended: &Ended<'_>) -> Vec<(&'static str, Instant, Instant)> {
        let mut spans = Vec::new();
        let over = over.max(self.begun);
        let of_fault = ended.fault.map(|fault| fault.evidence.timings.clone());
        let (dialled, timings) = match &self.connected {
            Some((at, timings)) => (Some(*at), timings.clone()),
            None => (None, of_fault.unwrap_or_default()),
        };
        let dialled = dialled.unwrap_or(over).clamp(self.begun, over);
        // It may be that the dial began sooner, where the beginning was noted a little late: so its phases are
        // counted from their end, at which the next one begins.
        let mut at = dialled.checked_sub(timings.total()).unwrap_or(self.begun);
        if at.saturating_duration_since(self.begun) >= WORTH_TELLING && self.dialled(ended) {
            spans.push((Phase::Credential.as_str(), self.begun, at));
        }
        for (phase, took) in timings.iter() {
            let (from, to) = (at, at + took);
            let within = |at: Instant| at.clamp(self.begun, dialled);
            spans.push((phase.as_str(), within(from), within(to)));
            at = to;
        }
        let marks = [
            (Phase::Send, self.sent),
            (Phase::Headers, self.first_event),
            (
                Phase::FirstOutput,
                ended.output.filter(|_| self.first_event.is_some()),
            ),
            (Phase::Stream, Some(over)),
        ];
        if self.connected.is_none() {
            // It came no further than the dial: where it failed is the last thing that took time.
            if spans.is_empty() {
                let phase = ended.fault.map_or(Phase::Connect, |fault| fault.phase);
                spans.push((phase.as_str(), self.begun, over));
            }
            return spans;
        }
        at = dialled;
        for (phase, reached) in marks {
            let to = reached.map_or(over, |reached| reached.clamp(at, over));
            spans.push((phase.as_str(), at, to));
            at = to;
            if reached.is_none() {
                break;
            }
        }
        spans
    }

    /// Whether it came as far as a connection, new or kept.
    fn dialled(&self, ended: &Ended<'_>) -> bool {
        let failed_later = |fault: &Fault| fault.phase > Phase::Credential;
        self.connected.is_some() || ended.fault.is_some_and(failed_later)
    }
}

fn between(from: Instant, to: Instant) -> u64 {
    micros(to.saturating_duration_since(from))
}

#[cfg(test)]
mod tests {
    use alipes_base::Clock;

    use super::*;

    #[test]
    fn a_dial_that_began_before_its_attempt_was_noted_ends_where_the_next_phase_begins() {
        let ms = Duration::from_millis;
        let begun = Clock::system().now();
        let timings = Timings::default()
            .with(alipes_net::Phase::Connect, ms(12))
            .with(alipes_net::Phase::Tls, ms(3));
        let mut open = Open::new(AttemptRecord::default(), begun);
        open.connected(begun + ms(10), timings);
        open.sent(begun + ms(11));
        let ended = Ended {
            end: AttemptEnd::Done,
            output: None,
            fault: None,
            reaction: None,
        };
        let spans = open.spans(begun + ms(20), &ended);
        let shown: Vec<_> = spans
            .into_iter()
            .map(|(phase, from, to)| (phase, (from - begun).as_millis(), (to - begun).as_millis()))
            .collect();
        let expected = [
            ("connect", 0, 7),
            ("tls", 7, 10),
            ("send", 10, 11),
            ("headers", 11, 20),
        ];
        assert_eq!(shown, expected);
    }
}
