//! Every call is recorded: what a step or a client's request went through, for `store` to keep.
//!
//! It is done in this room because here is one object for one call, over all accounts and providers;
//! below it there are only single requests, above it several fronts. While a call runs, what happens is
//! only noted down ([`Recording`]); the notes are put into words by whoever writes them to disk
//! (`written`), when the call is long over. However a call ends, also when it is dropped, its recording
//! ends with it and is handed over.

mod across;
mod aside;
mod attempt;
mod fault;
mod said;
mod written;

use std::fmt;
use std::sync::Arc;

use alipes_base::{Clock, Redactor, Rng};
use alipes_store::{Recorder, Unwritten};
use alipes_transport::{Endpoint, Fault, Trace, Update};
use alipes_wire::{Dialect, EncodedRequest, RawEvent, Signal};
use tokio::time::Instant;

pub(crate) use aside::Question;

use crate::link::{Ask, Source};
use said::Said;

/// Most notes of one call. A call that is tried for hours leaves out the middle, not the end.
const MOST_NOTES: usize = 1_024;

/// The longest event that is kept until the tokens in it are counted, in bytes.
const LONGEST_EVENT: usize = 1 << 20;

/// What a note takes in memory, about.
const NOTE: usize = 512;

/// Where calls are recorded, and whose they are.
#[derive(Clone)]
pub struct Records {
    /// Who keeps them.
    pub recorder: Arc<dyn Recorder>,
    /// The front that asks: `exec`, `chat`, `serve`.
    pub front: &'static str,
    /// Makes their names.
    pub rng: Rng,
    /// Takes secrets out of what was said.
    pub redactor: Redactor,
    /// What was said is recorded, too.
    pub bodies: bool,
}

/// Whose call it is, where a front has many askers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asker {
    /// The call's name, if it has one already: `call_` and 32 hexadecimal digits.
    pub call_id: Option<String>,
    /// The client's name.
    pub client: Option<String>,
}

/// What is known of a call before anybody is asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) asker: Asker,
    pub(crate) conversation: String,
    pub(crate) auxiliary: bool,
}

/// One call under way; nothing where nobody keeps a record.
pub(crate) struct Recording(Option<Open>);

struct Open {
    recorder: Arc<dyn Recorder>,
    notes: Box<Notes>,
}

/// What goes to whoever writes. Nothing in it is shared with other calls: a count of owners that two
/// threads change costs both more than a note.
struct Notes {
    front: &'static str,
    clock: Clock,
    id: String,
    about: About,
    begun: Instant,
    begun_ms: u64,
    notes: Vec<Note>,
    /// Attempts that were not noted any more.
    left_out: u32,
    bytes_received: u64,
    /// Memory that the notes hold beside themselves.
    size: usize,
    /// There has been output since the answer last began anew.
    output: bool,
    said: Option<(Said, Redactor)>,
}

struct Note {
    at: Instant,
    what: What,
}

enum What {
    Asked(Asked),
    Trace(Trace),
    /// The first output of an attempt.
    Output,
    Restarted,
    /// An event that may tell the tokens.
    Counts(RawEvent),
    Ended(Option<Box<Fault>>),
}

/// Somebody who is asked.
pub(crate) struct Asked {
    model: String,
    account: String,
    place: Place,
    dialect: Dialect,
}

/// Where somebody is asked.
enum Place {
    Endpoint(Arc<Endpoint>),
    /// The installed official client, by the provider's name.
    AppServer(String),
}

impl Records {
    /// A name for a call that begins now.
    fn new_id(&self, clock: &Clock) -> String {
        format!("call_{}", self.rng.id_of(clock.unix_ms()))
    }
}

impl Recording {
    /// A call begins.
    pub(crate) fn begin(records: Option<&Records>, clock: &Clock, mut about: About) -> Self {
        Self(records.map(|records| {
            let id = about.asker.call_id.take();
            let notes = Notes {
                front: records.front,
                id: id.unwrap_or_else(|| records.new_id(clock)),
                said: (records.bodies).then(|| (Said::default(), records.redactor.clone())),
                begun: clock.now(),
                begun_ms: clock.unix_ms(),
                clock: clock.clone(),
                about,
                notes: Vec::with_capacity(16),
                left_out: 0,
                bytes_received: 0,
                size: 0,
                output: false,
            };
            Open {
                recorder: Arc::clone(&records.recorder),
                notes: Box::new(notes),
            }
        }))
    }

