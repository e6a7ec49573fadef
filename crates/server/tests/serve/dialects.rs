//! Any dialect in, any dialect out: over real sockets, before providers of each.

use alipes_simulator::Simulator;
use alipes_wire::responses::Terminal;
use alipes_wire::{Assembler, Dialect, Item, ItemView, ModelEvent, StreamReader};
use serde_json::{Value, json};

use crate::client::Reply;
use crate::stage::{Stage, simulator};

const DIALECTS: [Dialect; 3] = [Dialect::Responses, Dialect::Chat, Dialect::Messages];

/// A server before a provider that speaks `dialect`.
async fn before(dialect: Dialect, faults: &[&str]) -> (Simulator, Stage) {
    let model = simulator(faults).await;
    let (url, name) = (model.base_url(), dialect.as_str());
    let config = format!(
        "[providers.first]\nbase_url = \"{url}\"\ndialect = \"{name}\"\n[model]\ndefault = \"first/m\"\n"
    );
    let stage = Stage::with(&config).await;
    (model, stage)
}

fn path(dialect: Dialect) -> String {
    format!("/v1/{}", dialect.path())
}

/// A request for the simulated model to look at its files.
fn asking(dialect: Dialect, prompt: &str, stream: bool) -> Value {
    let schema = json!({"type": "object", "properties": {"path": {"type": "string"}}});
    let message = json!([{"role": "user", "content": prompt}]);
    match dialect {
        Dialect::Responses => json!({
            "model": "default", "stream": stream, "input": message, "instructions": "be brief",
            "tools": [{"type": "function", "name": "list_files", "parameters": schema}],
        }),
        Dialect::Chat => json!({
            "model": "default", "stream": stream, "stream_options": {"include_usage": true},
            "messages": [{"role": "system", "content": "be brief"}, message[0]],
            "tools": [{"type": "function", "function": {"name": "list_files", "parameters": schema}}],
        }),
        Dialect::Messages => json!({
            "model": "default", "stream": stream, "max_tokens": 100, "system": "be brief",
            "messages": message, "tools": [{"name": "list_files", "input_schema": schema}],
        }),
    }
}

/// What a client of `dialect` reads.
struct Told {
    events: Vec<ModelEvent>,
    terminal: Option<Terminal>,
}

impl Told {
    fn streamed(dialect: Dialect, reply: &Reply) -> Self {
        let mut reader = StreamReader::new(dialect);
        let mut assembler = Assembler::new(dialect);
        let mut told = Self {
            events: Vec::new(),
            terminal: None,
        };
        let data = reply.body.lines();
        for data in data.filter_map(|line| line.strip_prefix("data: ")) {
            if data == "[DONE]" && dialect == Dialect::Responses {
                continue;
            }
            let event = reader.event(data.to_owned().into()).unwrap();
            assembler.push(&event, &mut told.events);
            told.terminal = told.terminal.or(reader.terminal(&event));
        }
        assert_eq!(assembler.skipped(), 0, "{reply:?}");
        told
    }

    fn whole(dialect: Dialect, reply: &Reply) -> Self {
        let answer = dialect.answer(reply.body.as_bytes()).unwrap();
        Self {
            events: answer.events,
            terminal: Some(answer.terminal),
        }
    }

    fn items(&self) -> Vec<Item> {
        let items = self.events.iter().filter_map(|event| match event {
            ModelEvent::ItemDone(item) => Some(item.clone()),
            _ => None,
        });
        items.collect()
    }

    /// The words, and the names of the tools that are called.
    fn said(&self) -> (String, Vec<String>) {
        let (mut words, mut calls) = (String::new(), Vec::new());
        for item in self.items() {
            match item.view() {
                ItemView::Message { text, .. } => words.push_str(&text),
                ItemView::FunctionCall { name, .. } => calls.push(name.into_owned()),
                _ => {}
            }
        }
        (words, calls)
    }

    fn ended_well(&self) -> bool {
        matches!(self.terminal, Some(Terminal::Completed { .. }))
    }

    fn tokens(&self) -> u64 {
        match &self.terminal {
            Some(Terminal::Completed { usage, .. }) => usage.map_or(0, |usage| usage.output_tokens),
            _ => 0,
        }
    }
}

