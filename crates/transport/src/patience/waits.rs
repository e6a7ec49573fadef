//! The waits of one attempt, as its reader saw them.
//!
//! A stage with many events counts by its longest gap: that is the wait that patience has to bear.

use std::time::Duration;

use super::Stage;
use super::samples::Sample;

/// The longest wait of each stage so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waits([Option<Duration>; Stage::COUNT]);

impl Waits {
    /// A wait in `stage` has ended with progress.
    pub(crate) fn note(&mut self, stage: Stage, took: Duration) {
        let longest = &mut self.0[stage as usize];
        *longest = (*longest).max(Some(took));
    }

    /// The samples of an attempt that was answered at `at_ms`.
    pub(crate) fn answered(&self, at_ms: u64) -> Vec<(Stage, Sample)> {
        let of =
            |stage: &Stage| Some((*stage, Sample::new(at_ms, self.0[*stage as usize]?, false)));
        Stage::ALL.iter().filter_map(of).collect()
    }

    /// The samples of an attempt that was cancelled at `at_ms`, after `waited` in `stage`: that wait
    /// was at least so long. One that is shorter than what this stage has borne already says nothing.
    pub(crate) fn cancelled(
        &self,
        stage: Stage,
        waited: Duration,
        at_ms: u64,
    ) -> Vec<(Stage, Sample)> {
        let mut samples = self.answered(at_ms);
        if self.0[stage as usize] < Some(waited) {
            samples.retain(|(known, _)| *known != stage);
            samples.push((stage, Sample::new(at_ms, waited, true)));
        }
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(samples: &[(Stage, Sample)]) -> Vec<(Stage, u64, bool)> {
        let short =
            |(stage, sample): &(Stage, Sample)| (*stage, sample.took_ms / 1_000, sample.censored);
        samples.iter().map(short).collect()
    }

    #[test]
    fn a_stage_counts_by_its_longest_gap() {
        let mut waits = Waits::default();
        for (stage, took) in [
            (Stage::Sent, 2),
            (Stage::Output, 1),
            (Stage::Output, 7),
            (Stage::Output, 3),
        ] {
            waits.note(stage, Duration::from_secs(took));
        }
        let answered = seconds(&waits.answered(0));
        assert_eq!(
            answered,
            [(Stage::Sent, 2, false), (Stage::Output, 7, false)]
        );
    }

    #[test]
    fn a_cancelled_wait_is_at_least_that_long() {
        let mut waits = Waits::default();
        waits.note(Stage::Sent, Duration::from_secs(2));
        waits.note(Stage::Output, Duration::from_secs(7));
        let short = waits.cancelled(Stage::Output, Duration::from_secs(1), 0);
        assert_eq!(seconds(&short).last(), Some(&(Stage::Output, 7, false)));
        let long = waits.cancelled(Stage::Output, Duration::from_secs(9), 0);
        assert_eq!(
            seconds(&long),
            [(Stage::Sent, 2, false), (Stage::Output, 9, true)]
        );
        let first = Waits::default().cancelled(Stage::Sent, Duration::from_secs(4), 0);
        assert_eq!(seconds(&first), [(Stage::Sent, 4, true)]);
    }
}
