//! Who is turned away.

use crate::client::{request, send};
use crate::stage::{ASK, Stage, config, simulator};

#[tokio::test]
async fn nothing_but_the_health_check_goes_without_a_key() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let host = stage.address().to_string();
    for (method, path) in [
        ("POST", "/v1/responses"),
        ("GET", "/v1/models"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/"),
        ("GET", "/nowhere"),
    ] {
        let reply = send(
            stage.address(),
            request(method, path, &[("host", &host)], ASK),
        )
        .await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (401, "invalid_api_key"),
            "{path}"
        );
    }
    let reply = send(
        stage.address(),
        request("GET", "/healthz", &[("host", &host)], ""),
    )
    .await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "ok\n"));
    assert_eq!(stage.get("/readyz").await.status, 200);
    assert!(model.seen().is_empty());
}

#[tokio::test]
async fn a_key_that_is_duplicate_empty_or_odd_is_no_key() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let host = stage.address().to_string();
    let good = format!("Bearer {}", stage.key);
    let longer = format!("{good}x");
    let table: [&[(&str, &str)]; 7] = [
        &[("authorization", "")],
        &[("authorization", "Bearer ")],
        &[("authorization", "Bearer sk-alipes-wrong")],
        &[("authorization", "Bearer sk-\u{e9}\u{4e2d}")],
        &[("authorization", &longer)],
        &[("authorization", &good), ("authorization", "Bearer other")],
        &[("authorization", &good), ("x-api-key", "other")],
    ];
    for keys in table {
        let headers = [&[("host", host.as_str())], keys].concat();
        let reply = send(
            stage.address(),
            request("POST", "/v1/responses", &headers, ASK),
        )
        .await;
        assert_eq!(reply.status, 401, "{keys:?}");
    }
    let headers = [("host", host.as_str()), ("x-api-key", stage.key.as_str())];
    let reply = send(
        stage.address(),
        request("POST", "/v1/responses", &headers, ASK),
    )
    .await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_web_page_cannot_talk_to_us() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    for origin in [
        "null",
        "http://localhost.evil.example",
        "https://evil.example",
        &format!("http://{}", stage.address()),
    ] {
        let mut headers = stage.headers();
        headers.push(("origin".to_owned(), origin.to_owned()));
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        for path in ["/v1/responses", "/healthz"] {
            let reply = send(stage.address(), request("POST", path, &headers, ASK)).await;
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (403, "invalid_origin")
            );
        }
    }
    assert!(model.seen().is_empty());
}

#[tokio::test]
async fn a_name_that_was_bound_anew_leads_nowhere() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    let key = format!("Bearer {}", stage.key);
    for host in [
        "evil.example",
        "localhost.",
        "localhost.evil.example",
        "127.0.0.1.nip.example",
    ] {
        let headers = [("host", host), ("authorization", key.as_str())];
        let reply = send(
            stage.address(),
            request("POST", "/v1/responses", &headers, ASK),
        )
        .await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (421, "invalid_host"),
            "{host}"
        );
    }
    let none = request("POST", "/v1/responses", &[("authorization", &key)], ASK);
    assert_eq!(send(stage.address(), none).await.status, 400);
    assert!(model.seen().is_empty());
}

#[tokio::test]
async fn a_key_counts_from_the_next_request_on_and_so_does_its_end() {
    let model = simulator(&[]).await;
    let stage = Stage::before(&[&model]).await;
    assert_eq!(stage.get("/v1/models").await.status, 200);
    std::fs::write(stage.key_file().path(), "sk-alipes-another").unwrap();
    assert_eq!(stage.get("/v1/models").await.status, 401);
    let host = stage.address().to_string();
    let headers = [("host", host.as_str()), ("x-api-key", "sk-alipes-another")];
    let reply = send(stage.address(), request("GET", "/v1/models", &headers, "")).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_key_has_its_own_models_and_its_own_limit() {
    let model = simulator(&[]).await;
    let more = "[serve.keys.a]\nkey = { env = \"KEY_A\" }\nmodels = [\"first/*\"]\nrequests_per_minute = 2\n";
    let stage = Stage::with(&config(&[&model], more)).await;
    let host = stage.address().to_string();
    let headers = [("host", host.as_str()), ("x-api-key", "key-a")];
    let ask = |body: &str| request("POST", "/v1/responses", &headers, body);
    let reply = send(stage.address(), ask(ASK)).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (403, "model_not_allowed")
    );
    assert!(reply.body.contains("it may ask for: first/*"), "{reply:?}");
    let allowed = ASK.replace("default", "first/m");
    assert_eq!(send(stage.address(), ask(&allowed)).await.status, 200);
    let reply = send(stage.address(), ask(&allowed)).await;
    assert_eq!(
        (reply.status, reply.code().as_str()),
        (429, "rate_limit_exceeded")
    );
    assert!(reply.body.contains("2 a minute"), "{reply:?}");
    let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    assert_eq!(stage.ask().await.status, 200);
}

#[tokio::test]
async fn what_a_client_has_used_of_its_limit_stays_used_when_the_configuration_is_read_again() {
    let model = simulator(&[]).await;
    let limited = |most: u32| {
        let more =
            format!("[serve.keys.a]\nkey = {{ env = \"KEY_A\" }}\nrequests_per_minute = {most}\n");
        config(&[&model], &more)
    };
    let stage = Stage::with(&limited(1)).await;
    let host = stage.address().to_string();
    let headers = [("host", host.as_str()), ("x-api-key", "key-a")];
    let ask = || {
        send(
            stage.address(),
            request("POST", "/v1/responses", &headers, ASK),
        )
    };
    assert_eq!(ask().await.status, 200);
    stage.reload(&limited(1));
    assert_eq!(ask().await.status, 429);
    // Another limit counts anew.
    stage.reload(&limited(2));
    assert_eq!(ask().await.status, 200);
}
