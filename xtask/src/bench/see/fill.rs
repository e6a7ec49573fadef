//! A store with the calls of a month, as the program itself would have written them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Rng};
use alipes_store::{
    AskedRecord, AttemptEnd, AttemptRecord, CallBounds, CallEnd, CallQueue, CallRecord,
    ConnectionRecord, FaultRecord, PhaseSpan, Recorder as _, SentRecord, SqliteOptions,
    SqliteStore, Unwritten,
};
use anyhow::Result;

use crate::process::now;

const DAYS: usize = 30;
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Recorded at once: fewer than the queue holds.
const AT_ONCE: usize = 1_000;

/// Always the same calls.
const SEED: u64 = 7;

/// Where they are asked: the first one never leaves anybody without an answer.
pub(super) const ENDPOINTS: [&str; 4] = ["steady", "openai-codex", "openai", "local"];

/// In every fourth call, and mended each time.
pub(super) const MENDED: &str = "rate-limited";
/// In every fiftieth, which ends with it.
pub(super) const COMMON: &str = "overloaded";
/// In the oldest call alone.
pub(super) const RARE: &str = "region";

/// What was written.
pub(super) struct Filled {
    pub(super) bytes: u64,
    pub(super) took: Duration,
}

/// Fills the store in this folder with so many.
pub(super) async fn records(folder: &Path, calls: usize) -> Result<Filled> {
    let begun = now();
    let rng = Rng::seeded(SEED);
    let today = Clock::system().wall();
    let mut number = 0;
    let mut bytes = 0;
    for day in (0..DAYS).rev() {
        // Numbers of calls begin with the time at which they are recorded.
        let clock = Clock::anchored(today - DAY * u32::try_from(day)?);
        let options = SqliteOptions::within(folder, clock.clone(), rng.clone());
        let store = Arc::new(SqliteStore::open(options)?);
        let bounds = CallBounds {
            bytes: u64::MAX,
            ..CallBounds::default()
        };
        let queue = CallQueue::new(Arc::clone(&store), bounds);
        while number < calls * (DAYS - day) / DAYS {
            let call = call(number, &clock, &rng);
            queue.record(Unwritten {
                size: 1_000,
                write: Box::new(move || (call, None)),
            });
            number += 1;
            if number % AT_ONCE == 0 {
                queue.settled().await;
            }
        }
        queue.settled().await;
        anyhow::ensure!(queue.warning().is_none(), "calls were lost");
        bytes = std::fs::metadata(store.path())?.len();
    }
    Ok(Filled {
        bytes,
        took: begun.elapsed(),
    })
}

fn call(number: usize, clock: &Clock, rng: &Rng) -> CallRecord {
    let cause = match number {
        0 => Some(RARE),
        _ if number % 50 == 1 => Some(COMMON),
        _ if number.is_multiple_of(4) => Some(MENDED),
        _ => None,
    };
    let endpoint = match cause {
        None | Some(MENDED) => ENDPOINTS[number % ENDPOINTS.len()],
        Some(_) => ENDPOINTS[1 + number % (ENDPOINTS.len() - 1)],
    };
    let is_answered = matches!(cause, None | Some(MENDED));
    let faulty = cause.map(|cause| attempt(1, Some(cause)));
    let good = is_answered.then(|| attempt(if faulty.is_some() { 2 } else { 1 }, None));
    CallRecord {
        id: format!("call_{}", rng.id_of(clock.unix_ms())),
        begun_ms: clock.unix_ms(),
        took_us: 4_200_000,
        front: "serve".to_owned(),
        client: Some("bench".to_owned()),
        end: if is_answered {
            CallEnd::Answered
        } else {
            CallEnd::Failed
        },
        asked: vec![AskedRecord {
            model: format!("{endpoint}/gpt-6"),
            endpoint: endpoint.to_owned(),
            url: "https://provider.test/v1/responses".to_owned(),
            ..AskedRecord::default()
        }],
        attempts: faulty.into_iter().chain(good).collect(),
        first_event_us: Some(180_000),
        first_output_us: Some(900_000),
        bytes_received: 48_000,
        ..CallRecord::default()
    }
}

fn attempt(number: u32, cause: Option<&str>) -> AttemptRecord {
    let begun_us = u64::from(number - 1) * 2_000_000;
    let phase = |(index, phase): (u64, &str)| PhaseSpan {
        phase: phase.to_owned(),
        begun_us: begun_us + index * 30_000,
        took_us: 30_000,
    };
    let phases = ["resolve", "connect", "tls", "send", "headers", "stream"];
    AttemptRecord {
        number,
        route: "sse".to_owned(),
        begun_us,
        took_us: 1_900_000,
        phases: (0..).zip(phases).map(phase).collect(),
        first_event_us: Some(180_000),
        connection: Some(ConnectionRecord {
            remote_addr: "192.0.2.7:443".to_owned(),
            egress: "direct".to_owned(),
            protocol: "HTTP/2".to_owned(),
            tls: "TLSv1_3".to_owned(),
            ..ConnectionRecord::default()
        }),
        sent: Some(SentRecord {
            bytes: 12_000,
            ..SentRecord::default()
        }),
        end: if cause.is_some() {
            AttemptEnd::Fault
        } else {
            AttemptEnd::Done
        },
        fault: cause.map(fault),
        ..AttemptRecord::default()
    }
}

fn fault(cause: &str) -> FaultRecord {
    FaultRecord {
        phase: "headers".to_owned(),
        cause: cause.to_owned(),
        blame: "origin".to_owned(),
        scope: "model".to_owned(),
        message: Some("The engine is currently overloaded, please try again later".to_owned()),
        status: Some(429),
        ..FaultRecord::default()
    }
}
