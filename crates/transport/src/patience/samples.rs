//! How long one kind of wait has taken, and what that says about the next.
//!
//! Some waits were not seen to their end, because the user or a quicker request ended them: they
//! took at least that long. Leaving them out would make a slow backend look quick, since it is the
//! long waits that are cancelled; counting them as they are would too. So the quantile is read off a
//! Kaplan-Meier estimate (Kaplan and Meier, 1958), which is made for exactly that. A sample's weight
//! halves every day: a backend is what it was lately.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How many samples are kept.
const MOST: usize = 64;

/// The day in which a weight halves, and the age at which nothing is left of it.
const DAY_MS: u64 = 24 * 3_600 * 1_000;
const TOO_OLD_MS: u64 = 14 * DAY_MS;

/// The share of waits that end later than the quantile we want.
const LATER: f64 = 0.05;

/// Weights of the same day differ by less than this.
const ROUNDING: f64 = 1e-6;

/// One wait. Its parts stand in the order that makes the oldest the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "Stored", from = "Stored")]
pub(crate) struct Sample {
    /// When it ended, in milliseconds since the Unix epoch.
    pub(crate) at_ms: u64,
    /// How long it took, in milliseconds.
    pub(crate) took_ms: u64,
    /// It was not seen to its end.
    pub(crate) censored: bool,
}

/// A sample as it is stored: there are thousands.
type Stored = (u64, u64, u8);

/// The latest samples of one kind of wait. Merging two sets loses nothing but the oldest, whoever
/// merges in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Samples(BTreeSet<Sample>);

impl Sample {
    pub(crate) fn new(at_ms: u64, took: Duration, censored: bool) -> Self {
        Self {
            at_ms,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            censored,
        }
    }

    fn weight(&self, now_ms: u64) -> f64 {
        let age = now_ms.saturating_sub(self.at_ms);
        #[expect(clippy::cast_precision_loss, reason = "an age in days")]
        let days = age as f64 / DAY_MS as f64;
        (-days).exp2()
    }
}

impl From<Stored> for Sample {
    fn from((at_ms, took_ms, censored): Stored) -> Self {
        Self {
            at_ms,
            took_ms,
            censored: censored != 0,
        }
    }
}

impl From<Sample> for Stored {
    fn from(sample: Sample) -> Self {
        (sample.at_ms, sample.took_ms, u8::from(sample.censored))
    }
}

