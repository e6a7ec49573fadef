//! Chat Completions requests: what servers demand, and what clients send.

use alipes_wire::chat::{EffortField, Quirks, ReasoningBack};
use alipes_wire::{
    Dialect, Generation, Item, ModelRequest, NotARequest, Reasoning, TextFormat, ToolChoice,
    ToolDefinition, chat,
};
use serde_json::{Value, json};

use crate::common::{item, json, request};

fn encode(request: &ModelRequest, quirks: &Quirks) -> Value {
    json(chat::encode(request, quirks).unwrap().body())
}

fn full() -> ModelRequest {
    ModelRequest {
        model: "m".to_owned(),
        instructions: "be brief".to_owned(),
        input: vec![
            Item::developer("no jokes"),
            Item::user("hi"),
            Item::assistant("hello"),
            Item::user("go"),
        ],
        tools: vec![ToolDefinition {
            name: "f".to_owned(),
            description: "does".to_owned(),
            parameters: json!({"type": "object", "big": 12}),
        }],
        reasoning: Some(Reasoning {
            effort: Some("low".to_owned()),
            summary: None,
        }),
        cache_key: Some("k".to_owned()),
        max_output_tokens: Some(9),
        generation: Generation {
            tool_choice: Some(ToolChoice::Function("f".to_owned())),
            parallel_tool_calls: Some(false),
            temperature: Some(0.5),
            top_p: Some(0.25),
            stop: vec!["END".to_owned()],
            format: Some(TextFormat::JsonSchema {
                name: "n".to_owned(),
                schema: json!({"type": "object"}),
                strict: Some(true),
            }),
        },
    }
}

#[test]
fn a_whole_request_is_read_as_it_was_written() {
    let asked = full();
    let body = chat::encode(&asked, &Quirks::openai()).unwrap();
    assert_eq!(body.left_out(), []);
    let read = Dialect::Chat.read(body.body()).unwrap();
    assert_eq!((read.stream, read.include_usage), (true, true));
    assert_eq!(read.left_out, []);
    let read = read.request;
    assert_eq!(
        (&read.model, &read.instructions),
        (&asked.model, &asked.instructions)
    );
    assert_eq!(read.input, asked.input);
    assert_eq!(read.tools, asked.tools);
    assert_eq!(read.reasoning, asked.reasoning);
    assert_eq!(
        (read.cache_key, read.max_output_tokens),
        (asked.cache_key, asked.max_output_tokens)
    );
    assert_eq!(read.generation, asked.generation);
}

#[test]
fn each_server_is_told_in_its_own_way() {
    let table: &[(Quirks, &str, Value)] = &[
        (Quirks::default(), "/messages/1/role", json!("system")),
        (Quirks::openai(), "/messages/1/role", json!("developer")),
        (Quirks::default(), "/max_tokens", json!(9)),
        (Quirks::openai(), "/max_completion_tokens", json!(9)),
        (Quirks::default(), "/prompt_cache_key", Value::Null),
        (Quirks::openai(), "/prompt_cache_key", json!("k")),
        (
            Quirks::default(),
            "/stream_options/include_usage",
            json!(true),
        ),
        (
            Quirks {
                stream_usage: false,
                ..Quirks::default()
            },
            "/stream_options",
            Value::Null,
        ),
        (Quirks::default(), "/reasoning_effort", json!("low")),
        (
            Quirks {
                effort: EffortField::Reasoning,
                ..Quirks::default()
            },
            "/reasoning/effort",
            json!("low"),
        ),
        (
            Quirks {
                effort: EffortField::Nowhere,
                ..Quirks::default()
            },
            "/reasoning_effort",
            Value::Null,
        ),
    ];
    for (quirks, at, expected) in table {
        let body = encode(&full(), quirks);
        assert_eq!(
            body.pointer(at).unwrap_or(&Value::Null),
            expected,
            "{at}: {quirks:?}"
        );
    }
}

fn call(id: &str) -> Item {
    item(json!({"type": "function_call", "call_id": id, "name": "f", "arguments": "{}"}))
}

fn thought(text: &str) -> Item {
    item(
        json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": text}], "x_chat": {"reasoning_content": text}}),
    )
}

