//! Whether the key of an account is where the configuration says, without showing it to anybody.

use std::path::{Path, PathBuf};

use alipes_base::Environment;
use alipes_config::Home;
use alipes_models::{Catalog, Key};

use crate::setup::Machine;

/// Whether a key is where it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyState {
    NotNeeded,
    Set,
    Missing,
}

impl KeyState {
    pub(crate) fn of(key: &Key, catalog: &Catalog, machine: &Machine) -> Self {
        let is_set = |name: &str| machine.environment.text(name).is_some();
        match key {
            Key::Variable(name) | Key::VariableIfSet(name) if is_set(name) => Self::Set,
            Key::File(path) if within_home(path, &machine.environment).exists() => Self::Set,
            Key::Login(name) if is_signed_in(name, catalog) => Self::Set,
            Key::NotNeeded | Key::VariableIfSet(_) => Self::NotNeeded,
            _ => Self::Missing,
        }
    }

    /// Where it is, or that it is not there.
    pub(crate) fn told(self, key: &Key, machine: &Machine, is_running: bool) -> String {
        let place = match key {
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

/// A relative path is beneath the configuration's folder.
fn within_home(path: &Path, environment: &Environment) -> PathBuf {
    match Home::find(environment) {
        Ok(home) => home.folder().join(path),
        Err(_) => path.to_owned(),
    }
}

/// A path beneath the configuration's folder, seen from there.
fn short(path: &Path, environment: &Environment) -> String {
    let home = Home::find(environment).ok();
    let beneath = home.and_then(|home| path.strip_prefix(home.folder()).ok());
    beneath.unwrap_or(path).display().to_string()
}
