//! What a call tells before it has ended: the output of a command as it comes.
//!
//! Whoever listens may be slow, and a command must not wait for a screen. So what was told and not
//! heard yet is kept up to a bound, and beyond it the oldest is left out: the tail is what counts,
//! and the whole comes with the answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alipes_base::Redactor;
use tokio::sync::Notify;

/// Most bytes that wait to be heard.
const BACKLOG: usize = 16 * 1024;

/// Stands where something was left out.
const GAP: &str = "…\n";

/// Where a call tells how it gets on. The default is heard by nobody.
#[derive(Clone, Debug, Default)]
pub struct Progress(Option<Arc<Told>>);

/// What a call tells, to be heard.
#[derive(Debug)]
pub struct ProgressReader(Arc<Told>);

#[derive(Debug, Default)]
struct Told {
    text: Mutex<String>,
    more: Notify,
    redactor: Redactor,
}

impl Progress {
    /// A call's end and a listener's. What is heard has no secrets.
    #[must_use]
    pub fn channel(redactor: Redactor) -> (Self, ProgressReader) {
        let told = Arc::new(Told {
            redactor,
            ..Told::default()
        });
        (Self(Some(Arc::clone(&told))), ProgressReader(told))
    }

    /// Tells whole lines, or a piece of a very long one. The text must be harmless already.
    pub fn tell(&self, text: &str) {
        let Some(told) = &self.0 else { return };
        let text = told.redactor.redact(text);
        let mut waiting = told.text();
        waiting.push_str(&text);
        if waiting.len() > BACKLOG {
            let mut start = waiting.len() - BACKLOG / 2;
            start = waiting[..].ceil_char_boundary(start);
            let line = waiting[start..]
                .find('\n')
                .map_or(start, |end| start + end + 1);
            waiting.replace_range(..line, GAP);
        }
        drop(waiting);
        told.more.notify_one();
    }

    /// Whether nobody listens, or cannot keep up: more would only be left out again.
    pub(crate) fn is_behind(&self) -> bool {
        self.0
            .as_ref()
            .is_none_or(|told| told.text().len() > BACKLOG / 4)
    }
}

impl ProgressReader {
    /// What was told since the last time, at most 16 KiB. Waits until there is something; can be
    /// dropped and called again.
    pub async fn next(&mut self) -> String {
        loop {
            let text = std::mem::take(&mut *self.0.text());
            if !text.is_empty() {
                return text;
            }
            self.0.more.notified().await;
        }
    }
}

impl Told {
    fn text(&self) -> MutexGuard<'_, String> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use alipes_base::Secret;

    use super::*;

    #[tokio::test]
    async fn what_was_told_is_heard_once_and_without_secrets() {
        let redactor = Redactor::new();
        redactor.learn(&Secret::new("canary-secret".to_owned()));
        let (progress, mut reader) = Progress::channel(redactor);
        progress.tell("one\n");
        progress.tell("key canary-secret\n");
        assert_eq!(reader.next().await, "one\nkey [redacted]\n");
        progress.tell("two\n");
        assert_eq!(reader.next().await, "two\n");
    }

    #[tokio::test]
    async fn a_slow_listener_hears_the_tail_and_that_something_is_missing() {
        let (progress, mut reader) = Progress::channel(Redactor::new());
        for number in 0..100_000 {
            progress.tell(&format!("ü line {number}\n"));
        }
        assert!(progress.is_behind());
        let heard = reader.next().await;
        assert!(
            heard.len() <= BACKLOG && heard.starts_with("…\nü line "),
            "{heard}"
        );
        assert!(heard.ends_with("line 99999\n"));
        assert!(!progress.is_behind());
    }

    #[test]
    fn telling_nobody_is_no_fault() {
        Progress::default().tell("x");
        assert!(Progress::default().is_behind());
    }
}
