//! Responses requests, read for providers of another dialect: what clients send, and what is refused.

use alipes_wire::{Dialect, Quirks, Reasoning, TextFormat, ToolChoice};
use serde_json::{Value, json};

fn with(name: &str, value: Value) -> String {
    let mut body = json!({"model": "m", "input": "hi"});
    body[name] = value;
    body.to_string()
}

#[test]
fn what_a_client_asks_is_read_in_full() {
    let body = json!({
        "model": "m", "instructions": "be brief", "stream": true, "store": false,
        "input": [
            {"role": "user", "content": "hi"},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "ok"},
        ],
        "tools": [
            {"type": "function", "name": "f", "description": "d", "strict": true, "parameters": {"type": "object"}},
            {"type": "web_search", "external_web_access": false},
        ],
        "tool_choice": {"type": "function", "name": "f"},
        "parallel_tool_calls": false, "temperature": 0.5, "top_p": 0.9, "max_output_tokens": 7,
        "reasoning": {"effort": "high", "summary": "auto"}, "prompt_cache_key": "k",
        "text": {"verbosity": "low", "format": {"type": "json_schema", "name": "n", "schema": {"a": 1}, "strict": true}},
        "service_tier": "flex", "client_metadata": {"a": "b"}, "include": ["reasoning.encrypted_content"],
    });
    let read = Dialect::Responses
        .read(body.to_string().as_bytes())
        .unwrap();
    let asked = &read.request;
    assert_eq!(
        (asked.model.as_str(), asked.instructions.as_str()),
        ("m", "be brief")
    );
    assert_eq!((asked.input.len(), asked.tools.len()), (3, 1));
    assert_eq!(
        (asked.max_output_tokens, asked.cache_key.as_deref()),
        (Some(7), Some("k"))
    );
    let reasoning = Reasoning {
        effort: Some("high".to_owned()),
        summary: Some("auto".to_owned()),
    };
    assert_eq!(asked.reasoning, Some(reasoning));
    let how = &asked.generation;
    assert_eq!(how.tool_choice, Some(ToolChoice::Function("f".to_owned())));
    assert_eq!((how.temperature, how.top_p), (Some(0.5), Some(0.9)));
    assert_eq!(how.parallel_tool_calls, Some(false));
    assert!(matches!(&how.format, Some(TextFormat::JsonSchema { name, .. }) if name == "n"));
    let left_out: Vec<&str> = read.left_out.iter().map(|note| &*note.what).collect();
    let expected = [
        "`service_tier`",
        "the verbosity",
        "strict schemas of tools",
        "the offer of a provider's own tools",
    ];
    assert_eq!(left_out, expected);
    assert!(read.stream && read.include_usage);
    // A frame without `stream` is the same request.
    let frame = br#"{"type":"response.create","model":"m","input":"hi","generate":false}"#;
    let read = Dialect::Responses.read(frame).unwrap();
    assert_eq!((read.request.input.len(), read.left_out.len()), (1, 0));
}

#[test]
fn what_only_its_vendor_has_is_refused_by_name() {
    let table = [
        (with("background", json!(true)), "background"),
        (with("conversation", json!("conv_1")), "conversation"),
        (with("prompt", json!({"id": "p"})), "prompt"),
        (with("top_logprobs", json!(2)), "top_logprobs"),
        (
            with(
                "tools",
                json!([{"type": "function", "name": "f"}, {"type": "computer", "name": "p"}]),
            ),
            "tools[1]",
        ),
        (
            with(
                "tools",
                json!([{"type": "namespace", "name": "n", "tools": [{"type": "mcp"}]}]),
            ),
            "tools[0].tools[0]",
        ),
        (
            with(
                "tools",
                json!([{"type": "file_search", "vector_store_ids": []}]),
            ),
            "tools[0]",
        ),
        (
            with("tool_choice", json!({"type": "web_search"})),
            "tool_choice",
        ),
        (
            with("text", json!({"format": {"type": "grammar"}})),
            "text.format",
        ),
        (with("text", json!("plain")), "text"),
        (with("text", json!({"format": "json"})), "text.format"),
        (with("temperature", json!("hot")), "temperature"),
        (with("max_output_tokens", json!(0.5)), "max_output_tokens"),
        (with("instructions", json!(["be brief"])), "instructions"),
        (with("reasoning", json!({"effort": 3})), "reasoning.effort"),
        (with("include", json!("all")), "include"),
        (with("tools", json!("f")), "tools"),
        (with("input", json!([{"role": "user"}, 7])), "input[1]"),
        (with("input", json!({"role": "user"})), "input"),
    ];
    for (body, param) in table {
        let refused = Dialect::Responses.read(body.as_bytes()).unwrap_err();
        assert_eq!(refused.param(), Some(param), "{body}: {refused}");
    }
}

#[test]
fn what_an_answer_cannot_hold_is_told() {
    let body = with(
        "include",
        json!([
            "reasoning.encrypted_content",
            "message.output_text.logprobs"
        ]),
    );
    let read = Dialect::Responses.read(body.as_bytes()).unwrap();
    let left_out: Vec<&str> = read.left_out.iter().map(|note| &*note.what).collect();
    assert_eq!(left_out, ["`message.output_text.logprobs`"]);
}

