//! Several keys with one provider: what `--account` means where a key is added and where it is removed.

use alipes_config::{Document, Home, Literal};
use alipes_models::{Catalog, Key, NamedKey, Provider};
use anyhow::anyhow;

use super::{configuration, delete_key, table};
use crate::failure::Failure;
use crate::setup::Machine;
use crate::streams::say;

/// What the key is called that a provider has already when the first account is added.
pub(super) const FIRST: &str = "default";

/// Where the key of an account is kept, beneath the configuration's folder. No provider and no account
/// has an `@` in its name.
pub(super) fn key_file(provider: &str, account: &str) -> String {
    format!("keys/{provider}@{account}.key")
}

/// The place of an account in the configuration.
fn place(provider: &str, account: &str) -> String {
    format!("{}.accounts.\"{account}\"", table(provider))
}

/// Whether a key can be saved under this name: the one that the provider has already may need it.
pub(super) fn check_name(
    provider: &Provider,
    account: &str,
    home: &Home,
    machine: &Machine,
) -> Result<(), Failure> {
    if account == FIRST && former(provider, home, machine).is_some() {
        return Err(Failure::usage(anyhow!(
            "{} has a key already, which becomes its account {FIRST}; give the new one another name",
            provider.name
        )));
    }
    Ok(())
}

/// Writes down where the account's key is. A key that the provider has already becomes an account, too:
/// it would not be asked with otherwise. Tells whether it does.
pub(super) fn describe(
    provider: &Provider,
    account: &str,
    home: &Home,
    document: &mut Document,
    machine: &Machine,
) -> Result<bool, Failure> {
    let former = former(provider, home, machine);
    let becomes_one = former.is_some();
    if let Some(key) = former {
        document.unset(&format!("{}.api_key", table(&provider.name)))?;
        document.set(&place(&provider.name, FIRST), key)?;
    }
    let file = key_file(&provider.name, account);
    document.set(&place(&provider.name, account), in_file(file))?;
    Ok(becomes_one)
}

/// The key of a provider that has no accounts yet.
fn former(provider: &Provider, home: &Home, machine: &Machine) -> Option<Literal> {
    match provider.accounts.is_empty() {
        true => literal(&provider.key, home, machine),
        false => None,
    }
}

/// Where a key is, as the configuration says it; `None` if there is none.
fn literal(key: &Key, home: &Home, machine: &Machine) -> Option<Literal> {
    match key {
        Key::File(path) => {
            let beneath = path.strip_prefix(home.folder()).unwrap_or(path);
            Some(in_file(beneath.to_str()?.to_owned()))
        }
        Key::Variable(name) | Key::VariableIfSet(name) => {
            machine.environment.text(name)?;
            let variable = ("env".to_owned(), Literal::from(name.as_str()));
            Some(Literal::Table(vec![variable]))
        }
        _ => None,
    }
}

fn in_file(file: String) -> Literal {
    Literal::Table(vec![("file".to_owned(), file.into())])
}

/// Forgets one account, and the key that was saved for it.
pub(super) fn remove(name: &str, account: &str, machine: &Machine) -> Result<(), Failure> {
    let (home, mut document) = configuration(machine)?;
    let provider = Catalog::read(&document)?.provider(name)?;
    let is_it = |known: &&NamedKey| known.name == account;
    let Some(known) = provider.accounts.iter().find(is_it) else {
        return Err(Failure::usage(unknown(&provider, account)));
    };
    document.unset(&place(name, account))?;
    if provider.accounts.len() == 1 {
        document.remove(&format!("{}.accounts", table(name)))?;
    }
    document.save()?;
    delete_key(&home.folder().join(key_file(name, account)))?;
    // A key that became an account has kept its place, and may be another's too by its user's hand.
    let first = home.folder().join(super::key_file(name));
    let has_it = |known: &&NamedKey| matches!(&known.key, Key::File(path) if home.folder().join(path) == first);
    if has_it(&known) && provider.accounts.iter().filter(has_it).count() == 1 {
        delete_key(&first)?;
    }
    say(&format!(
        "the account {account} of {name} is removed from {}",
        document.path().display()
    ));
    if provider.accounts.len() == 1 {
        say(&format!(
            "that was its last one; `alipes providers remove {name}` forgets the provider too"
        ));
    }
    Ok(())
}

fn unknown(provider: &Provider, account: &str) -> anyhow::Error {
    let name = &provider.name;
    let accounts = provider.accounts.iter().map(|known| known.name.as_str());
    let accounts: Vec<&str> = accounts.collect();
    match accounts.as_slice() {
        [] => anyhow!(
            "{name} has no accounts of its own; `alipes providers remove {name}` forgets its key"
        ),
        known => anyhow!(
            "{name} has no account {account:?}; its accounts: {}",
            known.join(", ")
        ),
    }
}
