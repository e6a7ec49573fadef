//! Whether ours did as well in a row as it should: its target, and never worse than the better of the others.

use std::time::Duration;

use super::observed::{Ending, Observed};
use super::rows::{End, Target};

/// What was missed, in words; nothing if all is well.
pub(super) fn missed(target: &Target, ours: &Observed, others: &[&Observed]) -> Vec<String> {
    [
        late_word(target, ours),
        target.end.and_then(|end| late_end(end, ours.ending)),
        too_many_requests(target, ours),
        unsaid(target, ours),
        (ours.shown > 1).then(|| format!("text shown {} times", ours.shown)),
        worse(ours.ending, others),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn late_word(target: &Target, ours: &Observed) -> Option<String> {
    let limit = target.told?;
    let answered_before = matches!(ours.ending, Ending::Answer(at) if at <= limit);
    match ours.told {
        Some(at) if at > limit => Some(format!("told at {}", seconds(at))),
        // Nobody needs to be told of what was over before they could wonder.
        None if !answered_before => Some("never told".to_owned()),
        _ => None,
    }
}

fn late_end(target: End, ending: Ending) -> Option<String> {
    match (target, ending) {
        (End::Answer(limit), Ending::Answer(at)) if at > limit => {
            Some(format!("answer at {}", seconds(at)))
        }
        (End::Error(limit), Ending::Error(at)) if at > limit => {
            Some(format!("error at {}", seconds(at)))
        }
        (End::Answer(_), Ending::Error(at)) => {
            Some(format!("no answer but an error at {}", seconds(at)))
        }
        (_, Ending::Neither) => Some("no end before the cap".to_owned()),
        _ => None,
    }
}

fn too_many_requests(target: &Target, ours: &Observed) -> Option<String> {
    let most = target.requests?;
    (ours.requests > most).then(|| format!("{} requests", ours.requests))
}

fn unsaid(target: &Target, ours: &Observed) -> Option<String> {
    let word = target.says?;
    let is_said = ours.said.iter().any(|line| line.contains(word));
    (!is_said).then(|| format!("does not say `{word}`"))
}

/// An answer is better than none; of two answers the earlier one. Of two errors the earlier one is not better: the
/// target says how long it is worth trying.
fn worse(ours: Ending, others: &[&Observed]) -> Option<String> {
    let answers = others.iter().filter_map(|other| match other.ending {
        Ending::Answer(at) => Some(at),
        Ending::Error(_) | Ending::Neither => None,
    });
    let best = answers.min()?;
    match ours {
        Ending::Answer(at) if at <= best => None,
        _ => Some(format!("another answered at {}", seconds(best))),
    }
}

/// A time as the page shows it.
pub(super) fn seconds(length: Duration) -> String {
    let seconds = length.as_secs_f64();
    if seconds < 10.0 {
        format!("{seconds:.2} s")
    } else {
        format!("{seconds:.0} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Target = Target {
        told: None,
        end: None,
        requests: None,
        says: None,
    };

    fn observed(ending: Ending) -> Observed {
        Observed {
            told: None,
            ending,
            requests: 3,
            exit: Some(0),
            shown: 1,
            said: vec!["cf-ray 1".to_owned()],
        }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn each_part_of_a_target_is_checked() {
        let table: [(Target, Ending, &[&str]); 7] = [
            (NONE, Ending::Neither, &[]),
            (
                Target {
                    end: Some(End::Answer(at(5))),
                    ..NONE
                },
                Ending::Answer(at(5)),
                &[],
            ),
            (
                Target {
                    end: Some(End::Answer(at(5))),
                    ..NONE
                },
                Ending::Answer(at(6)),
                &["answer at 6.00 s"],
            ),
            (
                Target {
                    end: Some(End::Answer(at(5))),
                    ..NONE
                },
                Ending::Error(at(1)),
                &["no answer but an error at 1.00 s"],
            ),
            (
                Target {
                    end: Some(End::Error(at(5))),
                    ..NONE
                },
                Ending::Neither,
                &["no end before the cap"],
            ),
            (
                Target {
                    requests: Some(2),
                    says: Some("egress"),
                    ..NONE
                },
                Ending::Error(at(1)),
                &["3 requests", "does not say `egress`"],
            ),
            (
                Target {
                    told: Some(at(3)),
                    ..NONE
                },
                Ending::Answer(at(2)),
                &[],
            ),
        ];
        for (target, ending, expected) in table {
            assert_eq!(
                missed(&target, &observed(ending), &[]),
                expected,
                "{target:?} {ending:?}"
            );
        }
        let mut late = observed(Ending::Error(at(9)));
        let target = Target {
            told: Some(at(3)),
            ..NONE
        };
        assert_eq!(missed(&target, &late, &[]), ["never told"]);
        late.told = Some(at(4));
        assert_eq!(missed(&target, &late, &[]), ["told at 4.00 s"]);
    }

    #[test]
    fn an_answer_of_another_system_must_not_come_sooner() {
        let (quick, failed) = (
            observed(Ending::Answer(at(2))),
            observed(Ending::Error(at(1))),
        );
        let others = [&quick, &failed];
        let missed = |ending| missed(&NONE, &observed(ending), &others);
        assert!(missed(Ending::Answer(at(2))).is_empty());
        assert_eq!(
            missed(Ending::Answer(at(3))),
            ["another answered at 2.00 s"]
        );
        assert_eq!(missed(Ending::Error(at(1))), ["another answered at 2.00 s"]);
    }
}
