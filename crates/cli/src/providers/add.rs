//! `alipes providers add NAME`: a key is taken, tried, and kept.

use alipes_auth::SavedKey;
use alipes_config::{Document, Home, Literal};
use alipes_models::{Catalog, Key, Provider, is_plain_name};
use anyhow::{Context as _, anyhow};

use super::args::AddArgs;
use super::{accounts, check, configuration, entered, key_file, table};
use crate::failure::Failure;
use crate::setup::Machine;
use crate::streams::say;

pub(super) async fn run(args: &AddArgs, machine: &Machine) -> Result<(), Failure> {
    if !is_plain_name(&args.name) {
        return Err(Failure::usage(anyhow!(
            "{:?} cannot be a provider's name; use letters, digits, dots, dashes and underscores",
            args.name
        )));
    }
    let (home, mut document) = configuration(machine)?;
    describe(args, &mut document)?;
    // Whatever is wrong is told before anything is asked, and before anything is saved.
    let catalog = Catalog::read(&document)?;
    let provider = catalog.provider(&args.name)?;
    let endpoint = catalog.endpoint(&provider)?;
    check_wanted(args, &provider, &home, machine)?;
    let key = entered::key(args, &provider, endpoint.origin(), machine).await?;
    if let (Some(account), None) = (&args.account, &key) {
        return Err(Failure::usage(anyhow!(
            "the account {account} is nothing without a key; give it with --key-stdin, --key-env VAR or \
             --key-file PATH"
        )));
    }
    let secret = key.as_ref().map(SavedKey::secret);
    if let Some(secret) = secret {
        machine.redactor.learn(secret);
    }
    if !args.unchecked {
        let transport = machine.transport(&machine.settings()?.network(&args.network))?;
        say(&check::passes(&provider, endpoint, secret, &transport).await?);
    }
    let place = document.path().display().to_string();
    match (&args.account, &key) {
        (Some(account), Some(key)) => {
            keep(key, &accounts::key_file(&args.name, account), &home)?;
            let becomes_one =
                accounts::describe(&provider, account, &home, &mut document, machine)?;
            document.save()?;
            if becomes_one {
                say(&format!(
                    "the key that {} had becomes its account {}",
                    args.name,
                    accounts::FIRST
                ));
            }
            say(&format!(
                "the account {account} of {} is saved in {place}",
                args.name
            ));
        }
        (_, key) => {
            save(&provider, key.as_ref(), &home, &mut document)?;
            say(&format!("{} is saved in {place}", args.name));
        }
    }
    // By what is saved now.
    if let Some(next) = super::next_step(&provider, &Catalog::read(&document)?) {
        say(&next);
    }
    Ok(())
}

/// Whether this provider can be given a key under that name.
fn check_wanted(
    args: &AddArgs,
    provider: &Provider,
    home: &Home,
    machine: &Machine,
) -> Result<(), Failure> {
    if matches!(provider.key, Key::Login(_)) {
        let how = match &args.account {
            None => "`alipes login`",
            Some(_) => "`alipes login --account NAME`",
        };
        return Err(Failure::usage(anyhow!(
            "{} takes no key: sign in with {how}",
            args.name
        )));
    }
    if args.account.is_none() && !provider.accounts.is_empty() {
        return Err(Failure::usage(anyhow!(
            "{} has accounts; say with --account NAME which one the key is for",
            args.name
        )));
    }
    if let Some(account) = &args.account {
        accounts::check_name(provider, account, home, machine)?;
    }
    Ok(())
}

/// What the command line says about the provider, written down.
fn describe(args: &AddArgs, document: &mut Document) -> Result<(), Failure> {
    let table = table(&args.name);
    let dialect = args.dialect.map(|dialect| dialect.as_str().to_owned());
    for (field, value) in [
        ("like", &args.like),
        ("base_url", &args.base_url),
        ("dialect", &dialect),
    ] {
        if let Some(value) = value {
            document.set(&format!("{table}.{field}"), value.as_str())?;
        }
    }
    Ok(())
}

/// Keeps the key, and then says in the configuration where it is: never the other way round, so that
/// the configuration never names a key that is not there.
fn save(
    provider: &Provider,
    key: Option<&SavedKey>,
    home: &Home,
    document: &mut Document,
) -> Result<(), Failure> {
    let table = table(&provider.name);
    if let Some(key) = key {
        let file = key_file(&provider.name);
        keep(key, &file, home)?;
        let place = Literal::Table(vec![("file".to_owned(), file.into())]);
        document.set(&format!("{table}.api_key"), place)?;
    } else if let Some(base_url) = &provider.base_url {
        // Without a key its address says that its user wants it.
        document.set(&format!("{table}.base_url"), base_url.as_str())?;
    }
    Ok(document.save()?)
}

fn keep(key: &SavedKey, file: &str, home: &Home) -> Result<(), Failure> {
    let path = home.folder().join(file);
    key.write(&path)
        .with_context(|| format!("the key could not be saved in {}", path.display()))
        .map_err(Failure::failed)
}
