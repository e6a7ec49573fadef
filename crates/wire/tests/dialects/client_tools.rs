//! Tools that a client has by its vendor's own names, its shell and its search for further tools: functions
//! in every other dialect, and called in the client's own words.

use alipes_wire::responses::ToolNames;
use alipes_wire::{
    AnswerOut, AnswerWriter, ClientRequest, Dialect, Label, ModelEvent, Quirks, StreamReader,
};
use serde_json::{Value, json};

use crate::answers_out::is_well_formed;
use crate::common::item;

const OTHERS: [Dialect; 2] = [Dialect::Chat, Dialect::Messages];

fn read(asked: &Value) -> ClientRequest {
    let read = Dialect::Responses.read(asked.to_string().as_bytes());
    read.unwrap()
}

fn names(read: &ClientRequest) -> Vec<&str> {
    let tools = read.request.tools.iter();
    tools.map(|tool| tool.name.as_str()).collect()
}

fn left_out(read: &ClientRequest) -> Vec<&str> {
    read.left_out.iter().map(|left| &*left.what).collect()
}

fn items(read: &ClientRequest) -> Vec<Value> {
    let input = read.request.input.iter();
    input
        .map(|item| serde_json::from_str(item.json()).unwrap())
        .collect()
}

/// What the client of `asked` is told where the model calls these functions.
fn told(asked: &Value, dialect: Dialect, calls: &[(&str, &str)]) -> Vec<Value> {
    let mut events = vec![ModelEvent::Created { id: "r".to_owned() }];
    events.extend(calls.iter().map(|(name, arguments)| {
        ModelEvent::ItemDone(item(json!({
            "type": "function_call", "call_id": format!("call_{name}"), "name": name, "arguments": arguments,
        })))
    }));
    events.push(ModelEvent::Completed {
        id: "r".to_owned(),
        usage: None,
        end_turn: None,
    });
    let mut provider = AnswerWriter::new(dialect, Label::default());
    let mut reader = StreamReader::new(dialect);
    let label = Label {
        id: "resp_1".to_owned(),
        tools: ToolNames::of(asked.to_string().as_bytes()),
        ..Label::default()
    };
    let mut out = AnswerOut::new(dialect, Dialect::Responses, label);
    let mut frames = Vec::new();
    for frame in events.iter().flat_map(|event| provider.push(event)) {
        frames.extend(out.push(&reader.event(frame.data.into()).unwrap()));
    }
    is_well_formed(&frames);
    assert!(frames.iter().all(|frame| !frame.data.contains('\n')));
    let end: Value = serde_json::from_str(&frames.last().unwrap().data).unwrap();
    end["response"]["output"].as_array().unwrap().clone()
}

