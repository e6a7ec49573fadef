//! Lines that were begun in a process and not ended: what is written next goes on with them, so a rule is
//! compared with the whole.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use alipes_tools::Subject;

/// Most bytes of a line that are kept: rules are about its beginning.
const LONGEST: usize = 4 * 1024;

/// The beginnings, by the number of the process: as many as a conversation has processes that read. One
/// that gets the number of another inherits a beginning, and somebody may be asked once more for that.
#[derive(Default)]
pub(super) struct Begun(Mutex<HashMap<u64, String>>);

impl Begun {
    /// A subject with all of the line that its input goes on with.
    pub(super) fn completed(&self, mut subject: Subject) -> Subject {
        if let (Some(process), Some(input)) = (subject.process, &mut subject.input)
            && let Some(begun) = self.lines().get(&process)
        {
            input.insert_str(0, begun);
        }
        subject
    }

    /// Keeps what such a subject leaves without its end.
    pub(super) fn note(&self, subject: &Subject) {
        let (Some(process), Some(input)) = (subject.process, &subject.input) else {
            return;
        };
        let open = input.rsplit('\n').next().unwrap_or_default();
        match &open[..open.floor_char_boundary(LONGEST)] {
            "" => self.lines().remove(&process),
            open => self.lines().insert(process, open.to_owned()),
        };
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<u64, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
