//! A client is told what the provider that answers was not sent of its request.

use crate::stage::{Stage, simulator};

#[tokio::test]
async fn what_is_left_out_stands_in_a_header() {
    let model = simulator(&[]).await;
    let config = crate::stage::config(&[&model], "");
    let chat = Stage::with(&config.replace("[model]", "dialect = \"chat\"\n[model]")).await;
    let own = Stage::with(&config).await;
    for stream in [true, false] {
        let body = serde_json::json!({
            "model": "default", "input": "hello", "stream": stream, "truncation": "auto",
        });
        let reply = chat.post("/v1/responses", &body.to_string()).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let told = reply.header("x-alipes-left-out");
        assert_eq!(told, Some("`truncation`"), "{reply:?}");
        let reply = own.post("/v1/responses", &body.to_string()).await;
        assert_eq!(reply.header("x-alipes-left-out"), None);
    }
}
