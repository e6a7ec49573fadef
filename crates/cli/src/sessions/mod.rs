//! `alipes sessions`: the conversations that are kept.

mod args;
mod export;
mod line;
mod list;
mod render;
mod undo;

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::sync::Arc;

use alipes_store::{Found, Recorded, SqliteStore, Store, StoreError, Summary};
use anyhow::anyhow;

use args::SessionsCommand;
pub(crate) use args::{SessionsArgs, Shape};
pub(crate) use line::{named, title};
pub(crate) use list::{ago, last_used};

use crate::failure::Failure;
use crate::setup::Machine;
use crate::store::{opened, to_read};
use crate::streams::{print, print_json, say};
use crate::style::{Style, counted, harmless};
use render::Detail;

/// How many entries are read at once.
const PAGE: usize = 512;

/// What a search cannot know where nothing can be written.
const NOT_INDEXED: &str = "what was said last is not among it: the store cannot be written, and its \
                           index for searches neither";

/// What a search says that was broken off.
const NOT_ALL: &str =
    "only what was said last was looked through, because these words are frequent: add a rarer one";

/// As much of an id as tells it from others.
pub(crate) fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

pub(crate) async fn run(args: SessionsArgs, machine: &Machine) -> Result<(), Failure> {
    // What is printed here leaves the store: it is shown without the keys of the configuration.
    machine.learn_keys(&machine.catalog()?);
    let command = args.command.unwrap_or_default();
    let reading = match to_read(machine).await {
        // Nothing is kept yet: a list of nothing is no failure.
        Err(StoreError::Missing { .. }) if command.only_looks() => {
            say("there are no conversations yet");
            return Ok(());
        }
        opened => opened?,
    };
    match command {
        SessionsCommand::List { most, all, json } => {
            let most = if all { usize::MAX } else { most };
            let list = reading.list(most).await?;
            let printed = match json {
                true => list::summaries_as_json(&list, machine),
                false => list::summaries(&list, most, machine),
            };
            printed.map_err(Failure::unwritten)
        }
        SessionsCommand::Show { id } => {
            let (summary, entries) = whole(&reading, &id).await?;
            let text = render::markdown(&summary, &entries, Detail::Short);
            let text = machine.redactor.redact(&text);
            print(harmless(&text).trim_end()).map_err(Failure::unwritten)
        }
        SessionsCommand::Search { words, most, json } => {
            search(reading, &words.join(" "), (most, json), machine).await
        }
        SessionsCommand::Rename { id, title } => rename(&reading, &id, &title, machine).await,
        SessionsCommand::Undo { id } => {
            let found = reading.find(&id).await?;
            undo::last(to_write(machine).await?, &found, machine).await
        }
        SessionsCommand::Export { id, shape, out } => {
            let text = exported(&reading, &id, shape).await?;
            let text = machine.redactor.redact(&text);
            match (out, shape) {
                (Some(path), _) => write(&text, &path),
                (None, Shape::Jsonl) => print_json(text.trim_end()).map_err(Failure::unwritten),
                // In a pipe it stays what it is.
                (None, Shape::Markdown) if io::stdout().is_terminal() => {
                    print(harmless(&text).trim_end()).map_err(Failure::unwritten)
                }
                (None, Shape::Markdown) => print(text.trim_end()).map_err(Failure::unwritten),
            }
        }
        SessionsCommand::Delete { ids } => delete(&reading, &ids, machine).await,
    }
}

async fn search(
    reading: Arc<SqliteStore>,
    words: &str,
    (most, json): (usize, bool),
    machine: &Machine,
) -> Result<(), Failure> {
    if !words.contains(char::is_alphanumeric) {
        let reason = "a search needs a word with letters or digits";
        return Err(Failure::usage(anyhow!(reason)));
    }
    let store = searchable(reading, machine).await?;
    let Found { hits, is_whole } = store.search(words, most).await?;
    let printed = match json {
        true => list::hits_as_json(&hits, machine),
        false => list::hits(&hits, most, machine),
    };
    printed.map_err(Failure::unwritten)?;
    let style = Style::of_stderr(&machine.environment);
    if !is_whole {
        say(&style.warning(format!("! {NOT_ALL}")));
    }
    if store.index_is_behind().await? {
        say(&style.warning(format!("! {NOT_INDEXED}")));
    }
    Ok(())
}

