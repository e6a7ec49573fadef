//! What the user says while a turn runs.

use std::ops::Range;

use alipes_agent::TurnEvent;
use alipes_store::{Entry, Origin, Part, ToolOutcome, Transcript, Turn};
use alipes_wire::Item;

use crate::script::{Script, call, response, says};
use crate::work::{Setup, Work, deadline};

#[tokio::test]
async fn what_is_said_into_a_turn_is_read_before_the_models_next_step() {
    let first = response(&[call("c1", "list_files", "{}")]);
    let script = Script::of(&[first, response(&[says("done")])]).await;
    let mut work = Work::with(&script.base_url);
    let interjections = work.agent.interjections();
    let mut text = Some("and the tests".to_owned());
    // While the model thinks about its first step.
    let say = |event: &TurnEvent| {
        if matches!(event, TurnEvent::Trace(_))
            && let Some(text) = text.take()
        {
            interjections.say(text).unwrap();
        }
    };
    let turn = work.heard_turn("go", say).await;
    turn.result.unwrap();
    assert!(!script.request(0).contains("and the tests"));
    let request = script.request(1);
    let places = ["function_call_output", "and the tests"].map(|text| request.find(text));
    assert!(places.is_sorted() && places[0].is_some(), "{request}");
    let told = |event: &TurnEvent| matches!(event, TurnEvent::Interjected { text } if text == "and the tests");
    assert!(turn.events.iter().any(told), "{:?}", turn.events);
    assert!(interjections.unheard().is_empty());
    // It belongs to the turn it was said into.
    assert_eq!(work.agent.transcript().turn(), &Turn::Answered);
    assert_eq!(work.agent.undo_turn().await.unwrap(), "go");
    assert_eq!(work.agent.transcript().prompts().count(), 0);
    work.turn("go").await.result.unwrap();
    assert!(!script.request(2).contains("and the tests"));
}

#[tokio::test]
async fn what_comes_after_the_last_step_is_not_lost() {
    let script = Script::of(&[response(&[says("done")])]).await;
    let mut work = Work::with(&script.base_url);
    let interjections = work.agent.interjections();
    let say = |event: &TurnEvent| {
        if matches!(event, TurnEvent::Message { .. }) {
            interjections.say("one more".to_owned()).unwrap();
        }
    };
    work.heard_turn("go", say).await.result.unwrap();
    assert_eq!(script.asked(), 1);
    assert_eq!(interjections.take(), ["one more"]);
    for _ in 0..32 {
        interjections.say("x".to_owned()).unwrap();
    }
    assert_eq!(interjections.say("y".to_owned()), Err("y".to_owned()));
}

/// Some steps of a turn, with outputs of 4 kB each.
fn steps(numbers: Range<usize>) -> impl Iterator<Item = Entry> {
    numbers.flat_map(|number| {
        let (id, said) = (format!("c{number}"), "baa ".repeat(1_000));
        let call = call(&id, "list_files", "{}").to_string();
        [
            Entry::Model(Item::parse(&call).unwrap()),
            Entry::ran(&id, &said, ToolOutcome::Done),
        ]
    })
}

/// A turn of many steps that was cut behind a word said into it.
fn steered() -> Transcript {
    let entries = [Entry::User(Item::user("read todo.md"))];
    let word = [Entry::Said(Item::user("also be brief"))];
    Transcript::of(entries.into_iter().chain(steps(0..8)).chain(word))
}

/// Work that goes on from there, before a model that has one answer left.
async fn after(transcript: Transcript) -> (Script, Work) {
    let script = Script::of(&[response(&[says("done")])]).await;
    let setup = Setup {
        transcript,
        ..Setup::default()
    };
    let work = Work::set_up(&script.base_url, setup);
    (script, work)
}

#[tokio::test]
async fn a_steered_turn_that_was_cut_is_gone_on_with_and_taken_back_whole() {
    let (script, mut work) = after(steered()).await;
    assert_eq!(work.go_on().await.result.unwrap().text, "done");
    let request = script.request(0);
    let places = ["read todo.md", "also be brief"].map(|text| request.find(text));
    assert!(places.is_sorted() && places[0].is_some(), "{request}");
    assert_eq!(work.agent.undo_turn().await.unwrap(), "read todo.md");
    assert!(work.agent.transcript().items().is_empty());
}

#[tokio::test]
async fn a_compaction_amid_a_steered_turn_keeps_the_task_as_it_was_given() {
    let (_script, mut work) = after(steered()).await;
    let (events, _heard) = tokio::sync::mpsc::channel(64);
    work.agent.compact(deadline(), &events).await.unwrap();
    for kept in ["read todo.md", "also be brief"] {
        let items = work.agent.transcript().items();
        assert!(items.contains(&Item::user(kept)), "{kept}: {items:?}");
    }
    assert_eq!(work.agent.undo_turn().await.unwrap(), "read todo.md");
}

#[tokio::test]
async fn a_turn_keeps_its_task_however_often_it_is_summed_up() {
    let task = Part {
        item: Item::user("read todo.md"),
        origin: Origin::Person,
    };
    let compaction = Entry::Compaction {
        summary: vec![Part::summary("in short"), task],
        kept: 2,
        maker: None,
    };
    let twice = [8..16, 16..24].into_iter().flat_map(|numbers| {
        let compaction = [compaction.clone()];
        compaction.into_iter().chain(steps(numbers))
    });
    let mut transcript = steered();
    twice.for_each(|entry| transcript.add(entry));
    let (_script, mut work) = after(transcript).await;
    let (events, _heard) = tokio::sync::mpsc::channel(64);
    work.agent.compact(deadline(), &events).await.unwrap();
    let items = work.agent.transcript().items();
    assert!(items.contains(&Item::user("read todo.md")), "{items:?}");
    assert_eq!(work.agent.undo_turn().await.unwrap(), "read todo.md");
    assert!(work.agent.transcript().items().is_empty());
}

#[tokio::test]
async fn no_word_is_left_untold_by_a_turn_that_is_dropped_while_nobody_listens() {
    let script = Script::of(&[response(&[says("done")])]).await;
    let mut work = Work::with(&script.base_url);
    let words = work.agent.interjections();
    for text in ["one", "two", "three"] {
        words.say(text.to_owned()).unwrap();
    }
    // There is room for one, and for the others the turn has to wait.
    let (sender, mut events) = tokio::sync::mpsc::channel(1);
    let turn = work.agent.turn("go", true, deadline(), &sender);
    let are_heard = async {
        while !words.unheard().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        ended = turn => panic!("{ended:?}"),
        () = are_heard => {}
    }
    let mut told = Vec::new();
    while let Ok(TurnEvent::Interjected { text }) = events.try_recv() {
        told.push(text);
    }
    assert_eq!(told, ["one"]);
    assert_eq!(work.agent.left_off().await, ["two", "three"]);
    assert!(work.agent.left_off().await.is_empty());
}
