//! The journal's order: intent before effect, result before the next request; and what cannot be
//! recorded does not happen.

use std::sync::{Arc, Mutex};

use alipes_agent::TurnError;
use alipes_base::Redactor;
use alipes_store::{Entry, Journal, JournalError, MemoryJournal, Transcript, Turn};
use alipes_tools::{Context, Effect, Output, Tool, ToolError, ToolSpec, Toolbox};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::script::{Script, call, response, says};
use crate::work::{Setup, Work, deadline};

/// What happened, in order, whoever saw it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, what: &str) {
        self.0.lock().unwrap().push(what.to_owned());
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// A journal that may refuse one kind of entry.
struct Recorder {
    log: Log,
    refuses: Option<&'static str>,
}

impl Journal for Recorder {
    fn append(&mut self, entries: Vec<Entry>) -> BoxFuture<'_, Result<(), JournalError>> {
        let mut refused = false;
        for entry in entries {
            self.log.note(entry.kind());
            refused |= self.refuses == Some(entry.kind());
        }
        Box::pin(ready(match refused {
            true => Err(JournalError("the disk is full".into())),
            false => Ok(()),
        }))
    }

    fn note(&mut self, entry: Entry) {
        self.log.note(entry.kind());
    }
}

/// A tool whose effect is a note.
struct Ring {
    spec: ToolSpec,
    log: Log,
}

impl Tool for Ring {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn effect(&self) -> Effect {
        Effect::Reads
    }

    fn summary(&self, _input: &Value, _redactor: &Redactor) -> String {
        "ring the bell".to_owned()
    }

    fn run<'a>(
        &'a self,
        _input: Value,
        _context: &'a Context,
    ) -> BoxFuture<'a, Result<Output, ToolError>> {
        self.log.note("effect");
        let text = "it rang".to_owned();
        Box::pin(ready(Ok(Output {
            text,
            truncated: false,
            changes: None,
        })))
    }
}

/// A turn with one call of the bell, and the log of it.
async fn turn(refuses: Option<&'static str>) -> (Result<String, TurnError>, Vec<String>) {
    let log = Log::default();
    let requests = log.clone();
    let script = Script::start(move |number| {
        requests.note("request");
        match number {
            0 => response(&[call("c1", "ring", "{}")]),
            _ => response(&[says("done")]),
        }
    })
    .await;
    let spec = ToolSpec {
        name: "ring",
        description: "Ring the bell.",
        parameters: json!({"type": "object", "additionalProperties": false}),
    };
    let ring = Ring {
        spec,
        log: log.clone(),
    };
    let setup = Setup {
        toolbox: Toolbox::new([Box::new(ring) as Box<dyn Tool>]),
        journal: Box::new(Recorder {
            log: log.clone(),
            refuses,
        }),
        ..Setup::default()
    };
    let turn = Work::set_up(&script.base_url, setup).turn("go").await;
    (turn.result.map(|answer| answer.text), log.all())
}

