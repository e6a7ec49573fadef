//! What a client has of an answer never comes to it again: not from a second request that goes out
//! beside a silent one, and not from one that is sent after it.

use std::collections::HashSet;

use alipes_simulator::Simulator;
use serde_json::Value;

use crate::client::Reply;
use crate::stage::{Stage, config, simulator};

const MESSAGE: &str = r#"{"model":"default","max_tokens":9,"messages":[{"role":"user","content":"hello"}],"stream":true}"#;

/// What a client asks, and in which dialect.
const ASKS: [(&str, &str, &str); 3] = [
    (
        "responses",
        "/v1/responses",
        r#"{"model":"default","input":"hello","stream":true}"#,
    ),
    ("chat", "/v1/chat/completions", MESSAGE),
    ("messages", "/v1/messages", MESSAGE),
];

/// What is shown of an answer before it stalls, once.
const FAULTS: [&str; 2] = ["sse-stall-after-reasoning@1", "sse-stall-after-call@1"];

/// A server before a hosted provider of this dialect that is soon waited for in vain.
async fn before(dialect: &str, fault: &str) -> (Simulator, Stage) {
    let model = simulator(&[fault]).await;
    let profile = format!("profile = \"openai-compatible\"\ndialect = \"{dialect}\"\n[model]");
    let config = config(
        &[&model],
        "[providers.first.endpoint]\nreasoning_timeout = \"300ms\"\noutput_timeout = \"300ms\"\n",
    );
    let stage = Stage::with(&config.replace("[model]", &profile)).await;
    (model, stage)
}

/// Every word that may come but once: that the answer begins, that an item does, and that it ends.
fn words(reply: &Reply) -> Vec<String> {
    let word = |event: &Value| match event["type"].as_str() {
        Some("response.created" | "message_start") => vec![event["type"].to_string()],
        Some("response.output_item.added" | "response.output_item.done") => {
            vec![event["type"].to_string(), event["output_index"].to_string()]
        }
        Some("content_block_start" | "content_block_stop") => {
            vec![event["type"].to_string(), event["index"].to_string()]
        }
        _ => {
            let calls = event.pointer("/choices/0/delta/tool_calls/0");
            let call = calls.filter(|call| call["id"].is_string());
            let role = event.pointer("/choices/0/delta/role");
            let role = role.map(|_| vec!["role".to_owned()]);
            call.map(|call| vec![call["index"].to_string()])
                .or(role)
                .unwrap_or_default()
        }
    };
    let words = reply.events();
    let words = words.iter().map(word).filter(|word| !word.is_empty());
    words.map(|word| word.join(" ")).collect()
}

#[tokio::test]
async fn nothing_of_an_answer_that_stalls_behind_an_item_comes_twice_in_any_dialect() {
    for fault in FAULTS {
        for (dialect, path, body) in ASKS {
            for provider in ["responses", dialect] {
                let (model, stage) = before(provider, fault).await;
                let reply = stage.post(path, body).await;
                let about = format!("{fault}, {dialect} before {provider}: {reply:?}");
                assert_eq!(reply.status, 200, "{about}");
                let words = words(&reply);
                let once: HashSet<&String> = words.iter().collect();
                assert!(!words.is_empty() && once.len() == words.len(), "{about}");
                assert_eq!(model.seen().len(), 1, "it is not asked again: {about}");
                let last = reply.events().pop().unwrap();
                assert!(last.to_string().contains("error"), "{about}");
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_waits_for_the_whole_gets_nothing_of_an_answer_that_was_given_up() {
    for fault in FAULTS {
        for (dialect, path, body) in ASKS {
            let (model, stage) = before(dialect, fault).await;
            let reply = stage.post(path, &body.replace("true", "false")).await;
            let about = format!("{fault}, {dialect}: {reply:?}");
            assert_eq!(reply.status, 200, "{about}");
            assert_eq!(reply.body.matches("(simulated)").count(), 1, "{about}");
            for lost in ["Let me see.", "list_files"] {
                assert!(!reply.body.contains(lost), "{about}");
            }
            assert_eq!(model.seen().len(), 2, "{about}");
        }
    }
}
