//! The fuzz targets' promises, held by their seeds: so they are kept on every compiler and every run,
//! and what a fuzzer once found stays found.

#![cfg(test)]

use std::path::Path;

#[path = "../../../fuzz/promises/api_error.rs"]
mod api_error;
#[path = "../../../fuzz/promises/assembler.rs"]
mod assembler;
#[path = "../../../fuzz/promises/create_request.rs"]
mod create_request;
#[path = "../../../fuzz/promises/dialect_request.rs"]
mod dialect_request;
#[path = "../../../fuzz/promises/dialect_stream.rs"]
mod dialect_stream;
#[path = "../../../fuzz/promises/item.rs"]
mod item;
#[path = "../../../fuzz/promises/relayed.rs"]
mod relayed;
#[path = "../../../fuzz/promises/sse_decoder.rs"]
mod sse_decoder;

/// Every seed of `target`, whole and cut off at every byte.
fn replay(target: &str, holds: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(target);
    let mut seeds = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let seed = std::fs::read(entry.unwrap().path()).unwrap();
        (0..=seed.len()).for_each(|end| holds(&seed[..end]));
        seeds += 1;
    }
    assert!(seeds > 0, "{target} has no seeds");
}

#[test]
fn errors_and_waits_are_read_whatever_they_hold() {
    replay("api_error", api_error::holds);
}

#[test]
fn every_reader_of_a_response_agrees_on_what_it_was() {
    replay("assembler", assembler::holds);
}

#[test]
fn a_request_means_the_same_when_it_is_written_again() {
    replay("create_request", create_request::holds);
}

#[test]
fn a_foreign_request_means_the_same_when_it_is_said_again() {
    replay("dialect_request", dialect_request::holds);
}

#[test]
fn a_foreign_answer_is_read_and_written_whatever_it_holds() {
    replay("dialect_stream", dialect_stream::holds);
}

#[test]
fn an_item_goes_back_as_it_came() {
    replay("item", item::holds);
}

#[test]
fn what_is_passed_on_is_what_came_but_for_its_model() {
    replay("relayed", relayed::holds);
}

#[test]
fn chunks_and_limits_change_nothing_in_a_stream() {
    replay("sse_decoder", sse_decoder::holds);
}
