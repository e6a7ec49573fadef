//! Messages requests: the rules of its vendor, and what clients send.

use alipes_wire::messages::{Quirks, Thinking};
use alipes_wire::{
    Dialect, Generation, Item, ModelRequest, Reasoning, TextFormat, ToolChoice, ToolDefinition,
    messages,
};
use serde_json::{Value, json};

use crate::common::{item, json, request};

fn encode(request: &ModelRequest, quirks: &Quirks) -> Value {
    json(messages::encode(request, quirks).unwrap().body())
}

fn uncached() -> Quirks {
    Quirks {
        cache: false,
        ..Quirks::default()
    }
}

fn tool(name: &str) -> ToolDefinition {
    ToolDefinition {
        name: name.to_owned(),
        description: "does".to_owned(),
        parameters: json!({"type": "object"}),
    }
}

fn call(id: &str) -> Item {
    item(json!({"type": "function_call", "call_id": id, "name": "f", "arguments": "{}"}))
}

#[test]
fn a_whole_request_is_read_as_it_was_written() {
    let asked = ModelRequest {
        instructions: "be brief".to_owned(),
        tools: vec![tool("f")],
        reasoning: Some(Reasoning {
            effort: Some("high".to_owned()),
            summary: Some("auto".to_owned()),
        }),
        max_output_tokens: Some(9_000),
        generation: Generation {
            tool_choice: Some(ToolChoice::Required),
            parallel_tool_calls: Some(false),
            stop: vec!["END".to_owned()],
            format: Some(TextFormat::JsonSchema {
                name: "answer".to_owned(),
                schema: json!({"type": "object"}),
                strict: Some(true),
            }),
            ..Generation::default()
        },
        ..request(vec![
            Item::user("hi"),
            Item::assistant("hello"),
            Item::user("go"),
        ])
    };
    let body = messages::encode(&asked, &uncached()).unwrap();
    assert_eq!(body.left_out(), []);
    let read = Dialect::Messages.read(body.body()).unwrap();
    assert_eq!((read.stream, read.left_out.len()), (true, 0));
    let read = read.request;
    assert_eq!(
        (&read.instructions, &read.input),
        (&asked.instructions, &asked.input)
    );
    assert_eq!(
        (&read.tools, &read.reasoning),
        (&asked.tools, &asked.reasoning)
    );
    assert_eq!(read.max_output_tokens, asked.max_output_tokens);
    assert_eq!(read.generation, asked.generation);
}

#[test]
fn a_limit_is_always_there() {
    let body = encode(&request(vec![Item::user("hi")]), &Quirks::default());
    assert_eq!(body["max_tokens"], json!(32_000));
}

