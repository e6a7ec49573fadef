//! Whoever is told of calls beside the store: a log in a file, and a receiver of traces.
//!
//! They read the same records. A record is put into words once, by whoever writes it down; from there it goes through a
//! bounded queue to a thread of each listener's own, so that neither a full disk nor a receiver that is away is felt by
//! a call. What cannot be told is counted, and said once.

mod line;
mod log;
#[cfg(feature = "traces")]
pub(crate) mod traces;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alipes_store::{CallQueue, CallRecord, Recorder, Unwritten};
use tokio::sync::oneshot;

pub(crate) use log::Log;

/// How many calls may wait for a listener.
const MOST: usize = 1_024;

/// How many it is told of at once.
const AT_ONCE: usize = 256;

/// So long a process that ends waits for what was not told yet.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Somebody who is told of calls, on a thread of their own.
pub(crate) trait Listener: Send + 'static {
    /// What it is, for the thread's name and the warning.
    fn name(&self) -> &'static str;

    /// Tells of these calls; in an error's words why not.
    fn tell(&mut self, calls: &[CallRecord]) -> Result<(), String>;
}

/// The way to one listener.
pub(crate) struct Telling {
    name: &'static str,
    notes: SyncSender<Note>,
    trouble: Arc<Trouble>,
}

enum Note {
    Call(Box<CallRecord>),
    Unwritten(Unwritten),
    /// Everything before this has been told.
    Settled(oneshot::Sender<()>),
}

#[derive(Default)]
struct Trouble {
    lost: AtomicU64,
    why: Mutex<Option<String>>,
    is_told: AtomicBool,
}

impl Telling {
    /// Starts the listener's thread.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn start(mut listener: impl Listener) -> std::io::Result<Self> {
        let (notes, queue) = sync_channel(MOST);
        let trouble = Arc::new(Trouble::default());
        let (name, met) = (listener.name(), Arc::clone(&trouble));
        let thread = std::thread::Builder::new().name(name.to_owned());
        // It ends when nobody can tell it anything any more.
        thread.spawn(move || listen(&queue, &mut listener, &met))?;
        Ok(Self {
            name,
            notes,
            trouble,
        })
    }

    fn offer(&self, note: Note) {
        if self.notes.try_send(note).is_err() {
            self.trouble.lose(1, "more came than could be told");
        }
    }

    /// Waits until everything so far is told, within a bound.
    pub(crate) async fn settled(&self) {
        let (done, settled) = oneshot::channel();
        if self.notes.try_send(Note::Settled(done)).is_ok()
            && tokio::time::timeout(LAST_WORDS, settled).await.is_err()
        {
            self.trouble.lose(1, "it takes too long");
        }
    }

    /// That calls were not told, if so and it has not been said yet.
    pub(crate) fn warning(&self) -> Option<String> {
        let Trouble { lost, why, is_told } = &*self.trouble;
        let lost = lost.load(Ordering::Relaxed);
        if lost == 0 || is_told.swap(true, Ordering::Relaxed) {
            return None;
        }
        let why = why.lock().unwrap_or_else(PoisonError::into_inner).take();
        let calls = if lost == 1 { "call" } else { "calls" };
        let (name, why) = (self.name, why.unwrap_or_default());
        Some(format!("{lost} {calls} did not get into the {name}: {why}"))
    }
}

impl Trouble {
    fn lose(&self, calls: u64, why: &str) {
        self.lost.fetch_add(calls, Ordering::Relaxed);
        let mut first = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| why.to_owned());
    }
}

fn listen(notes: &Receiver<Note>, listener: &mut impl Listener, trouble: &Trouble) {
    while let Ok(note) = notes.recv() {
        let (mut calls, mut settled) = (Vec::new(), Vec::new());
        let more = std::iter::from_fn(|| notes.try_recv().ok());
        for note in std::iter::once(note).chain(more).take(AT_ONCE) {
            match note {
                Note::Call(call) => calls.push(*call),
                Note::Unwritten(call) => calls.push((call.write)().0),
                Note::Settled(done) => settled.push(done),
            }
        }
        if !calls.is_empty()
            && let Err(why) = listener.tell(&calls)
        {
            trouble.lose(calls.len() as u64, &why);
        }
        for done in settled {
            let _gone = done.send(());
        }
    }
}

/// Records calls in the store, if there is one, and tells everybody else.
pub(crate) struct Told {
    pub(crate) store: Option<Arc<CallQueue>>,
    pub(crate) others: Arc<[Telling]>,
}

impl Recorder for Told {
    fn record(&self, call: Unwritten) {
        let others = Arc::clone(&self.others);
        let Some(store) = &self.store else {
            // Nobody else puts it into words.
            return to_all(&others, call);
        };
        store.record(Unwritten {
            size: call.size,
            write: Box::new(move || {
                let (record, bodies) = (call.write)();
                for other in &*others {
                    other.offer(Note::Call(Box::new(record.clone())));
                }
                (record, bodies)
            }),
        });
    }
}

fn to_all(others: &[Telling], call: Unwritten) {
    match others {
        [only] => only.offer(Note::Unwritten(call)),
        several => {
            let (record, _bodies) = (call.write)();
            for other in several {
                other.offer(Note::Call(Box::new(record.clone())));
            }
        }
    }
}
