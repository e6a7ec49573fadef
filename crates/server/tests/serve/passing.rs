//! What a client says reaches the provider as it was said, and the answer the client.

use serde_json::{Value, json};

use crate::client::{request, send};
use crate::stage::{ASK_PLAIN, Stage, config, simulator};

#[tokio::test]
async fn a_stream_has_our_id_throughout_and_numbers_without_a_gap() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let reply = stage.ask().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    assert_eq!(reply.header("x-alipes-attempts"), Some("1"));
    let events = reply.events();
    let numbers: Vec<u64> = events
        .iter()
        .map(|event| event["sequence_number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (0..events.len() as u64).collect::<Vec<_>>());
    let ids: Vec<&str> = events
        .iter()
        .filter_map(|event| event["response"]["id"].as_str())
        .collect();
    assert!(
        ids.len() >= 3 && ids.iter().all(|id| *id == ids[0]),
        "{ids:?}"
    );
    assert_eq!(events.first().unwrap()["type"], "response.created");
    assert_eq!(events.last().unwrap()["type"], "response.completed");
    assert_eq!(events[0]["response"]["model"], "default");
    assert!(!reply.text().is_empty());
}

#[tokio::test]
async fn who_does_not_stream_gets_the_same_answer_in_one_piece() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let streamed = stage.ask().await;
    let reply = stage.post("/v1/responses", ASK_PLAIN).await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("application/json"))
    );
    let whole = reply.json();
    assert_eq!(whole["status"], "completed");
    assert_eq!(whole["output"][0]["content"][0]["text"], streamed.text());
    assert_eq!(reply.header("x-alipes-attempts"), Some("1"));
}

#[tokio::test]
async fn what_we_do_not_know_reaches_the_provider() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let body = r#"{"model":"first/gpt-x","brand_new":{"a":[1]},"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"hello","mark":7}]}],"metadata":{"k":"v"}}"#;
    let reply = stage.post("/v1/responses", body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let seen = model.seen();
    let sent = seen[0].body.as_ref().unwrap();
    let mut expected: Value = serde_json::from_str(body).unwrap();
    expected["model"] = json!("gpt-x");
    expected["stream"] = json!(true);
    assert_eq!(*sent, expected);
    assert_eq!(reply.json()["model"], "first/gpt-x");
}

#[tokio::test]
async fn the_list_of_models_is_in_the_shape_of_who_asks() {
    let model = simulator(&[]).await;
    let more = "[serve.aliases.fast]\nmodels = [\"first/m\"]\n";
    let stage = Stage::with(&crate::stage::config(&[&model], more)).await;
    let list = stage.get("/v1/models").await.json();
    assert_eq!(list["object"], "list");
    let names: Vec<&str> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["default", "fast"]);
    assert_eq!(stage.get("/v1/models/fast").await.json(), list["data"][1]);
    let unlisted = stage.get("/v1/models/first/of-tomorrow").await.json();
    assert_eq!(unlisted["id"], "first/of-tomorrow");
    let unknown = stage.get("/v1/models/nobody%2Ffats").await;
    assert_eq!(
        (unknown.status, unknown.code().as_str()),
        (404, "model_not_found")
    );
    let mut headers = stage.headers();
    headers.push(("anthropic-version".to_owned(), "2023-06-01".to_owned()));
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let request = crate::client::request("GET", "/v1/models", &headers, "");
    let list = crate::client::send(stage.address(), request).await.json();
    assert_eq!(list["data"][0]["type"], "model");
    assert_eq!(list["last_id"], "fast");
}

#[tokio::test]
async fn a_model_that_a_key_was_given_by_its_name_is_in_its_list() {
    let model = simulator(&[]).await;
    let more = "[serve.keys.a]\nkey = { env = \"KEY_A\" }\n\
                models = [\"first/extra\", \"nobody/m\", \"first/b*\"]\n";
    let stage = Stage::with(&config(&[&model], more)).await;
    let host = stage.address().to_string();
    let headers = [("host", host.as_str()), ("x-api-key", "key-a")];
    let asked = request("GET", "/v1/models", &headers, "");
    let list = send(stage.address(), asked).await.json();
    let names: Vec<&Value> = list["data"].as_array().unwrap().iter().collect();
    let names: Vec<&Value> = names.iter().map(|model| &model["id"]).collect();
    assert_eq!(names, ["first/extra"]);
}

