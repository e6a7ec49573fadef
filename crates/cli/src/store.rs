//! `alipes store`: looks after the place where conversations are kept.

use std::path::PathBuf;
use std::sync::Arc;

use alipes_store::{Checked, Retention, SqliteOptions, SqliteStore, Store as _, StoreError};
use anyhow::anyhow;
use clap::{Args, Subcommand};

use crate::failure::Failure;
use crate::sessions;
use crate::setup::Machine;
use crate::streams::{print, say};
use crate::style::counted;

/// Why nothing happens.
const WAITS: &str = "waiting for the store: another alipes has it to itself, or its tables are being \
                     brought up to date";

#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Look whether the store is whole; exit code 1 if it is not
    Check,
    /// Make a sound store of what can be read of a damaged one, which is moved aside
    Repair,
    /// Copy the store as it is now, also while it is in use
    Backup {
        /// The file to write, which must not exist
        file: PathBuf,
    },
    /// Delete conversations that have not been used for long, but for the last 20
    Prune {
        /// For how long, such as 30d; without it as `keep` in the configuration says, or a year
        #[arg(long, value_name = "DAYS", value_parser = retention)]
        keep: Option<Retention>,
        /// Only list what would be deleted
        #[arg(long)]
        dry_run: bool,
    },
}

pub(crate) async fn run(args: StoreArgs, machine: &Machine) -> Result<(), Failure> {
    let options = machine.store()?;
    let options = options.ok_or_else(|| Failure::usage(anyhow!("set HOME or ALIPES_HOME")))?;
    match args.command {
        StoreCommand::Check => check(options).await,
        StoreCommand::Repair => repair(options).await,
        StoreCommand::Backup { file } => {
            let store = SqliteStore::opened_to_read(options).await?;
            let file = machine.environment.current_dir().join(file);
            store.backup(&file).await?;
            tell(&format!("copied to {}", file.display()))
        }
        StoreCommand::Prune { keep, dry_run } => {
            let keep = keep.map_or_else(|| machine.retention(), Ok)?;
            let reading = SqliteStore::opened_to_read(options.clone()).await?;
            if dry_run {
                return sessions::would_be_deleted(&reading.unused(keep).await?, machine);
            }
            let deleted = opened(options, &say).await?.prune(keep).await?;
            tell(&format!("deleted {}", counted(deleted, "conversation")))
        }
    }
}

/// The store, to write into it. Whoever has to wait for it is told why.
pub(crate) async fn opened(
    options: SqliteOptions,
    tell: &dyn Fn(&str),
) -> Result<SqliteStore, StoreError> {
    SqliteStore::opened(options, || tell(WAITS)).await
}

/// The store, to read what is in it.
pub(crate) async fn to_read(machine: &Machine) -> Result<Arc<SqliteStore>, StoreError> {
    match machine.store() {
        Ok(Some(options)) => SqliteStore::opened_to_read(options).await.map(Arc::new),
        // Without a home there is no place where anything could be.
        _ => Err(StoreError::Missing {
            path: "the store".into(),
        }),
    }
}

async fn check(options: SqliteOptions) -> Result<(), Failure> {
    let Checked {
        problems,
        conversations,
        entries,
        newer,
        bytes,
        ..
    } = SqliteStore::checked(options).await?;
    if problems.is_empty() {
        tell(&format!(
            "the store is sound: {}, {}, {bytes} bytes",
            counted(conversations, "conversation"),
            counted(entries, "entry"),
        ))?;
        return match newer {
            0 => Ok(()),
            newer => tell(&format!(
                "{} written by a newer alipes; their conversations can be read with that one",
                counted(newer, "entry")
            )),
        };
    }
    for problem in problems {
        tell(&problem)?;
    }
    Err(Failure::failed(anyhow!(
        "the store is damaged; save what can be saved with `alipes store repair`"
    )))
}

async fn repair(options: SqliteOptions) -> Result<(), Failure> {
    let repaired = SqliteStore::repaired(options).await?;
    match &repaired.moved_to {
        None => tell("the store is sound; its index for searches was built anew")?,
        Some(moved_to) => {
            tell(&format!(
                "the new store has {} with {} and {} on record; {} could not be read{}",
                counted(repaired.conversations, "conversation"),
                counted(repaired.entries, "entry"),
                counted(repaired.calls, "call"),
                counted(repaired.unreadable, "entry"),
                match repaired.may_be_lost {
                    Some(0) => String::new(),
                    Some(most) => format!(", and up to {most} more lay on pages that are damaged"),
                    None => ", and how many more are lost cannot be told".to_owned(),
                }
            ))?;
            tell(&format!(
                "the damaged one is kept as {}",
                moved_to.display()
            ))?;
        }
    }
    for kept in &repaired.earlier {
        tell(&format!(
            "what an earlier repair has put aside is still there: {}",
            kept.display()
        ))?;
    }
    Ok(())
}

fn tell(line: &str) -> Result<(), Failure> {
    print(line).map_err(Failure::unwritten)
}

fn retention(text: &str) -> Result<Retention, &'static str> {
    Retention::parse(text).ok_or("expected a number of days such as 30d, or forever")
}
