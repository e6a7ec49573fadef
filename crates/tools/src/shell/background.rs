//! Processes in the background: each runs on when the call that started it has ended, and ends with
//! the conversation at the latest.
//!
//! A process is known by the system's number for it. A conversation that is taken up in another run
//! of the program may still speak of one: numbers of its own would by then mean something else.

use std::collections::BTreeMap;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use alipes_base::{Clock, Redactor};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::ChildStdin;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::log::{Log, Reading};
use super::{Group, LINGER, Leader, Pipes, Prepared, described};

/// Most processes at once.
const RUNNING: usize = 8;

/// Most processes that are remembered, ended ones included.
const REMEMBERED: usize = 32;

/// Bytes taken from a pipe at a time.
const PIECE: usize = 8 * 1024;

/// How long a process may take to read what is written to it.
const WRITE: Duration = Duration::from_secs(5);

/// The background processes of one conversation. Clones share them; the last one ends them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Processes(Arc<Registry>);

/// What a conversation has in the background, for whoever shows it. It keeps nothing alive.
#[derive(Clone, Debug, Default)]
pub struct InBackground(Weak<Registry>);

#[derive(Debug, Default)]
struct Registry {
    known: Mutex<BTreeMap<u32, Arc<Process>>>,
    /// What watches over each.
    watches: Mutex<JoinSet<()>>,
}

impl Drop for Registry {
    fn drop(&mut self) {
        // The watches would do it too, but only when their runtime comes round to them.
        for process in lock(&self.known).values() {
            process.leader.kill();
        }
    }
}

/// A process that was started.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) id: u32,
    pub(super) command: String,
    pub(super) started: Instant,
    leader: Leader,
    state: Mutex<State>,
    input: tokio::sync::Mutex<Option<ChildStdin>>,
    changed: Notify,
    killed: Notify,
}

#[derive(Debug, Default)]
struct State {
    log: Log,
    /// How it ended, and when.
    ended: Option<(String, Instant)>,
}

/// Why a process was not started.
pub(super) enum NotStarted {
    TooMany { most: usize },
    Io(io::Error),
}

impl Processes {
    /// Starts a command and watches over it.
    pub(super) fn start(
        &self,
        command: Prepared,
        line: &str,
        clock: &Clock,
    ) -> Result<Arc<Process>, NotStarted> {
        let mut known = lock(&self.0.known);
        let running = known.values().filter(|process| process.is_running());
        if running.count() >= RUNNING {
            return Err(NotStarted::TooMany { most: RUNNING });
        }
        let (group, mut pipes) = Group::start_with_input(command).map_err(NotStarted::Io)?;
        let process = Arc::new(Process {
            id: group.id(),
            command: line.to_owned(),
            started: clock.now(),
            leader: group.leader(),
            state: Mutex::default(),
            input: tokio::sync::Mutex::new(pipes.input.take()),
            changed: Notify::new(),
            killed: Notify::new(),
        });
        while known.len() >= REMEMBERED {
            let ended = known.iter().find(|(_, process)| !process.is_running());
            let Some(id) = ended.map(|(id, _)| *id) else {
                break;
            };
            known.remove(&id);
        }
        known.insert(process.id, Arc::clone(&process));
        let mut watches = lock(&self.0.watches);
        while watches.try_join_next().is_some() {}
        watches.spawn(watch(group, pipes, Arc::clone(&process), clock.clone()));
        Ok(process)
    }

    pub(crate) fn in_background(&self) -> InBackground {
        InBackground(Arc::downgrade(&self.0))
    }

    /// All that are remembered, by their numbers.
    pub(super) fn all(&self) -> Vec<Arc<Process>> {
        lock(&self.0.known).values().cloned().collect()
    }

    pub(super) fn get(&self, id: u64) -> Option<Arc<Process>> {
        let id = u32::try_from(id).ok()?;
        lock(&self.0.known).get(&id).cloned()
    }
}

impl InBackground {
    /// The command lines of those that run, oldest first.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        let Some(registry) = self.0.upgrade() else {
            return Vec::new();
        };
        let known = lock(&registry.known);
        let running = known.values().filter(|process| process.is_running());
        let mut running: Vec<_> = running
            .map(|one| (one.started, one.command.clone()))
            .collect();
        drop(known);
        running.sort();
        running.into_iter().map(|(_, command)| command).collect()
    }
}

impl Process {
    pub(super) fn is_running(&self) -> bool {
        lock(&self.state).ended.is_none()
    }

    /// How it ended, and when.
    pub(super) fn ended(&self) -> Option<(String, Instant)> {
        lock(&self.state).ended.clone()
    }

    pub(super) fn read(&self, since: Option<u64>, redactor: &Redactor) -> Reading {
        lock(&self.state).log.read(since, redactor)
    }

    /// How many bytes of output have come.
    pub(super) fn written(&self) -> u64 {
        lock(&self.state).log.total()
    }

    /// Waits until there is output beyond so many bytes, or it has ended.
    pub(super) async fn beyond(&self, bytes: u64) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            {
                let state = lock(&self.state);
                if state.ended.is_some() || state.log.total() > bytes {
                    return;
                }
            }
            changed.await;
        }
    }

    /// Waits until it has ended.
    pub(super) async fn end(&self) {
        self.beyond(u64::MAX).await;
    }

    /// Ends it, and what it started.
    pub(super) fn kill(&self) {
        self.killed.notify_one();
    }

    /// Writes to its standard input.
    pub(super) async fn write(&self, text: &[u8]) -> io::Result<()> {
        let mut input = self.input.lock().await;
        let Some(pipe) = input.as_mut() else {
            return Err(io::Error::new(
                io::ErrorKind::BrokenPipe,
                "its input is closed",
            ));
        };
        let written = timeout(WRITE, async {
            pipe.write_all(text).await?;
            pipe.flush().await
        });
        written.await.unwrap_or_else(|_| {
            let seconds = WRITE.as_secs();
            let problem = format!("it did not read all of it within {seconds} s");
            Err(io::Error::new(io::ErrorKind::TimedOut, problem))
        })
    }

    /// Tells it that no more input comes.
    pub(super) async fn close(&self) {
        *self.input.lock().await = None;
    }

    fn told(&self, change: impl FnOnce(&mut State)) {
        change(&mut lock(&self.state));
        self.changed.notify_waiters();
    }

    async fn take(&self, mut pipe: impl AsyncRead + Unpin) {
        let mut piece = vec![0; PIECE];
        while let Ok(length @ 1..) = pipe.read(&mut piece).await {
            self.told(|state| state.log.add(&piece[..length]));
        }
    }
}

/// Keeps a process's output until it ends or is killed. When this is dropped, so is the group, which
/// dies of it.
async fn watch(mut group: Group, pipes: Pipes, process: Arc<Process>, clock: Clock) {
    let taking = pipes.output.into_iter().map(|pipe| process.take(pipe));
    let mut taking = pin!(join_all(taking).fuse());
    let mut is_taken = false;
    let exited = loop {
        tokio::select! {
            _ = &mut taking, if !is_taken => is_taken = true,
            exited = group.leader_exited() => break exited,
            () = process.killed.notified() => group.kill(),
        }
    };
    if !is_taken {
        // What is still in the pipe belongs to it; what holds the pipe open does not hold us up.
        let _ = timeout(LINGER, &mut taking).await;
    }
    group.kill();
    let how = match exited {
        Ok(()) => group.reap().await.map(described),
        Err(error) => Err(error),
    };
    let how = how.unwrap_or_else(|error| format!("lost: {error}"));
    process.close().await;
    let at = clock.now();
    process.told(|state| state.ended = Some((how, at)));
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
