//! Streams at a steady pace: how long each piece was on its way, and whether all came as they left.

use std::sync::Arc;
use std::time::Duration;

use alipes_simulator::Lean;
use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::asking::Connection;
use super::load::Load;
use super::question::{Dialect, Question};
use super::samples::Samples;
use super::system::{Backend, System};
use super::{Stage, clock};

/// Between the starts of two streams, so that their pieces do not leave together.
const APART: Duration = Duration::from_millis(1);

/// So many streams at a time, again and again; the times are those of their pieces from the backend to the driver.
pub(super) async fn pieces(
    (system, backend): (&System, &Backend),
    question: &Question,
    streams: usize,
    length: Duration,
) -> Result<Load> {
    let asked = Arc::new(question.to(system)?);
    let started = backend.begun;
    let mut tasks = JoinSet::new();
    for _ in 0..streams {
        let mut connection = Connection::open(system.address).await?;
        let asked = Arc::clone(&asked);
        tokio::time::sleep(APART).await;
        tasks.spawn(async move {
            let begun = clock().now();
            let mut times = Samples::default();
            while clock().since(begun) < length {
                for (piece, came) in connection.ask(&asked).await?.pieces {
                    times.push(on_its_way(&piece, came, started)?);
                }
            }
            anyhow::Ok(times)
        });
    }
    let mut load = Load {
        took: length,
        ..Load::default()
    };
    while let Some(times) = tasks.join_next().await {
        load.first.join(times??);
    }
    Ok(load)
}

fn on_its_way(piece: &str, came: Instant, started: Instant) -> Result<Duration> {
    let left: u64 = piece.trim().parse().context("a piece without its time")?;
    Ok(came.saturating_duration_since(started + Duration::from_micros(left)))
}

/// Makes sure that pieces come one by one, in their order and as they left.
pub(super) async fn check(stage: &Stage) -> Result<()> {
    for dialect in [Dialect::Responses, Dialect::Chat] {
        let question = Question::streamed(dialect, 50);
        let mut connection = Connection::open(stage.serve.address).await?;
        let answered = connection.ask(&question.to(&stage.serve)?).await?;
        for (index, (piece, _)) in answered.pieces.iter().enumerate() {
            let left = Lean::piece(index);
            ensure!(*piece == left, "the piece {left:?} came as {piece:?}");
        }
    }
    Ok(())
}
