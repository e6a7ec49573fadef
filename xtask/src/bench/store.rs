//! `cargo xtask bench store`: the store of somebody who has used it for years: 10,000 conversations with a million
//! entries.
//!
//! An append waits for the disk, so it is measured beside the disk itself: a file that grows by as much and is synced
//! as often, in turns with the appends. What runs is a release build, whatever called it: SQLite without optimisation is
//! several times slower.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Rng};
use alipes_store::{
    About, Conversation, Entry, Journal as _, SqliteOptions, SqliteStore, Store as _,
};
use alipes_wire::Item;
use anyhow::{Result, ensure};
use futures_util::future::try_join_all;

use super::facts::Facts;
use super::target::{all_met, verdict};
use super::times::Times;
use super::words::WORDS;
use super::{page, release};
use crate::process::now;
use crate::workspace;

const CONVERSATIONS: usize = 10_000;

/// Entries of each.
const ENTRIES: usize = 100;

/// Conversations that are written at once: they share their syncs.
const AT_ONCE: usize = 50;

/// Appends, and syncs of the plain file beside them.
const APPENDS: usize = 2_000;

/// What one append adds to the log: about so many pages of 4 KiB.
const PAGES: usize = 4;

/// Runs of everything else.
const RUNS: usize = 50;

/// Targets: an append against the disk's own sync, both as the 99th of a hundred; opening; a search.
const APPEND: f64 = 2.0;
const OPEN: Duration = Duration::from_millis(50);
const SEARCH: Duration = Duration::from_millis(30);

/// Measures, prints the table, and writes it if asked to; whether all targets are met.
pub(crate) fn run(write: bool) -> Result<bool> {
    if !release::IS_RELEASE {
        return release::again("store", write);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let table = runtime.block_on(measured())?;
    page::publish("store", &table, write)?;
    Ok(all_met(&table))
}

async fn measured() -> Result<String> {
    let folder = workspace::folder_on_disk()?;
    let begun = now();
    let store = open(folder.path())?;
    fill(&store, "c").await?;
    let filled = begun.elapsed();
    let begun = now();
    store.search("warm", 1).await?;
    let indexed = begun.elapsed();
    let (disk, append) = appends(Arc::clone(&store), folder.path()).await?;
    let mut rows = vec![
        format!("| sync of a plain file | {} | |", cells(&disk)),
        format!(
            "| append of an entry | {} | {} |",
            cells(&append),
            verdict(
                append.at(99).as_secs_f64() <= APPEND * disk.at(99).as_secs_f64(),
                "99 % within 2 × the disk's"
            )
        ),
    ];
    let opened = opened(folder.path()).await?;
    let target = format!("99 % within {}", millis(OPEN));
    rows.push(format!(
        "| open, and list the last 20 | {} | {} |",
        cells(&opened),
        verdict(opened.at(99) <= OPEN, &target)
    ));
    for (name, words, expected) in SEARCHES {
        let search = searched(&store, words, expected).await?;
        let target = format!("99 % within {}", millis(SEARCH));
        rows.push(format!(
            "| find {name} | {} | {} |",
            cells(&search),
            verdict(search.at(99) <= SEARCH, &target)
        ));
    }
    drop(store);
    let bytes = std::fs::metadata(folder.path().join("alipes.db"))?.len();
    let facts = Facts::gather()?;
    Ok(format!(
        "| what | half within | 99 % within | target |\n|---|---|---|---|\n{}\n\n\
         {CONVERSATIONS} conversations of {ENTRIES} entries, {} MB; written in {} s, their index in {} s; \
         {APPENDS} appends, {RUNS} runs of the rest; {facts}. Again: `cargo xtask bench store --write`.",
        rows.join("\n"),
        bytes / 1_000_000,
        filled.as_secs(),
        indexed.as_secs()
    ))
}

/// What is searched for, and how many conversations it must find.
const SEARCHES: [(&str, &str, usize); 5] = [
    ("a word of one entry", "needle4242", 1),
    ("a word of every entry", "the", 10),
    ("a rare word and a common one", "needle777 the", 1),
    ("the beginning of words", "need*", 10),
    ("a word within Chinese text", "检索", 10),
];

/// Text without spaces.
const CHINESE: &str = "这个错误出在全文检索里：没有空格的文字被当成一个词，所以里面的词找不到。";

fn open(folder: &Path) -> Result<Arc<SqliteStore>> {
    let options = SqliteOptions::within(folder, Clock::system(), Rng::from_entropy());
    Ok(Arc::new(SqliteStore::open(options)?))
}

fn about(id: String) -> About {
    About {
        id,
        folder: "/work".to_owned(),
        model: "bench/model".to_owned(),
    }
}

/// Syncs of a plain file and appends, in turns.
async fn appends(store: Arc<SqliteStore>, folder: &Path) -> Result<(Times, Times)> {
    let mut file = File::create(folder.join("plain"))?;
    let mut conversation = Conversation::new(store, about("appends".to_owned()));
    let (mut disk, mut append) = (Vec::new(), Vec::new());
    for number in 0..APPENDS {
        let begun = now();
        file.write_all(&[0x5A; PAGES * 4096])?;
        file.sync_data()?;
        disk.push(begun.elapsed());
        let entry = entry(number, number);
        let begun = now();
        conversation.append(vec![entry]).await?;
        append.push(begun.elapsed());
    }
    Ok((Times::of(disk), Times::of(append)))
}

/// Makes such a store; the conversations' names begin with `prefix`.
pub(super) fn fill_in(folder: &Path, prefix: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async { fill(&open(folder)?, prefix).await })
}

