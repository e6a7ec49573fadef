//! What a model said goes back to it as it said it.

use serde_json::json;

use crate::script::{Script, call, response, response_of, says};
use crate::work::Work;

/// A provider's own spelling, with spaces, numbers and fields that nobody here knows.
const REASONING: &str = r#"{"type":"reasoning", "id":"rs_1","summary":[],"encrypted_content":"gAAA\u0042==","brand_new":{"n":1.0e2,"list":[ ]}}"#;

#[tokio::test]
async fn items_with_unknown_fields_go_back_byte_for_byte() {
    let items = [
        REASONING.to_owned(),
        call("c1", "list_files", "{}").to_string(),
    ];
    let script = Script::of(&[response_of(&items, json!({})), response(&[says("done")])]).await;
    Work::with(&script.base_url).answer("go").await;
    assert!(script.request(1).contains(REASONING));
}

#[tokio::test]
async fn an_items_phase_is_kept_sent_back_and_no_part_of_the_answer() {
    let preamble = |text: &str| {
        let mut message = says(text);
        message["phase"] = json!("commentary");
        message
    };
    let mut last = says("The answer.");
    last["phase"] = json!("final_answer");
    let script = Script::of(&[
        response(&[preamble("I look."), call("c1", "list_files", "{}")]),
        response(&[preamble("I have looked."), last]),
    ])
    .await;
    let mut work = Work::with(&script.base_url);
    let turn = work.turn("go").await;
    assert_eq!(
        turn.messages(),
        [
            ("I look.", false),
            ("I have looked.", false),
            ("The answer.", true)
        ]
    );
    assert_eq!(turn.result.unwrap().text, "The answer.");
    let sent = preamble("I look.").to_string();
    assert!(script.request(1).contains(&sent), "{}", script.request(1));
}

#[tokio::test]
async fn a_second_turn_knows_the_first() {
    let script = Script::of(&[response(&[says("first answer")]), response(&[says("two")])]).await;
    let mut work = Work::with(&script.base_url);
    work.answer("first question").await;
    work.answer("second question").await;
    let request = script.request(1);
    let places =
        ["first question", "first answer", "second question"].map(|text| request.find(text));
    assert!(places.is_sorted() && places[0].is_some(), "{request}");
}
