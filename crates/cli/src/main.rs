//! The binary `alipes`: arguments in, exit code out. Everything else is in the modules, and what
//! another front would need is in the rooms below.

mod approvals;
mod args;
mod calls;
mod chat;
mod context;
mod demo;
mod disk;
mod doctor;
mod exec;
mod explain;
mod failure;
mod keyboard;
mod login;
mod memory;
mod models;
mod narrate;
mod network;
mod private;
mod providers;
mod recording;
mod remarks;
mod sandbox;
mod serve;
mod sessions;
mod setup;
mod signals;
mod simulate;
mod status;
mod store;
mod streams;
mod style;
mod tally;
mod telling;

use std::process::ExitCode;

use mimalloc::MiMalloc;

use crate::args::Command;
use crate::failure::Failure;
use crate::setup::Machine;
use crate::signals::{Manner, Signals};

/// A thousand streams leave the system's allocator with a hundred megabytes that it keeps; and a record
/// of a call, taken by one thread and given back by another, is a lock there.
#[global_allocator]
static MEMORY: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    if let Some(code) = sandbox::as_helper() {
        return code;
    }
    let cli = match args::parsed(std::env::args_os()) {
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
    let machine = Machine::of_this_process();
    let command = cli.command.unwrap_or_else(|| Command::Chat(Box::default()));
    match run(command, &machine) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(&style::Style::of_stderr(&machine.environment)),
    }
}

fn run(command: Command, machine: &Machine) -> Result<(), Failure> {
    let signals = Signals::listen(match command {
        Command::Serve(_) => Manner::Server,
        _ => Manner::Command,
    })?;
    let runtime = setup::runtime()?;
    // These hear it themselves and have something to tidy up; whoever else waited for it could hear
    // it a moment earlier.
    let hears = matches!(
        command,
        Command::Chat(_) | Command::Exec(_) | Command::Serve(_) | Command::Simulate(_)
    );
    let outcome = runtime.block_on(async {
        let work = dispatch(command, machine, &signals);
        match hears {
            true => work.await,
            false => signals.unless_stopped(work).await,
        }
    });
    // However it ended: a refresh token that was spent and not replaced is a sign-in lost. Whoever
    // was asked to stop has as long for it as for everything else (`signals`).
    runtime.block_on(machine.renewals.settled());
    // A thread that still reads a terminal or asks a resolver must not hold us up.
    runtime.shutdown_background();
    outcome
}

async fn dispatch(command: Command, machine: &Machine, signals: &Signals) -> Result<(), Failure> {
    match command {
        Command::Chat(args) => chat::run(*args, machine, signals).await,
        Command::Exec(args) => exec::run(*args, machine, signals).await,
        Command::Calls(args) => calls::run(args, machine).await,
        Command::Demo(args) => demo::run(&args, machine).await,
        Command::Doctor(args) => doctor::run(args, machine).await,
        Command::Login(args) => login::run(args, machine).await,
        Command::Logout(args) => login::sign_out(&args, machine).await,
        Command::Explain(args) => explain::run(&args, machine),
        Command::Models(args) => models::run(&args, machine).await,
        Command::Providers(args) => providers::run(&args, machine).await,
        Command::Sandbox(args) => sandbox::run(args, machine).await,
        Command::Serve(args) => serve::run(*args, machine, signals).await,
        Command::Sessions(args) => sessions::run(args, machine).await,
        Command::Status(args) => status::run(&args, machine).await,
        Command::Store(args) => store::run(args, machine).await,
        Command::Simulate(args) => simulate::run(args, machine, signals).await,
    }
}