#[tokio::test]
async fn where_there_is_no_default_a_client_is_told_how_to_ask_for_another_model() {
    let model = simulator(&[]).await;
    let text = config(&[&model], "");
    let stage = Stage::with(text.split("[model]").next().unwrap()).await;
    let reply = stage.ask().await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (500, "configuration")
    );
    assert!(reply.body.contains("PROVIDER/NAME"), "{reply:?}");
    // What is meant for who has our command line and our files.
    for word in ["--model", "config.toml"] {
        assert!(!reply.body.contains(word), "{reply:?}");
    }
}

#[tokio::test]
async fn an_alias_means_its_models_and_an_unknown_name_is_told_with_the_nearest() {
    let (first, second) = (simulator(&["sse-500"]).await, simulator(&[]).await);
    let more = "[serve.aliases.fast]\nmodels = [\"first/m\", \"second/n\"]\n";
    let stage = Stage::with(&crate::stage::config(&[&first, &second], more)).await;
    let ask = |model: &str| json!({"model": model, "input": "hello"}).to_string();
    let reply = stage.post("/v1/responses", &ask("fast")).await;
    assert_eq!(reply.json()["model"], "fast");
    assert_eq!(second.seen()[0].body.as_ref().unwrap()["model"], "n");
    let reply = stage.post("/v1/responses", &ask("fats")).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (404, "model_not_found")
    );
    assert!(reply.body.contains("did you mean"), "{reply:?}");
}

#[tokio::test]
async fn a_response_is_gone_on_from_by_the_name_its_maker_gave_it() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let first = stage.post("/v1/responses", ASK_PLAIN).await.json();
    let ours = first["id"].as_str().unwrap();
    let body = json!({"model": "default", "input": "more", "previous_response_id": ours});
    let reply = stage.post("/v1/responses", &body.to_string()).await;
    // The simulator keeps nothing, and says so; what it was asked is what counts here.
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (400, "previous_response_not_found")
    );
    let seen = model.seen();
    let theirs = &seen[1].body.as_ref().unwrap()["previous_response_id"];
    assert!(theirs.is_string() && theirs != ours, "{theirs}");
    // The client is told of it by the name that it knows.
    assert!(reply.body.contains(ours), "{reply:?}");
    assert!(!reply.body.contains(theirs.as_str().unwrap()), "{reply:?}");
    assert_eq!(reply.json()["error"]["param"], "previous_response_id");
    let body = json!({"model": "default", "input": "x", "previous_response_id": "resp_1"});
    let reply = stage.post("/v1/responses", &body.to_string()).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (400, "previous_response_not_found")
    );
}

#[tokio::test]
async fn another_configuration_counts_from_the_next_request_on() {
    let (old, new) = (simulator(&[]).await, simulator(&[]).await);
    let stage = Stage::before(&[&old]).await;
    assert_eq!(stage.ask().await.status, 200);
    stage.reload(&crate::stage::config(&[&new], ""));
    assert_eq!(stage.ask().await.status, 200);
    assert_eq!((old.seen().len(), new.seen().len()), (1, 1));
}

#[tokio::test]
async fn what_a_request_was_written_for_goes_on_with_it_to_its_own_vendor_alone() {
    for (dialect, goes_on) in [("messages", Some("context-1m, new")), ("chat", None)] {
        let model = simulator(&[]).await;
        let url = model.base_url();
        let stage = Stage::with(&format!(
            "[providers.first]\nbase_url = \"{url}\"\ndialect = \"{dialect}\"\n\
             [model]\ndefault = \"first/m\"\n"
        ))
        .await;
        let body =
            r#"{"model":"default","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;
        let more =
            "\r\nanthropic-beta: context-1m, new\r\nuser-agent: other\r\nx-secret: s\r\n\r\n";
        let asked = stage.request("POST", "/v1/messages", body);
        let asked = asked.replace("\r\n\r\n", more);
        let reply = crate::client::send(stage.address(), asked).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let seen = &model.seen()[0];
        assert_eq!(seen.header("anthropic-beta"), goes_on, "{dialect}");
        assert!(seen.header("x-secret").is_none());
        assert_ne!(seen.header("user-agent"), Some("other"));
    }
}
