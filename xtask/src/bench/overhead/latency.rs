//! What is added to the time until an answer is there, or until it begins.

use std::time::Duration;

use anyhow::Result;

use super::load::{self, Load};
use super::question::{Dialect, Question};
use super::samples::{Spread, time};
use super::system::System;
use super::{Stage, sockets, streams};

/// Bytes of a request that others must not wait for.
const LARGE: usize = 10_000_000;

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
    /// So many sockets.
    Turns(usize),
    /// So many at a time, while one more connection sends a large request after the other.
    Beside(usize),
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
    let mut rows = whole();
    rows.extend(streamed());
    rows
}

/// Answers in one piece.
fn whole() -> Vec<Row> {
    let plain = || Question::plain(Dialect::Responses);
    let asked = Target {
        p50: Some(Duration::from_micros(150)),
        p99: Duration::from_millis(1),
    };
    let at_once = |name, count| Row::new(name, plain(), Way::Closed(count));
    let sized = |name, bytes| Row::new(name, plain().sized(bytes), Way::Closed(1));
    let open = Row::new(
        "1 kB, 1,000 a second over 32 connections",
        plain(),
        Way::Open(1_000, 32),
    );
    vec![
        open.at_most(asked),
        at_once("1 kB, 1 at a time", 1),
        at_once("1 kB, 32 at a time", 32),
        at_once("1 kB, 256 at a time", 256),
        at_once("1 kB, 1,000 at a time", 1_000),
        sized("request of 10 kB, 1 at a time", 10_000),
        sized("request of 100 kB, 1 at a time", 100_000),
        sized("request of 1 MB, 1 at a time", 1_000_000),
    ]
}

/// Answers that come in pieces.
fn streamed() -> Vec<Row> {
    let of = |pieces| Question::streamed(Dialect::Responses, pieces);
    let between = Target {
        p50: None,
        p99: Duration::from_micros(200),
    };
    let first = |name, way| Row::new(name, of(50), way);
    let turns = |name, count| Row::new(name, of(50).over_socket(), Way::Turns(count));
    let piece = Row::new(
        "a piece, 1,000 a second in 20 streams",
        of(50).paced(20),
        Way::Pieces(20),
    );
    vec![
        first("first piece of a stream of 50, 1 at a time", Way::Closed(1)),
        first(
            "first piece of a stream of 50, 32 at a time",
            Way::Closed(32),
        ),
        piece.at_most(between),
        Row::new(
            "first piece of a stream of 5, 8 at a time",
            of(5),
            Way::Closed(8),
        ),
        Row::new("the same beside requests of 10 MB", of(5), Way::Beside(8)),
        turns("a turn over WebSocket, 1 at a time", 1),
        turns("a turn over WebSocket, 32 at a time", 32),
    ]
}

impl Row {
    fn new(name: &'static str, question: Question, way: Way) -> Self {
        Self {
            name,
            question,
            way,
            target: None,
        }
    }

    fn at_most(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    async fn measured(&self, stage: &Stage) -> Result<String> {
        let (direct, bare, serve) = self.spreads(stage).await?;
        let added = serve.above(direct);
        let bare = bare.map(|bare| bare.above(direct).to_string());
        let verdict = self.target.map(|target| target.verdict(added));
        Ok(format!(
            "| {} | {direct} | {} | {added} | {} |\n",
            self.name,
            bare.unwrap_or_default(),
            verdict.unwrap_or_default()
        ))
    }

    /// Everybody's times, asked in turns. The bare pass-through knows no WebSocket.
    async fn spreads(&self, stage: &Stage) -> Result<(Spread, Option<Spread>, Spread)> {
        let bare = (!self.question.over_socket).then_some(&stage.bare);
        let systems = [Some(&stage.direct), bare, Some(&stage.serve)];
        let mut loads = systems.map(|system| system.map(|_| Load::default()));
        for _ in 0..stage.rounds.count {
            for (system, load) in systems.iter().zip(&mut loads) {
                if let (Some(system), Some(load)) = (system, load) {
                    let more = self.asked(stage, system).await?;
                    *load = std::mem::take(load).and(more);
                }
            }
        }
        let spread = |load: Load| load.first.spread();
        let [direct, bare, serve] = loads.map(|load| load.map(spread));
        Ok((direct.unwrap_or_default(), bare, serve.unwrap_or_default()))
    }

    async fn asked(&self, stage: &Stage, system: &System) -> Result<Load> {
        let (question, length) = (&self.question, stage.rounds.length);
        match self.way {
            Way::Open(rate, connections) => {
                load::open(system, question, (rate, connections), length).await
            }
            Way::Closed(connections) => load::closed(system, question, connections, length).await,
            Way::Turns(count) => sockets::turns(system, question, count, length).await,
            Way::Beside(count) => {
                let large = Question::plain(question.dialect).sized(LARGE);
                let large = load::closed(system, &large, 1, length);
                let small = load::closed(system, question, count, length);
                let (small, large) = tokio::join!(small, large);
                large.and(small)
            }
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
