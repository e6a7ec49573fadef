//! Requests that mean no good, each of which costs an error answer at most.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::client::{connect, read, send};
use crate::stage::{ASK_PLAIN, Stage, config, simulator};

/// Sends a body that must be refused; nothing of it may reach the provider.
async fn refused(stage: &Stage, body: &str) -> (u16, String) {
    let reply = stage.post("/v1/responses", body).await;
    assert!(reply.body.len() < 2_000, "{} bytes", reply.body.len());
    (reply.status, reply.code())
}

#[tokio::test]
async fn a_models_name_is_a_name_and_nothing_else() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let long = "m".repeat(1 << 20);
    for name in [
        "../../etc/passwd",
        "a\0b",
        "first/../../x\r\ny: z",
        "nobody/m",
        "\u{202e}x",
        &long,
    ] {
        let body = json!({"model": name, "input": "hello"}).to_string();
        let (status, code) = refused(&stage, &body).await;
        assert_eq!(
            (status, code.as_str()),
            (404, "model_not_found"),
            "{name:.40}"
        );
    }
    for name in ["", " "] {
        let body = json!({"model": name, "input": "hello"}).to_string();
        assert_eq!(refused(&stage, &body).await.0, 400);
    }
    assert!(model.seen().is_empty());
}

#[tokio::test]
async fn json_that_is_nested_deeply_is_passed_on_without_being_taken_apart() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        for body in [
            format!(r#"{{"model":"default","input":"hello","x":{nested}}}"#),
            format!(r#"{{"model":"default","input":[{{"type":"message","x":{nested}}}]}}"#),
        ] {
            let reply = stage.post("/v1/responses", &body).await;
            assert!(matches!(reply.status, 200 | 400), "{reply:?}");
        }
        let body = format!(r#"{{"model":{nested},"input":"hello"}}"#);
        assert_eq!(refused(&stage, &body).await.0, 400);
    }
    assert_eq!(model.seen().len(), 4);
}

#[tokio::test]
async fn what_goes_on_as_it_is_to_one_provider_is_refused_before_another_that_it_must_be_said_anew_to()
 {
    let nested = format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    for dialect in ["chat", "messages"] {
        let model = simulator(&[]).await;
        let config = config(&[&model], "");
        let named = format!("dialect = \"{dialect}\"\n[model]");
        let stage = Stage::with(&config.replace("[model]", &named)).await;
        for (member, param) in [
            (r#""temperature":1e999"#.to_owned(), "temperature"),
            (format!(r#""temperature":{nested}"#), "temperature"),
            (
                format!(r#""tools":[{{"type":"function","name":"f","parameters":{nested}}}]"#),
                "tools[0].parameters",
            ),
        ] {
            let body = format!(r#"{{"model":"default","input":"hello",{member}}}"#);
            let reply = stage.post("/v1/responses", &body).await;
            assert_eq!(reply.status, 400, "{dialect} {param}");
            assert_eq!(reply.json()["error"]["param"], param, "{dialect}");
        }
        assert!(model.seen().is_empty());
        // Nobody follows a reference.
        let tool = r##"{"type":"function","name":"f","parameters":{"$ref":"#"}}"##;
        let body = format!(r#"{{"model":"default","input":"hello","tools":[{tool}]}}"#);
        let reply = stage.post("/v1/responses", &body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
}

#[tokio::test]
async fn what_is_said_twice_is_refused() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    for body in [
        r#"{"model":"default","model":"second/m","input":"x"}"#,
        r#"{"model":"default","input":"x","stream":true,"stream":false}"#,
        r#"{"model":"default","mod\u0065l":"second/m","input":"x"}"#,
    ] {
        assert_eq!(refused(&stage, body).await.0, 400, "{body}");
    }
    assert!(model.seen().is_empty());
}

#[tokio::test]
async fn what_is_no_request_is_named() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    for body in [
        "",
        "{",
        "[]",
        "7",
        "null",
        "\u{feff}{}",
        r#"{"model":"default","input":7}"#,
    ] {
        assert_eq!(refused(&stage, body).await.0, 400, "{body}");
    }
    let mut bytes = stage.request("POST", "/v1/responses", "xx").into_bytes();
    let end = bytes.len();
    bytes[end - 2..].copy_from_slice(&[0xff, 0xfe]);
    let reply = send(stage.address(), bytes).await;
    assert_eq!(reply.status, 400);
    assert!(reply.body.contains("not UTF-8"), "{reply:?}");
}

#[tokio::test]
async fn an_input_that_is_none_is_the_clients_own_fault() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let nested = format!("{}{}", "[".repeat(100), "]".repeat(100));
    for (input, param) in [(nested.as_str(), "input[0]"), ("{}", "input")] {
        for stream in [true, false] {
            let body = format!(r#"{{"model":"default","stream":{stream},"input":{input}}}"#);
            let reply = stage.post("/v1/responses", &body).await;
            assert_eq!(reply.status, 400, "{reply:?}");
            let told: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
            assert_eq!(told["error"]["param"], param, "{reply:?}");
            let about_provider = reply.body.contains("first") || reply.body.contains("bug");
            assert!(!about_provider, "{reply:?}");
        }
    }
    assert!(model.seen().is_empty());
}

#[tokio::test]
async fn numbers_beyond_measure_and_schemas_that_refer_to_themselves_go_on_as_they_are() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let body = r##"{"model":"default","input":"hello","temperature":1e999,"tools":[{"type":"function","name":"f","parameters":{"$ref":"#"}}]}"##;
    let reply = stage.post("/v1/responses", body).await;
    assert!(matches!(reply.status, 200 | 400), "{reply:?}");
    assert_eq!(model.seen().len(), 1);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let model = simulator(&[]).await;
    let stage = Stage::with(&config(&[&model], "[serve]\nlargest_body = 100000\n")).await;
    let announced = stage
        .request("POST", "/v1/responses", "x")
        .replace("content-length: 1\r\n", "content-length: 100000000\r\n");
    let reply = send(stage.address(), announced).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (413, "request_too_large")
    );
    let head = stage
        .request("POST", "/v1/responses", "")
        .replace("\r\n\r\n", "\r\ntransfer-encoding: chunked\r\n\r\n");
    let mut stream = connect(stage.address()).await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
    for _ in 0..4 {
        // The answer may be there before all of it is sent.
        let _ = stream.write_all(chunk.as_bytes()).await;
    }
    assert_eq!(read(&mut stream).await.status, 413);
    assert!(model.seen().is_empty());
}

#[tokio::test]
async fn a_million_messages_are_refused_by_name_and_not_fatal() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    // The second is said anew in another dialect.
    for (path, name, number, expected) in [
        ("/v1/responses", "input", 1_000_000, 400),
        ("/v1/chat/completions", "messages", 1_000_000, 400),
        ("/v1/chat/completions", "messages", 20_000, 200),
    ] {
        let items = vec![r#"{"role":"user","content":""}"#; number].join(",");
        let body = format!(r#"{{"model":"default","{name}":[{items}]}}"#);
        let reply = stage.post(path, &body).await;
        assert_eq!(reply.status, expected, "{path}");
        if expected == 400 {
            let error = &reply.json()["error"];
            assert_eq!(error["param"], name, "{error}");
            assert!(error["message"].to_string().contains("100000"), "{error}");
        }
    }
    assert_eq!(model.seen().len(), 1);
    assert_eq!(stage.post("/v1/responses", ASK_PLAIN).await.status, 200);
}

#[tokio::test]
async fn a_data_url_of_a_hundred_megabytes_is_refused_while_it_comes() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let begun = r#"{"model":"default","input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,"#;
    let head = stage
        .request("POST", "/v1/responses", "")
        .replace("\r\n\r\n", "\r\ntransfer-encoding: chunked\r\n\r\n");
    let mut stream = connect(stage.address()).await;
    let first = format!("{head}{:x}\r\n{begun}\r\n", begun.len());
    stream.write_all(first.as_bytes()).await.unwrap();
    let chunk = format!("100000\r\n{}\r\n", "A".repeat(1 << 20));
    let mut sent = 0;
    while sent < 100 && stream.write_all(chunk.as_bytes()).await.is_ok() {
        sent += 1;
    }
    assert!(sent < 100, "all of it was taken");
    assert_eq!(read(&mut stream).await.status, 413);
    assert!(model.seen().is_empty());
}

#[tokio::test]
async fn a_compressed_body_is_refused_and_not_unpacked() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    for encoding in ["gzip", "zstd", "br", "deflate", "gzip, identity"] {
        let coded = stage.request("POST", "/v1/responses", ASK_PLAIN).replace(
            "\r\n\r\n",
            &format!("\r\ncontent-encoding: {encoding}\r\n\r\n"),
        );
        let reply = send(stage.address(), coded).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (415, "unsupported_encoding"),
            "{encoding}"
        );
        assert!(reply.body.contains("content-encoding"), "{reply:?}");
    }
    assert!(model.seen().is_empty());
}

#[tokio::test]
async fn lone_surrogates_go_on_as_they_came_or_are_refused() {
    for dialect in ["responses", "chat", "messages"] {
        let model = simulator(&[]).await;
        let url = model.base_url();
        let stage = Stage::with(&format!(
            "[providers.first]\nbase_url = \"{url}\"\ndialect = \"{dialect}\"\n\
             [model]\ndefault = \"first/m\"\n"
        ))
        .await;
        for body in [
            r#"{"model":"\ud800","input":"hello"}"#,
            r#"{"model":"default","input":"\ud800 \udc00\ud800"}"#,
            r#"{"model":"default","input":[{"role":"user","content":"\udfff"}]}"#,
            r#"{"model":"default","input":"hello","\ud800":1,"metadata":{"\udead":"\ud800"}}"#,
        ] {
            let reply = stage.post("/v1/responses", body).await;
            assert!(
                matches!(reply.status, 200 | 400),
                "{dialect} {body}: {reply:?}"
            );
        }
        let answered = stage.post("/v1/responses", ASK_PLAIN).await;
        assert_eq!(answered.status, 200, "{dialect}");
    }
}

#[tokio::test]
async fn a_head_without_measure_is_refused() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let request = stage.request("GET", "/v1/models", "");
    let with = |more: &str| request.replace("\r\n\r\n", &format!("\r\n{more}\r\n\r\n"));
    let large = with(&format!("x-large: {}", "x".repeat(1 << 20)));
    assert_eq!(send(stage.address(), large).await.status, 431);
    let many: Vec<String> = (0..1_000).map(|number| format!("x-{number}: 1")).collect();
    assert_eq!(
        send(stage.address(), with(&many.join("\r\n"))).await.status,
        431
    );
    assert_eq!(stage.get("/v1/models").await.status, 200);
}

#[tokio::test]
async fn the_response_of_another_client_is_not_known() {
    let model = simulator(&[]).await;
    let more = "[serve.keys.a]\nkey = { env = \"KEY_A\" }\n";
    let stage = Stage::with(&config(&[&model], more)).await;
    let first = stage.post("/v1/responses", ASK_PLAIN).await.json();
    let body = json!({"model": "default", "input": "x", "previous_response_id": first["id"]});
    let host = stage.address().to_string();
    let headers = [("host", host.as_str()), ("x-api-key", "key-a")];
    let request = crate::client::request("POST", "/v1/responses", &headers, &body.to_string());
    let reply = send(stage.address(), request).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (400, "previous_response_not_found")
    );
    assert_eq!(model.seen().len(), 1);
}

#[tokio::test]
async fn connections_that_say_nothing_do_not_keep_others_out() {
    let model = simulator(&[]).await;
    let stage = Stage::with(&config(&[&model], "[serve]\nconnections = 50\n")).await;
    let mut idle = Vec::new();
    for _ in 0..49 {
        idle.push(connect(stage.address()).await);
    }
    assert_eq!(stage.get("/healthz").await.status, 200);
    idle.push(connect(stage.address()).await);
    let mut last = connect(stage.address()).await;
    let reply = read(&mut last).await;
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (503, Some("1"))
    );
    drop(idle);
    // Their places are free as soon as the server has seen them go.
    let freed = async {
        while stage.get("/healthz").await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), freed)
        .await
        .unwrap();
}

#[tokio::test]
async fn nothing_is_at_a_path_that_leads_elsewhere() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    for path in [
        "/v1/../etc/passwd",
        "//v1/models",
        "/v1/models/",
        "/v1/responses/x",
        "/%2e%2e/",
    ] {
        assert_eq!(stage.get(path).await.status, 404, "{path}");
    }
    let reply = stage.get("/v1/responses").await;
    assert!(matches!(reply.status, 400 | 405 | 426), "{reply:?}");
}

#[tokio::test]
async fn a_base_url_with_one_version_too_few_or_too_many_is_told() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    for (path, told) in [
        ("/responses", "has to end in /v1"),
        ("/chat/completions", "has to end in /v1"),
        ("/v1/v1/messages", "leave it out"),
        ("/v1/v1/chat/completions", "leave it out"),
    ] {
        let reply = stage.post(path, ASK_PLAIN).await;
        assert_eq!(reply.status, 404, "{path}");
        assert!(reply.body.contains(told), "{path}: {reply:?}");
    }
}
