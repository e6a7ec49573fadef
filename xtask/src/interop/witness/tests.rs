//! The witness is only worth something if it objects: a good turn passes, and each way to spoil it is found.

use serde_json::json;

use super::*;

fn headers(websocket: bool) -> Value {
    let mut headers = vec![
        json!(["originator", "alipes"]),
        json!(["user-agent", "alipes/0.1.0"]),
        json!(["session-id", "s1"]),
        json!(["authorization", format!("Bearer {KEY}")]),
        json!(["accept", "text/event-stream"]),
        json!(["content-type", "application/json"]),
    ];
    if websocket {
        headers.push(json!(["openai-beta", WEBSOCKET_BETA]));
    }
    Value::Array(headers)
}

fn body(input: &Value) -> Value {
    json!({
        "type": "response.create", "model": MODEL, "stream": true, "store": false, "instructions": "help",
        "prompt_cache_key": "s1", "input": input,
        "tools": [{"type": "function", "name": "list_files", "parameters": {"type": "object"}}],
    })
}

fn said() -> Vec<Value> {
    vec![
        json!({"type": "reasoning", "encrypted_content": "sealed-1", "x_unknown_field": {"kept": true}}),
        json!({"type": "message", "role": "assistant", "phase": "commentary"}),
        json!({"type": "function_call", "name": "list_files", "call_id": "c1"}),
    ]
}

fn question() -> Value {
    json!({"type": "message", "role": "user"})
}

fn result() -> Value {
    json!({"type": "function_call_output", "call_id": "c1", "output": "a.txt"})
}

fn sse_turn() -> Vec<Value> {
    let post = |input: Vec<Value>| json!({"ev": "http", "path": "/v1/responses", "httpver": "2.0", "headers": headers(false), "body": body(&Value::Array(input))});
    let mut second = vec![question()];
    second.extend(said());
    second.push(result());
    vec![post(vec![question()]), post(second)]
}

fn websocket_turn() -> Vec<Value> {
    let mut second = body(&json!([result()]));
    second["previous_response_id"] = json!("resp_1");
    vec![
        json!({"ev": "ws_upgrade", "path": "/v1/responses", "httpver": "1.1", "headers": headers(true)}),
        json!({"ev": "ws_open", "compressed": true}),
        json!({"ev": "ws_frame", "body": body(&json!([question()]))}),
        json!({"ev": "ws_frame", "body": second}),
        json!({"ev": "ws_closed", "code": 1000}),
    ]
}

fn verdict(events: Vec<Value>, route: Route) -> Result<()> {
    let version = if route == Route::Sse { "2.0" } else { "1.1" };
    Testimony { events }.check(route, version)
}

fn objection(mut events: Vec<Value>, route: Route, spoil: impl FnOnce(&mut Vec<Value>)) -> String {
    spoil(&mut events);
    verdict(events, route).unwrap_err().to_string()
}

#[test]
fn a_good_turn_passes() {
    verdict(sse_turn(), Route::Sse).unwrap();
    verdict(websocket_turn(), Route::Websocket).unwrap();
}

#[test]
fn a_spoiled_sse_turn_is_found() {
    let spoiled = |spoil: fn(&mut Vec<Value>)| objection(sse_turn(), Route::Sse, spoil);
    assert!(spoiled(|events| events[1]["httpver"] = json!("1.1")).contains("HTTP/"));
    assert!(spoiled(|events| events[0]["headers"] = headers(true)).contains("openai-beta"));
    assert!(
        spoiled(|events| events[0]["headers"][0][1] = json!("codex_cli_rs")).contains("originator")
    );
    assert!(spoiled(|events| events[1]["headers"][2][1] = json!("s2")).contains("session-id"));
    assert!(spoiled(|events| events[0]["body"]["store"] = json!(true)).contains("store"));
    assert!(spoiled(|events| events[0]["body"]["tools"] = json!([])).contains("list_files"));
    assert!(
        spoiled(|events| events[1]["body"]["input"][1]["x_unknown_field"] = json!(null))
            .contains("unknown field")
    );
    assert!(
        spoiled(|events| events[1]["body"]["input"][2]["phase"] = json!(null)).contains("phase")
    );
    assert!(
        spoiled(|events| events[1]["body"]["input"][4]["call_id"] = json!("c9"))
            .contains("another call")
    );
    assert!(spoiled(|events| events.truncate(1)).contains("2 requests"));
    assert!(
        spoiled(|events| events.push(json!({"ev": "refused", "error": "no"}))).contains("refused")
    );
}

#[test]
fn a_spoiled_websocket_turn_is_found() {
    let spoiled = |spoil: fn(&mut Vec<Value>)| objection(websocket_turn(), Route::Websocket, spoil);
    assert!(spoiled(|events| events[0]["headers"] = headers(false)).contains("openai-beta"));
    assert!(
        spoiled(|events| events[1]["compressed"] = json!(false)).contains("permessage-deflate")
    );
    assert!(
        spoiled(|events| events[3]["body"]["previous_response_id"] = json!(null))
            .contains("previous_response_id")
    );
    assert!(
        spoiled(|events| events[3]["body"]["input"] = json!([question(), result()]))
            .contains("only the tool")
    );
    assert!(
        spoiled(|events| events[3]["body"]["type"] = json!("response.append"))
            .contains("response.append")
    );
    assert!(spoiled(|events| events.insert(1, events[0].clone())).contains("one WebSocket"));
    assert!(spoiled(|events| events.extend(sse_turn())).contains("POST"));
}