#[tokio::test]
async fn intents_are_recorded_before_effects_and_results_before_requests() {
    let (answer, log) = turn(None).await;
    assert_eq!(answer.unwrap(), "done");
    assert_eq!(
        log,
        [
            "setting", "user", "request", "attempt", "model", "decision", "intent", "effect",
            "result", "request", "attempt", "model", "ended"
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_recorded_does_not_happen() {
    let table = [
        ("user", "request"),
        ("intent", "effect"),
        ("result", "request"),
    ];
    for (refused, next) in table {
        let (answer, log) = turn(Some(refused)).await;
        let error = answer.unwrap_err();
        assert!(matches!(error, TurnError::Journal(_)), "{refused}: {error}");
        assert!(error.to_string().contains("the disk is full"));
        let after = log.iter().position(|what| what == refused).unwrap();
        assert!(
            !log[after..].contains(&next.to_owned()),
            "{refused}: {log:?}"
        );
    }
}

/// A journal that writes on a thread of its own, so what it was handed is kept whoever waits, and that
/// takes its time once.
#[derive(Clone, Default)]
struct Slow {
    kept: Arc<Mutex<MemoryJournal>>,
    slow_at: Arc<Mutex<Option<&'static str>>>,
    /// What takes its time fails in the end.
    refuses: bool,
    writing: Arc<Notify>,
    written: Arc<Notify>,
}

impl Slow {
    fn transcript(&self) -> Transcript {
        Transcript::of(self.kept.lock().unwrap().entries().to_vec())
    }
}

impl Journal for Slow {
    fn append(&mut self, entries: Vec<Entry>) -> BoxFuture<'_, Result<(), JournalError>> {
        let is_slow = entries.last().is_some_and(|entry| {
            self.slow_at
                .lock()
                .unwrap()
                .take_if(|at| *at == entry.kind())
                .is_some()
        });
        let kept = match is_slow && self.refuses {
            true => Some(Err(JournalError("the disk is full".into()))),
            false => self.kept.lock().unwrap().append(entries).now_or_never(),
        };
        Box::pin(async move {
            if is_slow {
                self.writing.notify_one();
                self.written.notified().await;
            }
            kept.unwrap_or(Ok(()))
        })
    }

    fn note(&mut self, entry: Entry) {
        self.kept.lock().unwrap().note(entry);
    }
}

/// An agent that was interrupted while its journal wrote an entry of this kind.
async fn interrupted_at(script: &Script, kind: &'static str) -> (Work, Slow) {
    interrupted(script, kind, Slow::default()).await
}

async fn interrupted(script: &Script, kind: &'static str, slow: Slow) -> (Work, Slow) {
    *slow.slow_at.lock().unwrap() = Some(kind);
    let setup = Setup {
        journal: Box::new(slow.clone()),
        ..Setup::default()
    };
    let mut work = Work::set_up(&script.base_url, setup);
    if kind == "said" {
        let interjections = work.agent.interjections();
        interjections.say("be brief".to_owned()).unwrap();
    }
    let (events, mut heard) = tokio::sync::mpsc::channel(8);
    let heard = async move { while heard.recv().await.is_some() {} };
    tokio::select! {
        ended = work.agent.turn("go", true, deadline(), &events) => panic!("it ended: {ended:?}"),
        () = heard => panic!("nobody tells any more"),
        () = slow.writing.notified() => {}
    }
    slow.written.notify_one();
    (work, slow)
}

#[tokio::test]
async fn what_the_journal_was_writing_when_the_turn_was_interrupted_counts() {
    let steps = [
        response(&[call("c1", "list_files", "{}")]),
        response(&[says("done")]),
    ];
    for kind in ["user", "model", "intent", "result", "ended"] {
        let script = Script::of(&steps).await;
        let (mut work, slow) = interrupted_at(&script, kind).await;
        assert_eq!(work.go_on().await.result.unwrap().text, "done", "{kind}");
        work.turn("more").await.result.unwrap();
        let there = slow.transcript();
        assert_eq!(work.agent.transcript().items(), there.items(), "{kind}");
        assert_eq!(work.agent.transcript().turn(), &Turn::Answered);
        assert_eq!(work.agent.undo_turn().await.unwrap(), "more");
        assert_eq!(work.agent.undo_turn().await.unwrap(), "go");
        assert_eq!(slow.transcript().prompts().count(), 0, "{kind}");
    }
}

#[tokio::test]
async fn a_prompt_that_was_being_written_is_taken_back_where_it_was_written() {
    let script = Script::of(&[response(&[says("done")])]).await;
    let (mut work, slow) = interrupted_at(&script, "user").await;
    assert_eq!(work.agent.undo_turn().await.unwrap(), "go");
    assert_eq!(slow.transcript().prompts().count(), 0);
}

#[tokio::test]
async fn a_word_that_was_being_written_is_either_in_the_conversation_or_given_back() {
    let script = Script::of(&[response(&[says("done")])]).await;
    let (mut work, slow) = interrupted_at(&script, "said").await;
    assert_eq!(work.agent.left_off().await, ["be brief"]);
    assert!(work.agent.interjections().take().is_empty());
    assert_eq!(work.go_on().await.result.unwrap().text, "done");
    assert_eq!(script.request(0).matches("be brief").count(), 1);
    assert_eq!(work.agent.transcript().items(), slow.transcript().items());
    let refusing = Slow {
        refuses: true,
        ..Slow::default()
    };
    let (mut work, slow) = interrupted(&script, "said", refusing).await;
    assert!(work.agent.left_off().await.is_empty());
    assert_eq!(work.agent.interjections().take(), ["be brief"]);
    assert_eq!(work.go_on().await.result.unwrap().text, "done");
    assert!(!script.request(1).contains("be brief"));
    assert_eq!(work.agent.transcript().items(), slow.transcript().items());
}
