//! Our own files: whether they can be read, by whom, and whether there is room for more.

use std::path::{Path, PathBuf};

use alipes_config::Home;
use alipes_models::Catalog;
use alipes_store::{Checked, SqliteStore, StoreError};
use alipes_transport::MemoryStore as _;

use super::super::LIMIT;
use super::super::report::{Check, Status};
use crate::disk::Disk;
use crate::setup::Machine;
use crate::style::{self, counted};

/// Less than this, and a conversation may not be kept to its end.
const ROOM: u64 = 200 << 20;

/// The configuration file; nothing where it could not be read, which is told as a problem of its own.
pub(super) fn configuration(machine: &Machine) -> Option<Check> {
    let id = "config.load";
    let check = |status, summary| Check::new(id, "config", status, summary);
    match machine.configuration() {
        Err(_told_elsewhere) => None,
        Ok(None) => Some(
            check(
                Status::Warning,
                "this machine has no folder for files of ours".to_owned(),
            )
            .helped_by("set HOME or ALIPES_HOME"),
        ),
        Ok(Some((home, _))) => {
            let file = home.config_file();
            let there = match file.exists() {
                true => file.display().to_string(),
                false => format!("none; it would be {}", file.display()),
            };
            Some(check(Status::Ok, there))
        }
    }
}

/// Who may read keys and sign-ins.
pub(super) fn modes(machine: &Machine, catalog: &Catalog) -> Option<Check> {
    let home = Home::find(&machine.environment).ok()?;
    let (mut seen, mut open) = (0_u64, Vec::new());
    for file in secret_files(home.folder(), catalog) {
        seen += 1;
        if is_open_to_others(&file) {
            open.push(file);
        }
    }
    let id = "auth.modes";
    let check = |status, summary| Check::new(id, "auth", status, summary);
    Some(match open.first() {
        None if seen == 0 => check(Status::Ok, "no file holds a key or a sign-in".to_owned()),
        None => check(
            Status::Ok,
            format!(
                "{} with keys or sign-ins, readable by you alone",
                counted(seen, "file")
            ),
        ),
        Some(first) => check(
            Status::Fail,
            format!(
                "other users of this machine can read {} of {} with keys: {}",
                open.len(),
                counted(seen, "file"),
                first.display()
            ),
        )
        .helped_by(
            "`alipes doctor --fix` makes them yours alone; replace the keys if that matters",
        ),
    })
}

/// The files that hold keys or tokens, as far as there are any: our own, and those that the
/// configuration names.
pub(in super::super) fn secret_files(folder: &Path, catalog: &Catalog) -> Vec<PathBuf> {
    let named = ["auth.json", "serve.key"].map(|name| folder.join(name));
    let keys = std::fs::read_dir(folder.join("keys")).into_iter().flatten();
    let keys = keys.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<PathBuf> = named
        .into_iter()
        .chain(keys)
        .chain(catalog.key_files())
        .collect();
    files.retain(|file| std::fs::symlink_metadata(file).is_ok_and(|facts| facts.is_file()));
    files.sort();
    files.dedup();
    files
}

#[cfg(unix)]
pub(in super::super) fn is_open_to_others(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let facts = std::fs::symlink_metadata(file);
    facts.is_ok_and(|facts| facts.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
pub(in super::super) fn is_open_to_others(_file: &Path) -> bool {
    false
}

/// Whether the store is whole, as far as that is seen in time.
pub(super) async fn store(machine: &Machine) -> Check {
    let id = "store.integrity";
    let check = |status, summary: String| Check::new(id, "store", status, summary);
    let Ok(Some(options)) = machine.store() else {
        return check(Status::Warning, "nothing can be kept here".to_owned());
    };
    let begun = machine.clock.now();
    let looking = tokio::task::spawn_blocking(move || SqliteStore::check(&options));
    let looked = tokio::time::timeout(LIMIT, looking).await;
    let took = machine.clock.since(begun);
    let found = match looked {
        Err(_elapsed) => check(
            Status::Ok,
            format!(
                "too large to be looked through in {LIMIT:?}; `alipes store check` takes its time"
            ),
        ),
        Ok(Ok(Ok(Checked {
            problems,
            conversations,
            bytes,
            ..
        }))) => match problems.first() {
            None => check(
                Status::Ok,
                format!(
                    "{}, {}",
                    counted(conversations, "conversation"),
                    style::bytes(bytes)
                ),
            ),
            Some(first) => check(Status::Fail, format!("the store is damaged: {first}"))
                .helped_by("save what can be saved with `alipes store repair`"),
        },
        Ok(Ok(Err(StoreError::Missing { .. }))) => {
            check(Status::Ok, "nothing is kept yet".to_owned())
        }
        Ok(Ok(Err(error))) => {
            check(Status::Fail, error.to_string()).helped_by("`alipes store check` tells more")
        }
        Ok(Err(ended)) => check(
            Status::Warning,
            format!("it could not be looked at: {ended}"),
        ),
    };
    found.took(took)
}

/// What is remembered of endpoints.
pub(super) async fn memory(machine: &Machine) -> Option<Check> {
    let memory = machine.memory(None)?;
    let id = "memory.endpoints";
    Some(match memory.load().await {
        Ok(known) => {
            let facts = known.facts(machine.clock.wall()).len();
            let told = match facts {
                0 => "nothing is known of endpoints that counts now".to_owned(),
                facts => format!("{} about endpoints", counted(facts as u64, "fact")),
            };
            Check::new(id, "store", Status::Ok, told)
        }
        Err(warning) => Check::new(id, "store", Status::Warning, warning.to_string())
            .helped_by("`alipes store check` tells more"),
    })
}

/// How much room there is.
pub(super) fn disk(machine: &Machine) -> Option<Check> {
    let folder = machine.store_folder()?;
    let disk = Disk::beneath(&folder)?;
    let (id, folder) = ("disk.space", folder.display());
    if let Some((why, help)) = disk.trouble() {
        let summary = format!("nothing can be kept in {folder}: {why}");
        return Some(Check::new(id, "system", Status::Fail, summary).helped_by(help));
    }
    let summary = format!("{} free for {folder}", style::bytes(disk.free));
    Some(match disk.free {
        ROOM.. => Check::new(id, "system", Status::Ok, summary),
        _ => Check::new(id, "system", Status::Warning, summary)
            .helped_by("make room: conversations and records may not be kept"),
    })
}
