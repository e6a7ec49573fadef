//! Developer commands: `cargo xtask tidy`, `interop`, `bench`, `docs`, `seeds`, `kills`, `fuzz`, and `full` for all that takes long.
//!
//! None of this ships. It may use every room, print, and start other programs; each of them has a limit and is ended
//! by the process that started it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's tool talks to the terminal"
)]

mod bench;
mod corpus;
mod full;
mod fuzz;
mod interop;
mod kills;
mod lanes;
mod process;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Developer commands of alipes.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check what the house rules ask and neither rustc nor clippy can see.
    Tidy,
    /// Try the built program against real clients and foreign servers, on loopback.
    Interop(interop::Arguments),
    /// Measure, side by side with other programs in the same run.
    Bench {
        #[command(subcommand)]
        bench: Bench,
    },
    /// Play the fault corpus and write docs/faults.md.
    Docs,
    /// Try random scenarios for what always holds.
    Seeds {
        /// How many.
        #[arg(long, default_value_t = corpus::SEEDS)]
        count: u32,
    },
    /// Kill turns with tools a thousand times, and see that nothing is lost and nothing runs twice.
    Kills,
    /// Fuzz everything that reads foreign bytes, some minutes each (needs nightly and cargo-fuzz).
    Fuzz(fuzz::Arguments),
    /// Run interop, all benches, the kills and 10,000 seeds: what takes too long for every change.
    Full {
        /// Put the tables between the markers in README.md and docs/benchmarks.md.
        #[arg(long)]
        write: bool,
    },
    /// Run one program and print how long it took and how much memory it held, as JSON (for `bench`).
    #[command(hide = true)]
    Measure {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<String>,
    },
    /// Pass requests on to a backend, and do nothing else (for `bench`).
    #[command(hide = true)]
    PassThrough { backend: std::net::SocketAddr },
}

#[derive(Subcommand)]
enum Bench {
    /// What a turn costs beside the model in a conversation of 500 turns: time of our own, memory, fixed tokens.
    Chat {
        /// Put the table between the markers in docs/benchmarks.md.
        #[arg(long)]
        write: bool,
    },
    /// How fast a stream of text is decoded, on one core.
    Codec {
        /// Put the table between the markers in docs/benchmarks.md.
        #[arg(long)]
        write: bool,
    },
    /// What it costs when the first one who is asked refuses and the next one answers.
    Fallback {
        /// Put the table between the markers in docs/benchmarks.md.
        #[arg(long)]
        write: bool,
    },
    /// What `alipes serve` adds between a client and its provider.
    Overhead(bench::Overhead),
    /// What recording calls costs, and lists of a million of them.
    See {
        /// Put the table between the markers in docs/benchmarks.md.
        #[arg(long)]
        write: bool,
        /// With a debug build and few calls: whether every row can be measured at all.
        #[arg(long, conflicts_with = "write")]
        quick: bool,
    },
    /// Start-up, one turn over SSE and over WebSocket, and peak memory.
    Start {
        /// Runs of each program; the median is shown.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
        runs: u32,
        /// Put the table between the markers in README.md.
        #[arg(long)]
        write: bool,
    },
    /// The same faults for ours, the Codex CLI and Hermes Agent: who tells what, when, and when it is over.
    Recovery(bench::Recovery),
    /// The store with 10,000 conversations and a million entries: appends beside the disk's own sync, opening, searches.
    Store {
        /// Put the table between the markers in docs/benchmarks.md.
        #[arg(long)]
        write: bool,
    },
    /// One turn of 30 tool calls over WebSocket and over SSE: bytes sent, and time.
    Turns {
        /// Put the table between the markers in docs/benchmarks.md.
        #[arg(long)]
        write: bool,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all was well.
fn run(command: Command) -> Result<bool> {
    match command {
        Command::Tidy => tidy::run(&workspace::root()?),
        Command::Interop(arguments) => interop::run(&arguments),
        Command::Bench { bench } => match bench {
            Bench::Chat { write } => bench::chat(write),
            Bench::Codec { write } => bench::codec(write),
            Bench::Fallback { write } => bench::fallback(write),
            Bench::Overhead(arguments) => bench::overhead(&arguments),
            Bench::Start { runs, write } => bench::start(runs, write).map(|()| true),
            Bench::Recovery(arguments) => bench::recovery(&arguments),
            Bench::See { quick: true, .. } => bench::see_quick(),
            Bench::See { write, .. } => bench::see(write),
            Bench::Store { write } => bench::store(write),
            Bench::Turns { write } => bench::turns(write),
        },
        Command::Docs => corpus::docs().map(|()| true),
        Command::Seeds { count } => corpus::seeds(count).map(|()| true),
        Command::Kills => kills::run(),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
        Command::Full { write } => full::run(write),
        Command::PassThrough { backend } => bench::pass_through(backend).map(|()| true),
        Command::Measure { command } => bench::measure(&command).map(|()| true),
    }
}
