//! Where a call is handed over to be kept, off the way of the call.

use std::fmt;
use std::time::Duration;

use super::CallRecord;

/// Keeps calls.
pub trait Recorder: Send + Sync {
    /// Keeps a call. Never waits: where there is no room, the call is dropped and counted.
    fn record(&self, call: Unwritten);
}

/// A call that is over and not written down yet. What it costs to put it into words is paid by whoever
/// writes.
pub struct Unwritten {
    /// About how much memory it holds until then, in bytes.
    pub size: usize,
    /// Puts it into words.
    pub write: Box<dyn FnOnce() -> (CallRecord, Option<CallBodies>) + Send>,
}

/// What was said in a call, kept only where somebody asked for that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallBodies {
    /// The request, without secrets.
    pub request: String,
    /// The events of the answer, a line each, without secrets.
    pub response: String,
}

/// For how long, and how much of, calls are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallBounds {
    /// What is older is deleted.
    pub age: Duration,
    /// What all records may take together, in bytes of their text; the oldest go first.
    pub bytes: u64,
    /// What is older of what was said is deleted.
    pub bodies_age: Duration,
}

impl Default for CallBounds {
    fn default() -> Self {
        Self {
            age: Duration::from_secs(30 * 24 * 3_600),
            bytes: 256 << 20,
            bodies_age: Duration::from_secs(24 * 3_600),
        }
    }
}

/// Calls were not kept. Told once; the calls themselves have gone on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecorderWarning {
    /// How many so far.
    pub lost: u64,
    /// Why; nothing if more came than could be written.
    pub why: Option<crate::StoreError>,
}

impl fmt::Display for RecorderWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = if self.lost == 1 { "call" } else { "calls" };
        write!(f, "{} {calls} could not be recorded: ", self.lost)?;
        match &self.why {
            Some(why) => why.fmt(f),
            None => f.write_str("more came than could be written"),
        }
    }
}

impl fmt::Debug for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unwritten({} bytes)", self.size)
    }
}
