//! `alipes sandbox`: a command, confined as the agent's commands are, to see what they can do; and the
//! helper that this program becomes to confine one.

use std::ffi::OsString;
#[cfg(unix)]
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::ExitCode;

use alipes_agent::{Gate, GateOptions};
use alipes_tools::{SandboxChoice, Subject};
use clap::Args;

use crate::approvals;
use crate::args::sandboxes;
use crate::failure::Failure;
use crate::setup::Machine;
use crate::streams::{print, say};

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct SandboxArgs {
    /// Say what confines commands here, and why
    #[arg(long)]
    show: bool,

    /// What is to confine it, in place of what the configuration says
    #[arg(long, value_name = "KIND", value_parser = sandboxes())]
    kind: Option<SandboxChoice>,

    /// Allow the network
    #[arg(long)]
    network: bool,

    /// The folder to work in
    #[arg(short = 'C', long = "cd", value_name = "DIR")]
    folder: Option<PathBuf>,

    /// The command
    #[arg(last = true, required_unless_present = "show", value_name = "COMMAND")]
    line: Vec<OsString>,
}

/// This process' whole work, if it was started to confine a command, or to give it a session.
pub(crate) fn as_helper() -> Option<ExitCode> {
    as_leader().or_else(as_confined)
}

#[cfg(unix)]
fn as_leader() -> Option<ExitCode> {
    let outcome = alipes_tools::lead_session(std::env::args_os())?;
    Some(match outcome {
        Ok(never) => match never {},
        Err(error) => {
            say(&format!("alipes: {error}"));
            error.exit_code()
        }
    })
}

#[cfg(not(unix))]
fn as_leader() -> Option<ExitCode> {
    None
}

/// This program, as it is started again to be such a helper.
pub(crate) fn helper() -> Option<PathBuf> {
    // Also when its file has been replaced since it was started (proc(5)).
    let own = cfg!(target_os = "linux").then(|| PathBuf::from("/proc/self/exe"));
    own.or_else(|| std::env::current_exe().ok())
}

#[cfg(target_os = "linux")]
fn as_confined() -> Option<ExitCode> {
    let outcome = alipes_tools::confine(std::env::args_os())?;
    Some(outcome.unwrap_or_else(|error| {
        say(&format!("alipes sandbox: {error}"));
        error.exit_code()
    }))
}

#[cfg(not(target_os = "linux"))]
fn as_confined() -> Option<ExitCode> {
    None
}

pub(crate) async fn run(args: SandboxArgs, machine: &Machine) -> Result<(), Failure> {
    let catalog = machine.catalog()?;
    machine.learn_keys(&catalog);
    let here = machine.environment.current_dir();
    let folder = args
        .folder
        .map_or(here.to_owned(), |other| here.join(other));
    let gate = Gate::new(GateOptions {
        rules: approvals::rules(machine)?,
        ..GateOptions::default()
    });
    let root = gate.veiled(
        "shell",
        &Subject::default(),
        &machine.root(&folder, &catalog)?,
    );
    let sandbox = machine.sandbox(args.kind, args.network, &catalog)?;
    if args.show {
        for line in sandbox.report(&root).await {
            print(&line).map_err(Failure::unwritten)?;
        }
        return Ok(());
    }
    if !sandbox.confines(&root).await {
        say(&format!("! {}", sandbox.caution(&root).await));
    }
    let command = sandbox.trial(args.line, &root, &machine.environment, &machine.redactor);
    let mut command = command.await.map_err(Failure::failed)?;
    let status = command
        .kill_on_drop(true)
        .status()
        .await
        .map_err(Failure::failed)?;
    #[cfg(unix)]
    let by_signal = || status.signal().map(|signal| 128 + signal);
    #[cfg(not(unix))]
    let by_signal = || None;
    match status.code().or_else(by_signal) {
        Some(0) => Ok(()),
        code => {
            let code = code.and_then(|code| u8::try_from(code).ok());
            Err(Failure::Ended(code.unwrap_or(u8::MAX)))
        }
    }
}
