//! `alipes providers`: who can be asked, with which key.

use alipes_base::Environment;
use alipes_models::{Catalog, Key, Provider};

use super::local;
use crate::args::NetworkArgs;
use crate::failure::Failure;
use crate::login;
use crate::setup::Machine;
use crate::streams::{print, say};
use crate::style::{Style, one_line};

/// The longest entry of a column.
const LONGEST: usize = 60;

const COLUMNS: [&str; 5] = ["NAME", "DIALECT", "KEY", "DEFAULT MODEL", "HOST"];

type Row = [String; COLUMNS.len()];

pub(super) async fn run(all: bool, machine: &Machine) -> Result<(), Failure> {
    let (catalog, _transport) = login::catalog(machine, &NetworkArgs::default())?;
    let running = local::running(&catalog, machine).await?;
    let is_running =
        |provider: &Provider| running.iter().any(|here| here.provider == provider.name);
    let mut rows = Vec::new();
    for provider in catalog.providers() {
        let key = KeyState::of(&provider, &catalog, machine);
        let is_running = is_running(&provider);
        if all || provider.configured || is_running || key == KeyState::Set {
            let key = key.told(&provider, machine, is_running);
            rows.push(row(&provider, key));
        }
    }
    if rows.is_empty() {
        say(
            "no provider can be asked yet: save a key with `alipes providers add NAME`, or see all that \
             are known with `alipes providers --all`",
        );
        return Ok(());
    }
    let style = Style::of_stdout(&machine.environment);
    show(&rows, style).map_err(|_closed| Failure::Told)
}

fn row(provider: &Provider, key: String) -> Row {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let row = [
        provider.name.clone(),
        provider.dialect.as_str().to_owned(),
        key,
        or_dash(provider.default_model.clone()),
        or_dash(provider.host()),
    ];
    row.map(|entry| one_line(&entry, LONGEST))
}

fn show(rows: &[Row], style: Style) -> std::io::Result<()> {
    let width = |column: usize| {
        let entries = rows.iter().map(|row| row[column].chars().count());
        entries.chain([COLUMNS[column].len()]).max().unwrap_or(0)
    };
    let line = |row: [&str; COLUMNS.len()]| {
        let padded = |(column, entry): (usize, &str)| format!("{entry:0$}", width(column));
        let line: Vec<String> = row.into_iter().enumerate().map(padded).collect();
        line.join("  ").trim_end().to_owned()
    };
    print(&style.faint(line(COLUMNS)))?;
    rows.iter()
        .try_for_each(|row| print(&line(row.each_ref().map(String::as_str))))
}

/// Whether a provider's key is where it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyState {
    NotNeeded,
    Set,
    Missing,
}

impl KeyState {
    fn of(provider: &Provider, catalog: &Catalog, machine: &Machine) -> Self {
        let is_set = |name: &str| machine.environment.text(name).is_some();
        match &provider.key {
            Key::Variable(name) | Key::VariableIfSet(name) if is_set(name) => Self::Set,
            Key::File(path) if path.exists() => Self::Set,
            Key::Login(name) if is_signed_in(name, catalog) => Self::Set,
            Key::NotNeeded | Key::VariableIfSet(_) => Self::NotNeeded,
            _ => Self::Missing,
        }
    }

    fn told(self, provider: &Provider, machine: &Machine, is_running: bool) -> String {
        let place = match &provider.key {
            Key::Variable(name) | Key::VariableIfSet(name) => name.clone(),
            Key::File(path) => short(path, &machine.environment),
            Key::Login(_) if self == Self::Set => "signed in".to_owned(),
            Key::Login(_) => return "not signed in".to_owned(),
            _ => String::new(),
        };
        match self {
            Self::Set => place,
            Self::NotNeeded if is_running => "none needed, running here".to_owned(),
            Self::NotNeeded => "none needed".to_owned(),
            Self::Missing => format!("no key in {place}"),
        }
    }
}

fn is_signed_in(name: &str, catalog: &Catalog) -> bool {
    match catalog.logins().map(|logins| logins.status(name)) {
        Some(Ok(Some(status))) => status.ended.is_none() || !status.works_for.is_zero(),
        _ => false,
    }
}

/// A path beneath the configuration's folder, seen from there.
fn short(path: &std::path::Path, environment: &Environment) -> String {
    let home = alipes_config::Home::find(environment).ok();
    let beneath = home.and_then(|home| path.strip_prefix(home.folder()).ok());
    beneath.unwrap_or(path).display().to_string()
}
