//! `alipes providers`: who can be asked, with which key.

use std::io::IsTerminal as _;

use alipes_auth::installed_codex;
use alipes_models::{AccountStanding, Making, ModelName, NamedKey, Provider};
use serde_json::{Value, json};

use super::args::ProvidersArgs;
use super::key_state::KeyState;
use super::{local, standing};
use crate::args::NetworkArgs;
use crate::failure::Failure;
use crate::login;
use crate::setup::Machine;
use crate::streams::{print, print_json, say};
use crate::style::{Style, one_line};

/// The longest entry of a column.
const LONGEST: usize = 60;

/// What a narrow terminal goes without, in this order, before lines are broken.
const SPARED: [&str; 2] = ["DIALECT", "DEFAULT MODEL"];

const COLUMNS: [&str; 5] = ["NAME", "DIALECT", "KEY", "DEFAULT MODEL", "HOST"];

/// Between two columns.
const GAP: &str = "  ";

type Row = [String; COLUMNS.len()];

/// A provider that is shown.
struct Shown {
    provider: Provider,
    key: String,
    accounts: Vec<AccountStanding>,
    /// Where the key of each is.
    places: Vec<String>,
}

pub(super) async fn run(args: &ProvidersArgs, machine: &Machine) -> Result<(), Failure> {
    let (catalog, transport) = login::catalog(machine, &NetworkArgs::default())?;
    if let Some(memory) = machine.memory(None) {
        // Without it there is less to tell.
        let _unread = transport.recall(&memory).await;
    }
    let running = local::running(&catalog, machine).await?;
    let making = Making {
        environment: &machine.environment,
        transport: &transport,
        session_id: "",
    };
    let has_codex = installed_codex(&machine.environment).is_some();
    let mut shown = Vec::new();
    for provider in catalog.providers() {
        let is_running = running.iter().any(|here| here.provider == provider.name);
        let keys = catalog.accounts(&provider);
        let state = |account: &NamedKey| KeyState::of(&account.key, &catalog, machine);
        let is_set = match provider.app_server {
            true => has_codex,
            false => keys.iter().any(|account| state(account) == KeyState::Set),
        };
        if args.all || provider.configured || is_running || is_set {
            let key = match keys.as_slice() {
                _ if provider.app_server && has_codex => "codex's own sign-in".to_owned(),
                _ if provider.app_server => "no codex in PATH".to_owned(),
                [only] => state(only).told(&only.key, machine, is_running),
                several => format!("{} accounts", several.len()),
            };
            let accounts = catalog.standings(&provider, making).unwrap_or_default();
            let place = |account: &NamedKey| state(account).told(&account.key, machine, false);
            shown.push(Shown {
                provider,
                key,
                accounts,
                places: keys.iter().map(place).collect(),
            });
        }
    }
    if args.json {
        let list: Vec<Value> = shown.iter().map(Shown::as_json).collect();
        let order: Vec<String> = catalog.order().iter().map(ToString::to_string).collect();
        let list = json!({ "providers": list, "order": order });
        return print_json(&list.to_string()).map_err(Failure::unwritten);
    }
    if shown.is_empty() {
        say(
            "no provider can be asked yet: sign in to ChatGPT with `alipes login`, or save a key with \
             `alipes providers add NAME`; `alipes providers --all` lists all that are known",
        );
        return Ok(());
    }
    let style = Style::of_stdout(&machine.environment);
    show(&shown, style).map_err(Failure::unwritten)?;
    say(&in_order(&catalog.order()));
    Ok(())
}

/// Said where nobody is asked.
const NOBODY: &str = "\
no model is asked by itself: name one with `alipes chat -m PROVIDER/NAME`,
or set default under [model]; `alipes models PROVIDER` lists them";

/// Who is asked where nobody is named, for people.
fn in_order(order: &[ModelName]) -> String {
    match order.split_first() {
        None => NOBODY.to_owned(),
        Some((first, [])) => {
            format!("asked: {first}, and nobody behind it (fallback under [model])")
        }
        Some((first, behind)) => {
            let behind: Vec<String> = behind.iter().map(ToString::to_string).collect();
            format!("asked: {first}, and behind it {}", behind.join(", "))
        }
    }
}

