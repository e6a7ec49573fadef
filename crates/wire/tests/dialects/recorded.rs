//! What real clients were seen to send (Claude Code 2.1, Anthropic SDK 2.11, OpenAI SDK 3.52), and
//! what becomes of it on the way to another dialect.

use alipes_wire::{Dialect, Quirks, messages};
use serde_json::json;

use crate::common::json;

#[test]
fn claude_code_is_understood_and_can_go_anywhere() {
    let marker = json!({"type": "ephemeral"});
    let body = json!({"model": "claude-mock", "messages": [
        {"role": "user", "content": [{"type": "text", "text": "reminder"}, {"type": "text", "text": "say hello", "cache_control": marker}]},
        {"role": "system", "content": "later instructions"}],
        "system": [{"type": "text", "text": "billing"}, {"type": "text", "text": "You are an agent.", "cache_control": marker}],
        "tools": [{"name": "Agent", "description": "d", "input_schema": {"$schema": "s", "type": "object"}}],
        "metadata": {"user_id": "u"}, "max_tokens": 32_000, "thinking": {"type": "adaptive"},
        "context_management": {"edits": []}, "output_config": {"effort": "high"}, "stream": true}).to_string();
    let read = Dialect::Messages.read(body.as_bytes()).unwrap();
    let left_out: Vec<&str> = read.left_out.iter().map(|note| &*note.what).collect();
    assert_eq!(left_out, ["`context_management`", "`metadata`"]);
    let request = read.request;
    assert_eq!(
        request.reasoning.as_ref().and_then(|r| r.effort.as_deref()),
        Some("high")
    );

    let responses = Dialect::Responses
        .encode(&request, &Quirks::default())
        .unwrap();
    let sent = json(&responses.body());
    assert_eq!(sent["instructions"], json!("billing\n\nYou are an agent."));
    assert_eq!(
        sent["input"][0]["content"][1],
        json!({"type": "input_text", "text": "say hello"})
    );
    assert_eq!(sent["reasoning"]["effort"], json!("high"));
    assert!(!responses.left_out().is_empty());

    let chat = Dialect::Chat.encode(&request, &Quirks::default()).unwrap();
    let sent = json(&chat.body());
    assert_eq!(sent["messages"][0]["role"], json!("system"));
    assert_eq!(
        sent["messages"][1]["content"][1]["text"],
        json!("say hello")
    );
    assert_eq!(
        sent["tools"][0]["function"]["parameters"]["$schema"],
        json!("s")
    );

    let quirks = Quirks {
        messages: messages::Quirks {
            system_in_messages: true,
            ..messages::Quirks::default()
        },
        ..Quirks::default()
    };
    let same = json(&Dialect::Messages.encode(&request, &quirks).unwrap().body());
    let original = json(body.as_bytes());
    for name in [
        "model",
        "messages",
        "system",
        "tools",
        "max_tokens",
        "output_config",
        "stream",
    ] {
        assert_eq!(same[name], original[name], "{name}");
    }
}

#[test]
fn the_sdks_smallest_requests_are_understood() {
    let chat = br#"{"model":"m","stream":true,"messages":[{"role":"user","content":"x"}],"stream_options":{"include_usage":true}}"#;
    let read = Dialect::Chat.read(chat).unwrap();
    assert_eq!(
        (read.stream, read.include_usage, read.request.input.len()),
        (true, true, 1)
    );
    let messages = br#"{"max_tokens":100,"messages":[{"role":"user","content":"x"}],"model":"claude-x","stream":true}"#;
    let read = Dialect::Messages.read(messages).unwrap();
    assert_eq!(
        (read.stream, read.request.max_output_tokens),
        (true, Some(100))
    );
}
