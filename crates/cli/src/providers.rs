//! `alipes providers`: what is configured, and where each value came from.

use alipes_models::Catalog;
use alipes_transport::{BUILTIN_PROFILES, Profile};

use crate::args::{ProvidersArgs, ProvidersCommand};
use crate::failure::Failure;
use crate::setup::Machine;
use crate::streams::print;
use crate::style::Style;

pub(crate) fn run(args: &ProvidersArgs, machine: &Machine) -> Result<(), Failure> {
    let ProvidersCommand::Show { name } = &args.command;
    let catalog = machine.catalog()?;
    let profile = profile(name, &catalog)?;
    let style = Style::of_stdout(&machine.environment);
    show(name, &profile, style).map_err(|_closed| Failure::Told)
}

/// A provider of the configuration goes before a built-in profile of the same name.
fn profile(name: &str, catalog: &Catalog) -> Result<Profile, Failure> {
    let builtin = BUILTIN_PROFILES.iter().any(|(known, _)| *known == name);
    match catalog.profile(name) {
        Err(_unknown) if builtin => Profile::named(name).map_err(Failure::usage),
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