    /// The call's name, by which its record is found.
    pub(crate) fn id(&self) -> Option<&str> {
        self.0.as_ref().map(|open| open.notes.id.as_str())
    }

    /// Whom an ask goes to, for [`Recording::asked`].
    pub(crate) fn whom(&self, ask: &Ask<'_>) -> Option<Asked> {
        self.0.as_ref()?;
        let place = match &ask.source {
            Source::Endpoint(session) => Place::Endpoint(Arc::clone(session.endpoint())),
            Source::AppServer(_) => Place::AppServer(ask.name.provider.clone()),
        };
        Some(Asked {
            model: ask.name.to_string(),
            account: ask.account.to_owned(),
            place,
            dialect: ask.dialect(),
        })
    }

    /// Somebody is asked.
    pub(crate) fn asked(&mut self, asked: Option<Asked>) {
        if let (Some(Open { notes, .. }), Some(asked)) = (&mut self.0, asked) {
            notes.output = false;
            notes.note(What::Asked(asked));
        }
    }

    /// What is said to whoever was asked, if that is to be kept.
    pub(crate) fn request(&mut self, body: &EncodedRequest) {
        let said = self.0.as_mut().and_then(|open| open.notes.said.as_mut());
        if let Some((said, _)) = said {
            said.request(body);
        }
    }

    /// Something happened on the way to the answer.
    pub(crate) fn note(&mut self, update: &Update) {
        let Some(Open { notes, .. }) = &mut self.0 else {
            return;
        };
        match update {
            Update::Event(event) => notes.event(event),
            Update::Restarted { .. } => {
                notes.output = false;
                notes.note(What::Restarted);
            }
            // What is waited for shows in the times.
            Update::Trace(Trace::Waiting { .. }) => {}
            Update::Trace(trace) => notes.note(What::Trace(trace.clone())),
            _ => {}
        }
    }

    /// There was no call after all, because nobody could be asked.
    pub(crate) fn was_none(&mut self) {
        self.0 = None;
    }

    /// The call is over, in this fault if in one.
    pub(crate) fn ended(&mut self, fault: Option<&Fault>) {
        if let Some(mut open) = self.0.take() {
            let fault = fault.map(|fault| Box::new(fault.clone()));
            open.notes.end(What::Ended(fault));
            open.hand_over();
        }
    }
}

impl Drop for Recording {
    /// Whoever asked has gone.
    fn drop(&mut self) {
        if let Some(open) = self.0.take() {
            open.hand_over();
        }
    }
}

impl Notes {
    fn event(&mut self, event: &RawEvent) {
        self.bytes_received += event.raw().len() as u64;
        if let Some((said, _)) = &mut self.said {
            said.event(event);
        }
        if !self.output && Signal::of(event).is_output() {
            self.output = true;
            self.note(What::Output);
        }
        if counts(event) && event.raw().len() <= LONGEST_EVENT {
            self.size += event.raw().len();
            self.note(What::Counts(event.clone()));
        }
    }

    fn note(&mut self, what: What) {
        if self.notes.len() < MOST_NOTES {
            self.end(what);
        } else if matches!(what, What::Trace(Trace::AttemptStarted { .. })) {
            self.left_out += 1;
        }
    }

    fn end(&mut self, what: What) {
        let at = self.clock.now();
        self.notes.push(Note { at, what });
    }
}

impl Open {
    fn hand_over(self) {
        let Self { recorder, notes } = self;
        let said = notes.said.as_ref().map_or(0, |(said, _)| said.size());
        let over = notes.clock.now();
        recorder.record(Unwritten {
            size: notes.notes.len() * NOTE + notes.size + said,
            write: Box::new(move || written::written(*notes, over)),
        });
    }
}

/// Whether an event may tell tokens: it is the end of the answer, or frames it.
fn counts(event: &RawEvent) -> bool {
    match event.kind() {
        "message_start" | "message_delta" | "chat.usage" | "chat.finished" => true,
        _ => Signal::of(event) == Signal::Terminal,
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Records({}, bodies: {})", self.front, self.bodies)
    }
}
