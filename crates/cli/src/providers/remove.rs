//! `alipes providers remove NAME`: a provider is forgotten, and the key that was kept for it.

use alipes_models::Catalog;
use anyhow::anyhow;

use super::{accounts, configuration, key_file, table};
use crate::failure::Failure;
use crate::setup::Machine;
use crate::streams::say;

pub(super) fn run(name: &str, machine: &Machine) -> Result<(), Failure> {
    let (home, mut document) = configuration(machine)?;
    let catalog = Catalog::read(&document)?;
    let provider = catalog.provider(name)?;
    if !provider.configured {
        return Err(Failure::usage(anyhow!(
            "{name} is not configured; there is nothing to remove"
        )));
    }
    document.remove(&table(name))?;
    document.save()?;
    // Only keys of our own keeping: a file that its user wrote stays.
    super::delete_key(&home.folder().join(key_file(name)))?;
    for account in &provider.accounts {
        super::delete_key(&home.folder().join(accounts::key_file(name, &account.name)))?;
    }
    say(&format!(
        "{name} is removed from {}",
        document.path().display()
    ));
    if catalog.relies_on(name) {
        say(&format!(
            "a model of {name} is still named under [model] there"
        ));
    }
    Ok(())
}
