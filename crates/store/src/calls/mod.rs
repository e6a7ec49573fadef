//! Call records: what became of every request to a model, for people who want to know.
//!
//! A record is made of what happened on the way ([`CallRecord`]) and holds nothing of what was said;
//! bodies are kept beside it where they were asked for, and expire. Who makes one hands it to a
//! [`Recorder`] and never waits; who looks asks [`Calls`]. Losing a record is allowed and counted,
//! holding up a call is not.

mod query;
mod record;
mod recorder;

pub use query::{CallFilter, Calls, EndpointHealth, FirstEvents, KeptCall, LastFault};
pub use record::{
    AskedRecord, AttemptEnd, AttemptRecord, CallEnd, CallRecord, ConnectionRecord, FaultRecord,
    PhaseSpan, SentRecord,
};
pub use recorder::{CallBodies, CallBounds, Recorder, RecorderWarning, Unwritten};
