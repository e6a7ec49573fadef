//! Patience learnt from how long this endpoint has taken for requests like this one.
//!
//! A model that always thinks for two minutes should not be disturbed at ninety seconds, and one
//! that answers within one second should not be waited for twenty. From twenty samples on, the limit
//! is four times what 95 of 100 waits took: far enough above ordinary slowness that a wait which
//! passes it is news. It never falls below half of the profile's cold value (all of it for a model
//! on this machine), because twenty quick answers do not promise the next one, and never rises above
//! five minutes, because nobody wants to be told later than that.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::samples::{Sample, Samples};
use super::{Patience, Stage};
use crate::{EndpointKey, Route};

/// How many samples it takes.
const ENOUGH: usize = 20;

/// What the quantile is multiplied by, and the most that may come of it.
const FACTOR: u32 = 4;
const LONGEST: Duration = Duration::from_secs(300);

/// How many kinds of request are remembered.
const MOST: usize = 256;

/// Requests that may be expected to take alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct RequestKind {
    pub(crate) endpoint: EndpointKey,
    pub(crate) route: Route,
    pub(crate) model: String,
    /// How hard the model was asked to think; empty: not at all.
    pub(crate) effort: String,
    /// The input's size, in powers of four of 16 KiB.
    pub(crate) size: u8,
}

impl RequestKind {
    /// The bucket of an input of `bytes`.
    pub(crate) fn size_of(bytes: usize) -> u8 {
        const BORDERS: [usize; 5] = [16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20];
        let larger = BORDERS.iter().filter(|border| bytes >= **border).count();
        u8::try_from(larger).unwrap_or(u8::MAX)
    }
}

/// After so many answers, or so many milliseconds, what was made of the samples is made anew: one more of
/// them changes little, and to sort them all for every request costs more than all else about it.
const STALE_AFTER: u32 = 16;
const STALE_AFTER_MS: u64 = 10_000;

/// The waits of one kind of request, by stage.
pub(crate) type ByStage = [Samples; Stage::COUNT];

/// What has been learnt.
#[derive(Debug, Default)]
pub(crate) struct LearnedPatience(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    kinds: BTreeMap<RequestKind, ByStage>,
    /// What was made of them lately.
    told: BTreeMap<RequestKind, Told>,
}

/// The patience that was last read off the samples of one kind of request.
#[derive(Debug)]
struct Told {
    patience: Patience,
    /// What it was asked for with, and when.
    cold: Patience,
    floor_percent: usize,
    at_ms: u64,
    /// How many answers have been learnt from since.
    learnt: u32,
}

impl LearnedPatience {
    /// Adds what an attempt has shown.
    pub(crate) fn learn(&self, kind: &RequestKind, samples: Vec<(Stage, Sample)>) {
        if samples.is_empty() {
            return;
        }
        let Known { kinds, told } = &mut *self.known();
        if let Some(told) = told.get_mut(kind) {
            told.learnt += 1;
        }
        let stages = match kinds.get_mut(kind) {
            Some(stages) => stages,
            None => kinds.entry(kind.clone()).or_default(),
        };
        for (stage, sample) in samples {
            stages[stage as usize].add([sample]);
        }
        make_room(kinds);
    }

    /// How patient to be with a request of this kind, where the profile says `cold`. It never becomes
    /// less than `floor_percent` of that.
    pub(crate) fn patience(
        &self,
        kind: &RequestKind,
        cold: Patience,
        floor_percent: usize,
        now_ms: u64,
    ) -> Patience {
        let Known { kinds, told } = &mut *self.known();
        let Some(stages) = kinds.get_mut(kind) else {
            return cold;
        };
        let fresh = told.get(kind).filter(|told| {
            let is_same = (told.cold, told.floor_percent) == (cold, floor_percent);
            let age = now_ms.abs_diff(told.at_ms);
            is_same && told.learnt < STALE_AFTER && age < STALE_AFTER_MS
        });
        if let Some(told) = fresh {
            return told.patience;
        }
        let floor = u32::try_from(floor_percent.min(100)).unwrap_or(100);
        let mut learned = |stage: Stage, cold: Duration| {
            let samples = &mut stages[stage as usize];
            samples.forget_old(now_ms);
            let enough = samples.len() >= ENOUGH;
            let p95 = samples.p95(now_ms).filter(|_| enough);
            p95.map_or(cold, |p95| {
                p95.saturating_mul(FACTOR)
                    .clamp(cold * floor / 100, LONGEST.max(cold))
            })
        };
        let patience = Patience {
            first_event: learned(Stage::Sent, cold.first_event),
            first_output: learned(Stage::Accepted, cold.first_output),
            first_output_reasoning: learned(Stage::Accepted, cold.first_output_reasoning),
            reasoning: learned(Stage::Reasoning, cold.reasoning),
            output: learned(Stage::Output, cold.output),
        };
        let new = Told {
            patience,
            cold,
            floor_percent,
            at_ms: now_ms,
            learnt: 0,
        };
        match told.get_mut(kind) {
            Some(told) => *told = new,
            None => {
                if told.len() >= MOST {
                    told.clear();
                }
                told.insert(kind.clone(), new);
            }
        }
        patience
    }