impl Samples {
    /// Adds samples; the oldest make room.
    pub(crate) fn add(&mut self, samples: impl IntoIterator<Item = Sample>) {
        self.0.extend(samples);
        while self.0.len() > MOST {
            self.0.pop_first();
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Sample> + '_ {
        self.0.iter().copied()
    }

    /// When the latest was taken.
    pub(crate) fn latest_ms(&self) -> u64 {
        self.0.last().map_or(0, |sample| sample.at_ms)
    }

    /// Forgets what has no weight any more, and what a clock that was wrong has dated ahead.
    pub(crate) fn forget_old(&mut self, now_ms: u64) {
        let counts = now_ms.saturating_sub(TOO_OLD_MS)..=now_ms.saturating_add(DAY_MS);
        self.0.retain(|sample| counts.contains(&sample.at_ms));
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The time within which 95 of 100 waits end. Where too many were cancelled to tell, the longest
    /// that was waited: it is at least that.
    pub(crate) fn p95(&self, now_ms: u64) -> Option<Duration> {
        let mut waits: Vec<Sample> = self.iter().collect();
        waits.sort_by_key(|sample| (sample.took_ms, sample.censored));
        let mut at_risk: f64 = waits.iter().map(|sample| sample.weight(now_ms)).sum();
        let mut later = 1.0;
        for sample in &waits {
            let weight = sample.weight(now_ms);
            if !sample.censored {
                later *= 1.0 - weight / at_risk;
                if later <= LATER + ROUNDING {
                    return Some(Duration::from_millis(sample.took_ms));
                }
            }
            at_risk -= weight;
        }
        waits
            .last()
            .map(|sample| Duration::from_millis(sample.took_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: u64 = 100 * DAY_MS;

    fn samples(waits: impl IntoIterator<Item = (u64, bool)>) -> Samples {
        let mut samples = Samples::default();
        let taken = waits.into_iter().zip(0..).map(|((took, censored), index)| {
            Sample::new(NOW - index, Duration::from_millis(took), censored)
        });
        samples.add(taken);
        samples
    }

    fn p95(samples: &Samples) -> u128 {
        samples.p95(NOW).unwrap().as_millis()
    }

    #[test]
    fn without_cancelled_waits_it_is_the_plain_quantile() {
        let twenty = samples((1..=20).map(|took| (took * 100, false)));
        assert_eq!(p95(&twenty), 1_900);
        let forty = samples((1..=40).rev().map(|took| (took * 100, false)));
        assert_eq!(p95(&forty), 3_800);
        assert_eq!(Samples::default().p95(NOW), None);
    }

    #[test]
    fn a_cancelled_wait_counts_as_at_least_that_long() {
        // Ten quick answers and ten that were given up after 2 s: nobody knows how long those were.
        let quick = || (1..=10).map(|took| (took * 10, false));
        let given_up = samples(quick().chain((0..10).map(|_| (2_000, true))));
        assert_eq!(p95(&given_up), 2_000);
        // One given up early says next to nothing.
        let early = samples((1..=40).map(|took| (took * 100, false)).chain([(50, true)]));
        assert_eq!(p95(&early), 3_800);
    }

    #[test]
    fn weights_halve_daily() {
        let mut mixed = samples((1..=20).map(|_| (100, false)));
        let old = |days| {
            (0..40)
                .map(move |n| Sample::new(NOW - days * DAY_MS - n, Duration::from_secs(9), false))
        };
        let mut fresh = mixed.clone();
        fresh.add(old(0));
        assert_eq!(p95(&fresh), 9_000);
        mixed.add(old(6));
        assert_eq!(p95(&mixed), 100, "40 of six days ago weigh less than one");
        mixed.forget_old(NOW + 9 * DAY_MS);
        assert_eq!(mixed.len(), 20, "those are gone by now");
    }

    #[test]
    fn only_the_latest_are_kept() {
        let mut many = Samples::default();
        many.add((0..100).map(|at| Sample::new(at, Duration::from_millis(at), false)));
        let kept: Vec<u64> = many.iter().map(|sample| sample.at_ms).collect();
        assert_eq!(kept, (36..100).collect::<Vec<_>>());
        assert_eq!(many.latest_ms(), 99);
    }

    proptest! {
        #[test]
        fn the_quantile_is_one_of_the_waits_and_grows_with_them(
            waits in prop::collection::vec((0u64..100_000, any::<bool>(), 0u64..20), 1..64),
            index in 0usize..64,
            more in 1u64..1_000,
        ) {
            let made = |waits: &[(u64, bool, u64)]| {
                let mut samples = Samples::default();
                samples.add(waits.iter().zip(0..).map(|((took, censored, days), n)| {
                    Sample::new(NOW - days * DAY_MS - n, Duration::from_millis(*took), *censored)
                }));
                samples
            };
            let before = p95(&made(&waits));
            prop_assert!(waits.iter().any(|(took, ..)| u128::from(*took) == before));
            // A wait that outgrows a censored one is judged among fewer: only where all were seen to
            // their end is more never less.
            let seen = |waits: &[(u64, bool, u64)]| -> Vec<_> {
                waits.iter().map(|(took, _, days)| (*took, false, *days)).collect()
            };
            let waits = seen(&waits);
            let before = p95(&made(&waits));
            let mut longer = waits.clone();
            let index = index % waits.len();
            longer[index].0 += more;
            prop_assert!(p95(&made(&longer)) >= before);
        }

        #[test]
        fn merging_is_the_same_in_every_order(
            one in prop::collection::vec((0u64..50, 0u64..50, any::<bool>()), 0..80),
            other in prop::collection::vec((0u64..50, 0u64..50, any::<bool>()), 0..80),
        ) {
            let made = |parts: &[&[(u64, u64, bool)]]| {
                let mut samples = Samples::default();
                for part in parts {
                    samples.add(part.iter().map(|(at, took, censored)| {
                        Sample::new(*at, Duration::from_millis(*took), *censored)
                    }));
                }
                samples
            };
            let merged = made(&[&one, &other]);
            prop_assert_eq!(&merged, &made(&[&other, &one]));
            prop_assert_eq!(&merged, &made(&[&one, &other, &one]));
        }
    }
}
