//! The notes of a call put into words, when it is over and nobody waits.

use std::time::Duration;

use alipes_store::{
    AskedRecord, AttemptEnd, AttemptRecord, CallBodies, CallEnd, CallRecord, SentRecord,
};
use alipes_transport::{Fault, Reaction, Route, Trace};
use alipes_wire::{Dialect, RawEvent, StreamReader, Usage};
use tokio::time::Instant;

use super::attempt::{Ended, Open};
use super::fault::{cut, of_connection, of_fault};
use super::{Asked, Note, Notes, Place, What};

/// Most attempts in a record.
const MOST_ATTEMPTS: usize = 64;

/// The longest name, in bytes: a client may call things as it likes.
pub(super) const LONGEST_NAME: usize = 200;

/// The record of a call that ended at `over`, and what was said in it.
pub(super) fn written(notes: Notes, over: Instant) -> (CallRecord, Option<CallBodies>) {
    let Notes {
        front,
        id,
        about,
        begun,
        begun_ms,
        notes,
        left_out,
        bytes_received,
        said,
        ..
    } = notes;
    let call = CallRecord {
        id: cut(&id, LONGEST_NAME),
        begun_ms,
        took_us: micros(over.saturating_duration_since(begun)),
        front: front.to_owned(),
        client: about.asker.client.map(|name| cut(&name, LONGEST_NAME)),
        conversation: cut(&about.conversation, LONGEST_NAME),
        auxiliary: about.auxiliary,
        attempts_left_out: left_out,
        bytes_received,
        ..CallRecord::default()
    };
    let mut writing = Writing::new(begun, call);
    for Note { at, what } in notes {
        writing.take(at, what);
    }
    let bodies = said.map(|(said, redactor)| said.written(&redactor));
    (writing.finished(over), bodies)
}

/// A record that is being written.
struct Writing {
    begun: Instant,
    call: CallRecord,
    open: Vec<Open>,
    /// The attempt that begins next, and the one that it is sent beside.
    hedge: Option<(u32, u32)>,
    /// The first output of the attempt under way.
    output: Option<Instant>,
    dialect: Dialect,
    counts: Vec<RawEvent>,
}

impl Writing {
    fn new(begun: Instant, call: CallRecord) -> Self {
        Self {
            begun,
            call,
            open: Vec::new(),
            hedge: None,
            output: None,
            dialect: Dialect::default(),
            counts: Vec::new(),
        }
    }

    fn take(&mut self, at: Instant, what: What) {
        match what {
            What::Asked(asked) => self.asked(asked),
            What::Trace(trace) => self.trace(at, trace),
            What::Output => self.output = Some(at),
            What::Restarted => {
                self.output = None;
                self.counts.clear();
            }
            What::Counts(event) => self.counts.push(event),
            What::Ended(fault) => self.ended(fault.as_deref()),
        }
    }

    fn asked(&mut self, asked: Asked) {
        self.dialect = asked.dialect;
        self.counts.clear();
        self.output = None;
        if let (Some(before), Some(failed)) =
            (self.call.asked.last(), self.call.attempts.last_mut())
        {
            let reaction = match before.model == asked.model {
                true => Reaction::NextAccount,
                false => Reaction::NextProvider,
            };
            failed.reaction = Some(reaction.as_str().to_owned());
        }
        let (endpoint, url) = match &asked.place {
            Place::Endpoint(endpoint) => {
                // What is asked for in the query may hold a key.
                let url = endpoint.request_url().as_str();
                let plain = url.split_once('?').map_or(url, |(plain, _)| plain);
                (&**endpoint.name(), plain)
            }
            Place::AppServer(name) => (name.as_str(), ""),
        };
        self.call.asked.push(AskedRecord {
            model: cut(&asked.model, LONGEST_NAME),
            account: cut(&asked.account, LONGEST_NAME),
            endpoint: cut(endpoint, LONGEST_NAME),
            url: cut(url, LONGEST_NAME),
        });
    }