#[test]
fn a_step_is_one_message_and_results_follow_it() {
    let input = vec![
        Item::user("go"),
        thought("hm"),
        Item::assistant("I look."),
        call("a"),
        call("b"),
        Item::function_call_output("b", "2"),
        Item::function_call_output("a", "1"),
        Item::assistant("done"),
    ];
    let body = encode(&request(input), &Quirks::default());
    let messages = body["messages"].as_array().unwrap();
    let roles: Vec<&str> = messages
        .iter()
        .map(|m| m["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["user", "assistant", "tool", "tool", "assistant"]);
    assert_eq!(messages[1]["content"], json!("I look."));
    assert_eq!(messages[1]["reasoning_content"], json!("hm"));
    assert_eq!(messages[1]["tool_calls"][1]["id"], json!("b"));
    assert_eq!(messages[2]["tool_call_id"], json!("b"));
}

#[test]
fn reasoning_goes_back_within_a_turn_as_deepseek_demands() {
    let input = vec![
        Item::user("first"),
        thought("old"),
        Item::assistant("done"),
        Item::user("second"),
        thought("new"),
        call("a"),
        Item::function_call_output("a", "1"),
    ];
    let back = |reasoning| {
        let quirks = Quirks {
            reasoning,
            ..Quirks::default()
        };
        let body = encode(&request(input.clone()), &quirks);
        let messages = body["messages"].as_array().unwrap();
        let sent = messages
            .iter()
            .filter_map(|m| m["reasoning_content"].as_str());
        sent.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(back(ReasoningBack::ThisTurn), ["new"]);
    assert_eq!(back(ReasoningBack::Always), ["old", "new"]);
    assert_eq!(back(ReasoningBack::Never), [""; 0]);
}

#[test]
fn mistrals_thinking_goes_back_as_a_part_of_the_content() {
    let chunks = [
        r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}}]}"#,
        r#"{"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}"#,
        "[DONE]",
    ];
    let read = crate::common::read_events(alipes_wire::Dialect::Chat, &chunks);
    let body = encode(&request(read.items), &Quirks::default());
    let expected = json!([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "hi"}]);
    assert_eq!(body["messages"][0]["content"], expected);
}

#[test]
fn pieces_of_reasoning_details_go_back_as_the_parts_they_were() {
    let chunks = [
        r#"{"choices":[{"delta":{"reasoning":"h","reasoning_details":[{"type":"reasoning.text","text":"h","index":0}]}}]}"#,
        r#"{"choices":[{"delta":{"reasoning":"m","reasoning_details":[{"type":"reasoning.text","text":"m","index":0,"signature":"s"}]}}]}"#,
        r#"{"choices":[{"delta":{"reasoning_details":[{"type":"reasoning.encrypted","data":"d","index":1}]}}]}"#,
        r#"{"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}"#,
        "[DONE]",
    ];
    let read = crate::common::read_events(alipes_wire::Dialect::Chat, &chunks);
    assert_eq!(read.reasoning(), "hm");
    let body = encode(&request(read.items), &Quirks::default());
    let expected = json!([{"type": "reasoning.text", "text": "hm", "index": 0, "signature": "s"}, {"type": "reasoning.encrypted", "data": "d", "index": 1}]);
    assert_eq!(body["messages"][0]["reasoning_details"], expected);
}

#[test]
fn ids_fit_where_mistral_wants_nine_letters() {
    let input = vec![call("call_1"), Item::function_call_output("call_1", "1")];
    let quirks = Quirks {
        short_call_ids: true,
        ..Quirks::default()
    };
    let body = encode(&request(input), &quirks);
    let id = body["messages"][0]["tool_calls"][0]["id"].as_str().unwrap();
    assert!(
        id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric()),
        "{id}"
    );
    assert_eq!(body["messages"][1]["tool_call_id"], json!(id));
}

#[test]
fn a_picture_in_a_result_is_shown_by_the_user() {
    let picture = item(
        json!({"type": "function_call_output", "call_id": "a", "output": [
        {"type": "input_text", "text": "see"}, {"type": "input_image", "image_url": "https://x/y.png"}]}),
    );
    let asked = request(vec![call("a"), picture]);
    let moved = encode(&asked, &Quirks::default());
    assert_eq!(moved["messages"][1]["content"], json!("see"));
    assert_eq!(moved["messages"][2]["role"], json!("user"));
    assert_eq!(
        moved["messages"][2]["content"][1]["image_url"]["url"],
        json!("https://x/y.png")
    );
    let quirks = Quirks {
        images_in_results: true,
        ..Quirks::default()
    };
    let kept = encode(&asked, &quirks);
    assert_eq!(
        kept["messages"][1]["content"][1]["type"],
        json!("image_url")
    );
}

