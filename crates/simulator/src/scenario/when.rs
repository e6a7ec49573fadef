//! When a fault strikes: on some attempts, or for some time.
//!
//! Attempts are for tests that know which try meets what. Time is for outages, where nobody knows how
//! often a client will try before they are over.

use std::time::Duration;

/// When a fault is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// From the first to the last attempt, both included, counted from 1.
    Attempts { first: u64, last: u64 },
    /// From then on, and before then; counted from the first connection.
    Time { from: Duration, until: Duration },
}

impl When {
    pub(crate) const ALWAYS: Self = Self::Attempts {
        first: 1,
        last: u64::MAX,
    };

    /// `2`, `2-3`, `2-`; `3s`, `2s-9s`, `2s-`; or `always`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "always" {
            return Some(Self::ALWAYS);
        }
        let is_time = text.contains(|c: char| c.is_ascii_lowercase());
        let (start, end) = match text.split_once('-') {
            Some((start, end)) => (Some(start), end),
            None => (None, text),
        };
        if is_time {
            time(start, end)
        } else {
            attempts(start, end)
        }
    }

    /// Whether it is due at this attempt, so long after the first connection.
    pub(crate) fn is_due(self, attempt: u64, after: Duration) -> bool {
        match self {
            Self::Attempts { first, last } => (first..=last).contains(&attempt),
            Self::Time { from, until } => (from..until).contains(&after),
        }
    }
}

/// One alone is that one.
fn attempts(first: Option<&str>, last: &str) -> Option<When> {
    let first = first.unwrap_or(last).parse().ok()?;
    let last = match last {
        "" => u64::MAX,
        last => last.parse().ok()?,
    };
    (1 <= first && first <= last).then_some(When::Attempts { first, last })
}

/// One alone is the end: `3s` is the first three seconds.
fn time(from: Option<&str>, until: &str) -> Option<When> {
    let from = from.map_or(Some(Duration::ZERO), length)?;
    let until = match until {
        "" => Duration::MAX,
        until => length(until)?,
    };
    (from < until).then_some(When::Time { from, until })
}

/// `500ms`, `3s` or `2m`.
fn length(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return None,
    };
    let number: u64 = number.parse().ok()?;
    number.checked_mul(milliseconds).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_one_a_range_an_open_end_or_always() {
        let table = [
            ("always", [true, true, true, true]),
            ("2", [false, true, false, false]),
            ("2-3", [false, true, true, false]),
            ("2-", [false, true, true, true]),
        ];
        for (text, expected) in table {
            let when = When::parse(text).unwrap();
            let due = [1, 2, 3, 4].map(|attempt| when.is_due(attempt, Duration::ZERO));
            assert_eq!(due, expected, "{text}");
        }
    }

    #[test]
    fn time_is_a_beginning_a_range_or_an_open_end() {
        let table = [
            ("3s", [true, true, false, false]),
            ("500ms", [true, false, false, false]),
            ("2s-9s", [false, true, true, false]),
            ("2s-", [false, true, true, true]),
            ("0s-1m", [true, true, true, true]),
        ];
        for (text, expected) in table {
            let when = When::parse(text).unwrap();
            let due = [0, 2, 8, 9].map(|after| when.is_due(1, Duration::from_secs(after)));
            assert_eq!(due, expected, "{text}");
        }
        let end = When::parse("500ms").unwrap();
        assert!(end.is_due(7, Duration::from_millis(499)));
        assert!(!end.is_due(7, Duration::from_millis(500)));
    }

    #[test]
    fn nonsense_is_neither() {
        for text in [
            "",
            "0",
            "3-2",
            "x",
            "-2",
            "s",
            "0s",
            "3s-2s",
            "2-9s",
            "2s-9",
            "-3s",
            "1h",
            "1.5s",
            "3 s",
            "99999999999999999999s",
        ] {
            assert_eq!(When::parse(text), None, "{text:?}");
        }
    }
}
