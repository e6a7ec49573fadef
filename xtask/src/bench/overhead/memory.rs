//! What our server holds of memory: at rest, with a thousand streams open, and whether it grows under load.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::task::JoinSet;

use super::asking::Connection;
use super::question::{Dialect, Question};
use super::system::System;
use super::{Stage, load, usage};

const STREAMS: usize = 1_000;

/// The streams' pieces: enough of them that the first stream has not ended when the last one begins.
const PIECES: usize = 60;
const PACE: u64 = 500;

/// Connections of each kind while growth is watched.
const CONNECTIONS: usize = 8;

/// How often memory is looked at while growth is watched.
const LOOKS: u32 = 60;

/// After so long everything that was asked for is there, and what was let go is gone.
const SETTLED: Duration = Duration::from_secs(2);

/// Targets, in KiB (30 and 120 MB); growth in percent of what is held.
const IDLE: u64 = 30_000_000 / 1024;
const OPEN: u64 = 120_000_000 / 1024;
const GROWTH: f64 = 1.0;

/// The table, of a server that nobody has asked before.
pub(super) async fn table(stage: &Stage) -> Result<String> {
    let home = tempfile::tempdir()?;
    let serve = System::serve(&stage.alipes, &stage.backend, &home)?;
    tokio::time::sleep(SETTLED).await;
    let idle = resident(&serve)?;
    let open = with_streams(&serve).await?;
    tokio::time::sleep(SETTLED).await;
    let after = resident(&serve)?;
    let looks = under_load(&serve, stage.load).await?;
    let (before, at_the_end, growth) = growth(&looks);
    let rows = [
        format!("| at rest | {} | {} |", mib(idle), most(idle, IDLE)),
        format!(
            "| with {STREAMS} open streams | {} | {} |",
            mib(open),
            most(open, OPEN)
        ),
        format!("| when they have gone | {} | |", mib(after)),
        format!(
            "| under load for {} s, second and last quarter | {}, {} | {}: no growth ({growth:+.1} %) |",
            stage.load.as_secs(),
            mib(before),
            mib(at_the_end),
            if growth <= GROWTH { "met" } else { "MISSED" },
        ),
    ];
    Ok(format!(
        "| alipes serve | resident memory | target |\n|---|---|---|\n{}",
        rows.join("\n")
    ))
}

fn resident(serve: &System) -> Result<u64> {
    let process = serve.process().context("our server is a process")?;
    usage::resident(process).context("this system does not say what a process holds")
}

/// The most that is held while so many streams are open.
async fn with_streams(serve: &System) -> Result<u64> {
    let question = Question::streamed(Dialect::Responses, PIECES).paced(PACE);
    let asked = question.to(serve)?;
    let mut open = JoinSet::new();
    for _ in 0..STREAMS {
        let mut connection = Connection::open(serve.address).await?;
        let asked = asked.clone();
        open.spawn(async move {
            let answer = connection.begin(&asked).await?;
            anyhow::Ok((connection, answer))
        });
    }
    let mut held = Vec::new();
    while let Some(begun) = open.join_next().await {
        held.push(begun??);
    }
    tokio::time::sleep(SETTLED).await;
    let most = resident(serve)?;
    drop(held);
    Ok(most)
}

/// What is held, looked at again and again while it is asked in every way.
async fn under_load(serve: &System, length: Duration) -> Result<Vec<u64>> {
    let ways = [
        Question::plain(Dialect::Responses),
        Question::streamed(Dialect::Responses, 50),
        Question::streamed(Dialect::Chat, 50),
        Question::plain(Dialect::Chat).sized(100_000),
    ];
    let looking = async {
        let mut looks = Vec::new();
        for _ in 0..LOOKS {
            tokio::time::sleep(length / LOOKS).await;
            looks.push(resident(serve)?);
        }
        Ok(looks)
    };
    let asking = ways
        .iter()
        .map(|question| load::closed(serve, question, CONNECTIONS, length));
    let (looks, asked) = tokio::join!(looking, futures_util::future::try_join_all(asking));
    asked?;
    looks
}

/// The middle of the second and of the last quarter, and by how many percent it grew.
fn growth(looks: &[u64]) -> (u64, u64, f64) {
    let quarter = looks.len() / 4;
    let middle = |skipped: usize| {
        let mut part: Vec<u64> = looks.iter().skip(skipped).take(quarter).copied().collect();
        part.sort_unstable();
        part.get(part.len() / 2).copied().unwrap_or_default()
    };
    let (before, after) = (middle(quarter), middle(looks.len() - quarter));
    let growth = (after as f64 / before.max(1) as f64 - 1.0) * 100.0;
    (before, after, growth)
}

fn mib(kib: u64) -> String {
    format!("{:.1} MB", kib as f64 * 1.024 / 1e3)
}

fn most(held: u64, most: u64) -> String {
    let verdict = if held <= most { "met" } else { "MISSED" };
    format!("{verdict}: at most {}", mib(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_what_the_last_quarter_has_more_than_the_second() {
        let warming: Vec<u64> = (0..60)
            .map(|look| if look < 15 { look } else { 1_000 })
            .collect();
        assert_eq!(growth(&warming), (1_000, 1_000, 0.0));
        let leaking: Vec<u64> = (0..60).map(|look| 1_000 + look * 10).collect();
        assert!(growth(&leaking).2 > 20.0);
    }
}
