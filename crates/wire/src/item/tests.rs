//! An item is kept as it came, and read for what it says however a provider has put it.

use super::*;

#[test]
fn what_we_do_not_know_goes_back_byte_for_byte() {
    let json = r#"{"type":"message", "role":"assistant","phase":"final_answer","n":1e2,"content":[{"type":"output_text","text":"hi","annotations":[]}]}"#;
    let item = Item::parse(json).unwrap();
    assert_eq!(&**item.json(), json);
    assert_eq!(serde_json::to_string(&item).unwrap(), json);
    let ItemView::Message {
        role,
        phase,
        text,
        refusal,
    } = item.view()
    else {
        panic!("not a message");
    };
    assert_eq!(
        (role.as_ref(), phase.as_deref()),
        ("assistant", Some("final_answer"))
    );
    assert_eq!((text.as_str(), refusal), ("hi", None));
}

#[test]
fn null_and_missing_fields_are_tolerated() {
    for json in [
        r#"{"type":"message","role":"assistant","content":null}"#,
        r#"{"type":"message","role":"assistant"}"#,
        r#"{"role":"assistant","content":[{"type":"x"},{"text":null}]}"#,
    ] {
        let item = Item::parse(json).unwrap();
        assert!(matches!(item.view(), ItemView::Message { text, .. } if text.is_empty()));
    }
}

#[test]
fn arguments_may_be_a_string_or_an_object() {
    for json in [
        r#"{"type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":1}"}"#,
        r#"{"type":"function_call","call_id":"c","name":"f","arguments":{"a":1}}"#,
    ] {
        let item = Item::parse(json).unwrap();
        let ItemView::FunctionCall { arguments, .. } = item.view() else {
            panic!("not a call");
        };
        assert_eq!(arguments, r#"{"a":1}"#);
    }
}

#[test]
fn output_may_be_text_or_parts() {
    let parts = r#"{"type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"a"},{"type":"input_text","text":"b"}]}"#;
    let item = Item::parse(parts).unwrap();
    assert!(matches!(item.view(), ItemView::FunctionCallOutput { output, .. } if output == "ab"));
}

#[test]
fn a_field_of_another_type_does_not_lose_the_item() {
    let odd = Item::parse(r#"{"type":"brand_new","name":{"first":"n"},"role":7}"#).unwrap();
    assert!(matches!(odd.view(), ItemView::Other { kind } if kind == "brand_new"));
    let call = r#"{"type":"function_call","call_id":5,"name":"f","arguments":null}"#;
    let call = Item::parse(call).unwrap();
    assert!(
        matches!(call.view(), ItemView::FunctionCall { call_id, arguments, .. }
        if call_id == "5" && arguments.is_empty())
    );
}

#[test]
fn a_part_that_cannot_be_read_leaves_the_others() {
    let json = r#"{"role":"user","content":[{"text":"a"},{"text":7},"x",{"text":"b"}]}"#;
    let item = Item::parse(json).unwrap();
    assert!(matches!(item.view(), ItemView::Message { text, .. } if text == "ab"));
}

#[test]
fn what_an_item_is_shows_however_its_letters_are_spelt() {
    let reasoning = [
        r#"{"type":"reasoning","summary":[]}"#,
        r#"{"type":"re\u0061soning"}"#,
        r#"{"type":"\u0072\u0065\u0061\u0073\u006F\u006e\u0069\u006E\u0067"}"#,
    ];
    for json in reasoning {
        assert!(Item::parse(json).unwrap().is_reasoning(), "{json}");
    }
    let last = r#"{"type":"message","role":"assistant","phase":"final\u005fanswer"}"#;
    assert!(Item::parse(last).unwrap().is_final_answer());
    let other = r#"{"type":"message","role":"user","content":"reasoning \u0061"}"#;
    assert!(!Item::parse(other).unwrap().is_reasoning());
}

#[test]
fn space_around_an_item_is_not_part_of_it() {
    let item = Item::parse(" {\"a\": 1}\n").unwrap();
    assert_eq!(&**item.json(), "{\"a\": 1}");
}

#[test]
fn only_objects_are_items() {
    for json in ["", "null", "[]", "\"text\"", "{", "{}x"] {
        assert!(Item::parse(json).is_err(), "{json}");
    }
}
