//! The task that moves one connection's bytes.
//!
//! HTTP libraries split a connection in a handle that asks and a future that works. The future
//! needs a task, and the task needs an owner: the connection itself. So there is no list of tasks
//! to sweep, and dropping a connection closes its socket at once.

use tokio::task::{AbortHandle, JoinSet};

/// Owns a connection's task; dropping it ends the task and closes the socket.
pub(crate) struct Driver {
    /// A set of one: a `JoinSet` aborts what it holds when it is dropped.
    _task: JoinSet<()>,
    watch: AbortHandle,
}

impl Driver {
    /// Starts driving.
    pub(crate) fn new(work: impl Future<Output = ()> + Send + 'static) -> Self {
        let mut task = JoinSet::new();
        let watch = task.spawn(work);
        Self { _task: task, watch }
    }

    /// Whether the connection has ended by itself.
    pub(crate) fn is_finished(&self) -> bool {
        self.watch.is_finished()
    }
}
