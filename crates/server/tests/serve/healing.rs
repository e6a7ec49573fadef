//! What goes wrong upstream, and how little of it a client sees.

use crate::stage::{ASK_PLAIN, Stage, simulator};

/// Each way to ask for an answer in one piece.
const PLAIN: [(&str, &str); 3] = [
    ("/v1/responses", ASK_PLAIN),
    ("/v1/chat/completions", MESSAGE),
    ("/v1/messages", MESSAGE),
];

const MESSAGE: &str =
    r#"{"model":"default","max_tokens":100,"messages":[{"role":"user","content":"hello"}]}"#;

#[tokio::test]
async fn what_breaks_before_there_is_output_leaves_no_trace_in_the_answer() {
    let healthy = Stage::before(&[&simulator(&[]).await]).await.ask().await;
    for fault in [
        "sse-500@1",
        "sse-cut-after-created@1",
        "sse-reset-before-headers@1",
    ] {
        let model = simulator(&[fault]).await;
        let stage = Stage::before(&[&model]).await;
        let reply = stage.ask().await;
        assert_eq!(reply.status, 200, "{fault}: {reply:?}");
        assert_eq!(reply.text(), healthy.text(), "{fault}");
        assert_eq!(reply.header("x-alipes-attempts"), Some("2"), "{fault}");
        let begun = reply
            .events()
            .iter()
            .filter(|event| event["type"] == "response.created")
            .count();
        assert_eq!(begun, 1, "{fault}");
    }
}

#[tokio::test]
async fn a_provider_that_cannot_answer_is_followed_by_the_next() {
    for fault in ["sse-challenge", "sse-usage-limit", "sse-401", "sse-500"] {
        let (broken, healthy) = (simulator(&[fault]).await, simulator(&[]).await);
        let stage = Stage::before(&[&broken, &healthy]).await;
        for body in [crate::stage::ASK, ASK_PLAIN] {
            let reply = stage.post("/v1/responses", body).await;
            assert_eq!(reply.status, 200, "{fault}: {reply:?}");
        }
        assert_eq!(healthy.seen().len(), 2, "{fault}");
    }
}

#[tokio::test]
async fn what_breaks_after_output_ends_with_an_error_event_and_repeats_nothing() {
    let whole = Stage::before(&[&simulator(&[]).await]).await.ask().await;
    let (broken, healthy) = (
        simulator(&["sse-cut-after-text"]).await,
        simulator(&[]).await,
    );
    let stage = Stage::before(&[&broken, &healthy]).await;
    let reply = stage.ask().await;
    assert_eq!(reply.status, 200);
    let events = reply.events();
    let last = events.last().unwrap();
    assert_eq!(last["type"], "response.failed");
    assert_eq!(last["response"]["error"]["code"], "cut");
    assert_eq!(
        last["sequence_number"].as_u64(),
        Some(events.len() as u64 - 1)
    );
    assert!(!reply.text().is_empty() && whole.text().starts_with(&reply.text()));
    assert!(healthy.seen().is_empty());
    assert_eq!(broken.seen().len(), 1);
}

#[tokio::test]
async fn a_whole_answer_that_breaks_after_output_is_asked_for_again() {
    let ask =
        r#"{"model":"default","max_tokens":100,"messages":[{"role":"user","content":"hello"}]}"#;
    for (path, body) in [
        ("/v1/responses", ASK_PLAIN),
        ("/v1/chat/completions", ask),
        ("/v1/messages", ask),
    ] {
        let (broken, healthy) = (
            simulator(&["sse-cut-after-text"]).await,
            simulator(&[]).await,
        );
        let whole = Stage::before(&[&healthy]).await.post(path, body).await;
        let stage = Stage::before(&[&broken, &healthy]).await;
        let reply = stage.post(path, body).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        assert_eq!(said(&reply.json()), said(&whole.json()), "{path}");
        assert_eq!(healthy.seen().len(), 2, "{path}");
        let model = simulator(&["sse-cut-after-text@1"]).await;
        let reply = Stage::before(&[&model]).await.post(path, body).await;
        assert_eq!(said(&reply.json()), said(&whole.json()), "{path}");
        assert_eq!(reply.header("x-alipes-attempts"), Some("2"), "{path}");
    }
}

