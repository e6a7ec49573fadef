//! How turns end: with an answer, at a bound, or in the middle.

use serde_json::json;

use crate::script::{Script, call, response, response_of, says};
use crate::work::Work;
use alipes_agent::{TurnError, TurnEvent};
use alipes_tools::Effect;

#[tokio::test]
async fn a_model_that_has_more_to_say_is_called_again() {
    let more = response_of(&[says("one").to_string()], json!({"end_turn": false}));
    let script = Script::of(&[more, response(&[says("two")])]).await;
    let turn = Work::with(&script.base_url).turn("go").await;
    assert_eq!(turn.messages(), [("one", true), ("two", true)]);
    let answer = turn.result.unwrap();
    assert_eq!((answer.text.as_str(), answer.steps), ("one\n\ntwo", 2));
}

#[tokio::test]
async fn a_model_that_always_has_more_to_say_is_stopped() {
    let more = response_of(&[says("more").to_string()], json!({"end_turn": false}));
    let script = Script::of(&[more]).await;
    let answer = Work::with(&script.base_url).answer("go").await;
    assert_eq!(answer.text, ["more"; 6].join("\n\n"));
    assert_eq!((answer.steps, script.asked()), (6, 6));
}

#[tokio::test]
async fn endless_tool_rounds_end_and_leave_the_conversation_usable() {
    let script = Script::start(|number| match number {
        50 => response(&[says("done")]),
        _ => response(&[call(&format!("c{number}"), "list_files", "{}")]),
    })
    .await;
    let mut work = Work::with(&script.base_url);
    let error = work.turn("go").await.result.unwrap_err();
    assert!(matches!(error, TurnError::TooManyRounds { rounds: 50 }));
    assert_eq!(work.answer("and now?").await.text, "done");
    assert_eq!(script.outputs(50).len(), 50);
}

#[tokio::test]
async fn a_refusal_is_the_answer() {
    let refusal = json!({
        "type": "message", "role": "assistant",
        "content": [{"type": "refusal", "refusal": "I will not do that."}],
    });
    let script = Script::of(&[response(&[refusal])]).await;
    let answer = Work::with(&script.base_url).answer("go").await;
    assert_eq!(answer.text, "I will not do that.");
}

#[tokio::test]
async fn a_response_without_a_word_is_named_and_leaves_the_conversation_usable() {
    let script = Script::of(&[response(&[]), response(&[says("done")])]).await;
    let mut work = Work::with(&script.base_url);
    let turn = work.turn("go").await;
    assert!(turn.messages().is_empty());
    assert!(matches!(turn.result, Err(TurnError::NoAnswer)));
    assert_eq!(work.answer("again").await.text, "done");
}

#[tokio::test]
async fn reasoning_without_a_word_is_no_answer_and_leaves_the_conversation_usable() {
    let reasoning = json!({
        "type": "reasoning", "id": "rs_1", "encrypted_content": "x",
        "summary": [{"type": "summary_text", "text": "It depends."}],
    });
    let script = Script::of(&[response(&[reasoning]), response(&[says("done")])]).await;
    let mut work = Work::with(&script.base_url);
    let turn = work.turn("go").await;
    assert!(turn.messages().is_empty());
    assert!(matches!(turn.result, Err(TurnError::NoAnswer)));
    assert_eq!(work.answer("again").await.text, "done");
}

#[tokio::test]
async fn a_turn_dropped_in_the_middle_of_a_tool_leaves_no_call_open() {
    let script = Script::of(&[
        response(&[call("c1", "shell", r#"{"command":"sleep 600"}"#)]),
        response(&[says("done")]),
    ])
    .await;
    let mut work = Work::granted(&script.base_url, &[Effect::Executes]);
    work.until("go", |event| matches!(event, TurnEvent::ToolStarted { .. }))
        .await;
    assert_eq!(work.answer("what happened?").await.text, "done");
    let outputs = script.outputs(1);
    assert_eq!(outputs.len(), 1);
    assert!(outputs[0].1.contains("interrupted"), "{outputs:?}");
}

#[tokio::test]
async fn a_turn_dropped_in_the_middle_of_a_response_keeps_nothing_of_it() {
    let mut cut = response(&[says("half")]);
    cut.pop();
    cut.push(json!({"type": "response.output_text.delta", "delta": "ha"}).to_string());
    let script = Script::of(&[cut, response(&[says("done")])]).await;
    let mut work = Work::with(&script.base_url);
    work.until("go", |event| matches!(event, TurnEvent::TextDelta { .. }))
        .await;
    assert_eq!(work.answer("again").await.text, "done");
    assert!(!script.request(1).contains("half"));
}

#[tokio::test]
async fn what_a_step_took_is_told_however_the_turn_ends() {
    let took = |tokens: u64| json!({"usage": {"input_tokens": tokens, "output_tokens": 1}});
    let first = [call("c1", "list_files", "{}").to_string()];
    let script = Script::of(&[response_of(&first, took(10)), response_of(&[], took(20))]).await;
    let turn = Work::with(&script.base_url).turn("go").await;
    assert!(matches!(turn.result, Err(TurnError::NoAnswer)));
    let told = turn.events.iter().filter_map(|event| match event {
        TurnEvent::StepEnded { by, usage } => Some((by.to_string(), usage.input_tokens)),
        _ => None,
    });
    let by = "test/model".to_owned();
    assert!(told.eq([(by.clone(), 10), (by, 20)]), "{:?}", turn.events);
}
