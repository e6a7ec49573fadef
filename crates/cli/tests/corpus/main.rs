//! The whole fault corpus under `alipes calls show`: for every scenario a person finds the phase, the cause, who is to
//! blame and what else is condemned, as `docs/faults.md` has them.
//!
//! The scenarios and what they shall be called are those of the transport's own corpus, played in virtual time; from
//! there on it is what ships: the chain of providers with its records, a store in a folder, and the binary.

#![cfg(test)]
#![cfg(unix)]

#[path = "../../../transport/tests/corpus/diagnosis.rs"]
mod diagnosis;
#[path = "../../../transport/tests/corpus/observed.rs"]
mod observed;
#[path = "../../../transport/tests/corpus/play.rs"]
#[expect(dead_code, reason = "only what happens to the network is wanted of it")]
mod play;
#[path = "../../../transport/tests/corpus/row.rs"]
#[expect(dead_code, reason = "what is written into the page is not read here")]
mod row;
#[path = "../../../transport/tests/corpus/stage.rs"]
#[expect(dead_code, reason = "the chain asks, not a session of the transport")]
mod stage;
#[path = "../../../transport/tests/corpus/table/mod.rs"]
mod table;

mod recorded;
mod shown;

use std::sync::Arc;

use alipes_base::{Clock, Rng};
use alipes_store::{
    CallBounds, CallQueue, CallRecord, Recorder as _, SqliteOptions, SqliteStore, Unwritten,
};

use crate::row::Row;
use crate::shown::Shown;

/// A scenario over one wire, and its call.
struct Scene {
    row: Row,
    tls: bool,
    call: CallRecord,
}

/// Every scenario over each of its wires.
fn scenes() -> Vec<Scene> {
    let scene = |row: &Row, tls: &bool| Scene {
        call: recorded::call(row, *tls),
        row: row.clone(),
        tls: *tls,
    };
    let rows = table::rows();
    // The key lies in a variable here, which no sign-in service can keep back.
    let keyed = rows.iter().filter(|row| row.trouble.keyless.is_zero());
    let scenes = keyed.flat_map(|row| row.wires.tls().iter().map(move |tls| scene(row, tls)));
    scenes.collect()
}

/// Keeps the calls in the store of a home, which the binary then reads.
fn keep(home: &std::path::Path, scenes: &[Scene]) {
    let options = SqliteOptions::within(&home.join("store"), Clock::system(), Rng::from_entropy());
    let store = Arc::new(SqliteStore::open(options).unwrap());
    let queue = CallQueue::new(store, CallBounds::default());
    for scene in scenes {
        let call = scene.call.clone();
        queue.record(Unwritten {
            size: 1_000,
            write: Box::new(move || (call, None)),
        });
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(queue.settled());
    assert_eq!(queue.warning(), None);
}

#[test]
fn every_scenario_is_called_by_its_name_in_what_a_person_is_shown() {
    let scenes = scenes();
    assert!(scenes.len() >= 150, "{}", scenes.len());
    let home = tempfile::tempdir().unwrap();
    keep(home.path(), &scenes);
    let wrong: Vec<String> = scenes
        .iter()
        .filter_map(|Scene { row, tls, call }| {
            let shown = Shown::of(home.path(), &call.id);
            let why = shown.differs_from(row)?;
            let (title, text) = (row.title(), &shown.text);
            Some(format!("{title}, TLS {tls}: {why}\n{text}"))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
