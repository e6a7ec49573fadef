//! `alipes models`: what a provider offers, and whose word that is.

use std::time::Duration;

use alipes_base::Deadline;
use alipes_models::{ListSource, Listed, Making, NoList};
use alipes_transport::AuxiliaryFault;
use alipes_wire::ListedModel;
use serde_json::{Value, json};

use crate::args::ModelsArgs;
use crate::failure::{Failure, warn};
use crate::login;
use crate::providers::standing::ago;
use crate::recording::Recording;
use crate::setup::Machine;
use crate::streams::{print, print_json, say};
use crate::style::{Style, one_line};

/// The longest the command may take; the profile's own limit is shorter.
const LONGEST: Duration = Duration::from_secs(60);

/// The longest name that is printed, in characters.
const NAME: usize = 200;

/// A longer name is printed whole, but does not push the columns of all others aside.
const COLUMN: usize = 60;

pub(crate) async fn run(args: &ModelsArgs, machine: &Machine) -> Result<(), Failure> {
    let (catalog, transport) = login::catalog(machine, &args.network)?;
    let recording = Recording::open("models", machine, false).await;
    let catalog = recording.of(catalog, machine);
    let making = Making {
        environment: &machine.environment,
        transport: &transport,
        session_id: "",
    };
    let listing = catalog.listing(args.provider.as_deref(), making)?;
    let deadline = Deadline::after(&machine.clock, "models", LONGEST);
    let listed = listing.ask(args.refresh, deadline).await;
    recording.settle(machine).await;
    let mut listed = listed.map_err(|none| match none {
        NoList::Fault(fault) => Failure::Listing(fault),
        none => Failure::failed(none),
    })?;
    if let Some(error) = listed.unkept.take() {
        let told =
            anyhow::Error::new(error).context("the list could not be kept for the next time");
        warn(&Style::of_stderr(&machine.environment), told);
    }
    let provider = listing.provider();
    if args.json {
        let list = as_json(provider, &listed).to_string();
        return print_json(&list).map_err(Failure::unwritten);
    }
    say(&whose_word(provider, &listed));
    let style = Style::of_stdout(&machine.environment);
    lines(provider, &listed.models, style)
        .iter()
        .try_for_each(|line| print(line))
        .map_err(Failure::unwritten)
}

/// `12 models of work (cached, told 3 minutes ago; --refresh asks again)`
fn whose_word(provider: &str, listed: &Listed) -> String {
    let models = match listed.models.len() {
        1 => "1 model".to_owned(),
        number => format!("{number} models"),
    };
    let unasked = |fault: &AuxiliaryFault| format!("; it cannot be asked now: {fault}");
    match &listed.source {
        ListSource::Cached { age, because } => {
            let why = because.as_ref().map_or_else(
                || "; --refresh asks again)".to_owned(),
                |fault| format!("){}", unasked(fault)),
            );
            format!("{models} of {provider} (cached, told {}{why}", ago(*age))
        }
        ListSource::Bundled { because } => {
            let why = because.as_ref().map_or_else(
                || "; it has no list of its own that is known".to_owned(),
                unasked,
            );
            format!("{models} of {provider} that alipes knows by name (bundled, not all){why}")
        }
        _ => format!("{models} of {provider} (live)"),
    }
}

fn lines(provider: &str, models: &[ListedModel], style: Style) -> Vec<String> {
    let name = |model: &ListedModel| format!("{provider}/{}", one_line(&model.name, NAME));
    let widths = models.iter().map(|model| name(model).chars().count());
    let width = widths.filter(|width| *width <= COLUMN).max().unwrap_or(0);
    let tells_windows = models.iter().any(|model| model.window.is_some());
    let line = |model: &ListedModel| {
        let window = model.window.map_or_else(|| "-".to_owned(), thousands);
        let window = tells_windows.then(|| format!("{window:>6}"));
        let inputs = one_line(&model.inputs.join(","), NAME);
        let title = model.title.as_ref().filter(|title| **title != model.name);
        let title = title.map(|title| one_line(title, NAME));
        let more = [window, Some(inputs), title].into_iter().flatten();
        let more: Vec<String> = more.filter(|told| !told.is_empty()).collect();
        let name = format!("{:width$}", name(model));
        let line = format!("{name}  {}", style.faint(more.join("  ")));
        match more.is_empty() {
            true => name.trim_end().to_owned(),
            false => line,
        }
    };
    models.iter().map(line).collect()
}

/// `272k`
fn thousands(tokens: u64) -> String {
    match tokens {
        ..1_000 => tokens.to_string(),
        _ => format!("{}k", tokens / 1_000),
    }
}

fn as_json(provider: &str, listed: &Listed) -> Value {
    let (source, age, because) = match &listed.source {
        ListSource::Cached { age, because } => ("cached", Some(age.as_secs()), because.as_ref()),
        ListSource::Bundled { because } => ("bundled", None, because.as_ref()),
        _ => ("live", Some(0), None),
    };
    let model = |model: &ListedModel| {
        json!({
            "name": format!("{provider}/{}", model.name), "title": model.title,
            "window": model.window, "inputs": model.inputs,
        })
    };
    let models: Vec<Value> = listed.models.iter().map(model).collect();
    json!({
        "provider": provider, "source": source, "age_s": age,
        "because": because.map(ToString::to_string), "models": models,
    })
}
