//! `alipes providers`: who can be asked and with which key, and how that is changed.

mod accounts;
mod add;
mod args;
mod check;
mod client;
mod entered;
pub(crate) mod key_state;
mod list;
pub(crate) mod local;
mod remove;
pub(crate) mod standing;

use alipes_config::{Document, Home};
use alipes_models::{Catalog, ModelsError, Provider};
use alipes_transport::{BUILTIN_PROFILES, Profile};
use anyhow::{Context as _, anyhow};
use std::io::ErrorKind;
use std::path::Path;

pub(crate) use args::ProvidersArgs;
use args::ProvidersCommand;

use crate::failure::Failure;
use crate::setup::Machine;
use crate::streams::print;
use crate::style::Style;

pub(crate) async fn run(args: &ProvidersArgs, machine: &Machine) -> Result<(), Failure> {
    match &args.command {
        None => list::run(args, machine).await,
        Some(ProvidersCommand::Add(args)) => add::run(args, machine).await,
        Some(ProvidersCommand::Remove { name, account }) => match account {
            Some(account) => accounts::remove(name, account, machine),
            None => remove::run(name, machine),
        },
        Some(ProvidersCommand::Show { name }) => {
            let catalog = machine.catalog()?;
            let style = Style::of_stdout(&machine.environment);
            if catalog.provider(name).is_ok_and(|known| known.app_server) {
                return client::show(name, machine, style).map_err(Failure::unwritten);
            }
            let profile = profile(name, &catalog)?;
            show(name, &profile, style).map_err(Failure::unwritten)
        }
    }
}

/// The configuration, to be changed.
fn configuration(machine: &Machine) -> Result<(Home, Document), Failure> {
    let configuration = machine.configuration()?;
    configuration.ok_or_else(|| {
        Failure::usage(anyhow!(
            "this machine has no folder for the configuration; set ALIPES_HOME"
        ))
    })
}

/// How somebody who has just made a provider usable asks it; nothing where a model is asked by itself.
pub(crate) fn next_step(provider: &Provider, catalog: &Catalog) -> Option<String> {
    let name = &provider.name;
    let order = catalog.order();
    let is_asked_first = order.first().is_some_and(|first| first.provider == *name);
    match (order.is_empty(), &provider.default_model) {
        // Whoever has chosen it knows.
        (false, _) if is_asked_first && !catalog.relies_on(name) => {
            Some("ask it with `alipes`".to_owned())
        }
        (false, _) => None,
        (true, Some(_)) => Some(format!("ask it with `alipes chat -m {name}`")),
        (true, None) => Some(format!(
            "ask it with `alipes chat -m {name}/MODEL`; see `alipes models {name}`"
        )),
    }
}

/// A provider's table in the configuration: a name with a dot has to be quoted.
fn table(name: &str) -> String {
    format!("providers.\"{name}\"")
}

/// Where the key of a provider is kept, beneath the configuration's folder.
fn key_file(name: &str) -> String {
    format!("keys/{name}.key")
}

/// Deletes a key of our own keeping; that there is none is no failure.
fn delete_key(path: &Path) -> Result<(), Failure> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error)
            .with_context(|| format!("the key in {} could not be deleted", path.display()))
            .map_err(Failure::failed),
        _ => Ok(()),
    }
}

/// A provider goes before a built-in profile of the same name.
fn profile(name: &str, catalog: &Catalog) -> Result<Profile, Failure> {
    let builtin = BUILTIN_PROFILES.iter().any(|(known, _)| *known == name);
    match catalog.profile(name) {
        Err(ModelsError::UnknownProvider { .. }) if builtin => {
            Profile::named(name).map_err(Failure::usage)
        }
        found => Ok(found?),
    }
}

fn show(name: &str, profile: &Profile, style: Style) -> std::io::Result<()> {
    print(&format!(
        "{} uses the endpoint profile {}",
        style.strong(name),
        profile.name
    ))?;
    let fields = profile.fields();
    let widest = |width: fn(&alipes_transport::ProfileField) -> usize| {
        fields.iter().map(width).max().unwrap_or(0)
    };
    let (names, values) = (
        widest(|field| field.name.len()),
        widest(|field| field.value.len()),
    );
    fields.iter().try_for_each(|field| {
        let origin = style.faint(&field.origin);
        print(&format!(
            "  {:names$}  {:values$}  {origin}",
            field.name, field.value
        ))
    })
}
