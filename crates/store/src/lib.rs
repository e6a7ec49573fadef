//! Durable state: conversations and the journal of what happened in them, found again after a kill.
//!
//! A conversation is its journal. Entries are only ever added, each on disk before what it announces
//! happens, and what the model sees ([`Transcript`]) is derived from them: there is no second copy
//! that could disagree. What a search needs is derived too, and can be rebuilt.
//!
//! How it is built, and why:
//! - **[`Store`] is a trait in plain types**, because SQLite will not stay the only one that
//!   implements it; SQL lives in the folder `sqlite` and nowhere else.
//! - **One thread owns the writing connection.** Whoever writes hands it work through a bounded
//!   queue; what has gathered meanwhile is committed together, so ten conversations cost one sync of
//!   the disk. Readers have a connection of their own and wait for nobody.
//! - **A conversation is leased to one process.** The lease has a number that grows with every
//!   owner, and each append is checked against it inside its transaction. So safety hangs on no
//!   clock: a process that slept through its lease is refused, however it reads the time. A lease
//!   is free at once when its owner has died, because the owner holds an OS lock on a file.
//! - **Schema changes and repairs** take the store's lock file for themselves; everybody else holds
//!   it shared for as long as the store is open, so nobody's database is changed under them.
//!
//! Invariants: an append that has returned is on disk (`synchronous=FULL`), whole or not at all;
//! nothing is cut out of a conversation but by deleting all of it; waits are bounded; files are
//! readable by their owner alone.
//!
//! It fails by [`StoreError`], which names what is wrong with which file and what to do: busy, full,
//! read-only, damaged, made by a newer version, leased to somebody else. After a failure nothing of
//! the failed work is stored, and everything before it is.
//!
//! Call records lie in the same database ([`Calls`], beside [`Store`]), and go the other way about
//! safety: nobody waits for one to be written, a crash of the machine may cost the last of them, and
//! they are deleted by age and size. So does endpoint memory, the transport's
//! [`MemoryStore`](alipes_transport::MemoryStore): a row for each thing that is known.
//!
//! Planned in the same database, and in the same transactions as the journal: lanes for messaging
//! platforms (`inbox`, `outbox`, leased like conversations). They come as a further trait beside
//! [`Store`] and a further migration.

mod calls;
mod conversation;
mod entry;
mod error;
mod journal;
mod retention;
mod sqlite;
mod store;
mod title;
mod transcript;

pub use calls::{
    AskedRecord, AttemptEnd, AttemptRecord, CallBodies, CallBounds, CallEnd, CallFilter,
    CallRecord, Calls, ConnectionRecord, EndpointHealth, FaultRecord, FirstEvents, KeptCall,
    LastFault, PhaseSpan, Recorder, RecorderWarning, SentRecord, Unwritten,
};
pub use conversation::Conversation;
pub use entry::{Attempt, Count, Entry, FileSeen, NotAnEntry, Origin, Part, ToolOutcome, Undone};
pub use error::StoreError;
pub use journal::{Journal, JournalError, MemoryJournal};
pub use retention::Retention;
pub use sqlite::{CallQueue, Checked, Extent, Repaired, SqliteOptions, SqliteStore};
pub use store::{About, Found, Hit, LAST, Lease, Recorded, Standing, Store, Summary};
pub use title::title;
pub use transcript::{OpenCall, Progress, Transcript, Turn};