impl Shown {
    fn row(&self) -> Row {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let provider = &self.provider;
        let row = [
            provider.name.clone(),
            provider.dialect.as_str().to_owned(),
            self.key.clone(),
            or_dash(provider.default_model.clone()),
            match provider.app_server {
                true => "codex app-server".to_owned(),
                false => or_dash(provider.host()),
            },
        ];
        row.map(|entry| one_line(&entry, LONGEST))
    }

    /// A line for each account, where there is something to say.
    fn details(&self) -> impl Iterator<Item = String> {
        let is_told = standing::says_something(&self.accounts);
        let accounts = self.accounts.iter().zip(&self.places);
        let accounts = accounts.filter(move |_| is_told);
        let widest = self.accounts.iter().map(|account| account.name.len()).max();
        let (width, is_one) = (widest.unwrap_or(0), self.accounts.len() == 1);
        let places = self.places.iter().map(|place| place.chars().count());
        let place_width = places.max().unwrap_or(0);
        accounts.map(move |(account, place)| {
            let words = standing::in_words(account, self.provider.strategy, is_one);
            match is_one {
                true => format!("  {words}"),
                false => {
                    let name = &account.name;
                    let line = format!("  {name:width$}  {place:place_width$}  {words}");
                    line.trim_end().to_owned()
                }
            }
        })
    }

    fn as_json(&self) -> Value {
        let accounts = self.accounts.iter().zip(&self.places);
        let accounts: Vec<Value> = accounts
            .map(|(account, place)| {
                let mut json = standing::as_json(account);
                json["key"] = place.as_str().into();
                json
            })
            .collect();
        json!({
            "name": self.provider.name, "dialect": self.provider.dialect.as_str(),
            "key": self.key, "default_model": self.provider.default_model,
            "host": self.provider.host(), "configured": self.provider.configured,
            "strategy": self.provider.strategy.as_str(), "accounts": accounts,
        })
    }
}

fn show(shown: &[Shown], style: Style) -> std::io::Result<()> {
    let rows: Vec<Row> = shown.iter().map(Shown::row).collect();
    let columns = fitting(&rows, room());
    let line = |row: [&str; COLUMNS.len()]| {
        let padded = |&(column, width): &(usize, usize)| format!("{:width$}", row[column]);
        let line: Vec<String> = columns.iter().map(padded).collect();
        line.join(GAP).trim_end().to_owned()
    };
    print(&style.faint(line(COLUMNS)))?;
    for (shown, row) in shown.iter().zip(&rows) {
        print(&line(row.each_ref().map(String::as_str)))?;
        shown
            .details()
            .try_for_each(|detail| print(&style.faint(detail)))?;
    }
    Ok(())
}

/// How wide a line may be: a pipe has room for any.
fn room() -> usize {
    let is_terminal = std::io::stdout().is_terminal();
    let size = is_terminal.then(terminal_size::terminal_size).flatten();
    size.map_or(usize::MAX, |(width, _)| usize::from(width.0))
}

/// The columns that are shown where a line has so much room, and how wide each is.
fn fitting(rows: &[Row], room: usize) -> Vec<(usize, usize)> {
    let width = |column: usize| {
        let entries = rows.iter().map(|row| row[column].chars().count());
        entries.chain([COLUMNS[column].len()]).max().unwrap_or(0)
    };
    let mut columns: Vec<(usize, usize)> = (0..COLUMNS.len())
        .map(|column| (column, width(column)))
        .collect();
    for spared in SPARED {
        let widths = columns.iter().map(|(_, width)| width + GAP.len());
        if widths.sum::<usize>() > room.saturating_add(GAP.len()) {
            columns.retain(|(column, _)| COLUMNS[*column] != spared);
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_terminal_goes_without_what_matters_least_and_a_pipe_gets_all() {
        let row = [
            "codex-app-server",
            "responses",
            "no key in COPILOT_GITHUB_TOKEN",
            "mistral-large-latest",
            "inference-api.nousresearch.com",
        ];
        let rows = [row.map(ToOwned::to_owned)];
        let shown = |room: usize| {
            let columns = fitting(&rows, room).into_iter();
            columns.map(|(column, _)| COLUMNS[column]).collect()
        };
        let (all, most, least): (Vec<_>, Vec<_>, Vec<_>) =
            (shown(usize::MAX), shown(105), shown(80));
        assert_eq!(all, COLUMNS);
        assert_eq!(most, ["NAME", "KEY", "DEFAULT MODEL", "HOST"]);
        assert_eq!(least, ["NAME", "KEY", "HOST"]);
    }
}
