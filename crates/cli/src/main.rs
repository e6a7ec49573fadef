//! The binary `alipes`: arguments in, exit code out. Everything else is in the modules, and what
//! another front would need is in the rooms below.

mod args;
mod demo;
mod exec;
mod explain;
mod failure;
mod narrate;
mod providers;
mod setup;
mod simulate;
mod streams;
mod style;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command};
use crate::failure::Failure;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, everything else a wrong command line.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::from(Failure::USAGE_CODE)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let machine = setup::Machine::of_this_process();
    let outcome = setup::runtime().and_then(|runtime| {
        runtime.block_on(async {
            match cli.command {
                Command::Exec(args) => exec::run(*args, &machine).await,
                Command::Demo(args) => demo::run(&args, &machine).await,
                Command::Explain(args) => explain::run(&args, &machine),
                Command::Providers(args) => providers::run(&args, &machine),
                Command::Simulate(args) => simulate::run(args, &machine).await,
            }
        })
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(&style::Style::of_stderr(&machine.environment)),
    }
}
