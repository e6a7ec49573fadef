//! `alipes models`: what a provider offers right now.

use std::time::Duration;

use alipes_base::Deadline;
use alipes_models::Making;

use crate::args::ModelsArgs;
use crate::failure::Failure;
use crate::login;
use crate::setup::Machine;
use crate::streams::print;
use crate::style::{Style, one_line};

/// The longest the command may take; the profile's own limit is shorter.
const LONGEST: Duration = Duration::from_secs(60);

/// The longest name that is printed, in characters.
const NAME: usize = 200;

pub(crate) async fn run(args: &ModelsArgs, machine: &Machine) -> Result<(), Failure> {
    let (catalog, transport) = login::catalog(machine, &args.network)?;
    let making = Making {
        environment: &machine.environment,
        transport: &transport,
        session_id: "",
    };
    let listing = catalog.listing(args.provider.as_deref(), making)?;
    let deadline = Deadline::after(&machine.clock, "models", LONGEST);
    let models = listing.ask(deadline).await.map_err(Failure::Listing)?;
    let style = Style::of_stdout(&machine.environment);
    models
        .iter()
        .try_for_each(|model| {
            let name = one_line(&model.name, NAME);
            let title = model.title.as_ref().filter(|title| **title != model.name);
            let title = title.map_or_else(String::new, |title| {
                format!("  {}", style.faint(one_line(title, NAME)))
            });
            print(&format!("{}/{name}{title}", listing.provider()))
        })
        .map_err(|_closed| Failure::Told)
}
