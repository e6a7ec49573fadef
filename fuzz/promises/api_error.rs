//! Whatever an error's body holds, reading it never fails, and a wait that is read out of it is one
//! that a clock can add.

use std::time::{Duration, SystemTime};

use alipes_wire::{ApiError, retry_after, try_again_in};

/// Some 136 years: what a clock of seconds in 32 bits can count.
const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);

/// The bytes are a body, headers and a message in turn.
pub(crate) fn holds(bytes: &[u8]) {
    if let Some(error) = ApiError::from_body(bytes) {
        let names = [&error.code, &error.kind];
        for name in names.into_iter().flatten() {
            assert!(error.is(name));
        }
        let waits = [error.resets_at, error.resets_in_seconds];
        bounded(waits.into_iter().flatten().map(Duration::from_secs));
        bounded(error.message.as_deref().and_then(try_again_in));
    }
    let text = String::from_utf8_lossy(bytes);
    let (value, date) = text.split_once('\n').unwrap_or((&text, ""));
    for name in ["retry-after", "retry-after-ms"] {
        let header = |asked: &str| match asked {
            "date" => Some(date),
            _ => (asked == name).then_some(value),
        };
        bounded(retry_after(header, SystemTime::UNIX_EPOCH));
    }
    bounded(try_again_in(&text));
}

fn bounded(waits: impl IntoIterator<Item = Duration>) {
    for wait in waits {
        assert!(wait <= LONGEST, "{wait:?}");
    }
}
