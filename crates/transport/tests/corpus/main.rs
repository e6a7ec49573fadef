//! The fault corpus: everything we know that can go wrong, one row each, client and simulator
//! together in virtual time, and what the program must make of it.
//!
//! `cargo xtask docs` writes `docs/faults.md` from the same run, by way of `ALIPES_WRITE_DOCS`.

#![cfg(test)]

mod buffered;
mod diagnosis;
mod doctor;
mod invariants;
mod matrix;
mod observed;
mod page;
mod pings;
mod play;
mod row;
mod share;
mod stage;
mod table;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use alipes_simulator::{FaultInfo, Route, Target, faults};

use crate::play::{Played, play};
use crate::row::Row;

/// The page that this corpus writes.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/faults.md");

/// Tells to write the page instead of comparing it.
const WRITE: &str = "ALIPES_WRITE_DOCS";

/// Whether a fault can strike a request to a model, or the connection under it.
fn concerns_a_step(fault: &FaultInfo) -> bool {
    match fault.route {
        Target::Route(route) => matches!(route, Route::Sse | Route::WebSocket),
        Target::Connection | Target::Tls | Target::Http2 | Target::AnyRoute => true,
    }
}

/// Every scenario with what came of it, played once for all tests.
fn corpus() -> &'static [(Row, Vec<Played>)] {
    static CORPUS: OnceLock<Vec<(Row, Vec<Played>)>> = OnceLock::new();
    CORPUS.get_or_init(|| {
        let rows = table::rows().into_iter();
        rows.map(|row| {
            let played = play(&row);
            (row, played)
        })
        .collect()
    })
}

#[test]
fn every_scenario_ends_as_it_should() {
    let mut wrong = Vec::new();
    for (row, played) in corpus() {
        let title = row.title();
        for played in played {
            let wire = if played.tls { "TLS" } else { "plain" };
            if row.known.is_none() && !played.wrong.is_empty() {
                let problems = played.wrong.join("; ");
                wrong.push(format!("{title}, {wire}: {problems}"));
            }
        }
        if row.known.is_some() && played.iter().all(|played| played.wrong.is_empty()) {
            wrong.push(format!("{title} is as it should be: take its `known` away"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn no_cause_is_taken_for_another() {
    let confused = matrix::confused(corpus());
    assert!(confused.is_empty(), "{}", confused.join("\n"));
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a developer's command tells by the environment that the page is to be written"
)]
fn the_page_of_faults_is_not_stale() {
    let page = page::page(corpus());
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(PAGE, page).unwrap();
        return;
    }
    let written = std::fs::read_to_string(PAGE).unwrap_or_default();
    let stale = written
        .lines()
        .zip(page.lines())
        .find(|(old, new)| old != new);
    let same = written == page;
    assert!(
        same,
        "docs/faults.md is stale, run `cargo xtask docs`: {stale:?}"
    );
}

#[test]
fn there_are_at_least_90_scenarios_and_each_has_a_name_of_its_own() {
    let rows = table::rows();
    let names: BTreeSet<_> = rows.iter().map(Row::title).collect();
    assert_eq!(names.len(), rows.len());
    assert!(rows.len() >= 90, "{}", rows.len());
}

#[test]
fn no_fault_that_the_simulator_can_make_is_left_out() {
    let rows = table::rows();
    let mut tried = rows.iter().flat_map(|row| &row.trouble.faults);
    let tried: BTreeSet<_> = tried
        .by_ref()
        .filter_map(|flag| flag.split('@').next())
        .collect();
    let on_the_way = faults().iter().filter(|fault| concerns_a_step(fault));
    let left_out: Vec<_> = on_the_way
        .map(|fault| fault.name)
        .filter(|name| !tried.contains(name))
        .collect();
    assert!(left_out.is_empty(), "{left_out:?}");
}
