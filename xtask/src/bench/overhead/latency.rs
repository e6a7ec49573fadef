//! What is added to the time until an answer is there, or until it begins.

use std::time::Duration;

use anyhow::Result;

use super::load::{self, Load};
use super::question::{Dialect, Question};
use super::samples::{Spread, time};
use super::system::System;
use super::{Stage, streams};

/// One way to ask.
struct Row {
    name: &'static str,
    question: Question,
    way: Way,
    target: Option<Target>,
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Open(u32, usize),
    Closed(usize),
    /// So many streams; what is measured is each of their pieces.
    Pieces(usize),
}

/// What may be added.
#[derive(Clone, Copy, Debug)]
struct Target {
    p50: Option<Duration>,
    p99: Duration,
}

/// The table.
pub(super) async fn table(stage: &Stage) -> Result<String> {
    let mut table =
        "| asked how | direct, p50 / p99 | bare hyper adds | alipes serve adds | target |\n\
                     |---|---|---|---|---|\n"
            .to_owned();
    for row in rows() {
        eprintln!("{}", row.name);
        table.push_str(&row.measured(stage).await?);
    }
    Ok(table.trim_end().to_owned())
}

fn rows() -> Vec<Row> {
    let plain = || Question::plain(Dialect::Responses);
    let stream = || Question::streamed(Dialect::Responses, 50);
    let row = |name, question, way, target| Row {
        name,
        question,
        way,
        target,
    };
    let (one, many) = (Way::Closed(1), Way::Closed(32));
    let (open, pieces) = (Way::Open(1_000, 32), Way::Pieces(20));
    let asked = Target {
        p50: Some(Duration::from_micros(150)),
        p99: Duration::from_millis(1),
    };
    let between = Target {
        p50: None,
        p99: Duration::from_micros(200),
    };
    let thousand = Way::Closed(1_000);
    vec![
        row(
            "1 kB, 1,000 a second over 32 connections",
            plain(),
            open,
            Some(asked),
        ),
        row("1 kB, 1 at a time", plain(), one, None),
        row("1 kB, 32 at a time", plain(), many, None),
        row("1 kB, 256 at a time", plain(), Way::Closed(256), None),
        row("1 kB, 1,000 at a time", plain(), thousand, None),
        row(
            "first piece of a stream of 50, 1 at a time",
            stream(),
            one,
            None,
        ),
        row(
            "first piece of a stream of 50, 32 at a time",
            stream(),
            many,
            None,
        ),
        row(
            "a piece, 1,000 a second in 20 streams",
            stream().paced(20),
            pieces,
            Some(between),
        ),
        row(
            "request of 10 kB, 1 at a time",
            plain().sized(10_000),
            one,
            None,
        ),
        row(
            "request of 100 kB, 1 at a time",
            plain().sized(100_000),
            one,
            None,
        ),
        row(
            "request of 1 MB, 1 at a time",
            plain().sized(1_000_000),
            one,
            None,
        ),
    ]
}

impl Row {
    async fn measured(&self, stage: &Stage) -> Result<String> {
        let [direct, bare, serve] = self.spreads(stage).await?;
        let added = serve.above(direct);
        let verdict = self.target.map(|target| target.verdict(added));
        Ok(format!(
            "| {} | {direct} | {} | {added} | {} |\n",
            self.name,
            bare.above(direct),
            verdict.unwrap_or_default()
        ))
    }

    /// Everybody's times, asked in turns.
    async fn spreads(&self, stage: &Stage) -> Result<[Spread; 3]> {
        let systems = [&stage.direct, &stage.bare, &stage.serve];
        let mut loads = systems.map(|_| Load::default());
        for _ in 0..stage.rounds.count {
            for (system, load) in systems.iter().zip(&mut loads) {
                let more = self.asked(stage, system).await?;
                *load = std::mem::take(load).and(more);
            }
        }
        Ok(loads.map(|load| load.first.spread()))
    }

    async fn asked(&self, stage: &Stage, system: &System) -> Result<Load> {
        let (question, length) = (&self.question, stage.rounds.length);
        match self.way {
            Way::Open(rate, connections) => {
                load::open(system, question, (rate, connections), length).await
            }
            Way::Closed(connections) => load::closed(system, question, connections, length).await,
            Way::Pieces(count) => {
                streams::pieces((system, &stage.backend), question, count, length).await
            }
        }
    }
}

impl Target {
    fn verdict(self, added: Spread) -> String {
        let half_is_met = self.p50.is_none_or(|most| added.p50 <= most);
        let verdict = match half_is_met && added.p99 <= self.p99 {
            true => "met",
            false => "MISSED",
        };
        let half = self.p50.map_or("–".to_owned(), time);
        format!("{verdict}: at most {half} / {}", time(self.p99))
    }
}
