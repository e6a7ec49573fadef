//! A conversation that is taken up in another process: what was cut goes on, and nothing has its
//! effect twice.

use alipes_agent::{ToolOutcome, TurnError, TurnEvent};
use alipes_store::{Entry, Part, Transcript, Turn};
use alipes_tools::Effect;
use alipes_wire::Item;
use serde_json::{Value, json};

use crate::script::{Script, call, response, says};
use crate::work::{SETTING, Setup, Work};

fn model(item: &Value) -> Entry {
    Entry::Model(Item::parse(&item.to_string()).unwrap())
}

fn intent(call_id: &str, name: &str, repeatable: bool) -> Entry {
    Entry::ToolIntent {
        call_id: call_id.to_owned(),
        name: name.to_owned(),
        repeatable,
        goes_on: false,
    }
}

/// Somebody who takes up what these entries tell, and may do anything.
fn work(script: &Script, entries: Vec<Entry>) -> Work {
    let begun = [
        Entry::Setting(Item::developer(SETTING)),
        Entry::User(Item::user("go")),
    ];
    let setup = Setup {
        granted: vec![Effect::Writes, Effect::Executes],
        transcript: Transcript::of(begun.into_iter().chain(entries)),
        ..Setup::default()
    };
    Work::set_up(&script.base_url, setup)
}

/// Somebody who takes up what somebody else has left, in another folder, and may write.
fn work_after(script: &Script, transcript: &Transcript) -> Work {
    let setup = Setup {
        granted: vec![Effect::Writes],
        transcript: transcript.clone(),
        ..Setup::default()
    };
    Work::set_up(&script.base_url, setup)
}