async fn fill(store: &Arc<SqliteStore>, prefix: &str) -> Result<()> {
    let numbers: Vec<usize> = (0..CONVERSATIONS).collect();
    for group in numbers.chunks(AT_ONCE) {
        let begin = group.iter().map(|number| {
            let entries = (0..ENTRIES).map(|index| entry(*number, index)).collect();
            store.begin(about(format!("{prefix}{number:05}")), entries)
        });
        for lease in try_join_all(begin).await? {
            store.release(lease);
        }
    }
    Ok(())
}

/// An entry of some forty words. One of each conversation has a word that no other has.
fn entry(conversation: usize, index: usize) -> Entry {
    let mut text = String::from("the ");
    let mut state = u32::try_from(conversation * ENTRIES + index).unwrap_or(1);
    for _ in 0..40 {
        // A linear congruential generator, with the constants of Numerical Recipes.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.push_str(WORDS.get((state >> 28) as usize).unwrap_or(&"and"));
        text.push_str(&format!("{} ", (state >> 20) & 0xFF));
    }
    match index {
        0 => Entry::User(Item::user(&text)),
        25 => Entry::Model(Item::assistant(CHINESE)),
        50 => Entry::Model(Item::assistant(&format!("{text} needle{conversation}"))),
        _ if index + 1 == ENTRIES => Entry::Ended { failure: None },
        _ => Entry::Model(Item::assistant(&text)),
    }
}

async fn opened(folder: &Path) -> Result<Times> {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let begun = now();
        let store = open(folder)?;
        let list = store.list(20).await?;
        times.push(begun.elapsed());
        ensure!(list.len() == 20, "only {} are listed", list.len());
    }
    Ok(Times::of(times))
}

async fn searched(store: &SqliteStore, words: &str, expected: usize) -> Result<Times> {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let begun = now();
        let hits = store.search(words, 10).await?.hits;
        times.push(begun.elapsed());
        ensure!(hits.len() == expected, "{words:?} found {}", hits.len());
    }
    Ok(Times::of(times))
}

/// Half, and all but one in a hundred.
fn cells(times: &Times) -> String {
    format!("{} | {}", millis(times.middle()), millis(times.at(99)))
}

fn millis(length: Duration) -> String {
    format!("{:.2} ms", length.as_secs_f64() * 1_000.0)
}
