//! What it costs a server to keep its calls on record: the same requests to one that does and to one whose store
//! cannot be opened, in turns.
//!
//! A call is recorded on the thread that answers, and written down on another one; Linux tells what each thread has
//! taken, so that the two are told apart.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::load::{self, Load};
use super::question::{Dialect, Question};
use super::system::{Backend, System};
use crate::interop::Alipes;

/// Connections that ask again as soon as they are answered.
const CONNECTIONS: usize = 32;

/// Rounds of each; what they say is the one in the middle.
const ROUNDS: usize = 15;
const LENGTH: Duration = Duration::from_millis(1_500);

/// What a round said of a server.
#[derive(Clone, Copy, Debug)]
struct Round {
    rate: f64,
    /// Of the thread that answers, and of all, in microseconds for an answer.
    taken: Option<(f64, f64)>,
}

/// Two servers in turns: first the one that records, then the one that cannot.
pub(crate) struct Recording(Vec<[Round; 2]>);

/// Measures.
pub(crate) async fn recording(alipes: &Alipes) -> Result<Recording> {
    let backend = Backend::start()?;
    let homes = [tempfile::tempdir()?, tempfile::tempdir()?];
    // Where a store's folder should be is a file.
    std::fs::write(homes[1].path().join("store"), "no folder")?;
    let systems = [
        System::serve(alipes, &backend, &homes[0])?,
        System::serve(alipes, &backend, &homes[1])?,
    ];
    let question = Question::plain(Dialect::Responses);
    for system in &systems {
        load::closed(system, &question, CONNECTIONS, LENGTH).await?;
    }
    let mut rounds = Vec::new();
    for number in 0..ROUNDS {
        let [with, without] = &systems;
        // Whoever comes second finds the machine otherwise than the first.
        rounds.push(if number % 2 == 0 {
            let with = round(with, &question).await?;
            [with, round(without, &question).await?]
        } else {
            let without = round(without, &question).await?;
            [round(with, &question).await?, without]
        });
    }
    let kept = homes[0].path().join("store").join("alipes.db");
    ensure!(kept.exists(), "nothing was recorded");
    Ok(Recording(rounds))
}

async fn round(system: &System, question: &Question) -> Result<Round> {
    let before = system.process().and_then(taken);
    let load: Load = load::closed(system, question, CONNECTIONS, LENGTH).await?;
    let after = system.process().and_then(taken);
    let each = |nanos: u64| nanos as f64 / 1_000.0 / load.answers() as f64;
    Ok(Round {
        rate: load.rate(),
        taken: before
            .zip(after)
            .map(|(before, after)| (each(after.0 - before.0), each(after.1 - before.1))),
    })
}

impl Recording {
    /// What recording takes of a core for a call, in microseconds: on its way, and in all. Only Linux tells.
    pub(crate) fn taken(&self) -> Option<(f64, f64)> {
        let differences = |of: fn((f64, f64)) -> f64| {
            let rounds = self.0.iter().map(|[with, without]| {
                let (with, without) = with.taken.zip(without.taken)?;
                Some(of(with) - of(without))
            });
            rounds.collect::<Option<Vec<f64>>>().map(middle)
        };
        Some((differences(|taken| taken.0)?, differences(|taken| taken.1)?))
    }

    /// Of the answers in a second, what goes to recording, in percent.
    pub(crate) fn share(&self) -> f64 {
        let shares = self.0.iter();
        let shares = shares.map(|[with, without]| (1.0 - with.rate / without.rate) * 100.0);
        middle(shares.collect())
    }
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Nanoseconds on a core of a process' first thread, which answers, and of all its threads (proc(5), schedstat).
fn taken(process: u32) -> Option<(u64, u64)> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let all = threads.filter_map(|thread| on_core(&thread.ok()?.path()));
    let first = on_core(format!("/proc/{process}").as_ref())?;
    Some((first, all.sum()))
}

fn on_core(folder: &std::path::Path) -> Option<u64> {
    let text = std::fs::read_to_string(folder.join("schedstat")).ok()?;
    text.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_recording_costs_is_the_difference_in_the_middle_round() {
        let round = |rate, first, all| Round {
            rate,
            taken: Some((first, all)),
        };
        let rounds = [10.0, 12.0, 400.0].map(|more| {
            [
                round(990.0, 100.0 + more, 100.0 + 2.0 * more),
                round(1_000.0, 100.0, 100.0),
            ]
        });
        let recording = Recording(rounds.into());
        assert_eq!(recording.taken(), Some((12.0, 24.0)));
        assert!((recording.share() - 1.0).abs() < 1e-9);
    }
}