#[test]
fn what_clients_send_is_understood() {
    let body = json!({"model": "m", "messages": [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "image_url", "image_url": "https://x/y.png"}]},
        // As the OpenAI SDK sends an answer back, with everything that was null in it.
        {"role": "assistant", "content": null, "refusal": null, "annotations": [], "audio": null, "function_call": null,
         "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": {"x": 1}}}]},
        {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "ok"}]},
        {"role": "assistant", "content": "", "tool_calls": []},
    ], "stop": "END", "seed": 7, "user": "u"});
    let read = Dialect::Chat.read(body.to_string().as_bytes()).unwrap();
    assert_eq!(read.request.instructions, "be brief");
    let kinds: Vec<Value> = read
        .request
        .input
        .iter()
        .map(|item| json(item.json().as_bytes())["type"].clone())
        .collect();
    assert_eq!(
        kinds,
        [
            "message",
            "function_call",
            "function_call_output",
            "message"
        ]
    );
    assert!(
        read.request.input[1]
            .json()
            .contains(r#""arguments":"{\"x\":1}""#)
    );
    assert_eq!(read.request.generation.stop, ["END"]);
    let left_out: Vec<&str> = read.left_out.iter().map(|note| &*note.what).collect();
    assert_eq!(left_out, ["`seed`", "`user`"]);
}

#[test]
fn what_cannot_be_answered_is_refused_by_name() {
    let with = |name: &str, value: Value| {
        let mut body = json!({"model": "m", "messages": []});
        body[name] = value;
        body.to_string()
    };
    let message = |message: Value| with("messages", json!([message]));
    let table = [
        ("no json".to_owned(), "not JSON", None),
        ("[]".to_owned(), "not a JSON object", None),
        (
            r#"{"model":"m"}"#.to_owned(),
            "is missing",
            Some("messages"),
        ),
        (
            with("messages", json!([7])),
            "not an object",
            Some("messages[0]"),
        ),
        (with("n", json!(2)), "several answers", Some("n")),
        (
            with("logprobs", json!(true)),
            "probabilities",
            Some("logprobs"),
        ),
        (with("functions", json!([])), "no tools", Some("functions")),
        (
            with("tool_choice", json!({"type": "allowed_tools"})),
            "allowed_tools",
            Some("tool_choice"),
        ),
        (
            with("response_format", json!({"type": "grammar"})),
            "format \"grammar\"",
            Some("response_format"),
        ),
        (
            with("response_format", json!({"type": "json_schema"})),
            "no schema",
            Some("response_format"),
        ),
        (
            with("response_format", json!("json")),
            "not an object",
            Some("response_format"),
        ),
        (
            with("stop", json!({"a": 1})),
            "not a text or a list",
            Some("stop"),
        ),
        (
            with("temperature", json!("hot")),
            "not a number",
            Some("temperature"),
        ),
        (with("top_p", json!([1])), "not a number", Some("top_p")),
        (
            with("max_tokens", json!("long")),
            "not a whole number",
            Some("max_tokens"),
        ),
        (
            with("max_completion_tokens", json!(-1)),
            "not a whole number",
            Some("max_completion_tokens"),
        ),
        (
            with("parallel_tool_calls", json!("no")),
            "not true or false",
            Some("parallel_tool_calls"),
        ),
        (
            with("reasoning_effort", json!(3)),
            "not a text",
            Some("reasoning_effort"),
        ),
        (
            with("reasoning", json!({"effort": 3})),
            "not a text",
            Some("reasoning.effort"),
        ),
        (
            with("tools", json!({"type": "function"})),
            "not a list of objects",
            Some("tools"),
        ),
        (
            with("modalities", json!(["text", "audio"])),
            "not text",
            Some("modalities"),
        ),
        (
            with("web_search_options", json!({})),
            "web search",
            Some("web_search_options"),
        ),
        (
            with("tools", json!([{"type": "custom", "custom": {}}])),
            "tool of type \"custom\"",
            Some("tools[0]"),
        ),
        (
            with("tools", json!([{"type": "function", "function": {}}])),
            "no name",
            Some("tools[0].function.name"),
        ),
        (
            message(json!({"role": "wizard"})),
            "role \"wizard\"",
            Some("messages[0]"),
        ),
        (
            message(json!({"role": "user", "content": 7})),
            "neither text nor parts",
            Some("messages[0]"),
        ),
        (
            message(json!({"role": "assistant", "tool_calls": [{"type": "custom"}]})),
            "tool call of type \"custom\"",
            Some("messages[0]"),
        ),
    ];
    for (body, words, param) in table {
        let refused: NotARequest = Dialect::Chat.read(body.as_bytes()).unwrap_err();
        assert!(refused.to_string().contains(words), "{body}: {refused}");
        assert_eq!(refused.param(), param, "{body}");
    }
}
