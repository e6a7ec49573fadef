//! Tools in groups and tools that take plain text, as the Codex CLI has them: functions in every other
//! dialect, and called in the client's own words.

use alipes_wire::responses::ToolNames;
use alipes_wire::{
    AnswerOut, AnswerWriter, Dialect, Label, ModelEvent, Quirks, StreamReader, ToolChoice,
};
use serde_json::{Value, json};

use crate::answers_out::is_well_formed;
use crate::common::item;

const OTHERS: [Dialect; 2] = [Dialect::Chat, Dialect::Messages];

/// What the Codex CLI 0.169 offers, shortened.
fn request() -> Value {
    json!({
        "model": "m",
        "tools": [
            {"type": "function", "name": "exec_command", "parameters": {"type": "object"}},
            {"type": "namespace", "name": "agents", "description": "For sub-agents.", "tools": [
                {"type": "function", "name": "close", "description": "Closes one.", "parameters": {"type": "object"}},
            ]},
            {"type": "custom", "name": "apply_patch", "description": "Edits files.", "format":
                {"type": "grammar", "syntax": "lark", "definition": "start: begin_patch"}},
        ],
        "tool_choice": {"type": "custom", "name": "apply_patch"},
        "input": [
            {"role": "user", "content": "hi"},
            {"type": "function_call", "id": "fc_1", "call_id": "a", "namespace": "agents", "name": "close", "arguments": "{}"},
            {"type": "custom_tool_call", "id": "ctc_1", "call_id": "b", "name": "apply_patch", "input": "*** \"x\"\n"},
            {"type": "function_call_output", "call_id": "a", "output": "closed"},
            {"type": "custom_tool_call_output", "call_id": "b", "output": "edited"},
        ],
    })
}

#[test]
fn they_are_functions_elsewhere_with_all_that_is_said_of_them() {
    let body = request().to_string();
    let read = Dialect::Responses.read(body.as_bytes()).unwrap();
    let tools = &read.request.tools;
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["exec_command", "agents__close", "apply_patch"]);
    assert_eq!(tools[1].description, "For sub-agents.\n\nCloses one.");
    assert!(tools[2].description.contains("Edits files."));
    assert!(tools[2].description.contains("start: begin_patch"));
    assert_eq!(tools[2].parameters["required"], json!(["input"]));
    let choice = read.request.generation.tool_choice.clone();
    assert_eq!(choice, Some(ToolChoice::Function("apply_patch".to_owned())));
    let left_out: Vec<&str> = read.left_out.iter().map(|left| &*left.what).collect();
    assert_eq!(left_out, ["the enforcement of a tool's grammar"]);
    for dialect in OTHERS {
        let encoded = dialect.encode(&read.request, &Quirks::default()).unwrap();
        let said = String::from_utf8(encoded.body().to_vec()).unwrap();
        for part in ["agents__close", "closed", "edited", r#"*** \"#] {
            assert!(said.contains(part), "{dialect:?}: {said}");
        }
        assert!(
            !said.contains("custom_tool_call") && !said.contains("namespace"),
            "{said}"
        );
    }
}

#[test]
fn their_calls_come_back_as_the_client_knows_them() {
    let call = |id: &str, name: &str, arguments: &str| {
        ModelEvent::ItemDone(item(json!({
            "type": "function_call", "call_id": id, "name": name, "arguments": arguments,
        })))
    };
    let events = [
        ModelEvent::Created { id: "r".to_owned() },
        call("a", "agents__close", "{}"),
        call("b", "apply_patch", r#"{"input":"*** \"x\"\n"}"#),
        call("c", "exec_command", "{}"),
        ModelEvent::Completed {
            id: "r".to_owned(),
            usage: None,
            end_turn: None,
        },
    ];
    for dialect in OTHERS {
        let mut provider = AnswerWriter::new(dialect, Label::default());
        let mut reader = StreamReader::new(dialect);
        let label = Label {
            id: "resp_1".to_owned(),
            tools: ToolNames::of(request().to_string().as_bytes()),
            ..Label::default()
        };
        let mut out = AnswerOut::new(dialect, Dialect::Responses, label);
        let mut frames = Vec::new();
        for frame in events.iter().flat_map(|event| provider.push(event)) {
            frames.extend(out.push(&reader.event(frame.data.into()).unwrap()));
        }
        is_well_formed(&frames);
        let end: Value = serde_json::from_str(&frames.last().unwrap().data).unwrap();
        let told: Vec<[&Value; 5]> = end["response"]["output"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| ["type", "namespace", "name", "arguments", "input"].map(|name| &item[name]))
            .collect();
        let (call, none) = (json!("function_call"), Value::Null);
        let (empty, text) = (json!("{}"), json!("*** \"x\"\n"));
        let (custom, agents) = (json!("custom_tool_call"), json!("agents"));
        let names = ["close", "apply_patch", "exec_command"].map(|name| json!(name));
        let expected = [
            [&call, &agents, &names[0], &empty, &none],
            [&custom, &none, &names[1], &none, &text],
            [&call, &none, &names[2], &empty, &none],
        ];
        assert_eq!(told, expected, "{dialect:?}");
        let kinds: Vec<&str> = frames.iter().map(|frame| &*frame.name).collect();
        assert!(kinds.contains(&"response.custom_tool_call_input.delta"));
    }
}

#[test]
fn two_tools_that_a_call_could_not_tell_apart_are_refused_by_name() {
    let function = |name: &str| json!({"type": "function", "name": name, "parameters": {}});
    let group = json!({"type": "namespace", "name": "crm", "tools": [function("list")]});
    let asked = json!({"model": "m", "input": "hi", "tools": [function("crm__list"), group]});
    let refused = Dialect::Responses.read(asked.to_string().as_bytes());
    let said = refused.unwrap_err().to_string();
    assert!(
        said.contains("crm__list") && said.contains("tools"),
        "{said}"
    );
}