#[test]
fn what_is_told_of_a_request_has_a_bound() {
    let names: Vec<String> = (0..1_000).map(|number| format!("field_{number}")).collect();
    let mut unread = json!({"model": "m", "input": "hi"});
    for name in &names {
        unread[name] = json!(1);
    }
    for body in [with("include", json!(names)), unread.to_string()] {
        let read = Dialect::Responses.read(body.as_bytes()).unwrap();
        let told: Vec<&str> = read.left_out.iter().map(|note| &*note.what).collect();
        assert_eq!((told.len(), told[0]), (33, "`field_0`"));
        assert_eq!(told[32], "further fields");
    }
    let same = with("include", json!(vec!["logprobs"; 1_000]));
    let read = Dialect::Responses.read(same.as_bytes()).unwrap();
    assert_eq!(read.left_out.len(), 1);
    let long = with("include", json!(["é".repeat(1_000)]));
    let read = Dialect::Responses.read(long.as_bytes()).unwrap();
    assert_eq!(read.left_out[0].what.chars().count(), 82);
}

#[test]
fn a_list_of_texts_has_a_bound() {
    let texts = vec![""; 100_001];
    let table = [
        (Dialect::Responses, "include"),
        (Dialect::Chat, "stop"),
        (Dialect::Chat, "modalities"),
        (Dialect::Messages, "stop_sequences"),
    ];
    for (dialect, name) in table {
        let body = json!({"model": "m", "messages": [], "max_tokens": 1, name: texts}).to_string();
        let refused = dialect.read(body.as_bytes()).unwrap_err();
        assert_eq!(refused.param(), Some(name), "{refused}");
        let more = format!("`{name}` has more than 100000 elements");
        assert_eq!(refused.to_string(), more);
    }
}

#[test]
fn what_another_dialect_cannot_carry_is_told_by_the_clients_own_parameter() {
    let audio = json!({"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}});
    let table = [
        (
            Dialect::Responses,
            with("input", json!([{"role": "user", "content": "a"}, {"type": "item_reference", "id": "i"}])),
            Dialect::Chat,
            Some("input[1]"),
        ),
        (
            Dialect::Responses,
            with("input", json!([{"type": "function_call_output", "call_id": "c", "output": ""}])),
            Dialect::Messages,
            Some("input[0]"),
        ),
        (
            Dialect::Chat,
            json!({"model": "m", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": [audio]}]}).to_string(),
            Dialect::Messages,
            Some("messages[1]"),
        ),
        (
            Dialect::Chat,
            json!({"model": "m", "messages": [{"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}]}).to_string(),
            Dialect::Messages,
            Some("messages[0]"),
        ),
        (
            Dialect::Messages,
            json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "search_result"}]}]}).to_string(),
            Dialect::Responses,
            Some("messages[0]"),
        ),
        (
            Dialect::Messages,
            json!({"model": "m", "stop_sequences": ["x"], "messages": []}).to_string(),
            Dialect::Responses,
            None,
        ),
    ];
    for (from, body, to, param) in table {
        let read = from.read(body.as_bytes()).unwrap();
        let refused = to.encode(&read.request, &Quirks::default()).unwrap_err();
        assert_eq!(
            read.param(&refused).as_deref(),
            param,
            "{from:?} as {to:?}: {refused}"
        );
    }
}

#[test]
fn a_schema_that_cannot_be_said_anew_is_refused_and_not_left_out() {
    let deep = format!("{}1{}", r#"{"a":"#.repeat(200), "}".repeat(200));
    for schema in [
        deep.as_str(),
        r#"{"title":"\ud800"}"#,
        r#"{"maximum":1e999}"#,
    ] {
        let tool = format!(r#"{{"type":"function","name":"f","parameters":{schema}}}"#);
        let search =
            format!(r#"{{"type":"tool_search","execution":"client","parameters":{schema}}}"#);
        let format = format!(r#"{{"type":"json_schema","name":"n","schema":{schema}}}"#);
        let chat =
            format!(r#"{{"type":"function","function":{{"name":"f","parameters":{schema}}}}}"#);
        let messages = format!(r#"{{"name":"f","input_schema":{schema}}}"#);
        for (dialect, body, param) in [
            (
                Dialect::Responses,
                format!(r#""input":"x","tools":[{tool}]"#),
                "tools[0].parameters",
            ),
            (
                Dialect::Responses,
                format!(r#""input":"x","tools":[{search}]"#),
                "tools[0].parameters",
            ),
            (
                Dialect::Responses,
                format!(r#""input":"x","text":{{"format":{format}}}"#),
                "text.format.schema",
            ),
            (
                Dialect::Chat,
                format!(r#""messages":[],"tools":[{chat}]"#),
                "tools[0].function.parameters",
            ),
            (
                Dialect::Messages,
                format!(r#""max_tokens":1,"messages":[],"tools":[{messages}]"#),
                "tools[0].input_schema",
            ),
        ] {
            let refused = dialect.read(format!(r#"{{"model":"m",{body}}}"#).as_bytes());
            assert_eq!(refused.unwrap_err().param(), Some(param), "{body}");
        }
    }
}

#[test]
fn a_list_of_tools_has_a_bound() {
    let tools = vec![r#"{"type":"web_search"}"#; 100_001].join(",");
    let body = format!(r#"{{"model":"m","input":"x","tools":[{tools}]}}"#);
    let refused = Dialect::Responses.read(body.as_bytes()).unwrap_err();
    assert_eq!(refused.param(), Some("tools"));
    assert!(refused.to_string().contains("100000"), "{refused}");
}