    fn trace(&mut self, at: Instant, trace: Trace) {
        match trace {
            Trace::AttemptStarted { attempt, route, .. } => self.begun(at, attempt, route),
            Trace::NotTried { fault } => {
                let record = AttemptRecord {
                    end: AttemptEnd::NotTried,
                    fault: Some(of_fault(&fault)),
                    ..self.record(at, 0, fault.route.as_str())
                };
                self.keep(record);
            }
            Trace::Connected { attempt, facts } => {
                if let Some(open) = self.open(attempt) {
                    open.record().connection = Some(of_connection(&facts));
                    open.connected(at, facts.timings.clone());
                }
            }
            Trace::Sent {
                attempt,
                bytes,
                compressed,
                delta,
            } => {
                if let Some(open) = self.open(attempt) {
                    open.sent(at);
                    open.record().sent = Some(SentRecord {
                        bytes: bytes as u64,
                        compressed: compressed.map(|bytes| bytes as u64),
                        delta,
                    });
                }
            }
            Trace::FirstEvent { attempt, after } => {
                let came = self.open(attempt).map(|open| open.first_event(at, after));
                let came = came.map(|came| self.offset(came));
                self.call.first_event_us = self.call.first_event_us.or(came);
            }
            Trace::Hedged {
                attempt,
                beside,
                limit,
                waited,
            } => {
                self.hedge = Some((attempt, beside));
                if let Some(open) = self.open(beside) {
                    open.overdue(limit, waited);
                }
            }
            Trace::HeldBack { attempt } => {
                if let Some(open) = self.open(attempt) {
                    open.record().held_back = true;
                }
            }
            ended => self.attempt_ended(at, &ended),
        }
    }

    fn begun(&mut self, at: Instant, attempt: u32, route: Route) {
        let hedge = self.hedge.take_if(|(begins, _)| *begins == attempt);
        let record = AttemptRecord {
            beside: hedge.map(|(_, beside)| beside),
            ..self.record(at, attempt, route.as_str())
        };
        self.open.push(Open::new(record, at));
    }

    fn attempt_ended(&mut self, at: Instant, trace: &Trace) {
        let (attempt, end, fault, reaction) = match trace {
            Trace::AttemptDone { attempt, .. } => (*attempt, AttemptEnd::Done, None, None),
            Trace::AttemptLost { attempt, fault, .. } => {
                (*attempt, AttemptEnd::Lost, fault.as_deref(), None)
            }
            Trace::AttemptFault {
                attempt,
                fault,
                reaction,
                ..
            } => (*attempt, AttemptEnd::Fault, Some(&**fault), Some(*reaction)),
            _ => return,
        };
        // What comes beside a loser is the winner's.
        let output = match end {
            AttemptEnd::Lost => None,
            AttemptEnd::Fault => self.output.take(),
            _ => self.output,
        };
        self.close(
            attempt,
            at,
            &Ended {
                end,
                output,
                fault,
                reaction,
            },
        );
    }

    fn ended(&mut self, fault: Option<&Fault>) {
        let Some(fault) = fault else {
            self.call.end = CallEnd::Answered;
            return;
        };
        self.call.end = CallEnd::Failed;
        let last = self.call.attempts.last();
        let told = last.and_then(|attempt| attempt.fault.as_ref());
        if told.is_none_or(|told| told.cause != fault.cause.as_str()) {
            self.call.fault = Some(of_fault(fault));
        }
    }

    fn finished(mut self, over: Instant) -> CallRecord {
        let left = Ended {
            end: AttemptEnd::Left,
            output: self.output,
            fault: None,
            reaction: None,
        };
        while let Some(number) = self.open.first().map(Open::number) {
            self.close(number, over, &left);
        }
        self.call.attempts.sort_by_key(|attempt| attempt.begun_us);
        self.call.first_output_us = self.output.map(|output| self.offset(output));
        self.call.usage = usage(self.dialect, &self.counts);
        self.call
    }

    fn record(&self, at: Instant, number: u32, route: &str) -> AttemptRecord {
        AttemptRecord {
            asked: self.call.asked.len().saturating_sub(1),
            number,
            route: route.to_owned(),
            begun_us: self.offset(at),
            ..AttemptRecord::default()
        }
    }

    fn open(&mut self, number: u32) -> Option<&mut Open> {
        self.open.iter_mut().find(|open| open.number() == number)
    }

    fn close(&mut self, number: u32, at: Instant, ended: &Ended<'_>) {
        if let Some(index) = self.open.iter().position(|open| open.number() == number) {
            let open = self.open.remove(index);
            self.keep(open.end(self.begun, at, ended));
        }
    }

    fn keep(&mut self, record: AttemptRecord) {
        if self.call.attempts.len() < MOST_ATTEMPTS {
            self.call.attempts.push(record);
            return;
        }
        // The last one says how it ended.
        self.call.attempts_left_out += 1;
        if let Some(last) = self.call.attempts.last_mut() {
            *last = record;
        }
    }

    fn offset(&self, at: Instant) -> u64 {
        micros(at.saturating_duration_since(self.begun))
    }
}

/// The tokens that the events tell.
fn usage(dialect: Dialect, events: &[RawEvent]) -> Option<Usage> {
    let mut reader = StreamReader::new(dialect);
    if dialect == Dialect::Responses {
        // The last event says all of it, and has been read before.
        return reader.usage(events.last()?);
    }
    let read = |event: &RawEvent| reader.event(event.raw().clone()).ok();
    let last = events.iter().filter_map(read).last()?;
    reader.usage(&last)
}

/// A length in microseconds.
pub(super) fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}
