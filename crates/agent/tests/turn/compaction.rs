//! A conversation that outgrows its model's window goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use alipes_agent::{Compacted, SummedUpBy, TurnError, TurnEvent, Undone, WithoutModel};
use alipes_store::{Entry, Transcript};
use alipes_wire::Item;
use serde_json::json;

use crate::script::{Script, call, response, response_of, says};
use crate::work::{Setup, Turn, Work, model};

/// A window of so many tokens, in a conversation of a few thousand.
pub(crate) const WINDOW: u64 = 12_000;

/// What a model that sums up says, and nobody else.
pub(crate) const SUMMARY: &str = "The user counts sheep and wants them shorn by Friday.";

fn long(prompt: &str) -> String {
    format!("{prompt} {}", "baa ".repeat(1_500))
}

/// A conversation of some turns of 6 kB each.
pub(crate) fn sheep(turns: usize) -> Transcript {
    let turn = |number: usize| {
        [
            Entry::User(Item::user(&long(&format!("sheep {number}")))),
            Entry::Model(Item::assistant("counted")),
            Entry::Ended { failure: None },
        ]
    };
    Transcript::of((0..turns).flat_map(turn))
}

fn work(script: &Script, transcript: Transcript) -> Work {
    let setup = Setup {
        transcript,
        ..Setup::default()
    };
    let mut work = Work::set_up(&script.base_url, setup);
    work.agent = work.agent.with_window(WINDOW);
    work
}

pub(crate) fn compacted(turn: &Turn) -> Vec<Compacted> {
    let events = turn.events.iter();
    events
        .filter_map(|event| match event {
            TurnEvent::Compacted(done) => Some(*done),
            _ => None,
        })
        .collect()
}

fn too_long() -> Vec<String> {
    let failed = json!({"type": "response.failed", "response": {
        "id": "resp", "status": "failed",
        "error": {"code": "context_length_exceeded", "message": "too long"},
    }});
    vec![failed.to_string()]
}

/// Somebody who sums up, and how often it was asked.
pub(crate) async fn summariser() -> Script {
    Script::of(&[response(&[says(SUMMARY)])]).await
}