async fn rename(
    reading: &SqliteStore,
    id: &str,
    title: &str,
    machine: &Machine,
) -> Result<(), Failure> {
    if title.trim().is_empty() {
        return Err(Failure::usage(anyhow!("the title is empty")));
    }
    let found = reading.find(id).await?;
    to_write(machine).await?.rename(&found.id, title).await?;
    Ok(())
}

/// Lists what `store prune` is asked about.
pub(crate) fn would_be_deleted(list: &[Summary], machine: &Machine) -> Result<(), Failure> {
    if list.is_empty() {
        say("nothing would be deleted");
        return Ok(());
    }
    machine.learn_keys(&machine.catalog()?);
    list::summaries(list, usize::MAX, machine).map_err(Failure::unwritten)?;
    let count = counted(list.len() as u64, "conversation");
    say(&format!("{count} would be deleted"));
    Ok(())
}

async fn delete(reading: &SqliteStore, ids: &[String], machine: &Machine) -> Result<(), Failure> {
    let mut found: Vec<Summary> = Vec::new();
    // All must be there before any is deleted; one that is named twice is meant once.
    for id in ids {
        let summary = reading.find(id).await?;
        if found.iter().all(|other| other.id != summary.id) {
            found.push(summary);
        }
    }
    let store = to_write(machine).await?;
    let style = Style::of_stderr(&machine.environment);
    for summary in found {
        store.delete(&summary.id).await?;
        let named = named(&summary, &machine.redactor);
        say(&style.faint(format!("deleted {named}")));
    }
    Ok(())
}

/// A whole conversation in one of its shapes.
pub(crate) async fn exported(
    store: &SqliteStore,
    id: &str,
    shape: Shape,
) -> Result<String, Failure> {
    let (summary, entries) = whole(store, id).await?;
    Ok(match shape {
        Shape::Markdown => render::markdown(&summary, &entries, Detail::Whole),
        Shape::Jsonl => export::json_lines(&summary, &entries),
    })
}

/// A conversation with everything in it.
async fn whole(store: &SqliteStore, id: &str) -> Result<(Summary, Vec<Recorded>), Failure> {
    let summary = store.find(id).await?;
    let mut entries: Vec<Recorded> = Vec::new();
    loop {
        let after = entries.last().map_or(0, |last| last.number);
        let page = store.entries(&summary.id, after, PAGE).await?;
        if page.is_empty() {
            return Ok((summary, entries));
        }
        entries.extend(page);
    }
}

async fn to_write(machine: &Machine) -> Result<SqliteStore, Failure> {
    let options = machine.store()?;
    let options = options.ok_or_else(|| Failure::usage(anyhow!("set HOME or ALIPES_HOME")))?;
    Ok(opened(options, &say).await?)
}

/// The store with an index that is up to date; as it is where nothing can be written.
async fn searchable(
    reading: Arc<SqliteStore>,
    machine: &Machine,
) -> Result<Arc<SqliteStore>, Failure> {
    let Some(options) = machine.store()? else {
        return Ok(reading);
    };
    match opened(options, &say).await {
        Ok(store) => Ok(Arc::new(store)),
        Err(StoreError::ReadOnly { .. } | StoreError::Full { .. }) => Ok(reading),
        Err(error) => Err(error.into()),
    }
}

/// Writes what was exported to a file of its own.
pub(crate) fn write(text: &str, path: &Path) -> Result<(), Failure> {
    crate::private::write_new(path, text).map_err(|error| {
        let path = path.display();
        let why = match error.kind() {
            io::ErrorKind::AlreadyExists => "it is there already; name another file".to_owned(),
            io::ErrorKind::NotFound => "there is no such folder; make it first".to_owned(),
            _ => error.to_string(),
        };
        Failure::failed(anyhow!("{path} cannot be written: {why}"))
    })
}
