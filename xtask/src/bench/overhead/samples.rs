//! Times, and what half and what all but one in a hundred of them stay within.

use std::time::Duration;

/// Times of one kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples(Vec<Duration>);

impl Samples {
    pub(super) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes those of another one.
    pub(super) fn join(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// What half and 99 % of them stay within.
    pub(super) fn spread(mut self) -> Spread {
        self.0.sort_unstable();
        Spread {
            p50: self.within(50),
            p99: self.within(99),
        }
    }

    fn within(&self, percent: usize) -> Duration {
        let last = self.0.len().saturating_sub(1);
        let at = (self.0.len() * percent / 100).min(last);
        self.0.get(at).copied().unwrap_or_default()
    }
}

impl Extend<Duration> for Samples {
    fn extend<T: IntoIterator<Item = Duration>>(&mut self, times: T) {
        self.0.extend(times);
    }
}

/// What half and 99 % of some times stay within.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spread {
    pub(super) p50: Duration,
    pub(super) p99: Duration,
}

impl Spread {
    /// What is on top of another one. Below it there is nothing: that is noise.
    pub(super) fn above(self, other: Self) -> Self {
        Self {
            p50: self.p50.saturating_sub(other.p50),
            p99: self.p99.saturating_sub(other.p99),
        }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} / {}", time(self.p50), time(self.p99))
    }
}

/// A time with a unit that suits it.
pub(super) fn time(time: Duration) -> String {
    match time.as_micros() {
        micros @ 0..1_000 => format!("{micros} µs"),
        micros @ 1_000..100_000 => format!("{:.2} ms", micros as f64 / 1e3),
        micros => format!("{:.0} ms", micros as f64 / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_and_nearly_all_are_within() {
        let mut samples = Samples::default();
        assert_eq!(samples.clone().spread(), Spread::default());
        samples.extend((1..=1_000).rev().map(Duration::from_micros));
        let spread = samples.spread();
        assert_eq!(spread.to_string(), "501 µs / 991 µs");
        let less = Spread {
            p50: Duration::from_micros(400),
            p99: Duration::from_millis(2),
        };
        assert_eq!(spread.above(less).to_string(), "101 µs / 0 µs");
        assert_eq!(less.to_string(), "400 µs / 2.00 ms");
    }
}
