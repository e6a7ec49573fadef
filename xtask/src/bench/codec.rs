//! `cargo xtask bench codec`: how fast a stream of text becomes what the agent reads, on one core and without a socket.
//!
//! The stream is what a server of the Responses dialect sends for long answers, cut into the pieces in which TLS hands
//! it over. It goes the way of a real one, each row one step further, so that the difference of two rows is the cost of
//! a step. What runs is a release build, whatever called it.

use std::hint::black_box;
use std::time::Duration;

use alipes_wire::responses::ResponseWriter;
use alipes_wire::{
    Assembler, Dialect, ModelEvent, Signal, SseDecoder, SseItem, SseLimits, StreamReader, Usage,
};
use anyhow::{Result, ensure};

use super::facts::Facts;
use super::target::{all_met, verdict};
use super::times::Times;
use super::words::WORDS;
use super::{page, release};
use crate::process::now;

/// Text deltas of one answer: a long one.
const DELTAS: usize = 2_000;

/// Answers that are read in one round.
const ANSWERS: usize = 100;

/// Bytes at a time: a whole record of TLS (RFC 8446, section 5.1).
const PIECE: usize = 16 * 1024;

/// Rounds of each row, in turns; the medians are shown.
const ROUNDS: usize = 15;

/// Targets: server-sent events alone in bytes, the whole way in text deltas, each in a second.
const DECODED: f64 = 300e6;
const TOLD: f64 = 1e6;

/// How far the stream is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Server-sent events.
    Decoded,
    /// Events of the dialect, by kind, as the transport passes them up.
    Carried,
    /// What the agent reads.
    Told,
}

impl Way {
    const ALL: [Self; 3] = [Self::Decoded, Self::Carried, Self::Told];

    fn name(self) -> &'static str {
        match self {
            Self::Decoded => "server-sent events",
            Self::Carried => "and what each means to the transport",
            Self::Told => "and what it tells the agent",
        }
    }

    fn verdict(self, speed: &Speed) -> String {
        let (met, target) = match self {
            Self::Decoded => (
                speed.bytes >= DECODED,
                format!("{} a second", megabytes(DECODED)),
            ),
            Self::Carried => return String::new(),
            Self::Told => (
                speed.deltas >= TOLD,
                format!("{} deltas a second", millions(TOLD)),
            ),
        };
        verdict(met, &format!("at least {target}"))
    }
}

/// What was done in a second.
struct Speed {
    bytes: f64,
    deltas: f64,
}

/// Measures, prints the table, and writes it if asked to; whether both targets are met.
pub(crate) fn run(write: bool) -> Result<bool> {
    if !release::IS_RELEASE {
        return release::again("codec", write);
    }
    let stream = stream();
    let mut times = Way::ALL.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (way, times) in Way::ALL.into_iter().zip(&mut times) {
            times.push(round(&stream, way)?);
        }
    }
    let rows: Vec<String> = Way::ALL
        .into_iter()
        .zip(times)
        .map(|(way, times)| row(way, Times::of(times).middle(), stream.len()))
        .collect();
    let facts = Facts::gather()?;
    let table = format!(
        "| as far as | a text delta takes | text deltas a second | of the stream a second | target |\n\
         |---|---|---|---|---|\n{}\n\n\
         Answers of {DELTAS} text deltas, {} bytes for each delta, in pieces of {} KiB, on one core; medians of {ROUNDS}; \
         {facts}. Again: `cargo xtask bench codec --write`.",
        rows.join("\n"),
        stream.len() / DELTAS,
        PIECE / 1024
    );
    page::publish("codec", &table, write)?;
    Ok(all_met(&table))
}

/// One answer as it is on the wire.
fn stream() -> Vec<u8> {
    let mut writer = ResponseWriter::new("resp_0123456789abcdef0123456789abcdef", "bench", 0);
    let pieces: Vec<String> = (0..DELTAS)
        .map(|index| format!(" {}", WORDS[index % WORDS.len()]))
        .collect();
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    let mut events = writer.open();
    events.extend(writer.message("msg_0123456789abcdef0123456789abcdef", None, &pieces));
    events.push(writer.complete(Some(Usage::default()), None));
    events
        .iter()
        .flat_map(|event| event.sse().into_bytes())
        .collect()
}

/// Reads the stream as often as a round does, and makes sure that all of it was read.
fn round(stream: &[u8], way: Way) -> Result<Duration> {
    let begun = now();
    for _ in 0..ANSWERS {
        let deltas = read(black_box(stream), way)?;
        ensure!(deltas == DELTAS, "of {DELTAS} deltas {deltas} were read");
    }
    Ok(begun.elapsed())
}

/// Reads one answer that far; how many of its events were text deltas.
fn read(stream: &[u8], way: Way) -> Result<usize> {
    let mut decoder = SseDecoder::new(SseLimits::default());
    let mut reader = StreamReader::new(Dialect::Responses);
    let mut assembler = Assembler::new(Dialect::Responses);
    let (mut items, mut told, mut deltas) = (Vec::new(), Vec::new(), 0);
    for piece in stream.chunks(PIECE) {
        decoder.push(piece, &mut items)?;
        for item in items.drain(..) {
            let SseItem::Event { name, data } = item else {
                continue;
            };
            if way == Way::Decoded {
                deltas += usize::from(name == "response.output_text.delta");
                black_box(data);
                continue;
            }
            let event = reader.event(data.into())?;
            let delivers = Signal::of(&event) == Signal::Delivered;
            black_box(reader.terminal(&event));
            if way == Way::Carried {
                deltas += usize::from(delivers);
                black_box(event);
                continue;
            }
            assembler.push(&event, &mut told);
            let is_delta = |told: &ModelEvent| matches!(told, ModelEvent::TextDelta { .. });
            deltas += told.iter().filter(|told| is_delta(told)).count();
            black_box(&told);
            told.clear();
        }
    }
    Ok(deltas)
}

fn row(way: Way, took: Duration, bytes: usize) -> String {
    let deltas = (DELTAS * ANSWERS) as f64;
    let speed = Speed {
        bytes: (bytes * ANSWERS) as f64 / took.as_secs_f64(),
        deltas: deltas / took.as_secs_f64(),
    };
    format!(
        "| {} | {:.2} µs | {} | {} | {} |",
        way.name(),
        took.as_secs_f64() * 1e6 / deltas,
        millions(speed.deltas),
        megabytes(speed.bytes),
        way.verdict(&speed)
    )
}

fn millions(number: f64) -> String {
    format!("{:.2} M", number / 1e6)
}

fn megabytes(bytes: f64) -> String {
    format!("{:.0} MB", bytes / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_delta_of_the_stream_arrives_however_far_it_is_taken() {
        let stream = stream();
        for way in Way::ALL {
            assert_eq!(read(&stream, way).unwrap(), DELTAS, "{way:?}");
        }
    }

    #[test]
    fn a_row_says_what_was_done_in_a_second_and_whether_that_is_enough() {
        let second = Duration::from_secs(1);
        let row = |way| row(way, second, 200 * DELTAS);
        assert!(
            row(Way::Decoded).contains("| 0.20 M | 40 MB | MISSED: at least 300 MB a second |")
        );
        assert!(row(Way::Told).starts_with("| and what it tells the agent | 5.00 µs |"));
        assert!(row(Way::Carried).ends_with("|  |"));
    }
}