#[tokio::test]
async fn every_client_gets_the_same_answer_from_every_provider() {
    for provider in DIALECTS {
        let (model, stage) = before(provider, &[]).await;
        for client in DIALECTS {
            for (prompt, tools) in [("hello", 0), ("list the files", 1)] {
                let about = format!("{client:?} before {provider:?}");
                let ask = asking(client, prompt, true).to_string();
                let reply = stage.post(&path(client), &ask).await;
                assert_eq!(reply.status, 200, "{about}: {reply:?}");
                let streamed = Told::streamed(client, &reply);
                let (words, calls) = streamed.said();
                assert!(words.contains("simulated"), "{about}: {words}");
                assert_eq!(calls.len(), tools, "{about}");
                assert!(streamed.tokens() > 0, "{about}: {reply:?}");
                assert!(reply.body.contains(r#""model":"default""#), "{about}");
                let ask = asking(client, prompt, false).to_string();
                let reply = stage.post(&path(client), &ask).await;
                assert_eq!(reply.header("content-type"), Some("application/json"));
                let whole = Told::whole(client, &reply);
                assert_eq!(whole.said(), (words, calls), "{about}: {reply:?}");
                assert!(whole.tokens() > 0, "{about}: {reply:?}");
            }
        }
        let seen = model.seen();
        assert!(seen.iter().all(|seen| seen.path == path(provider)));
    }
}

#[tokio::test]
async fn a_tools_result_goes_back_to_every_provider_from_every_client() {
    for provider in DIALECTS {
        let (model, stage) = before(provider, &[]).await;
        for client in DIALECTS {
            let mut ask = asking(client, "list the files", true);
            let reply = stage.post(&path(client), &ask.to_string()).await;
            let call = Told::streamed(client, &reply).items().pop().unwrap();
            let ItemView::FunctionCall { call_id, .. } = call.view() else {
                panic!("no call: {call:?}");
            };
            let more = match client {
                Dialect::Responses => vec![
                    serde_json::from_str(call.json()).unwrap(),
                    json!({"type": "function_call_output", "call_id": call_id, "output": "a.rs"}),
                ],
                Dialect::Chat => vec![
                    json!({"role": "assistant", "content": null, "tool_calls": [{"id": call_id, "type": "function", "function": {"name": "list_files", "arguments": "{}"}}]}),
                    json!({"role": "tool", "tool_call_id": call_id, "content": "a.rs"}),
                ],
                Dialect::Messages => vec![
                    json!({"role": "assistant", "content": [{"type": "tool_use", "id": call_id, "name": "list_files", "input": {}}]}),
                    json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": call_id, "content": "a.rs"}]}),
                ],
            };
            let name = match client {
                Dialect::Responses => "input",
                _ => "messages",
            };
            ask[name].as_array_mut().unwrap().extend(more);
            let reply = stage.post(&path(client), &ask.to_string()).await;
            let about = format!("{client:?} before {provider:?}: {reply:?}");
            let (words, calls) = Told::streamed(client, &reply).said();
            assert!(calls.is_empty() && words.contains("a.rs"), "{about}");
        }
        assert!(model.seen().iter().all(|seen| seen.fault.is_none()));
    }
}

#[tokio::test]
async fn what_a_provider_cannot_be_told_is_refused_by_name_and_before_it_is_asked() {
    let audio = json!({"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}});
    let (model, stage) = before(Dialect::Messages, &[]).await;
    let table = [
        (
            Dialect::Chat,
            json!({"model": "default", "messages": [{"role": "user", "content": [audio]}]}),
            "messages[0]",
        ),
        (
            Dialect::Chat,
            json!({"model": "default", "messages": [], "n": 2}),
            "n",
        ),
        (
            Dialect::Responses,
            json!({"model": "default", "input": [{"type": "item_reference", "id": "i"}]}),
            "input[0]",
        ),
        (
            Dialect::Responses,
            json!({"model": "default", "input": "x", "tools": [{"type": "mcp"}]}),
            "tools[0]",
        ),
    ];
    for (client, body, param) in table {
        let reply = stage.post(&path(client), &body.to_string()).await;
        assert_eq!(reply.status, 400, "{reply:?}");
        assert_eq!(reply.json()["error"]["param"], param, "{reply:?}");
    }
    assert!(model.seen().is_empty());
}

#[tokio::test]
async fn a_fault_is_told_in_the_words_of_the_clients_vendor() {
    for provider in DIALECTS {
        for client in DIALECTS {
            let about = format!("{client:?} before {provider:?}");
            // Before anything was said, as a status.
            let (_model, stage) = before(provider, &["sse-challenge"]).await;
            let ask = asking(client, "hello", true).to_string();
            let reply = stage.post(&path(client), &ask).await;
            assert!(reply.status >= 400, "{about}: {reply:?}");
            let error = reply.json();
            assert!(error["error"]["message"].is_string(), "{about}: {reply:?}");
            let is_messages = client == Dialect::Messages;
            assert_eq!(error["type"] == "error", is_messages, "{about}: {reply:?}");
            // Behind the first word, as the last event.
            let (_model, stage) = before(provider, &["sse-cut-after-text"]).await;
            let reply = stage.post(&path(client), &ask).await;
            assert_eq!(reply.status, 200, "{about}: {reply:?}");
            let last = reply.events().pop().unwrap();
            match client {
                Dialect::Responses => assert_eq!(last["type"], "response.failed", "{about}"),
                Dialect::Chat => assert_eq!(last["error"]["code"], "cut", "{about}"),
                Dialect::Messages => assert_eq!(last["type"], "error", "{about}"),
            }
            assert!(
                !reply.body.contains("[DONE]"),
                "nothing was completed: {about}"
            );
        }
    }
}

#[tokio::test]
async fn what_breaks_before_there_is_output_is_asked_again_in_every_dialect() {
    for provider in DIALECTS {
        for client in DIALECTS {
            let (_model, stage) = before(provider, &["sse-cut-after-created@1"]).await;
            let ask = asking(client, "hello", true).to_string();
            let reply = stage.post(&path(client), &ask).await;
            let about = format!("{client:?} before {provider:?}: {reply:?}");
            assert_eq!(reply.status, 200, "{about}");
            assert_eq!(reply.header("x-alipes-attempts"), Some("2"), "{about}");
            let (words, _) = Told::streamed(client, &reply).said();
            assert_eq!(words.matches("simulated").count(), 1, "{about}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_lost_only_its_last_event_is_ended_for_every_client() {
    let (_model, stage) = before(Dialect::Responses, &["sse-no-final-event"]).await;
    for client in DIALECTS {
        let ask = |stream| asking(client, "hello", stream).to_string();
        let reply = stage.post(&path(client), &ask(true)).await;
        let about = format!("{client:?}: {reply:?}");
        let streamed = Told::streamed(client, &reply);
        assert!(streamed.ended_well(), "{about}");
        assert_eq!(reply.header("x-alipes-attempts"), Some("1"), "{about}");
        let reply = stage.post(&path(client), &ask(false)).await;
        assert_eq!(reply.status, 200, "{client:?}: {reply:?}");
        let whole = Told::whole(client, &reply);
        assert!(whole.ended_well(), "{client:?}: {reply:?}");
        assert_eq!(whole.said(), streamed.said(), "{about}");
    }
}

#[tokio::test]
async fn clients_of_messages_bring_their_key_in_its_own_header() {
    let (_model, stage) = before(Dialect::Messages, &[]).await;
    let (address, key) = (stage.address().to_string(), stage.key.clone());
    let ask = asking(Dialect::Messages, "hello", true).to_string();
    let headers = [
        ("host", address.as_str()),
        ("x-api-key", key.as_str()),
        ("anthropic-version", "2023-06-01"),
    ];
    let path = path(Dialect::Messages);
    let good = crate::client::request("POST", &path, &headers, &ask);
    let reply = crate::client::send(stage.address(), good).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let bad = crate::client::request("POST", &path, &headers[..1], &ask);
    let reply = crate::client::send(stage.address(), bad).await;
    assert_eq!(reply.status, 401);
    assert_eq!(reply.json()["error"]["type"], "authentication_error");
}