#[test]
fn roles_take_turns_and_results_come_first() {
    let input = vec![
        Item::user("a"),
        Item::user("b"),
        Item::assistant("c"),
        call("1"),
        call("2"),
        Item::user("meanwhile"),
        Item::function_call_output("1", "x"),
        Item::function_call_output("2", "y"),
        Item::user("d"),
    ];
    let body = encode(&request(input), &uncached());
    let messages = body["messages"].as_array().unwrap();
    let roles: Vec<&str> = messages
        .iter()
        .map(|m| m["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    let kinds: Vec<&str> = messages[2]["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| b["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["tool_result", "tool_result", "text", "text"]);
}

#[test]
fn four_places_are_marked_for_the_cache() {
    let asked = ModelRequest {
        instructions: "be brief".to_owned(),
        tools: vec![tool("f"), tool("g")],
        ..request(vec![
            Item::user("a"),
            Item::assistant("b"),
            Item::user("c"),
            Item::assistant("d"),
            Item::user("e"),
        ])
    };
    let body = encode(&asked, &Quirks::default());
    let marked = |at: &str| {
        body.pointer(at)
            .is_some_and(|block| block.get("cache_control").is_some())
    };
    for at in [
        "/tools/1",
        "/system/0",
        "/messages/2/content/0",
        "/messages/4/content/0",
    ] {
        assert!(marked(at), "{at}: {body}");
    }
    assert_eq!(body.to_string().matches("cache_control").count(), 4);
    let own = item(
        json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi", "x_messages": {"cache_control": {"type": "ephemeral", "ttl": "1h"}}}]}),
    );
    let body = encode(
        &ModelRequest {
            tools: vec![tool("f")],
            ..request(vec![own])
        },
        &Quirks::default(),
    );
    assert_eq!(
        body.to_string().matches("cache_control").count(),
        1,
        "a client's own markers stay alone"
    );
}

#[test]
fn thinking_goes_back_unchanged_and_unmarked() {
    let thinking =
        json!({"type": "thinking", "thinking": "hm", "signature": "EqQB+/=", "tomorrow": 1.0});
    let thought = item(json!({"type": "reasoning", "summary": [], "x_messages": thinking}));
    let body = encode(
        &request(vec![
            Item::user("go"),
            thought,
            call("a"),
            Item::function_call_output("a", "1"),
        ]),
        &Quirks::default(),
    );
    assert_eq!(body["messages"][1]["content"][0], thinking);
}

#[test]
fn how_much_to_think_is_said_in_two_ways() {
    let asked = |effort: &str, limit| ModelRequest {
        reasoning: Some(Reasoning {
            effort: Some(effort.to_owned()),
            summary: None,
        }),
        max_output_tokens: limit,
        ..request(vec![Item::user("hi")])
    };
    let budget = Quirks {
        thinking: Thinking::Budget,
        ..Quirks::default()
    };
    let table = [
        (
            asked("high", None),
            Quirks::default(),
            json!({"type": "adaptive"}),
            json!("high"),
        ),
        (
            asked("minimal", None),
            Quirks::default(),
            json!({"type": "adaptive"}),
            json!("low"),
        ),
        (
            asked("none", None),
            Quirks::default(),
            json!({"type": "disabled"}),
            Value::Null,
        ),
        (
            asked("low", None),
            budget.clone(),
            json!({"type": "enabled", "budget_tokens": 4_096}),
            Value::Null,
        ),
        (
            asked("high", Some(8_000)),
            budget.clone(),
            json!({"type": "enabled", "budget_tokens": 6_000}),
            Value::Null,
        ),
        (
            asked("high", Some(1_000)),
            budget,
            json!({"type": "disabled"}),
            Value::Null,
        ),
    ];
    for (asked, quirks, thinking, effort) in table {
        let body = encode(&asked, &quirks);
        assert_eq!(
            (&body["thinking"], &body["output_config"]["effort"]),
            (&thinking, &effort),
            "{asked:?}"
        );
    }
    let warm = ModelRequest {
        generation: Generation {
            temperature: Some(0.5),
            ..Generation::default()
        },
        ..asked("high", None)
    };
    let encoded = messages::encode(&warm, &Quirks::default()).unwrap();
    assert_eq!(json(encoded.body()).get("temperature"), None);
    assert_eq!(encoded.left_out().len(), 1);
}

#[test]
fn blank_text_is_not_sent_and_numbers_keep_their_digits() {
    let call = item(
        json!({"type": "function_call", "call_id": "a b", "name": "f", "arguments": "{\"n\": 123456789012345678901}"}),
    );
    let input = vec![
        Item::user("go"),
        Item::assistant(" \n"),
        call,
        Item::function_call_output("a b", ""),
    ];
    let encoded = messages::encode(&request(input), &uncached()).unwrap();
    let text = String::from_utf8(encoded.body().to_vec()).unwrap();
    assert!(
        text.contains(r#""input":{"n": 123456789012345678901}"#),
        "{text}"
    );
    let body = json(encoded.body());
    assert_eq!(body["messages"][1]["content"].as_array().unwrap().len(), 1);
    let id = body["messages"][1]["content"][0]["id"].as_str().unwrap();
    assert!(!id.contains(' '), "{id}");
    assert_eq!(body["messages"][2]["content"][0]["tool_use_id"], json!(id));
}

#[test]
fn later_instructions_keep_their_place() {
    let input = vec![
        Item::developer("first"),
        Item::user("go"),
        Item::developer("be brief"),
    ];
    let as_user = messages::encode(&request(input.clone()), &uncached()).unwrap();
    let body = json(as_user.body());
    assert_eq!(body["system"][0]["text"], json!("first"));
    assert_eq!(body["messages"][0]["content"][1]["text"], json!("be brief"));
    assert!(as_user.left_out()[0].what.contains("rank"));
    let quirks = Quirks {
        system_in_messages: true,
        ..uncached()
    };
    assert_eq!(
        encode(&request(input), &quirks)["messages"][1],
        json!({"role": "system", "content": "be brief"})
    );
}

#[test]
fn what_cannot_be_answered_is_refused_by_name() {
    let with = |name: &str, value: Value| {
        let mut body = json!({"model": "m", "max_tokens": 9, "messages": []});
        body[name] = value;
        body.to_string()
    };
    let table = [
        ("[".to_owned(), "not JSON"),
        (r#"{"model":"m"}"#.to_owned(), "`messages` is missing"),
        (with("messages", json!(["x"])), "not an object"),
        (
            with("messages", json!([{"role": "tool", "content": "x"}])),
            "role \"tool\"",
        ),
        (
            with("messages", json!([{"role": "user", "content": 7}])),
            "neither text nor blocks",
        ),
        (
            with(
                "tools",
                json!([{"type": "web_search_20250305", "name": "w"}]),
            ),
            "web_search_20250305",
        ),
        (
            with("tools", json!([{"description": "no name"}])),
            "no name",
        ),
        (with("mcp_servers", json!([{}])), "MCP servers"),
    ];
    for (body, words) in table {
        let refused = Dialect::Messages.read(body.as_bytes()).unwrap_err();
        assert!(refused.to_string().contains(words), "{body}: {refused}");
    }
}

#[test]
fn what_cannot_be_read_is_told_by_its_parameter() {
    let table = [
        ("tool_choice", json!({"type": "weird"}), "tool_choice"),
        ("tool_choice", json!({"type": "tool"}), "tool_choice"),
        ("tool_choice", json!("auto"), "tool_choice"),
        (
            "tool_choice",
            json!({"type": "auto", "disable_parallel_tool_use": 1}),
            "tool_choice.disable_parallel_tool_use",
        ),
        ("temperature", json!("hot"), "temperature"),
        ("max_tokens", json!(-1), "max_tokens"),
        ("stop_sequences", json!("END"), "stop_sequences"),
        ("system", json!({"text": "s"}), "system"),
        ("tools", json!({"name": "f"}), "tools"),
        ("thinking", json!({"type": "deep"}), "thinking"),
        ("thinking", json!(true), "thinking"),
        (
            "output_config",
            json!({"effort": 3}),
            "output_config.effort",
        ),
        (
            "output_config",
            json!({"format": {"type": "grammar"}}),
            "output_config.format",
        ),
    ];
    for (name, value, param) in table {
        let mut body = json!({"model": "m", "max_tokens": 9, "messages": []});
        body[name] = value;
        let body = body.to_string();
        let refused = Dialect::Messages.read(body.as_bytes()).unwrap_err();
        assert_eq!(refused.param(), Some(param), "{body}: {refused}");
    }
}
