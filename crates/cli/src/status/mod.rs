//! `alipes status`: what works, what does not, since when, whose fault it is and what to do, on one
//! screen. It asks nobody: all of it is known from the configuration, the sign-ins, endpoint memory and
//! the records of calls (`gather`). What needs the person is decided in one place (`needs`), comes
//! first, and again last where the first line would scroll away, and makes the exit code 1. Only `--live` asks the providers, and what they say beside turns
//! is shown and decides nothing (`live`).

mod accounts;
mod faults;
mod gather;
mod json;
mod live;
mod needs;
mod screen;
#[cfg(test)]
mod tests;

use clap::Args;

use crate::args::NetworkArgs;
use crate::calls::line::{Page, rows};
use crate::failure::Failure;
use crate::setup::Machine;
use crate::streams::{print, print_json};

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Print it as JSON
    #[arg(long)]
    json: bool,

    /// Ask the providers too: for their models, and what is left of each plan
    #[arg(long)]
    live: bool,

    #[command(flatten)]
    network: NetworkArgs,
}

pub(crate) async fn run(args: &StatusArgs, machine: &Machine) -> Result<(), Failure> {
    let report = gather::report(args, machine).await;
    let needs = needs::of(&report);
    let page = Page::of(machine);
    let told = match args.json {
        true => {
            let json = json::of(&report, &needs).to_string();
            print_json(&page.redactor.redact(&json))
        }
        false => screen::lines(&report, &needs, &page, rows(machine))
            .iter()
            .try_for_each(|line| print(line)),
    };
    // Whoever read our output has gone: there is nobody left to tell.
    told.map_err(Failure::unwritten)?;
    match needs.is_empty() {
        true => Ok(()),
        false => Err(Failure::Told),
    }
}
