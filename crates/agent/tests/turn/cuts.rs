//! A process that ends at a commit, at each one of a turn and on both sides of it: what is on disk then
//! is a sound store, from which the turn comes to its end, and nothing has its effect twice.
//!
//! Random kills (`kills` of the binary) meet such a moment by luck; here none is left out.

use std::collections::BTreeMap;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alipes_base::{Clock, Rng};
use alipes_store::{
    About, Conversation, Entry, Journal, JournalError, SqliteOptions, SqliteStore, Store as _,
    StoreError, Turn,
};
use alipes_tools::Effect;
use alipes_wire::{Item, ItemView};
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::Notify;

use crate::script::{Script, call, response, says};
use crate::work::{Setup, Work};

const ID: &str = "cut";

/// Where a process ends: so many commits come before it.
#[derive(Clone, Copy, Debug)]
enum End {
    Before(usize),
    After(usize),
}

/// The journal of a process that ends. What is on disk then is copied: nobody closes it in order.
struct Ending {
    journal: Conversation,
    commits: usize,
    end: End,
    disk: PathBuf,
    copy: PathBuf,
    ended: Arc<Notify>,
}

impl Ending {
    async fn end(&self) {
        for name in ["alipes.db", "alipes.db-wal"] {
            std::fs::copy(self.disk.join(name), self.copy.join(name)).unwrap();
        }
        self.ended.notify_one();
        pending::<()>().await;
    }
}

impl Journal for Ending {
    fn append(&mut self, entries: Vec<Entry>) -> BoxFuture<'_, Result<(), JournalError>> {
        Box::pin(async move {
            match self.end {
                End::Before(commits) if commits == self.commits => self.end().await,
                _ => self.journal.append(entries).await?,
            }
            match self.end {
                End::After(commits) if commits == self.commits => self.end().await,
                _ => self.commits += 1,
            }
            Ok(())
        })
    }

    fn note(&mut self, entry: Entry) {
        self.journal.note(entry);
    }
}

/// A model that asks for two calls, for two more, and answers: whatever it has heard before.
async fn model(effects: &Path) -> Script {
    let touch = |id: &str| {
        let command = format!("echo {id} >> {}", effects.display());
        let arguments = serde_json::json!({ "command": command }).to_string();
        call(id, "shell", &arguments)
    };
    let steps = [
        response(&[touch("c1"), call("r1", "list_files", "{}")]),
        response(&[touch("c2"), touch("c3")]),
        response(&[says("done")]),
    ];
    Script::reading(move |_number, request| {
        let request: Value = serde_json::from_str(request).unwrap();
        let input = request["input"].as_array().unwrap().iter();
        let outputs = input.filter(|item| item["type"] == "function_call_output");
        steps[outputs.count() / 2].clone()
    })
    .await
}

fn options(folder: &Path) -> SqliteOptions {
    SqliteOptions::within(folder, Clock::system(), Rng::from_entropy())
}

fn open(folder: &Path) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(options(folder)).unwrap())
}

fn setup(journal: impl Journal + 'static) -> Setup {
    Setup {
        granted: vec![Effect::Executes],
        journal: Box::new(journal),
        ..Setup::default()
    }
}

/// The folders of one trial.
struct Trial {
    before: tempfile::TempDir,
    after: tempfile::TempDir,
    effects: PathBuf,
}

impl Trial {
    fn new() -> Self {
        let after = tempfile::tempdir().unwrap();
        Self {
            before: tempfile::tempdir().unwrap(),
            effects: after.path().join("effects"),
            after,
        }
    }

    fn effects(&self) -> String {
        std::fs::read_to_string(&self.effects).unwrap_or_default()
    }

    /// A turn until its process ends; false, if it has come to its own end first.
    async fn cut(&self, script: &Script, end: End) -> bool {
        let about = About {
            id: ID.to_owned(),
            ..About::default()
        };
        let ended = Arc::new(Notify::new());
        let journal = Ending {
            journal: Conversation::new(open(self.before.path()), about),
            commits: 0,
            end,
            disk: self.before.path().to_owned(),
            copy: self.after.path().to_owned(),
            ended: Arc::clone(&ended),
        };
        let mut work = Work::set_up(&script.base_url, setup(journal));
        tokio::select! {
            () = ended.notified() => true,
            turn = work.turn("go") => {
                assert_eq!(turn.result.unwrap().text, "done");
                false
            }
        }
    }

    /// What another process makes of what is on disk.
    async fn go_on(&self, script: &Script, end: End) {
        let store = open(self.after.path());
        let checked = SqliteStore::check(&options(self.after.path())).unwrap();
        assert_eq!(checked.problems, [""; 0], "{end:?}");
        let (journal, transcript) = match Conversation::resume(Arc::clone(&store) as _, ID).await {
            Ok(resumed) => resumed,
            Err(StoreError::Unknown { .. }) => {
                assert!(matches!(end, End::Before(0)), "{end:?} is lost");
                assert_eq!(self.effects(), "", "{end:?}");
                return;
            }
            Err(error) => panic!("{end:?}: {error}"),
        };
        let setup = Setup {
            transcript,
            ..setup(journal)
        };
        let mut work = Work::set_up(&script.base_url, setup);
        let turn = work.go_on().await;
        assert_eq!(turn.result.unwrap().text, "done", "{end:?}");
        assert_eq!(work.agent.transcript().turn(), &Turn::Answered);
        self.judge(&store, end).await;
    }

    /// Each call has one output, and its effect once; none at most where the output does not know.
    async fn judge(&self, store: &SqliteStore, end: End) {
        let entries = store.entries(ID, 0, 1_000).await.unwrap();
        let results = entries.into_iter().filter_map(|one| match one.entry {
            Entry::ToolResult { item, .. } => Some(output(&item)),
            _ => None,
        });
        let all: Vec<(String, String)> = results.collect();
        let outputs: BTreeMap<_, _> = all.iter().cloned().collect();
        assert_eq!(outputs.len(), all.len(), "{end:?}: {all:?}");
        let ids: Vec<&str> = outputs.keys().map(String::as_str).collect();
        assert_eq!(ids, ["c1", "c2", "c3", "r1"], "{end:?}");
        let is_known = |id: &str| !outputs[id].starts_with("outcome unknown");
        assert!(is_known("r1"), "{end:?}: what only reads runs again");
        let effects = self.effects();
        for id in ["c1", "c2", "c3"] {
            let times = effects.lines().filter(|line| *line == id).count();
            let least = usize::from(is_known(id));
            assert!((least..=1).contains(&times), "{end:?}: {id} {times} times");
        }
    }
}

fn output(item: &Item) -> (String, String) {
    match item.view() {
        ItemView::FunctionCallOutput { call_id, output } => (call_id.into_owned(), output),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_turn_that_is_cut_at_any_commit_comes_to_its_end_and_nothing_runs_twice() {
    for commits in 0.. {
        let mut was_cut = false;
        for end in [End::Before(commits), End::After(commits)] {
            let trial = Trial::new();
            let script = model(&trial.effects).await;
            if trial.cut(&script, end).await {
                was_cut = true;
                trial.go_on(&script, end).await;
            }
        }
        if !was_cut {
            // Prompt, two answers with two intents and two results each, and the end.
            assert!(commits >= 8, "only {commits} commits");
            return;
        }
    }
}
