//! Addresses that are none, and servers that cannot be reached or believed.

use crate::machine::Machine;

#[tokio::test]
async fn what_is_no_usable_address_is_named() {
    let machine = Machine::new();
    let mut messages = String::new();
    for url in [
        "",
        "models.example/v1",
        "localhost:8080",
        "ftp://models.example/v1",
        "http://",
        "http://[::1",
        "https://ada:hunter2@models.example/v1",
    ] {
        let arguments = ["exec", "-m", "test/m", "--base-url", url, "hi"];
        messages.push_str(&machine.refused(2, &arguments).await);
    }
    assert!(!messages.contains("hunter2"));
    insta::assert_snapshot!(messages, @r#"
    error: base URL "" is not a URL; it looks like https://host/v1: relative URL without a base
    error: base URL "models.example/v1" is not a URL; it looks like https://host/v1: relative URL without a base
    error: base URL "localhost:8080" has the scheme "localhost"; use http, https, ws or wss
    error: base URL "ftp://models.example/v1" has the scheme "ftp"; use http, https, ws or wss
    error: base URL "http://" is not a URL; it looks like https://host/v1: empty host
    error: base URL "http://[::1" is not a URL; it looks like https://host/v1: invalid IPv6 address
    error: base URL for "models.example" holds credentials; put the key into api_key instead
    "#);
}

#[tokio::test]
async fn a_closed_port_is_named() {
    let ran = Machine::new()
        .ask("http://127.0.0.1:1/v1", &["--timeout", "1s"])
        .await;
    let message = ran.refused(1);
    let told = [
        "test refused the connection: nothing listens there",
        "help: check that the server runs",
    ];
    assert!(told.iter().all(|told| message.contains(told)), "{message}");
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_named() {
    // RFC 6761 §6.4: no resolver may find a name below `invalid`.
    let ran = Machine::new()
        .ask("https://nowhere.invalid/v1", &["--timeout", "30s"])
        .await;
    let message = ran.refused(1);
    // Without a network the resolver itself does not answer.
    let known = ["name-not-found", "resolver-failed", "offline"];
    assert!(
        known.iter().any(|cause| message.contains(cause)),
        "{message}"
    );
    assert!(message.contains("help: "), "{message}");
}

#[tokio::test]
async fn a_proxy_that_cannot_be_reached_is_named_without_its_password() {
    let proxy = "http://ada:hunter2@127.0.0.1:1";
    let arguments = ["--proxy", proxy, "--timeout", "1s"];
    let ran = Machine::new()
        .ask("http://127.0.0.1:2/v1", &arguments)
        .await;
    let message = ran.refused(1);
    assert!(message.contains("through the proxy"), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
}

#[tokio::test]
async fn an_unknown_certificate_is_named() {
    let machine = Machine::new();
    let server = machine.simulate(&["--tls"]).await;
    insta::assert_snapshot!(machine.ask(&server.base_url, &[]).await.refused(1), @r#"
    error: test showed a certificate of an authority that nobody here knows: somebody looks inside TLS, or the server has its own (tls over sse, 127.0.0.1:[PORT], direct): the certificate is signed by "alipes simulator, throw-away authority", which this machine does not trust
      tried: sse (intercepted, [TIME])
      on record: alipes calls show [ID]
      help: name that authority's file in ALIPES_CA_FILE if you trust it, or use another network
    "#);
}

#[tokio::test]
async fn a_certificate_for_another_host_is_named() {
    let machine = Machine::new().with("ALIPES_CA_FILE", "ca.pem");
    let arguments = ["--tls", "--ca-out", "ca.pem"];
    let server = machine.simulate_on("0.0.0.0:0", &arguments).await;
    assert!(
        machine
            .ask(&server.base_url, &[])
            .await
            .answer()
            .contains("Hello!")
    );
    // The same server by an address that its certificate does not have.
    let other = server.base_url.replace("127.0.0.1", "127.0.0.9");
    insta::assert_snapshot!(machine.ask(&other, &[]).await.refused(1), @"
    error: test showed a certificate that does not fit it (tls over sse, 127.0.0.9:[PORT]): the certificate is for another host
      tried: sse (certificate, [TIME])
      on record: alipes calls show [ID]
      help: check the host in base_url, or name the certificate authority's file in ALIPES_CA_FILE
    ");
}

#[tokio::test]
async fn a_server_that_speaks_plain_http_where_tls_was_asked_for_is_named() {
    let machine = Machine::new();
    let server = machine.simulate(&[]).await;
    let url = server.base_url.replace("http:", "https:");
    let message = machine.ask(&url, &["--timeout", "1s"]).await.refused(1);
    assert!(message.contains("tls over sse"), "{message}");
}

#[tokio::test]
async fn a_turn_ends_within_the_time_allowed() {
    let machine = Machine::new();
    let server = machine
        .simulate(&["--fault", "sse-stall-before-headers"])
        .await;
    let ran = machine.ask(&server.base_url, &["--timeout", "500ms"]).await;
    insta::assert_snapshot!(ran.refused(1), @"
    error: test did not answer within the time allowed (headers over sse, 127.0.0.1:[PORT], limit --timeout of 500ms)
      tried: sse (deadline, [TIME])
      on record: alipes calls show [ID]
      help: allow more with --timeout
    ");
}
