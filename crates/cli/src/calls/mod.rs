//! `alipes calls`: what became of the requests to models.
//!
//! Everything in a record may come from a server that wishes us ill, or from a store that somebody
//! else has written into: it is shown without secrets, in bounded lines, and without anything that
//! could steer a terminal (`line`).
//!
//! A record was written without the secrets of the process that made the call, which had read each key
//! that it sent. So a key that has gone from the configuration since, or lies in a file that nobody names any
//! more, is in no record that this program wrote; the keys known here are looked for once more, for one
//! that was typed into a prompt before it became a key.

mod args;
mod bar;
mod export;
mod har;
pub(crate) mod line;
mod list;
mod show;
mod tail;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use alipes_store::{CallFilter, Calls as _, KeptCall, SqliteStore, StoreError};
use anyhow::anyhow;

pub(crate) use args::CallsArgs;
use args::CallsCommand;
use export::Shape;
pub(crate) use har::date;
pub(crate) use list::short;

use crate::failure::Failure;
use crate::setup::Machine;
use crate::store::to_read;
use crate::streams::{print, say};
use line::Page;

/// What is said where nothing was recorded.
const NONE_YET: &str = "there are no calls on record yet";

pub(crate) async fn run(args: CallsArgs, machine: &Machine) -> Result<(), Failure> {
    // What is printed here leaves the store: it is shown without the keys of the configuration.
    machine.learn_keys(&machine.catalog()?);
    let page = Page::of(machine);
    match args.command {
        None => {
            let store = match to_read(machine).await {
                // A list of nothing is no failure.
                Err(StoreError::Missing { .. }) => {
                    say(NONE_YET);
                    return Ok(());
                }
                opened => opened?,
            };
            let filter = args.filter.at(machine.clock.unix_ms());
            let calls = store.calls(&filter, args.most).await?;
            if calls.is_empty() && filter == CallFilter::default() {
                say(NONE_YET);
                return Ok(());
            }
            list::list(&calls, (args.most, args.json), &page)
        }
        Some(CallsCommand::Tail { filter, json }) => {
            let filter = filter.at(machine.clock.unix_ms());
            tail::follow(machine, (&filter, json), &page).await
        }
        Some(CallsCommand::Export { id, har, out, .. }) => {
            let (store, kept) = found(&id, machine).await?;
            let bodies = store.bodies(kept.number).await?;
            let shape = match har {
                true => Shape::Har,
                false => Shape::Json,
            };
            let out = out.map(|out| machine.environment.current_dir().join(out));
            let (bodies, out) = (bodies.as_ref(), out.as_deref());
            export::write(&kept.call, bodies, (shape, out), &page)
        }
        Some(CallsCommand::Show { id }) => {
            let (_, kept) = found(&id, machine).await?;
            show::lines(&kept.call, &page)
                .iter()
                .try_for_each(|line| told(line))
        }
    }
}

/// The call of this id.
async fn found(id: &str, machine: &Machine) -> Result<(Arc<SqliteStore>, KeptCall), Failure> {
    let none_yet = || Err(Failure::usage(anyhow!(NONE_YET)));
    let store = match to_read(machine).await {
        Err(StoreError::Missing { .. }) => return none_yet(),
        opened => opened?,
    };
    match store.call(id).await {
        Ok(kept) => Ok((store, kept)),
        Err(StoreError::UnknownCall { .. })
            if store.calls(&CallFilter::default(), 1).await?.is_empty() =>
        {
            none_yet()
        }
        Err(error) => Err(error.into()),
    }
}

/// A call in a list of the newest.
pub(crate) struct Newest {
    /// What to call it by.
    pub(crate) id: String,
    /// A line about it.
    pub(crate) about: String,
    /// The conversation that it belongs to; empty where nobody said.
    pub(crate) conversation: String,
}

/// The newest calls, newest first.
pub(crate) async fn newest(
    store: &SqliteStore,
    most: usize,
    machine: &Machine,
) -> Result<Vec<Newest>, Failure> {
    let page = Page::of(machine);
    let calls = store.calls(&CallFilter::default(), most).await?;
    let newest = calls.into_iter().map(|kept| {
        let (id, about) = list::named(&kept.call, &page);
        Newest {
            id,
            about,
            conversation: kept.call.conversation,
        }
    });
    Ok(newest.collect())
}

fn told(line: &str) -> Result<(), Failure> {
    // Whoever read our output has gone: there is nobody left to tell.
    print(line).map_err(Failure::unwritten)
}
