//! Other people's gateways before the same backend, in the same run.
//!
//! Asked in Chat Completions, which all of them speak, each in one process, as one worker.

use anyhow::Result;

use super::load::{self, Load};
use super::question::{Dialect, Question};
use super::samples::Spread;
use super::system::System;
use super::{Stage, usage};
use crate::interop::Cache;

/// Connections that ask again as soon as they are answered.
const CONNECTIONS: usize = 32;

/// Ours answers so many times as often as one worker of LiteLLM's.
const TARGET: f64 = 100.0;

/// What one of them did with one kind of question.
struct Measured {
    /// One at a time.
    alone: Spread,
    rate: f64,
}

/// The table. What could not be installed is said in its place.
pub(super) async fn table(stage: &Stage) -> Result<String> {
    let others = others(stage);
    let mut rows = "| in Chat Completions, through | answers of 1 kB a second | added, p50 / p99 | streams of 50 a second | added to the first piece, p50 / p99 | memory | target |\n\
                    |---|---|---|---|---|---|---|\n"
        .to_owned();
    let questions = [
        Question::plain(Dialect::Chat),
        Question::streamed(Dialect::Chat, 50),
    ];
    let direct = both(&stage.direct, &questions, stage).await?;
    let ours = both(&stage.serve, &questions, stage).await?;
    // The first of them is who the target names.
    let mut first = None;
    let mut lines = String::new();
    for (name, other) in others {
        let measured = match &other {
            Ok(system) => both(system, &questions, stage)
                .await
                .map(|done| (system, done)),
            Err(why) => Err(anyhow::anyhow!("{why:#}")),
        };
        match measured {
            Ok((system, theirs)) => {
                lines += &row(system, &theirs, &direct, "");
                let times = [0, 1].map(|kind: usize| ours[kind].rate / theirs[kind].rate);
                first.get_or_insert((name, times));
            }
            Err(why) => {
                let why = format!("{why:#}").replace(['\n', '|'], " ");
                lines += &format!("| {name} | {why} | | | | | |\n");
            }
        }
    }
    let verdict = first.map(|(name, times)| {
        let is_met = times.iter().all(|times| *times >= TARGET);
        let verdict = if is_met { "met" } else { "MISSED" };
        let [plain, streams] = times;
        format!("{verdict}: at least {TARGET:.0} × {name} ({plain:.0} ×, {streams:.0} ×)")
    });
    rows += &row(&stage.serve, &ours, &direct, &verdict.unwrap_or_default());
    rows += &lines;
    Ok(rows.trim_end().to_owned())
}

/// The others, or why they could not be had.
fn others(stage: &Stage) -> Vec<(&'static str, Result<System>)> {
    let questions = [
        Question::plain(Dialect::Chat),
        Question::streamed(Dialect::Chat, 50),
    ];
    let models = questions.map(|question| question.model());
    let litellm =
        Cache::as_it_is().and_then(|cache| System::litellm(&stage.backend, &cache, &models));
    let portkey = Cache::as_it_is().and_then(|cache| System::portkey(&stage.backend, &cache));
    vec![("LiteLLM", litellm), ("Portkey", portkey)]
}

async fn both(system: &System, questions: &[Question; 2], stage: &Stage) -> Result<[Measured; 2]> {
    eprintln!("{}, in Chat Completions", system.name);
    Ok([
        measured(system, &questions[0], stage).await?,
        measured(system, &questions[1], stage).await?,
    ])
}

async fn measured(system: &System, question: &Question, stage: &Stage) -> Result<Measured> {
    let length = stage.rounds.length;
    let mut alone = Load::default();
    let mut many = Load::default();
    // What has just been started loads what it needs with the first answers.
    load::closed(system, question, 1, length).await?;
    for _ in 0..stage.rounds.count {
        alone = alone.and(load::closed(system, question, 1, length).await?);
        many = many.and(load::closed(system, question, CONNECTIONS, length).await?);
    }
    Ok(Measured {
        alone: alone.first.spread(),
        rate: many.rate(),
    })
}

fn row(system: &System, done: &[Measured; 2], direct: &[Measured; 2], target: &str) -> String {
    let added = [0, 1].map(|kind: usize| done[kind].alone.above(direct[kind].alone));
    let memory = system.process().and_then(usage::resident);
    let memory = memory.map_or("–".to_owned(), |kib| {
        format!("{:.0} MB", kib as f64 * 1.024 / 1e3)
    });
    format!(
        "| {} | {:.0} | {} | {:.0} | {} | {memory} | {target} |\n",
        system.name, done[0].rate, added[0], done[1].rate, added[1]
    )
}
