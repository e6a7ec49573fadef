//! What is asked for beside answers goes to a provider that has it, and to nobody else.

use serde_json::json;

use crate::stage::{Stage, config, simulator};

const COMPACT: &str = "/v1/responses/compact";
const COUNT: &str = "/v1/messages/count_tokens";
const COUNTED: &str =
    r#"{"model":"default","messages":[{"role":"user","content":"hi"}],"tools":[],"new":1e999}"#;

/// A provider that has both.
fn with_side_calls(dialect: &str) -> String {
    format!(
        "dialect = \"{dialect}\"\n[providers.first.endpoint]\n\
         side_calls = [\"responses/compact\", \"messages/count_tokens\"]\n[model]"
    )
}

#[tokio::test]
async fn a_conversation_is_made_shorter_where_its_provider_can() {
    let model = simulator(&[]).await;
    let config = config(&[&model], "").replace("[model]", &with_side_calls("responses"));
    let stage = Stage::with(&config).await;
    let body = r#"{"model":"first/gpt-x","input":[{"role":"user","content":"hi"}],"instructions":"i","new":7}"#;
    let reply = stage.post(COMPACT, body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json()["object"], "response.compaction");
    let seen = model.seen();
    assert_eq!(seen[0].path, COMPACT);
    let expected = json!({
        "model": "gpt-x", "instructions": "i", "new": 7,
        "input": [{"role": "user", "content": "hi"}],
    });
    assert_eq!(*seen[0].body.as_ref().unwrap(), expected);
    assert!(reply.header("x-alipes-call-id").is_some());
}

#[tokio::test]
async fn tokens_are_counted_where_the_provider_can_and_in_its_own_words() {
    let model = simulator(&[]).await;
    let config = config(&[&model], "").replace("[model]", &with_side_calls("messages"));
    let stage = Stage::with(&config).await;
    let counted = stage
        .request("POST", &format!("{COUNT}?beta=true"), COUNTED)
        .replace("\r\n\r\n", "\r\nanthropic-beta: token-counting\r\n\r\n");
    let reply = crate::client::send(stage.address(), counted).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(
        reply.json()["input_tokens"].as_u64() > Some(10),
        "{reply:?}"
    );
    let seen = model.seen();
    assert_eq!(seen[0].path, COUNT);
    assert_eq!(seen[0].header("anthropic-beta"), Some("token-counting"));
}

#[tokio::test]
async fn no_number_is_made_up_where_nobody_counts() {
    let model = simulator(&[]).await;
    for dialect in ["responses", "messages"] {
        let named = format!("dialect = \"{dialect}\"\n[model]");
        let stage = Stage::with(&config(&[&model], "").replace("[model]", &named)).await;
        let reply = stage.post(COUNT, COUNTED).await;
        assert_eq!(reply.status, 404, "{reply:?}");
        assert_eq!(reply.json()["error"]["type"], "not_found_error");
        assert_eq!(reply.header("x-should-retry"), Some("false"));
        let reply = stage
            .post(COMPACT, r#"{"model":"default","input":[]}"#)
            .await;
        assert_eq!((reply.status, reply.code().as_str()), (404, "not_offered"));
    }
    assert!(model.seen().is_empty());
}

#[tokio::test]
async fn who_cannot_is_followed_by_who_can_and_the_last_fault_is_told() {
    let model = simulator(&[]).await;
    let side_calls = "side_calls = [\"responses/compact\"]";
    let url = model.base_url();
    let config = format!(
        "[providers.gone]\nbase_url = \"http://127.0.0.1:1/v1\"\n[providers.gone.endpoint]\n{side_calls}\n\
         [providers.moved]\nbase_url = \"{url}/moved\"\n[providers.moved.endpoint]\n{side_calls}\n\
         [providers.plain]\nbase_url = \"{url}\"\n\
         [providers.there]\nbase_url = \"{url}\"\n[providers.there.endpoint]\n{side_calls}\n\
         [serve.aliases.all]\nmodels = [\"gone/m\", \"moved/m\", \"plain/m\", \"there/m\"]\n\
         [serve.aliases.none]\nmodels = [\"gone/m\", \"moved/m\", \"plain/m\"]\n"
    );
    let stage = Stage::with(&config).await;
    let ask = |name: &str| json!({"model": name, "input": []}).to_string();
    let reply = stage.post(COMPACT, &ask("all")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let paths: Vec<String> = model.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths, ["/v1/moved/responses/compact", COMPACT]);
    let reply = stage.post(COMPACT, &ask("none")).await;
    assert_eq!(reply.status, 502, "{reply:?}");
    assert!(reply.body.contains("moved"), "{reply:?}");
    assert_eq!(stage.post(COMPACT, "[]").await.status, 400);
}
