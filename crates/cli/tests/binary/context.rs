//! A conversation that outgrows its model's window, as a person sees it.

use serde_json::Value;

use crate::machine::{Machine, Serving};

/// A machine whose model has a small window, and the same model to sum up beside it.
async fn machine() -> (Machine, Serving) {
    let server = Machine::new().simulate(&[]).await;
    let config = format!(
        "[providers.s]\nbase_url = \"{}\"\nroutes = [\"sse\"]\n\n\
         [model]\ndefault = \"s/planner\"\ncontext_window = 8000\n",
        server.base_url
    );
    (Machine::configured(&config), server)
}

/// About 2,600 tokens.
fn long(prompt: &str) -> String {
    format!("{prompt} {}", "baa ".repeat(2_600))
}

/// The kinds of a conversation's entries.
async fn kinds(machine: &Machine) -> Vec<String> {
    let export = ["sessions", "export", "last", "--format", "jsonl"];
    let lines = machine.run(&export).await;
    let lines = lines.answer().lines();
    lines
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| line["kind"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_long_conversation_is_summed_up_when_its_answer_is_there_and_that_is_taken_back() {
    let (machine, _server) = machine().await;
    machine.run(&["exec", &long("first")]).await.answer();
    let second = machine
        .run(&["exec", "--resume", "last", &long("second")])
        .await;
    second.answer();
    assert!(
        second.err.contains("summing up what was said earlier"),
        "{}",
        second.err
    );
    assert!(
        second.err.contains("alipes sessions undo last"),
        "{}",
        second.err
    );
    let all = kinds(&machine).await;
    assert_eq!(all.last().unwrap(), "compaction", "{all:?}");
    let third = machine
        .run(&["exec", "--resume", "last", "-v", "third"])
        .await;
    third.answer();
    assert!(third.err.contains("% of 8,000"), "{}", third.err);
    let list = machine.run(&["sessions", "list"]).await;
    assert!(!list.answer().contains("interrupted"), "{}", list.out);
    let turn = machine.run(&["sessions", "undo", "last"]).await;
    assert!(
        turn.err.contains("took back the turn “third”"),
        "{}",
        turn.err
    );
    let summary = machine.run(&["sessions", "undo", "last"]).await;
    assert!(
        summary.err.contains("took back the summary"),
        "{}",
        summary.err
    );
    let shown = machine.run(&["sessions", "show", "last"]).await;
    assert!(
        shown.answer().contains("*(the summary was taken back)*"),
        "{}",
        shown.out
    );
    for _ in 0..2 {
        assert_eq!(
            machine.run(&["sessions", "undo", "last"]).await.code,
            Some(0)
        );
    }
    let nothing = machine.refused(2, &["sessions", "undo", "last"]).await;
    assert!(nothing.contains("nothing to take back"), "{nothing}");
}
