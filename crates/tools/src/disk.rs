//! Work on files, off the runtime's threads but owned by the call that awaits it.
//!
//! A blocking call cannot be cancelled from outside, so the work is given a [`Watch`] to look at as
//! it goes. It is asked to stop at the deadline, after a limit of its own, and when the call is
//! dropped; it is left behind only if a file system hangs beyond the grace.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alipes_base::{Clock, Deadline};

use crate::{Context, Root, ToolError};

/// The limit of one call's work on files: a model waits for it, and can ask for less.
const LIMIT_NAME: &str = "file_tool";
const LIMIT: Duration = Duration::from_secs(30);

/// How long after the deadline work may still hand in what it has.
const GRACE: Duration = Duration::from_millis(500);

/// Tells work on disk when to stop.
pub(crate) struct Watch {
    clock: Clock,
    deadline: Deadline,
    abandoned: Arc<AtomicBool>,
    advice: &'static str,
}

impl Watch {
    /// Whether it is time to stop with what there is.
    pub(crate) fn is_over(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed) || self.deadline.remaining(&self.clock).is_zero()
    }

    /// For work that is worth nothing unless it is finished.
    pub(crate) fn check(&self) -> Result<(), ToolError> {
        if self.is_over() {
            Err(self.timed_out())
        } else {
            Ok(())
        }
    }

    /// For work that hands in a part: why it is not the whole.
    pub(crate) fn why(&self) -> String {
        format!(
            "stopped early: {}; {}",
            self.deadline.expired(),
            self.advice
        )
    }

    fn timed_out(&self) -> ToolError {
        ToolError::TimedOut {
            expired: self.deadline.expired(),
            advice: self.advice,
        }
    }
}

/// Runs `work` on the blocking pool until it ends, the deadline or the limit passes, or this call is
/// dropped. `advice` is for whoever runs out of time.
pub(crate) async fn on_disk<T, F>(
    context: &Context,
    advice: &'static str,
    work: F,
) -> Result<T, ToolError>
where
    T: Send + 'static,
    F: FnOnce(&Root, &Watch) -> Result<T, ToolError> + Send + 'static,
{
    let abandoned = Arc::new(AtomicBool::new(false));
    let _owner = Owner(Arc::clone(&abandoned));
    let deadline = context
        .deadline
        .tightened(&context.clock, LIMIT_NAME, LIMIT);
    let watch = Watch {
        clock: context.clock.clone(),
        deadline,
        abandoned,
        advice,
    };
    let late = ToolError::TimedOut {
        expired: deadline.expired(),
        advice,
    };
    let root = context.root.clone();
    let task = tokio::task::spawn_blocking(move || work(&root, &watch));
    match tokio::time::timeout_at(deadline.at() + GRACE, task).await {
        Ok(Ok(result)) => result,
        Ok(Err(_panicked_or_shut_down)) => Err(ToolError::Stopped),
        Err(_elapsed) => Err(late),
    }
}

/// Tells the work that nobody waits for it any more.
struct Owner(Arc<AtomicBool>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn context(folder: &tempfile::TempDir, length: Duration) -> Context {
        let bare = Context::bare(Root::open(folder.path()).unwrap());
        let deadline = Deadline::after(&bare.clock, "test", length);
        Context { deadline, ..bare }
    }

    #[tokio::test]
    async fn work_stops_when_its_call_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let context = context(&folder, Duration::from_secs(3600));
        let (started, mut has_started) = tokio::sync::mpsc::unbounded_channel();
        let (stopped, has_stopped) = mpsc::channel();
        let call = on_disk(&context, "", move |_, watch| {
            let _ = started.send(());
            while !watch.is_over() {
                std::thread::yield_now();
            }
            let _ = stopped.send(());
            Ok(())
        });
        tokio::select! {
            _ = call => unreachable!("the work ends only when it is dropped"),
            _ = has_started.recv() => {}
        }
        has_stopped.recv().unwrap();
    }

    #[tokio::test]
    async fn work_that_looks_at_the_watch_can_hand_in_a_part() {
        let folder = tempfile::tempdir().unwrap();
        let context = context(&folder, Duration::from_millis(5));
        let part = on_disk(&context, "ask for less", |_, watch| {
            while !watch.is_over() {
                std::thread::yield_now();
            }
            Ok(watch.why())
        })
        .await;
        assert_eq!(
            part.unwrap(),
            "stopped early: the limit test of 5ms has passed; ask for less"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn work_on_files_ends_within_30_seconds_of_a_longer_turn() {
        let folder = tempfile::tempdir().unwrap();
        let context = context(&folder, Duration::from_secs(3600));
        let (started, has_started) = tokio::sync::oneshot::channel();
        let call = on_disk(&context, "ask for less", |_, watch| {
            let _ = started.send(());
            while !watch.is_over() {
                std::thread::yield_now();
            }
            Ok(watch.why())
        });
        let time_passes = async {
            has_started.await.unwrap();
            tokio::time::advance(LIMIT).await;
        };
        let (part, ()) = tokio::join!(call, time_passes);
        assert_eq!(
            part.unwrap(),
            "stopped early: the limit file_tool of 30s has passed; ask for less"
        );
    }

    #[tokio::test]
    async fn work_that_hangs_does_not_hang_its_call() {
        let folder = tempfile::tempdir().unwrap();
        let context = context(&folder, Duration::from_millis(5));
        let (release, held) = mpsc::channel::<()>();
        let ended = on_disk(&context, "", move |_, _| {
            let _ = held.recv();
            Ok(())
        })
        .await;
        assert!(matches!(ended, Err(ToolError::TimedOut { .. })));
        drop(release);
    }
}
