//! Load: as fast as answers come (closed loop), or at a rate whatever happens (open loop).

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::{Barrier, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::asking::{Answered, Connection};
use super::clock;
use super::question::{Asked, Question};
use super::samples::Samples;
use super::system::System;

/// What a load was answered.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// Until the first piece of text, or the whole where it is not streamed.
    pub(super) first: Samples,
    pub(super) took: Duration,
}

impl Load {
    pub(super) fn answers(&self) -> usize {
        self.first.len()
    }

    /// Answers in a second.
    pub(super) fn rate(&self) -> f64 {
        self.answers() as f64 / self.took.as_secs_f64()
    }

    /// Both, one after the other.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.first.join(other.first);
        self.took += other.took;
        self
    }
}

/// So many connections, each asking again as soon as it was answered.
pub(super) async fn closed(
    system: &System,
    question: &Question,
    connections: usize,
    length: Duration,
) -> Result<Load> {
    let asked = Arc::new(question.to(system)?);
    let ready = Arc::new(Barrier::new(connections));
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (asked, ready) = (Arc::clone(&asked), Arc::clone(&ready));
        let mut connection = Connection::open(system.address).await?;
        tasks.spawn(async move {
            ready.wait().await;
            let begun = clock().now();
            let mut first = Samples::default();
            while clock().since(begun) < length {
                first.push(connection.ask(&asked).await?.first);
            }
            anyhow::Ok(Load {
                first,
                took: clock().since(begun),
            })
        });
    }
    let mut all = Load::default();
    while let Some(one) = tasks.join_next().await {
        let one = one??;
        all.first.join(one.first);
        all.took = all.took.max(one.took);
    }
    Ok(all)
}

/// So many requests in a second, over so many connections in turns. A time counts from when its
/// request was due, be its connection busy or not.
pub(super) async fn open(
    system: &System,
    question: &Question,
    (rate, connections): (u32, usize),
    length: Duration,
) -> Result<Load> {
    let asked = Arc::new(question.to(system)?);
    let mut tasks = JoinSet::new();
    let mut queues = Vec::new();
    for _ in 0..connections {
        let (sender, queue) = mpsc::unbounded_channel();
        let connection = Connection::open(system.address).await?;
        tasks.spawn(on_demand(connection, Arc::clone(&asked), queue));
        queues.push(sender);
    }
    // A thread of its own: tokio's timers know whole milliseconds only.
    let pace = std::thread::spawn(move || {
        let begun = clock().now();
        let total = (length.as_secs_f64() * f64::from(rate)) as u32;
        for index in 0..total {
            let due = begun + Duration::from_secs(1) * index / rate;
            std::thread::sleep(due.saturating_duration_since(clock().now()));
            let queue = queues.get(index as usize % connections);
            // Whoever has failed says so itself.
            let _gone = queue.map(|queue| queue.send(clock().now()));
        }
    });
    let mut all = Load {
        took: length,
        ..Load::default()
    };
    while let Some(first) = tasks.join_next().await {
        all.first.join(first??);
    }
    let _ended = pace.join();
    Ok(all)
}

async fn on_demand(
    mut connection: Connection,
    asked: Arc<Asked>,
    mut queue: mpsc::UnboundedReceiver<Instant>,
) -> Result<Samples> {
    let mut first = Samples::default();
    while let Some(due) = queue.recv().await {
        let late = clock().since(due);
        let Answered { first: took, .. } = connection.ask(&asked).await?;
        first.push(late + took);
    }
    Ok(first)
}
