//! A conversation that is taken up in another process: what was cut goes on, and nothing has its
//! effect twice.

use alipes_agent::{ToolOutcome, TurnError, TurnEvent};
use alipes_store::{Entry, Transcript, Turn};
use alipes_tools::Effect;
use alipes_wire::Item;
use serde_json::Value;

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
        Entry::ran("c7", "started process 4242", ToolOutcome::Done),
        Entry::Ended { failure: None },
    ];
    let gone = "the last by call c7, have ended";
    work(&script, before.clone()).answer("again").await;
    assert_eq!(script.request(0).matches(gone).count(), 1);
    // Another run that has been told, and has started nothing since.
    let told = format!("{SETTING}\nProcesses started in the background so far, {gone}.");
    before.push(Entry::Setting(Item::developer(&told)));
    work(&script, before).answer("again").await;
    assert_eq!(script.request(1).matches(gone).count(), 1);
}
