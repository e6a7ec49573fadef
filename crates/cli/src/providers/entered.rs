//! A key as its owner gives it: typed without being shown, piped, in a variable, or in a file.

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;

use alipes_auth::{ApiKey, KeySource, NoKey, SavedKey};
use alipes_base::Secret;
use alipes_models::{Key, Provider};
use alipes_transport::Credential as _;
use anyhow::{Context as _, anyhow};

use super::args::AddArgs;
use crate::failure::Failure;
use crate::keyboard::{self, Hidden};
use crate::setup::Machine;
use crate::streams::say;

/// Nothing longer is a key, in bytes.
const LONGEST: u64 = 64 * 1024;

/// The key for this provider at this origin; `None` if it needs none and none was given.
pub(super) async fn key(
    args: &AddArgs,
    provider: &Provider,
    origin: String,
    machine: &Machine,
) -> Result<Option<SavedKey>, Failure> {
    let needed = !matches!(provider.key, Key::NotNeeded | Key::VariableIfSet(_));
    let text = match (&args.key_env, &args.key_file) {
        _ if args.key_stdin => piped().await?,
        (Some(name), _) => variable(name, machine).await?,
        (_, Some(path)) => file(&machine.environment.current_dir().join(path)).await?,
        _ if provider.local => return Ok(None),
        _ if std::io::stdin().is_terminal() => typed(&provider.name, needed).await?,
        _ if needed => {
            return Err(Failure::usage(anyhow!(
                "{} needs a key and nobody can be asked for it; give it with --key-stdin, --key-env \
                 VAR or --key-file PATH",
                provider.name
            )));
        }
        _ => return Ok(None),
    };
    match SavedKey::new(text.expose(), origin) {
        Err(NoKey::Empty) if !needed => Ok(None),
        saved => saved.map(Some).map_err(Failure::usage),
    }
}

async fn typed(provider: &str, needed: bool) -> Result<Secret, Failure> {
    let none = if needed { "" } else { ", Enter alone for none" };
    say(&format!("the key for {provider} (it is not shown{none}):"));
    let typed = keyboard::hidden_line()
        .await
        .context("this terminal cannot be asked without showing the key; use --key-stdin")
        .map_err(Failure::usage)?;
    match typed {
        Hidden::Line(key) => Ok(key),
        Hidden::Lines => Err(Failure::usage(NoKey::MoreThanOne)),
        Hidden::Nothing => Err(Failure::usage(anyhow!(
            "the key could not be read from the terminal"
        ))),
    }
}

async fn piped() -> Result<Secret, Failure> {
    let read = || {
        let mut text = String::new();
        let stdin = std::io::stdin().lock();
        stdin
            .take(LONGEST + 1)
            .read_to_string(&mut text)
            .map(|_| text)
    };
    let text = tokio::task::spawn_blocking(read)
        .await
        .context("standard input could not be read")
        .and_then(|read| read.context("the key on standard input is not text"))
        .map_err(Failure::usage)?;
    let text = Secret::new(text);
    if text.expose().len() as u64 > LONGEST {
        return Err(Failure::usage(anyhow!(
            "what is on standard input is longer than {LONGEST} bytes and no key"
        )));
    }
    Ok(text)
}

async fn variable(name: &str, machine: &Machine) -> Result<Secret, Failure> {
    let value = machine.environment.text(name);
    if value.is_none() {
        return Err(Failure::usage(anyhow!("the variable {name} is not set")));
    }
    read(KeySource::Variable {
        name: name.to_owned(),
        value: value.map(|text| Secret::new(text.to_owned())),
    })
    .await
}

async fn file(path: &Path) -> Result<Secret, Failure> {
    read(KeySource::File {
        path: path.to_owned(),
    })
    .await
}

async fn read(source: KeySource) -> Result<Secret, Failure> {
    let token = ApiKey::new(source)
        .current()
        .await
        .map_err(Failure::usage)?;
    token
        .map(|token| token.secret)
        .ok_or_else(|| Failure::usage(NoKey::Empty))
}
