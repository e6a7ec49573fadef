//! What servers that call themselves OpenAI-compatible do otherwise: one row each, with where it was
//! seen.

mod text;
mod tool_calls;

use alipes_wire::Dialect;
use alipes_wire::responses::Terminal;

use crate::common::{Read, read, read_events, stream};

fn chat(events: &[&str]) -> Read {
    read_events(Dialect::Chat, events)
}

/// A chunk with this delta.
fn delta(delta: &str) -> String {
    format!(
        r#"{{"id":"c1","object":"chat.completion.chunk","choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]}}"#
    )
}

const STOP: &str = r#"{"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
const CALLS: &str =
    r#"{"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#;
const DONE: &str = "[DONE]";

/// One deviation: who was seen doing it, the events, and the text or the calls it must give.
struct Row {
    seen: &'static str,
    events: Vec<String>,
    gives: &'static [&'static str],
}

fn row(seen: &'static str, events: &[&str], gives: &'static [&'static str]) -> Row {
    let events = events.iter().map(|event| (*event).to_owned()).collect();
    Row {
        seen,
        events,
        gives,
    }
}

impl Row {
    /// What is read of it, which must have ended well.
    fn read(&self) -> Read {
        let events: Vec<&str> = self.events.iter().map(String::as_str).collect();
        let read = chat(&events);
        let completed = matches!(read.terminal, Some(Terminal::Completed { .. }));
        assert!(completed, "{}: {:?}", self.seen, read.terminal);
        read
    }
}

#[test]
fn marks_line_ends_and_comments_do_not_matter() {
    let plain = stream(&[&delta(r#"{"content":"hi"}"#), STOP, DONE]);
    let expected = read(Dialect::Chat, &[plain.as_bytes()]);
    assert_eq!(expected.text(), "hi");
    let comments = format!(": OPENROUTER PROCESSING\n\n{plain}: bye\n\n");
    for variant in [
        format!("\u{FEFF}{plain}"),
        plain.replace('\n', "\r\n"),
        plain.replace('\n', "\r"),
        plain.replace("data: ", "data:"),
        plain.trim_end().to_owned() + "\n",
        comments,
    ] {
        assert_eq!(
            read(Dialect::Chat, &[variant.as_bytes()]),
            expected,
            "{variant:?}"
        );
    }
}

#[test]
fn reasoning_is_found_under_each_of_its_names() {
    let table = [
        ("DeepSeek, llama.cpp", r#"{"reasoning_content":"hm"}"#),
        (
            "vllm-project/vllm#27755, OpenRouter",
            r#"{"reasoning":"hm"}"#,
        ),
        (
            "LiteLLM in front of vLLM: both",
            r#"{"reasoning":"hm","reasoning_content":"hm"}"#,
        ),
        (
            "OpenRouter: both forms",
            r#"{"reasoning":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm"}]}"#,
        ),
        (
            "OpenRouter: details alone",
            r#"{"reasoning_details":[{"type":"reasoning.text","text":"hm"}]}"#,
        ),
        (
            "BerriAI/litellm#16272 (Mistral)",
            r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}"#,
        ),
    ];
    for (seen, thinking) in table {
        let read = chat(&[&delta(thinking), &delta(r#"{"content":"hi"}"#), STOP, DONE]);
        assert_eq!(
            (read.reasoning().as_str(), read.text().as_str()),
            ("hm", "hi"),
            "{seen}"
        );
        assert_eq!(read.items.len(), 2, "{seen}");
    }
}

#[test]
fn usage_counts_wherever_it_stands() {
    let usage = r#""usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}"#;
    let text = delta(r#"{"content":"hi"}"#);
    let table: &[(&str, Vec<String>)] = &[
        (
            "by the book: a last chunk without choices",
            vec![STOP.to_owned(), format!(r#"{{"choices":[],{usage}}}"#)],
        ),
        (
            "with the reason",
            vec![format!(
                r#"{{"choices":[{{"delta":{{}},"finish_reason":"stop"}}],{usage}}}"#
            )],
        ),
        (
            "earendil-works/pi#2017 (Moonshot): in the choice",
            vec![format!(
                r#"{{"choices":[{{"delta":{{}},"finish_reason":"stop",{usage}}}]}}"#
            )],
        ),
        (
            "Groq: in x_groq",
            vec![format!(
                r#"{{"choices":[{{"delta":{{}},"finish_reason":"stop"}}],"x_groq":{{{usage}}}}}"#
            )],
        ),
        (
            "alfredapp/openai-workflow#52: with every chunk",
            vec![
                r#"{"choices":[{"delta":{}}],"usage":{"prompt_tokens":10,"completion_tokens":1}}"#
                    .to_owned(),
                format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"stop"}}],{usage}}}"#),
            ],
        ),
    ];
    for (seen, rest) in table {
        let mut events = vec![text.as_str()];
        events.extend(rest.iter().map(String::as_str));
        events.push(DONE);
        let Some(Terminal::Completed {
            usage: Some(usage), ..
        }) = chat(&events).terminal
        else {
            panic!("{seen}: no usage");
        };
        let counts = (
            usage.input_tokens,
            usage.cached_input_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
        );
        assert_eq!(counts, (10, 4, 5, 2), "{seen}");
    }
    let deepseek = r#"{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_cache_hit_tokens":4}}"#;
    let read = chat(&[&text, STOP, deepseek, DONE]);
    assert!(
        matches!(read.terminal, Some(Terminal::Completed { usage: Some(usage), .. }) if usage.cached_input_tokens == 4)
    );
}

#[test]
fn errors_with_status_200_are_errors() {
    let text = delta(r#"{"content":"hi"}"#);
    let table = [
        (
            "OpenRouter docs, Errors",
            r#"{"error":{"code":502,"message":"m"}}"#,
            Some(502),
        ),
        (
            "OpenRouter docs: beside the choices",
            r#"{"id":"c","error":{"code":"server_error","message":"m"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}"#,
            None,
        ),
        (
            "in the choice",
            r#"{"choices":[{"delta":{},"finish_reason":"error","error":{"code":429,"message":"m"}}]}"#,
            Some(429),
        ),
        ("small servers", r#"{"error":"m"}"#, None),
        (
            "block/goose#8031 (old vLLM)",
            r#"{"object":"error","message":"m","type":"BadRequestError","code":400}"#,
            Some(400),
        ),
    ];
    for (seen, error, status) in table {
        for events in [vec![error], vec![&text, error], vec![&text, error, DONE]] {
            let read = chat(&events);
            let Some(Terminal::Error(frame)) = &read.terminal else {
                panic!("{seen}: {:?}", read.terminal);
            };
            assert_eq!(frame.error.message.as_deref(), Some("m"), "{seen}");
            assert_eq!(frame.status, status, "{seen}");
            assert_eq!(read.items.len(), 0, "{seen}");
        }
    }
}

#[test]
fn an_answer_that_is_not_whole_is_no_answer() {
    let text = delta(r#"{"content":"hi"}"#);
    assert_eq!(chat(&[&text]).terminal, None, "cut");
    let nothing = chat(&[&delta(r#"{"role":"assistant"}"#), DONE]).terminal;
    assert!(
        matches!(nothing, Some(Terminal::Failed(_))),
        "vaadin/flow-components#9195: {nothing:?}"
    );
    for (reason, expected) in [
        ("length", "max_output_tokens"),
        ("content_filter", "content_filter"),
        ("abort", "abort"),
    ] {
        let end = format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{reason}"}}]}}"#);
        let call = delta(
            r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x"}}]}"#,
        );
        let read = chat(&[&text, &call, &end, DONE]);
        let incomplete = Terminal::Incomplete {
            reason: expected.to_owned(),
        };
        assert_eq!(read.terminal, Some(incomplete), "{reason}");
        assert_eq!(
            read.calls().len(),
            0,
            "a call that was cut short must not run"
        );
        assert!(
            read.items[0].json().contains(r#""status":"incomplete""#),
            "{:?}",
            read.items
        );
    }
}

#[test]
fn what_comes_after_the_end_is_not_told() {
    let text = delta(r#"{"content":"hi"}"#);
    let read = chat(&[&text, STOP, DONE, &text, DONE]);
    assert_eq!((read.text().as_str(), read.skipped), ("hi", 2));
}

#[test]
fn an_invented_id_is_the_same_for_the_same_call() {
    let call = delta(r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]}"#);
    let ids = [(); 2].map(|()| chat(&[&call, CALLS, DONE]).call_ids());
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn calls_without_end_are_bounded() {
    let call = |at: usize| {
        let call = format!(
            r#"{{"index":{at},"id":"c{at}","function":{{"name":"f","arguments":"{{}}"}}}}"#
        );
        delta(&format!(r#"{{"tool_calls":[{call}]}}"#))
    };
    let mut events: Vec<String> = (0..1_010).map(call).collect();
    events.push(CALLS.to_owned());
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    let read = chat(&events);
    assert_eq!((read.calls().len(), read.skipped), (1_000, 10));
}