#[tokio::test]
async fn a_summary_asked_for_beside_the_turn_takes_the_place_of_what_is_old() {
    let (script, aside) = (
        Script::of(&[response(&[says("done")])]).await,
        summariser().await,
    );
    let mut work = work(&script, sheep(6));
    work.agent = work.agent.with_auxiliary(model(&aside.base_url));
    // At three quarters of the window: the turn goes on as it is, and the summary is asked for.
    let turn = work.turn("shear them").await;
    assert_eq!(turn.result.unwrap().text, "done");
    assert!(script.request(0).contains("sheep 0"));
    assert_eq!(
        work.agent
            .settle(crate::work::deadline())
            .await
            .unwrap()
            .unwrap()
            .by,
        SummedUpBy::Model
    );
    assert_eq!((aside.asked(), compacted_requests(&script)), (1, 0));
    let story = aside.request(0);
    assert!(
        story.contains("[user] sheep 0") && !story.contains("shear them"),
        "{story}"
    );
    assert!(
        !story.contains(r#""name":"shell""#),
        "a summary needs no tools"
    );
    let turn = work.turn("and now?").await;
    assert!(compacted(&turn).is_empty());
    let request = script.request(1);
    let places = [
        SUMMARY,
        "sheep 5",
        "Working folder",
        "shear them",
        "and now?",
    ];
    let places = places.map(|text| request.find(text));
    assert!(
        places.is_sorted() && places[0].is_some(),
        "{places:?} {request}"
    );
    assert!(!request.contains("sheep 0"));
    assert!(work.agent.context().tokens < WINDOW / 2);
}

/// How many requests were about a summary.
fn compacted_requests(script: &Script) -> usize {
    let requests = (0..script.asked()).map(|number| script.request(number));
    requests.filter(|request| request.contains(SUMMARY)).count()
}

#[tokio::test]
async fn what_the_provider_refuses_as_too_long_is_summed_up_and_asked_again() {
    let script = Script::of(&[too_long(), response(&[says("done")])]).await;
    let aside = summariser().await;
    let mut work = work(&script, sheep(4));
    work.agent = work.agent.with_auxiliary(model(&aside.base_url));
    let turn = work.turn("shear them").await;
    let [done] = compacted(&turn)[..] else {
        panic!("{:?}", turn.events);
    };
    assert_eq!(turn.result.unwrap().text, "done");
    assert!(
        done.after < done.before && done.by == SummedUpBy::Model,
        "{done:?}"
    );
    assert_eq!(script.asked(), 2);
    assert!(script.request(1).contains(SUMMARY));
    assert!(script.request(1).contains("shear them"));
    assert!(
        work.agent.context().window < WINDOW,
        "what was refused is learnt"
    );
}

#[tokio::test]
async fn one_refusal_far_below_the_window_that_was_told_does_not_make_it_small() {
    let script = Script::of(&[too_long(), response(&[says("done")])]).await;
    let mut work = work(&script, sheep(4));
    work.agent = work.agent.with_window(200_000);
    let turn = work.turn("shear them").await;
    assert_eq!(compacted(&turn).len(), 1);
    assert_eq!(turn.result.unwrap().context.window, 200_000);
    let turn = work.turn(&long("and the goats")).await;
    assert_eq!(compacted(&turn).len(), 0, "nothing is summed up before it");
    assert_eq!(script.asked(), 3);
}

#[tokio::test]
async fn without_anybody_to_sum_up_it_is_shortened_mechanically() {
    let script = Script::of(&[too_long(), response(&[says("done")])]).await;
    let mut work = work(&script, sheep(4));
    let turn = work.turn("shear them").await;
    let done = compacted(&turn)[0];
    assert_eq!(done.by, SummedUpBy::Digest);
    assert_eq!(done.without, Some(WithoutModel::Nobody));
    assert_eq!(turn.result.unwrap().text, "done");
    let request = script.request(1);
    assert!(
        request.contains("shortened mechanically") && request.contains("sheep 0"),
        "{request}"
    );
    assert!(request.len() < script.request(0).len() * 8 / 10);
}

#[tokio::test]
async fn a_summary_that_is_none_is_not_believed() {
    for bad in ["", "ok", &"long ".repeat(6_000)] {
        let script = Script::of(&[too_long(), response(&[says("done")])]).await;
        let aside = Script::of(&[response(&[says(bad)])]).await;
        let mut work = work(&script, sheep(4));
        work.agent = work.agent.with_auxiliary(model(&aside.base_url));
        let turn = work.turn("shear them").await;
        let done = compacted(&turn)[0];
        assert_eq!(
            (done.by, done.without),
            (SummedUpBy::Digest, Some(WithoutModel::Failed)),
            "{} bytes",
            bad.len()
        );
        turn.result.unwrap();
    }
}

#[tokio::test]
async fn a_model_that_refuses_every_length_is_asked_at_most_three_times() {
    let script = Script::of(&[too_long()]).await;
    let mut work = work(&script, sheep(4));
    let error = work.turn("shear them").await.result.unwrap_err();
    let TurnError::Fault(fault) = error else {
        panic!("{error}");
    };
    assert_eq!(fault.cause.as_str(), "context-too-long");
    assert!((2..=3).contains(&script.asked()), "{}", script.asked());
    let alone = Script::of(&[too_long()]).await;
    let mut short = Work::with(&alone.base_url);
    short.turn("hi").await.result.unwrap_err();
    assert_eq!(
        alone.asked(),
        1,
        "what cannot get smaller is not sent again"
    );
}

#[tokio::test]
async fn one_output_that_fills_the_window_is_cut_down() {
    let read = call("c1", "read_file", r#"{"path":"huge.txt"}"#);
    let script = Script::of(&[response(&[read]), too_long(), response(&[says("done")])]).await;
    let mut work = work(&script, Transcript::default());
    work.file("huge.txt", &"a line of text\n".repeat(3_000));
    let answer = work.answer("read it").await;
    assert_eq!(answer.text, "done");
    let (before, after) = (script.outputs(1), script.outputs(2));
    assert_eq!((before.len(), after.len()), (1, 1));
    assert!(
        after[0].1.len() < before[0].1.len() / 2,
        "{}",
        after[0].1.len()
    );
    assert!(script.request(2).contains("read it"));
}

#[tokio::test]
async fn a_full_window_is_made_room_in_before_anybody_is_asked() {
    let script = Script::of(&[response(&[says("done")])]).await;
    let mut work = work(&script, sheep(9));
    assert!(work.agent.context().percent() >= 90);
    let turn = work.turn("shear them").await;
    assert_eq!(compacted(&turn).len(), 1);
    assert_eq!(script.asked(), 1);
    assert!(!script.request(0).contains(&long("sheep 0")));
}

#[tokio::test]
async fn what_was_summed_up_is_taken_back_and_stays_then_the_turn_is() {
    let script = Script::of(&[response(&[says("done")])]).await;
    let mut work = work(&script, sheep(7));
    let before = work.agent.transcript().items().to_vec();
    let (sender, _events) = tokio::sync::mpsc::channel(8);
    let done = work.agent.compact(crate::work::deadline(), &sender).await;
    assert_eq!(done.unwrap().by, SummedUpBy::Digest);
    assert_eq!(work.agent.undo().await.unwrap(), Undone::Compaction);
    assert_eq!(work.agent.transcript().items(), before);
    // It is in the window, if barely: nobody sums up again what was wanted back.
    let turn = work.turn("shear them").await;
    assert!(compacted(&turn).is_empty() && !work.agent.is_summing_up());
    let prompt = "shear them".to_owned();
    assert_eq!(work.agent.undo().await.unwrap(), Undone::Turn { prompt });
    // The setting that the turn began with is no part of it.
    assert_eq!(work.agent.transcript().items()[..before.len()], before);
    for _ in 0..7 {
        work.agent.undo_turn().await.unwrap();
    }
    assert!(matches!(
        work.agent.undo().await,
        Err(TurnError::NothingToUndo)
    ));
}

#[tokio::test]
async fn what_was_summed_up_twice_in_a_row_comes_back_in_two_steps_and_no_turn_goes() {
    let script = Script::of(&[response(&[says("done")])]).await;
    let aside = Script::of(&[response(&[says(&SUMMARY.repeat(4))])]).await;
    let mut work = work(&script, sheep(9));
    // Of so large a window two turns stay, and then one.
    let agent = work.agent.with_window(100_000);
    work.agent = agent.with_auxiliary(model(&aside.base_url));
    let (sender, _events) = tokio::sync::mpsc::channel(8);
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.push(work.agent.transcript().items().to_vec());
        let done = work.agent.compact(crate::work::deadline(), &sender).await;
        done.unwrap();
    }
    for items in seen.iter().rev() {
        assert_eq!(work.agent.undo().await.unwrap(), Undone::Compaction);
        assert_eq!(work.agent.transcript().items(), items);
    }
}

#[tokio::test]
async fn a_title_under_way_keeps_nobody_from_summing_up() {
    let script = Script::of(&[response(&[says("done")])]).await;
    let aside = [response(&[says("Sheep")]), response(&[says(SUMMARY)])];
    let aside = Script::of(&aside).await;
    let mut work = work(&script, Transcript::default());
    let agent = work.agent.with_auxiliary(model(&aside.base_url));
    work.agent = agent.with_title();
    let held = Arc::clone(&aside.turnstile).lock_owned().await;
    for number in 0..4 {
        work.answer(&long(&format!("sheep {number}"))).await;
    }
    let (sender, mut events) = tokio::sync::mpsc::channel(8);
    let compacting = async {
        let done = work.agent.compact(crate::work::deadline(), &sender).await;
        drop(sender);
        done
    };
    let released = async {
        let first = events.recv().await;
        assert!(matches!(first, Some(TurnEvent::SummingUp(_))), "{first:?}");
        drop(held);
        while events.recv().await.is_some() {}
    };
    let (done, ()) = tokio::join!(compacting, released);
    let done = done.unwrap();
    assert_eq!(done.without, None, "{done:?}");
    assert_eq!(aside.asked(), 2);
    assert_eq!(work.agent.title(), Some("Sheep"));
}

#[tokio::test]
async fn a_short_conversation_has_nothing_to_sum_up() {
    let script = Script::of(&[response(&[says("done")])]).await;
    let mut work = work(&script, Transcript::default());
    work.answer("hi").await;
    let (sender, _events) = tokio::sync::mpsc::channel(8);
    let refused = work.agent.compact(crate::work::deadline(), &sender).await;
    assert!(
        matches!(refused, Err(TurnError::NothingToCompact)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_title_is_asked_for_beside_the_first_turn_alone() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let aside = Script::start(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        response(&[says("\"Shearing of sheep.\"")])
    })
    .await;
    let script = Script::of(&[response(&[says("done")])]).await;
    let mut work = work(&script, Transcript::default());
    work.agent = work
        .agent
        .with_auxiliary(model(&aside.base_url))
        .with_title();
    work.answer("please shear all of the sheep").await;
    work.agent.settle(crate::work::deadline()).await.unwrap();
    assert_eq!(work.agent.title(), Some("Shearing of sheep"));
    work.answer("and now?").await;
    work.agent.settle(crate::work::deadline()).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

/// What each call beside the turns took, once.
fn spent(work: &mut Work) -> Vec<u64> {
    let spent = work.agent.spent_beside().into_iter();
    let tokens = spent.map(|event| match event {
        TurnEvent::SpentBeside { usage, .. } => usage.input_tokens,
        other => panic!("{other:?}"),
    });
    tokens.collect()
}

#[tokio::test]
async fn what_calls_beside_the_turns_took_is_told_once_for_each() {
    let said = |text: &str, tokens: u64| {
        let usage = json!({"usage": {"input_tokens": tokens, "output_tokens": 5}});
        response_of(&[says(text).to_string()], usage)
    };
    let script = Script::of(&[said("done", 100)]).await;
    // What is no title and no summary was paid, too.
    let aside = Script::of(&[said("", 7), said("ok", 70), said(SUMMARY, 700)]).await;
    let mut work = work(&script, Transcript::default());
    work.agent = work
        .agent
        .with_auxiliary(model(&aside.base_url))
        .with_title();
    assert_eq!(work.answer("please").await.usage.input_tokens, 100);
    work.agent.settle(crate::work::deadline()).await.unwrap();
    assert_eq!(spent(&mut work), [7]);
    let mut work = self::work(&script, sheep(6));
    work.agent = work.agent.with_auxiliary(model(&aside.base_url));
    for tokens in [70, 700] {
        let (events, _heard) = tokio::sync::mpsc::channel(64);
        let done = work.agent.compact(crate::work::deadline(), &events).await;
        assert_eq!(spent(&mut work), [tokens], "{done:?}");
        work.agent.undo().await.unwrap();
        tokio::time::pause();
        tokio::time::advance(std::time::Duration::from_secs(3_600)).await;
        tokio::time::resume();
    }
    assert!(spent(&mut work).is_empty());
}

#[tokio::test]
async fn the_providers_own_count_decides_and_not_the_estimate() {
    let usage = json!({"usage": {"input_tokens": 9_600, "output_tokens": 5}});
    let full = response_of(&[says("done").to_string()], usage);
    let (script, aside) = (Script::of(&[full]).await, summariser().await);
    let mut work = work(&script, sheep(3));
    work.agent = work.agent.with_auxiliary(model(&aside.base_url));
    assert!(work.agent.context().percent() < 70);
    let answer = work.answer("count").await;
    assert!(answer.context.percent() >= 80, "{:?}", answer.context);
    assert!(work.agent.is_summing_up());
}
