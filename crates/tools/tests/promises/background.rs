//! A process in the background is watched, written to and ended, and dies with the conversation.

use std::time::Duration;

use alipes_tools::ToolError;
use serde_json::{Value, json};

use crate::running::is_gone;
use crate::workplace::Workplace;

/// Starts a command in the background; its number.
pub(crate) async fn start(place: &Workplace, command: &str) -> u64 {
    let input = json!({"command": command, "background": true});
    let text = place.text("shell", input).await;
    let (_, rest) = text.split_once("started process ").unwrap();
    rest.split(' ').next().unwrap().parse().unwrap()
}

/// The position that a reading names to go on from.
fn position(text: &str) -> u64 {
    let (_, rest) = text.rsplit_once("since=").unwrap();
    rest.trim_end_matches("]\n").parse().unwrap()
}

async fn process(place: &Workplace, input: Value) -> String {
    place.text("process", input).await
}

#[tokio::test]
async fn it_runs_on_while_other_calls_are_made() {
    let place = Workplace::new();
    let id = start(
        &place,
        "while [ ! -e go ]; do sleep 0.01; done; echo went; exit 3",
    )
    .await;
    let text = process(&place, json!({"id": id})).await;
    assert!(
        text.starts_with(&format!("process {id}: running for ")),
        "{text}"
    );
    assert!(
        text.contains("(no new output)\n[go on with since=0]"),
        "{text}"
    );
    place
        .text("write_file", json!({"path": "go", "content": ""}))
        .await;
    let text = process(&place, json!({"id": id, "since": 0, "wait_seconds": 60})).await;
    assert!(text.contains("\nwent\n"), "{text}");
    let next = position(&text);
    let text = process(&place, json!({"id": id, "since": next, "wait_seconds": 60})).await;
    assert!(
        text.contains("exit code 3 after") && text.contains("(no new output)"),
        "{text}"
    );
}