#[test]
fn the_clients_shell_is_a_function_elsewhere_and_its_calls_and_outputs_find_each_other() {
    let asked = json!({
        "model": "m", "tools": [{"type": "local_shell"}],
        "input": [
            {"role": "user", "content": "list the files"},
            {"type": "local_shell_call", "id": "lsh_1", "call_id": "a", "status": "completed",
                "action": {"type": "exec", "command": ["ls"], "env": {}}},
            {"type": "local_shell_call", "id": "lsh_2", "call_id": "b", "status": "completed",
                "action": {"type": "exec", "command": ["pwd"], "env": {}, "working_directory": "/a"}},
            {"type": "local_shell_call_output", "call_id": "a", "output": "a.rs"},
            {"type": "local_shell_call_output", "id": "lsh_2", "output": "/a"},
        ],
    });
    let read = read(&asked);
    assert_eq!(
        (names(&read), left_out(&read)),
        (vec!["local_shell"], vec![])
    );
    assert_eq!(
        read.request.tools[0].parameters["required"],
        json!(["command"])
    );
    let items = items(&read);
    assert_eq!(items[1]["name"], "local_shell");
    let arguments: Value = serde_json::from_str(items[2]["arguments"].as_str().unwrap()).unwrap();
    let expected = json!({"command": ["pwd"], "env": {}, "working_directory": "/a"});
    assert_eq!(arguments, expected);
    assert_eq!(items[4]["call_id"], "b");
    for dialect in OTHERS {
        dialect.encode(&read.request, &Quirks::default()).unwrap();
        let called = told(
            &asked,
            dialect,
            &[("local_shell", r#"{"command":["ls","-a"]}"#)],
        );
        assert_eq!(called[0]["type"], "local_shell_call");
        assert_eq!(called[0]["call_id"], "call_local_shell");
        let action = json!({"type": "exec", "command": ["ls", "-a"], "env": {}});
        assert_eq!(called[0]["action"], action);
        // What is no command is not run: the client says so to the model.
        let called = told(&asked, dialect, &[("local_shell", r#"{"cmd":"ls"}"#)]);
        assert_eq!(called[0]["type"], "function_call");
    }
}

/// What a client that searches by itself offers: the search, and later what it found.
fn searching() -> Value {
    let list = json!({
        "type": "function", "name": "list", "description": "Lists orders.", "defer_loading": true,
        "parameters": {"type": "object"},
    });
    json!({
        "model": "m",
        "tools": [{"type": "tool_search", "execution": "client", "description": "Finds tools.",
            "parameters": {"type": "object", "properties": {"goal": {"type": "string"}}}}],
        "input": [
            {"role": "user", "content": "my orders?"},
            {"type": "tool_search_call", "id": "tsc_1", "call_id": "a", "execution": "client", "status": "completed",
                "arguments": {"goal": "orders"}},
            {"type": "tool_search_output", "call_id": "a", "execution": "client", "status": "completed",
                "tools": [{"type": "namespace", "name": "crm", "description": "Customers.", "tools": [list]}]},
        ],
    })
}

#[test]
fn every_output_of_the_clients_shell_finds_its_call_among_very_many() {
    const MANY: usize = 20_000;
    let call = |number: usize| {
        json!({"type": "local_shell_call", "id": format!("lsh_{number}"),
            "call_id": format!("call_{number}"), "action": {}})
    };
    let output = |number: usize| json!({"type": "local_shell_call_output", "id": format!("lsh_{number}"), "output": ""});
    let input = (0..MANY).map(call).chain((0..MANY).map(output));
    let read = read(&json!({"model": "m", "input": input.collect::<Vec<_>>()}));
    let answered = |number: usize| {
        let item: Value = serde_json::from_str(read.request.input[MANY + number].json()).unwrap();
        item["call_id"].as_str().unwrap().to_owned()
    };
    for number in [0, 1, MANY - 1] {
        assert_eq!(answered(number), format!("call_{number}"));
    }
}

#[test]
fn what_a_clients_search_finds_is_offered_from_then_on() {
    let asked = searching();
    let read = read(&asked);
    assert_eq!(names(&read), ["tool_search", "crm__list"]);
    assert_eq!(left_out(&read), ["the late loading of tools"]);
    assert_eq!(read.request.tools[0].description, "Finds tools.");
    let items = items(&read);
    assert_eq!(items[1]["name"], "tool_search");
    assert_eq!(
        items[1]["arguments"],
        r#"{"goal": "orders"}"#.replace(' ', "")
    );
    assert!(items[2]["output"].as_str().unwrap().contains("crm__list"));
    for dialect in OTHERS {
        dialect.encode(&read.request, &Quirks::default()).unwrap();
        let calls = [("tool_search", "{\"goal\":\n\"x\"}"), ("crm__list", "{}")];
        let called = told(&asked, dialect, &calls);
        assert_eq!(called[0]["type"], "tool_search_call", "{dialect:?}");
        assert_eq!(called[0]["execution"], "client");
        assert_eq!(called[0]["arguments"], json!({"goal": "x"}));
        assert_eq!(
            [&called[1]["namespace"], &called[1]["name"]],
            ["crm", "list"]
        );
        let called = told(&asked, dialect, &[("tool_search", "orders")]);
        assert_eq!(called[0]["type"], "function_call");
    }
}

#[test]
fn what_is_found_twice_is_offered_once_and_what_is_called_alike_is_refused() {
    let mut asked = searching();
    let found = asked["input"][2].clone();
    asked["input"].as_array_mut().unwrap().push(found);
    assert_eq!(names(&read(&asked)), ["tool_search", "crm__list"]);
    let other = json!({"type": "function", "name": "crm__list", "parameters": {}});
    asked["tools"].as_array_mut().unwrap().push(other);
    let refused = Dialect::Responses.read(asked.to_string().as_bytes());
    let refused = refused.unwrap_err();
    assert!(refused.to_string().contains("crm__list"), "{refused}");
    assert_eq!(refused.param(), Some("input[2].tools"));
}

#[test]
fn tools_that_a_provider_would_load_late_are_offered_at_once() {
    let function = |name: &str, late: bool| json!({"type": "function", "name": name, "parameters": {}, "defer_loading": late});
    let asked = json!({
        "model": "m",
        "tools": [{"type": "tool_search"}, function("a", false),
            {"type": "namespace", "name": "n", "tools": [function("b", true)]}],
        "input": [
            {"role": "user", "content": "hi"},
            {"type": "tool_search_call", "call_id": null, "execution": "server", "arguments": {}},
            {"type": "tool_search_output", "call_id": null, "execution": "server",
                "tools": [{"type": "namespace", "name": "n", "tools": [function("b", true)]}]},
            {"role": "user", "content": "go on"},
        ],
    });
    let read = read(&asked);
    assert_eq!(names(&read), ["a", "n__b"]);
    assert_eq!(left_out(&read), ["the late loading of tools"]);
    for dialect in OTHERS {
        let encoded = dialect.encode(&read.request, &Quirks::default()).unwrap();
        let left_out: Vec<&str> = encoded.left_out().iter().map(|left| &*left.what).collect();
        assert_eq!(left_out, ["items of a provider's own tools"], "{dialect:?}");
    }
}

#[test]
fn tools_that_stand_in_the_input_are_offered() {
    let asked = json!({
        "model": "m",
        "input": [
            {"type": "additional_tools", "role": "developer", "tools": [
                {"type": "custom", "name": "apply_patch"}, {"type": "local_shell"},
            ]},
            {"role": "user", "content": "hi"},
        ],
    });
    let read = read(&asked);
    assert_eq!(names(&read), ["apply_patch", "local_shell"]);
    assert_eq!(items(&read).len(), 1);
    let called = told(
        &asked,
        Dialect::Chat,
        &[("apply_patch", r#"{"input":"x"}"#)],
    );
    assert_eq!(called[0]["type"], "custom_tool_call");
}

#[test]
fn a_tool_that_needs_its_vendor_is_refused_with_a_way_out() {
    for kind in [
        "computer",
        "shell",
        "apply_patch",
        "mcp",
        "file_search",
        "code_interpreter",
    ] {
        let asked = json!({"model": "m", "input": "hi", "tools": [{"type": kind}]});
        let refused = Dialect::Responses.read(asked.to_string().as_bytes());
        let refused = refused.unwrap_err();
        assert_eq!(refused.param(), Some("tools[0]"));
        let said = refused.to_string();
        assert!(
            said.contains(kind) && said.contains("offer a function"),
            "{said}"
        );
    }
    // What is no tool at all is not passed over either.
    let group = json!({"type": "namespace", "name": "n", "tools": [7]});
    let asked = json!({"model": "m", "input": "hi", "tools": [group]});
    let refused = Dialect::Responses.read(asked.to_string().as_bytes());
    assert_eq!(refused.unwrap_err().param(), Some("tools[0].tools"));
}