/// What an answer in one piece says, in whichever dialect.
fn said(answer: &serde_json::Value) -> String {
    let places = [
        "/output/0/content/0/text",
        "/choices/0/message/content",
        "/content/0/text",
    ];
    let said = places.iter().find_map(|place| answer.pointer(place));
    said.unwrap_or_else(|| panic!("says nothing: {answer}"))
        .to_string()
}

#[tokio::test]
async fn a_fault_that_nobody_mends_is_named_with_a_status() {
    let table = [
        ("sse-usage-limit", 429, "usage_limit_reached"),
        ("sse-400", 400, ""),
        ("sse-challenge", 502, "challenge"),
        ("sse-401", 502, "unauthorized"),
    ];
    for (fault, status, code) in table {
        let model = simulator(&[fault]).await;
        let stage = Stage::before(&[&model]).await;
        for body in [crate::stage::ASK, ASK_PLAIN] {
            let reply = stage.post("/v1/responses", body).await;
            assert_eq!(reply.status, status, "{fault}: {reply:?}");
            assert!(
                code.is_empty() || reply.code() == code,
                "{fault}: {reply:?}"
            );
            assert!(reply.json()["error"]["message"].is_string());
            let attempts = reply.header("x-alipes-attempts").unwrap();
            assert!(attempts.parse::<u32>().is_ok(), "{attempts}");
            assert!(reply.header("x-alipes-call-id").is_some());
        }
    }
}

#[tokio::test]
async fn a_bad_key_of_ours_is_not_told_as_the_clients() {
    let model = simulator(&["sse-401"]).await;
    let stage = Stage::before(&[&model]).await;
    for (path, body) in PLAIN {
        let reply = stage.post(path, body).await;
        assert_eq!(reply.status, 502, "{path}: {reply:?}");
        for word in ["invalid_api_key", "authentication_error"] {
            assert!(!reply.body.contains(word), "{path}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_stops_short_is_passed_on_as_one() {
    let model = simulator(&["sse-incomplete"]).await;
    let stage = Stage::before(&[&model]).await;
    let events = stage.ask().await.events();
    assert_eq!(events.last().unwrap()["type"], "response.incomplete");
    let reply = stage.post("/v1/responses", ASK_PLAIN).await;
    assert_eq!(
        (reply.status, &reply.json()["status"]),
        (200, &"incomplete".into())
    );
}

#[tokio::test]
async fn the_same_conversation_keeps_its_socket() {
    let model = simulator(&[]).await;
    let config = crate::stage::config(&[&model], "");
    let config = config.replace("[model]", "routes = [\"websocket\"]\n[model]");
    let stage = Stage::with(&config).await;
    for (key, connection) in [("a", 1), ("a", 1), ("b", 2)] {
        let body =
            serde_json::json!({"model": "default", "input": "hello", "prompt_cache_key": key});
        let reply = stage.post("/v1/responses", &body.to_string()).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(model.seen().last().unwrap().connection, connection, "{key}");
    }
}

#[tokio::test]
async fn the_official_client_is_asked_where_it_stands() {
    let behind = simulator(&[]).await;
    let url = behind.base_url();
    let config = format!(
        "[providers.second]\nbase_url = \"{url}\"\n[model]\n\
         default = \"codex-app-server/default\"\nfallback = [\"second/m\"]\n"
    );
    // It is not installed here, which only shows when it is asked.
    let reply = Stage::with(&config).await.ask().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("x-alipes-attempts"), Some("2"));
}

#[tokio::test]
async fn conversations_of_clients_take_turns_and_each_stays_with_its_account() {
    let model = simulator(&[]).await;
    let url = model.base_url();
    let config = format!(
        "[providers.first]\nbase_url = \"{url}\"\nstrategy = \"round-robin\"\n\
         [providers.first.accounts]\na = {{ env = \"KEY_A\" }}\nb = {{ env = \"KEY_B\" }}\n\
         [model]\ndefault = \"first/m\"\n"
    );
    let stage = Stage::with(&config).await;
    for conversation in ["1", "1", "2", "2", "1"] {
        let body = serde_json::json!({
            "model": "default", "input": "hello", "prompt_cache_key": conversation,
        });
        let reply = stage.post("/v1/responses", &body.to_string()).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    let seen = model.seen();
    let keys = seen.iter().filter_map(|seen| seen.header("authorization"));
    let keys: Vec<&str> = keys.map(|key| key.trim_start_matches("Bearer ")).collect();
    assert_eq!(keys, ["key-a", "key-a", "key-b", "key-b", "key-a"]);
}
