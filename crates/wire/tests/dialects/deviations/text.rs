//! Text, as it comes in other fields, twice, or as something else.

use super::{DONE, Row, STOP, delta, row};

fn text_rows() -> Vec<Row> {
    let text = |text: &str| delta(&format!(r#"{{"content":"{text}"}}"#));
    let (he, llo) = (text("he"), text("llo"));
    vec![
        row("by the book", &[&he, &llo, STOP, DONE], &["hello"]),
        row("no [DONE]", &[&he, &llo, STOP], &["hello"]),
        row(
            "vllm-project/vllm#19650: no finish_reason member",
            &[
                r#"{"choices":[{"index":0,"delta":{"content":"hello"}}]}"#,
                STOP,
                DONE,
            ],
            &["hello"],
        ),
        row(
            "ollama/ollama#4357, sgl-project/sglang#3912: finish_reason \"\"",
            &[
                r#"{"choices":[{"delta":{"content":"hello","role":null,"tool_calls":null},"finish_reason":""}],"usage":null}"#,
                STOP,
                DONE,
            ],
            &["hello"],
        ),
        row(
            "alfredapp/openai-workflow#52: finish_reason never comes",
            &[&he, &llo, DONE],
            &["hello"],
        ),
        row(
            "no id, no object, no role, no index",
            &[
                r#"{"choices":[{"delta":{"content":"hello"}}]}"#,
                r#"{"choices":[{"finish_reason":"stop"}]}"#,
            ],
            &["hello"],
        ),
        row(
            "content null and \"\" beside the role",
            &[
                &delta(r#"{"role":"assistant","content":null}"#),
                &delta(r#"{"role":"assistant","content":""}"#),
                &he,
                &llo,
                STOP,
                DONE,
            ],
            &["hello"],
        ),
        row(
            "BerriAI/litellm#16272 (Mistral): content as a list",
            &[
                &delta(r#"{"content":[{"type":"text","text":"hello"}]}"#),
                STOP,
                DONE,
            ],
            &["hello"],
        ),
        row(
            "Azure: a first chunk without choices",
            &[
                r#"{"choices":[],"prompt_filter_results":[]}"#,
                &he,
                &llo,
                STOP,
                DONE,
            ],
            &["hello"],
        ),
        row(
            "text and finish_reason in one chunk",
            &[
                r#"{"choices":[{"delta":{"content":"hello"},"finish_reason":"stop"}]}"#,
                DONE,
            ],
            &["hello"],
        ),
        row(
            "the answer in one piece although a stream was asked for",
            &[
                r#"{"id":"c","object":"chat.completion","choices":[{"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}"#,
            ],
            &["hello"],
        ),
        row(
            "a broken line amid good ones",
            &[&he, r#"{"choices":[{"de"#, &llo, STOP, DONE],
            &["hello"],
        ),
        row(
            "a second answer beside the first",
            &[
                r#"{"choices":[{"index":1,"delta":{"content":"no"}},{"index":0,"delta":{"content":"hello"}}]}"#,
                STOP,
                DONE,
            ],
            &["hello"],
        ),
        row(
            "\"error\": null or \"\" for none",
            &[
                r#"{"error":null,"choices":[{"delta":{"content":"he"}}]}"#,
                r#"{"error":"","choices":[{"delta":{"content":"llo"}}]}"#,
                STOP,
                DONE,
            ],
            &["hello"],
        ),
        row(
            "numbers where there are none to be",
            &[
                r#"{"id":7,"created":"1e999","choices":[{"index":"0","delta":{"content":"hello"},"logprobs":1e999}],"usage":[1]}"#,
                STOP,
                DONE,
            ],
            &["hello"],
        ),
    ]
}

#[test]
fn text_is_read_however_it_comes() {
    for row in text_rows() {
        let read = row.read();
        assert_eq!([read.text().as_str()], *row.gives, "{}", row.seen);
        assert_eq!(read.items.len(), 1, "{}", row.seen);
    }
}
