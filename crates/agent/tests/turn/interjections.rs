//! What the user says while a turn runs.

use alipes_agent::TurnEvent;

use crate::script::{Script, call, response, says};
use crate::work::Work;

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
    // It is on record as the user's.
    assert_eq!(work.agent.undo_turn().await.unwrap(), "and the tests");
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
