//! Tool calls, as they come in pieces, without names, numbers or ends.

use super::{CALLS, DONE, Row, STOP, delta, row};

fn tool_call_rows() -> Vec<Row> {
    let first = delta(
        r#"{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}"#,
    );
    let more = |json: &str| delta(&format!(r#"{{"tool_calls":[{json}]}}"#));
    vec![
        row(
            "by the book: id and name first, then arguments",
            &[
                &first,
                &more(r#"{"index":0,"function":{"arguments":"{\"x\""}}"#),
                &more(r#"{"index":0,"function":{"arguments":":1}"}}"#),
                CALLS,
                DONE,
            ],
            &["f({\"x\":1})"],
        ),
        row(
            "ollama/ollama#7881, openai/openai-python#2806 (Gemini): no index",
            &[
                &more(r#"{"id":"a","function":{"name":"f","arguments":"{}"}}"#),
                &more(r#"{"id":"b","function":{"name":"f","arguments":"{\"x\":2}"}}"#),
                STOP,
                DONE,
            ],
            &["f({})", "f({\"x\":2})"],
        ),
        row(
            "open-webui/computer#224 (Gemini): no index, arguments in pieces",
            &[
                &more(r#"{"id":"a","function":{"name":"f","arguments":"{\"x\""}}"#),
                &more(r#"{"function":{"arguments":":1}"}}"#),
                STOP,
                DONE,
            ],
            &["f({\"x\":1})"],
        ),
        row(
            "ai-dynamo/dynamo#4723, su-kaka/gcli2api#406: parallel calls all with index 0",
            &[
                &more(r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}"#),
                &more(r#"{"index":0,"id":"b","function":{"name":"f","arguments":"{\"x\":2}"}}"#),
                CALLS,
                DONE,
            ],
            &["f({\"x\":1})", "f({\"x\":2})"],
        ),
        row(
            "NousResearch/hermes-agent#8259 (MiniMax on NVIDIA NIM): id and name in every chunk",
            &[
                &more(r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}"#),
                &more(r#"{"index":0,"id":"a","function":{"name":"f","arguments":":1}"}}"#),
                CALLS,
                DONE,
            ],
            &["f({\"x\":1})"],
        ),
        row(
            "NousResearch/hermes-agent#8259: the name alone in every chunk, also behind whole arguments",
            &[
                &more(r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}"#),
                &more(r#"{"index":0,"function":{"name":"f","arguments":""}}"#),
                CALLS,
                DONE,
            ],
            &["f({\"x\":1})"],
        ),
        row(
            "continuedev/continue#5849 (Gemini): the name in pieces",
            &[
                &more(r#"{"index":0,"id":"a","function":{"name":"edit_ex"}}"#),
                &more(r#"{"index":0,"function":{"name":"isting","arguments":""}}"#),
                &more(r#"{"index":0,"function":{"arguments":"{}"}}"#),
                CALLS,
                DONE,
            ],
            &["edit_existing({})"],
        ),
        row(
            "different tools all with index 0 and without ids",
            &[
                &more(r#"{"index":0,"function":{"name":"f","arguments":"{}"}}"#),
                &more(r#"{"index":0,"function":{"name":"g","arguments":"{}"}}"#),
                CALLS,
                DONE,
            ],
            &["f({})", "g({})"],
        ),
        row(
            "open-webui/computer#224 (Gemini): a signature in a delta of its own",
            &[
                &more(r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}"#),
                &more(r#"{"index":0,"extra_content":{"google":{"thought_signature":"s"}}}"#),
                STOP,
                DONE,
            ],
            &["f({})"],
        ),
        row(
            "ggml-org/llama.cpp#11992, anomalyco/opencode#25925 (Kimi on NVIDIA NIM): no id",
            &[
                &more(r#"{"index":0,"function":{"name":"f","arguments":"{}"}}"#),
                &more(r#"{"index":1,"id":null,"function":{"name":"g","arguments":"{}"}}"#),
                CALLS,
                DONE,
            ],
            &["f({})", "g({})"],
        ),
        row(
            "neither id nor index: a name behind whole arguments begins a call",
            &[
                &more(r#"{"function":{"name":"f","arguments":"{\"x\":1}"}}"#),
                &more(r#"{"function":{"name":"f","arguments":"{\"x\":2}"}}"#),
                CALLS,
                DONE,
            ],
            &["f({\"x\":1})", "f({\"x\":2})"],
        ),
        row(
            "ggml-org/llama.cpp#20198: arguments as an object",
            &[
                &more(r#"{"index":0,"id":"a","function":{"name":"f","arguments":{"x":1}}}"#),
                CALLS,
                DONE,
            ],
            &["f({\"x\":1})"],
        ),
        row(
            "ollama/ollama#5796: no arguments at all",
            &[
                &more(r#"{"index":0,"id":"a","function":{"name":"f"}}"#),
                CALLS,
                DONE,
            ],
            &["f({})"],
        ),
        row(
            "one call where a list belongs",
            &[
                &delta(r#"{"tool_calls":{"id":"a","function":{"name":"f","arguments":"{}"}}}"#),
                CALLS,
                DONE,
            ],
            &["f({})"],
        ),
        row(
            "old servers: function_call",
            &[
                &delta(r#"{"function_call":{"name":"f","arguments":"{\"x\""}}"#),
                &delta(r#"{"function_call":{"arguments":":1}"}}"#),
                r#"{"choices":[{"delta":{},"finish_reason":"function_call"}]}"#,
                DONE,
            ],
            &["f({\"x\":1})"],
        ),
        row(
            "googleapis/python-genai#2868 (Gemini): finish_reason stop for tool calls",
            &[
                &more(r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}"#),
                STOP,
                DONE,
            ],
            &["f({})"],
        ),
        row(
            "earendil-works/pi#6226 (GLM on NVIDIA NIM): no finish_reason behind tool calls",
            &[
                &more(r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}"#),
                DONE,
            ],
            &["f({})"],
        ),
    ]
}

#[test]
fn tool_calls_are_put_together_however_they_come() {
    for row in tool_call_rows() {
        let read = row.read();
        assert_eq!(read.calls(), row.gives, "{}", row.seen);
        let mut ids = read.call_ids();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), row.gives.len(), "{}: ids", row.seen);
        assert!(ids.iter().all(|id| !id.is_empty()), "{}", row.seen);
        assert_eq!((read.skipped, read.unreadable), (0, 0), "{}", row.seen);
    }
}