    /// Everything, for whoever stores it.
    pub(crate) fn all(&self) -> BTreeMap<RequestKind, ByStage> {
        self.known().kinds.clone()
    }

    /// Adds what others have learnt.
    pub(crate) fn merge(&self, others: BTreeMap<RequestKind, ByStage>) {
        let mut known = self.known();
        merge(&mut known.kinds, others);
        known.told.clear();
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds `others` to `kinds`; what was used the longest ago makes room.
pub(crate) fn merge(
    kinds: &mut BTreeMap<RequestKind, ByStage>,
    others: BTreeMap<RequestKind, ByStage>,
) {
    for (kind, stages) in others {
        let known = kinds.entry(kind).or_default();
        for (known, other) in known.iter_mut().zip(stages) {
            known.add(other.iter());
        }
    }
    make_room(kinds);
}

fn make_room(kinds: &mut BTreeMap<RequestKind, ByStage>) {
    while kinds.len() > MOST {
        let used = |stages: &ByStage| stages.iter().map(Samples::latest_ms).max();
        let oldest = kinds.iter().min_by_key(|(_, stages)| used(stages));
        let Some(oldest) = oldest.map(|(kind, _)| kind.clone()) else {
            return;
        };
        kinds.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Profile;
    use url::Url;

    const NOW: u64 = 1_000_000_000;

    fn kind(model: &str) -> RequestKind {
        RequestKind {
            endpoint: EndpointKey::of(&Url::parse("http://h/v1").unwrap()),
            route: Route::Sse,
            model: model.to_owned(),
            effort: String::new(),
            size: 0,
        }
    }

    fn learn(learned: &LearnedPatience, stage: Stage, took: Duration, times: u64) {
        for n in 0..times {
            learned.learn(&kind("m"), vec![(stage, Sample::new(NOW - n, took, false))]);
        }
    }

    /// The profile's patience with what has been learnt.
    fn patience(learned: &LearnedPatience, profile: &str) -> Patience {
        let profile = Profile::named(profile).unwrap();
        learned.patience(
            &kind("m"),
            profile.patience(),
            profile.least_patience_percent,
            NOW,
        )
    }

    #[test]
    fn it_is_cold_until_twenty_samples_and_then_four_times_p95() {
        let learned = LearnedPatience::default();
        let cold = Profile::named("openai-codex").unwrap().patience();
        learn(&learned, Stage::Sent, Duration::from_secs(4), 19);
        assert_eq!(patience(&learned, "openai-codex"), cold);
        learn(&learned, Stage::Sent, Duration::from_secs(4), 20);
        let warm = patience(&learned, "openai-codex");
        assert_eq!(warm.first_event, Duration::from_secs(16));
        assert_eq!(warm.output, cold.output, "each stage learns by itself");
        let other = learned.patience(&kind("other"), cold, 50, NOW);
        assert_eq!(other, cold, "and so does each model");
    }

    #[test]
    fn it_stays_between_half_of_cold_and_five_minutes() {
        let learned = LearnedPatience::default();
        let cold = Profile::named("openai-codex").unwrap().patience();
        learn(&learned, Stage::Output, Duration::from_millis(20), 20);
        learn(&learned, Stage::Reasoning, Duration::from_secs(110), 20);
        let warm = patience(&learned, "openai-codex");
        assert_eq!(warm.output, cold.output / 2);
        assert_eq!(warm.reasoning, LONGEST);
    }

    #[test]
    fn a_local_model_is_never_waited_for_less_than_cold() {
        let learned = LearnedPatience::default();
        let cold = Profile::named("local").unwrap().patience();
        for stage in Stage::ALL {
            learn(&learned, stage, Duration::from_millis(20), 20);
        }
        assert_eq!(patience(&learned, "local"), cold);
    }

    #[test]
    fn sizes_fall_into_few_buckets() {
        let sizes = [0, 16 << 10, 100_000, 300_000, 2 << 20, usize::MAX];
        assert_eq!(sizes.map(RequestKind::size_of), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn what_others_have_learnt_is_added() {
        let (ours, others) = (LearnedPatience::default(), LearnedPatience::default());
        learn(&ours, Stage::Sent, Duration::from_secs(4), 15);
        for n in 0..15 {
            let sample = Sample::new(NOW - 100 - n, Duration::from_secs(4), false);
            others.learn(&kind("m"), vec![(Stage::Sent, sample)]);
        }
        ours.merge(others.all());
        let first_event = patience(&ours, "openai-codex").first_event;
        assert_eq!(first_event, Duration::from_secs(16));
    }

    #[test]
    fn what_was_used_the_longest_ago_makes_room() {
        let learned = LearnedPatience::default();
        for model in 0..300 {
            let sample = Sample::new(model, Duration::ZERO, false);
            learned.learn(&kind(&model.to_string()), vec![(Stage::Sent, sample)]);
        }
        let kinds = learned.all();
        assert_eq!(kinds.len(), MOST);
        assert!(!kinds.contains_key(&kind("0")) && kinds.contains_key(&kind("299")));
    }
}