/// A command that leaves a file of this name.
fn touch(id: &str) -> Value {
    call(id, "shell", &format!(r#"{{"command":"touch {id}"}}"#))
}

#[tokio::test]
async fn a_cut_turn_goes_on_and_only_what_reads_runs_again() {
    let script = Script::of(&[response(&[says("done")])]).await;
    let entries = vec![
        model(&touch("asked")),
        model(&touch("begun")),
        model(&call("reads", "list_files", "{}")),
        intent("begun", "shell", false),
        intent("reads", "list_files", true),
    ];
    let mut work = work(&script, entries);
    let turn = work.go_on().await;
    assert_eq!(turn.result.unwrap().text, "done");
    assert!(work.path("asked").exists());
    assert!(!work.path("begun").exists());
    let outputs = script.outputs(0);
    assert_eq!(outputs.len(), 3, "{outputs:?}");
    let of = |id: &str| &outputs.iter().find(|(call, _)| call == id).unwrap().1;
    assert!(
        of("begun").starts_with("outcome unknown"),
        "{}",
        of("begun")
    );
    assert!(of("reads").contains("asked"), "{}", of("reads"));
    let unknown = turn.events.iter().filter(|event| {
        matches!(
            event,
            TurnEvent::ToolCompleted {
                outcome: ToolOutcome::Unknown,
                ..
            }
        )
    });
    assert_eq!(unknown.count(), 1);
    assert_eq!(work.agent.transcript().turn(), &Turn::Answered);
}

#[tokio::test]
async fn a_turn_that_failed_is_continued_and_one_that_has_its_answer_is_told_again() {
    let script = Script::of(&[response(&[says("done")])]).await;
    let failure = Some("unplugged".to_owned());
    let mut work = work(&script, vec![Entry::Ended { failure }]);
    assert_eq!(work.go_on().await.result.unwrap().text, "done");
    let again = work.go_on().await;
    assert_eq!(again.messages(), [("done", true)]);
    assert_eq!(again.result.unwrap().text, "done");
    let nothing = Work::with(&script.base_url).go_on().await.result;
    assert!(
        matches!(nothing, Err(TurnError::NothingToContinue)),
        "{nothing:?}"
    );
    assert_eq!(script.asked(), 1);
}

#[tokio::test]
async fn a_new_prompt_after_a_cut_closes_what_was_open_without_running_it() {
    let script = Script::of(&[response(&[says("done")])]).await;
    let mut work = work(&script, vec![model(&touch("asked"))]);
    work.answer("something else").await;
    assert!(!work.path("asked").exists());
    let outputs = script.outputs(0);
    assert!(outputs[0].1.contains("not run"), "{outputs:?}");
}

#[tokio::test]
async fn the_model_is_told_its_setting_again_only_where_it_has_changed() {
    let script = Script::of(&[response(&[says("done")])]).await;
    let mut same = work(&script, vec![Entry::Ended { failure: None }]);
    same.answer("again").await;
    assert_eq!(script.request(0).matches(SETTING).count(), 1);
    let elsewhere = Setup {
        transcript: Transcript::of([Entry::Setting(Item::developer("Working folder: there"))]),
        ..Setup::default()
    };
    Work::set_up(&script.base_url, elsewhere)
        .answer("again")
        .await;
    let request = script.request(1);
    let places = ["folder: there", "folder: here", "\"again\""].map(|text| request.find(text));
    assert!(places.is_sorted() && places[0].is_some(), "{request}");
}

#[tokio::test]
async fn processes_of_an_earlier_run_are_told_as_gone_once() {
    let script = Script::of(&[response(&[says("done")])]).await;
    let start = call("c7", "shell", r#"{"command": "serve", "background": true}"#);
    let mut before = vec![
        model(&start),
        Entry::ToolIntent {
            call_id: "c7".to_owned(),
            name: "shell".to_owned(),
            repeatable: false,
            goes_on: true,
        },
        Entry::ran("c7", "started process 4242", ToolOutcome::Done),
        Entry::Ended { failure: None },
        // The model does not see the call any more.
        Entry::Compaction {
            summary: vec![Part::summary("a server was started")],
            kept: 0,
            maker: None,
        },
    ];
    let gone = "the last by call c7, have ended or are out of reach";
    work(&script, before.clone()).answer("again").await;
    assert_eq!(script.request(0).matches(gone).count(), 1);
    // Another run that has been told, and has started nothing since.
    let told = format!("{SETTING}\nProcesses started in the background so far, {gone}.");
    before.push(Entry::Setting(Item::developer(&told)));
    work(&script, before).answer("again").await;
    assert_eq!(script.request(1).matches(gone).count(), 1);
}

#[tokio::test]
async fn a_call_that_was_denied_has_started_nothing() {
    let script = Script::of(&[response(&[says("done")])]).await;
    let start = call("c7", "shell", r#"{"command": "serve", "background": true}"#);
    let denied = vec![
        model(&start),
        Entry::ran("c7", "not allowed", ToolOutcome::Denied),
        Entry::Ended { failure: None },
    ];
    work(&script, denied).answer("again").await;
    assert!(!script.request(0).contains("have ended"));
}

#[tokio::test]
async fn what_somebody_changed_since_the_model_saw_it_is_left_alone_after_a_resume_too() {
    let arguments = |content: &str| json!({"path": "s.txt", "content": content}).to_string();
    let edit = json!({"path": "s.txt", "old": "work", "new": "play"}).to_string();
    let read = r#"{"path":"s.txt"}"#;
    let first = [
        ("read_file", read.to_owned()),
        ("write_file", arguments("v2\n")),
    ];
    for (tool, input) in first {
        let script = Script::of(&[
            response(&[call("c1", tool, &input)]),
            response(&[says("done")]),
            response(&[
                call("c2", "write_file", &arguments("v3\n")),
                call("c3", "edit", &edit),
                call("c4", "read_file", read),
                call("c5", "edit", &edit),
            ]),
            response(&[says("done")]),
        ])
        .await;
        let mut before = Work::granted(&script.base_url, &[Effect::Writes]);
        before.file("s.txt", "v2\n");
        before.answer("go").await;
        let mut after = work_after(&script, before.agent.transcript());
        after.file("s.txt", "somebody's work\n");
        after.answer("again").await;
        let outputs = script.outputs(3);
        let [.., written, edited, _, again] = outputs.as_slice() else {
            panic!("{outputs:?}");
        };
        for (_, output) in [written, edited] {
            assert!(output.contains("changed since"), "{tool}: {output}");
        }
        assert!(again.1.contains("+somebody's play"), "{tool}: {}", again.1);
    }
}

#[tokio::test]
async fn what_nobody_changed_since_is_written_after_a_resume_without_reading_it_again() {
    let written = r#"{"path":"s.txt","content":"v2\n"}"#;
    let script = Script::of(&[
        response(&[call("c1", "read_file", r#"{"path":"s.txt"}"#)]),
        response(&[says("done")]),
        response(&[call("c2", "write_file", written)]),
        response(&[says("done")]),
    ])
    .await;
    let mut before = Work::with(&script.base_url);
    before.file("s.txt", "v1\n");
    before.answer("go").await;
    let mut after = work_after(&script, before.agent.transcript());
    after.file("s.txt", "v1\n");
    after.answer("again").await;
    let outputs = script.outputs(3);
    let (_, output) = outputs.last().unwrap();
    assert!(output.starts_with("replaced s.txt"), "{output}");
}