#[tokio::test]
async fn what_is_written_to_it_is_read_by_it() {
    let place = Workplace::new();
    let id = start(
        &place,
        "while read line; do echo \"got $line\"; done; echo over",
    )
    .await;
    let written = place
        .text("process_input", json!({"id": id, "input": "one\ntwo\n"}))
        .await;
    assert!(
        written.starts_with(&format!("wrote 8 bytes to process {id}; ")),
        "{written}"
    );
    place
        .text("process_input", json!({"id": id, "close": true}))
        .await;
    let (mut told, mut since) = (String::new(), 0);
    while !told.contains("over") {
        let input = json!({"id": id, "since": since, "wait_seconds": 60});
        let text = process(&place, input).await;
        told.extend(text.lines().skip(1).filter(|line| !line.starts_with('[')));
        since = position(&text);
        // One that has ended says no more: to ask it again would be to ask for ever.
        assert!(
            text.contains(": running for ") || told.contains("over"),
            "{text}"
        );
    }
    assert_eq!(told, "got onegot twoover");
    let mut ended = String::new();
    while !ended.contains("exit code 0") {
        assert!(!ended.contains(" after "), "{ended}");
        ended = process(&place, json!({"id": id, "wait_seconds": 60})).await;
    }
    let error = place
        .error("process_input", json!({"id": id, "input": "more\n"}))
        .await;
    assert!(error.to_string().contains("its input is closed"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn killing_it_ends_what_it_started_too() {
    let place = Workplace::new();
    let id = start(&place, "sleep 1000 & echo $!; wait").await;
    let text = process(&place, json!({"id": id, "since": 0, "wait_seconds": 60})).await;
    let child = text.lines().nth(1).unwrap().to_owned();
    let text = process(&place, json!({"id": id, "kill": true})).await;
    assert!(text.contains("killed by signal 9"), "{text}");
    is_gone(&child).await;
}

#[cfg(unix)]
#[tokio::test]
async fn all_of_them_die_with_the_conversation() {
    let place = Workplace::new();
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(start(&place, "exec sleep 1000").await);
    }
    drop(place);
    for id in ids {
        is_gone(&id.to_string()).await;
    }
}

#[tokio::test]
async fn whoever_shows_what_runs_keeps_nothing_alive() {
    let place = Workplace::new();
    let shown = place.context.workbench.in_background();
    assert!(shown.commands().is_empty());
    let first = start(&place, "exec sleep 1000").await;
    let second = start(&place, "exec sleep 1001").await;
    assert_eq!(shown.commands(), ["exec sleep 1000", "exec sleep 1001"]);
    process(&place, json!({"id": first, "kill": true})).await;
    assert_eq!(shown.commands(), ["exec sleep 1001"]);
    drop(place);
    assert!(shown.commands().is_empty());
    is_gone(&second.to_string()).await;
}

#[tokio::test]
async fn one_of_an_earlier_run_is_told_as_gone() {
    let place = Workplace::new();
    let id = start(&place, "exec sleep 1000").await;
    let later = Workplace::new();
    for (tool, input) in [
        ("process", json!({"id": id})),
        ("process", json!({"id": id, "kill": true})),
        ("process_input", json!({"id": id, "input": "x"})),
    ] {
        let error = later.error(tool, input).await;
        assert!(
            error
                .to_string()
                .contains("it ended when its conversation was left"),
            "{error}"
        );
    }
    let list = process(&later, json!({})).await;
    assert!(
        list.contains("earlier ones ended when their conversation was left"),
        "{list}"
    );
    // It was not somebody else's to kill.
    let text = process(&place, json!({"id": id})).await;
    assert!(text.contains("running for"), "{text}");
}

#[tokio::test]
async fn there_are_never_more_than_eight() {
    let place = Workplace::new();
    let mut first = 0;
    for _ in 0..8 {
        first = start(&place, "exec sleep 1000").await;
    }
    let input = json!({"command": "exec sleep 1000", "background": true});
    let error = place.error("shell", input).await;
    assert!(
        matches!(error, ToolError::TooMany { most: 8, .. }),
        "{error}"
    );
    assert_eq!(process(&place, json!({})).await.lines().count(), 8);
    process(&place, json!({"id": first, "kill": true})).await;
    start(&place, "exec sleep 1000").await;
}

#[tokio::test]
async fn its_output_is_bounded_and_what_is_lost_is_told() {
    let place = Workplace::new();
    let id = start(&place, "head -c 1000000 /dev/zero | tr '\\0' x; echo end").await;
    let mut text = String::new();
    while !text.contains("exit code 0") {
        text = process(
            &place,
            json!({"id": id, "wait_seconds": 60, "since": 1_000_004}),
        )
        .await;
    }
    let output = place
        .call("process", json!({"id": id, "since": 0}))
        .await
        .unwrap();
    assert!(output.truncated && output.text.len() < 26 * 1024);
    assert!(
        output.text.contains("before this are not kept any more]"),
        "what is lost"
    );
    let end = process(&place, json!({"id": id})).await;
    assert!(end.contains("xend\n[go on with since=1000004]"), "the end");
}

#[tokio::test]
async fn a_process_that_does_not_read_does_not_hold_a_call_up() {
    let place = Workplace::new();
    let id = start(&place, "exec sleep 1000").await;
    let line = "x".repeat(64 * 1024);
    let limit = Duration::from_secs(60);
    let write = async {
        // A pipe holds 64 KiB, so the second is one too many.
        let input = json!({"id": id, "input": line});
        let _ = place.call("process_input", input.clone()).await;
        place.error("process_input", input).await
    };
    let error = tokio::time::timeout(limit, write).await.unwrap();
    assert!(error.to_string().contains("did not read"), "{error}");
}

#[tokio::test]
async fn what_it_says_steers_no_terminal() {
    let place = Workplace::new();
    let id = start(
        &place,
        r"printf '\033[31mred\033[0m\033]52;c;ZXZpbA==\007\000\n'",
    )
    .await;
    let text = process(&place, json!({"id": id, "since": 0, "wait_seconds": 60})).await;
    assert!(text.contains("\nred␀\n"), "{text}");
}

#[tokio::test]
async fn input_that_does_not_fit_is_refused() {
    let place = Workplace::new();
    for (tool, input) in [
        ("process", json!({"id": 0})),
        ("process", json!({"id": "1"})),
        ("process", json!({"id": 1, "wait_seconds": 1_000})),
        ("process_input", json!({"id": 1})),
        ("process_input", json!({"input": "x"})),
        (
            "process_input",
            json!({"id": 1, "input": "x".repeat(70_000)}),
        ),
    ] {
        let error = place.error(tool, input.clone()).await;
        assert!(
            matches!(error, ToolError::BadInput { .. }),
            "{input}: {error}"
        );
    }
}
