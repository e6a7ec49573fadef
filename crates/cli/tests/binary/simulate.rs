//! The simulator as a server of its own.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::machine::{LIMIT, Machine, Ran, Serving, ended};

/// Asks a simulator to stop; what it printed after its address.
async fn stopped(server: Serving) -> Ran {
    let id = i32::try_from(server.child.id().unwrap()).unwrap();
    kill(Pid::from_raw(id), Signal::SIGTERM).unwrap();
    ended(server.child).await
}

#[tokio::test]
async fn it_says_where_it_listens_and_ends_well_when_asked_to() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let machine = Machine::new();
        let mut server = machine.simulate(&[]).await;
        assert!(server.base_url.starts_with("http://127.0.0.1:"));
        assert!(
            machine
                .ask(&server.base_url, &[])
                .await
                .answer()
                .contains("Hello!")
        );
        let id = i32::try_from(server.child.id().unwrap()).unwrap();
        kill(Pid::from_raw(id), signal).unwrap();
        let status = tokio::time::timeout(LIMIT, server.child.wait()).await;
        assert_eq!(status.unwrap().unwrap().code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn it_lists_its_faults_one_to_a_line() {
    let ran = Machine::new().run(&["simulate", "--list-faults"]).await;
    let names: Vec<_> = ran
        .answer()
        .lines()
        .map(|line| line.split_once("  ").expect(line).0)
        .collect();
    for name in ["websocket-refused-403", "sse-cut-after-text", "challenge"] {
        assert!(names.contains(&name), "{name}");
    }
}

#[tokio::test]
async fn what_is_no_fault_or_scenario_is_named() {
    let machine = Machine::new();
    machine.file("broken.toml", "[[fault]]\nname = \"sse-500\"\nat = \"1\"\n");
    let table: [&[&str]; 4] = [
        &["--fault", "sse-cut-after-txt"],
        &["--fault", "sse-500@0"],
        &["--scenario", "broken.toml"],
        &["--scenario", "missing.toml"],
    ];
    let mut messages = String::new();
    for arguments in table {
        let arguments = [&["simulate", "--listen", "127.0.0.1:0"], arguments].concat();
        messages.push_str(&machine.refused(2, &arguments).await);
    }
    insta::assert_snapshot!(messages, @"
    error: there is no fault `sse-cut-after-txt` (did you mean `sse-cut-after-text`?); list them with --list-faults
    error: cannot read when `sse-500` shall strike from `0`; write 2, 2-3 or 2- for attempts, 3s or 2s-9s for a time, or always
    error: the scenario file broken.toml is wrong: line 3 of the scenario: there is no `at` in a fault, only `name` and `on`
    error: the scenario file missing.toml cannot be read: No such file or directory (os error 2)
    ");
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let machine = Machine::new();
    let server = machine.simulate(&[]).await;
    let address = server.base_url.replace("http://", "").replace("/v1", "");
    let message = machine
        .refused(1, &["simulate", "--listen", &address])
        .await;
    insta::assert_snapshot!(message, @"error: cannot listen on 127.0.0.1:[PORT]: Address already in use (os error 98); choose another address, or port 0 for a free one");
}

#[tokio::test]
async fn every_request_is_a_line_with_the_fault_that_struck_it() {
    let machine = Machine::new();
    let server = machine
        .simulate(&["--fault", "websocket-refused-403@1"])
        .await;
    let url = server.base_url.clone();
    machine
        .ask(&url, &["--profile", "openai-codex"])
        .await
        .answer();
    let ran = stopped(server).await;
    let lines: Vec<&str> = ran.answer().lines().map(str::trim).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    [TIME]  websocket  #1    GET /v1/responses  [SIZE] bytes  ! websocket-refused-403
    [TIME]  sse        #2    POST /v1/responses  [SIZE] bytes
    ");
}

#[tokio::test]
async fn requests_are_json_lines_or_nothing_if_asked_for() {
    let machine = Machine::new();
    let server = machine.simulate(&["--quiet"]).await;
    machine.ask(&server.base_url, &[]).await.answer();
    assert_eq!(stopped(server).await.answer(), "");

    let address = "127.0.0.1:0";
    let mut command = machine.command(&["simulate", "--json", "--listen", address]);
    let server = Serving::of(command.spawn().unwrap(), |line| {
        let listening: serde_json::Value = serde_json::from_str(line).unwrap();
        listening["url"].as_str().unwrap().to_owned()
    })
    .await;
    machine.ask(&server.base_url, &[]).await.answer();
    let ran = stopped(server).await;
    insta::assert_snapshot!(ran.answer(), @r#"{"type":"request","after_ms":"[TIME]","route":"sse","connection":1,"version":"HTTP/1.1","method":"POST","path":"/v1/responses","bytes":[SIZE],"fault":null}"#);
}

#[tokio::test]
async fn a_log_that_nobody_reads_does_not_hold_up_the_server() {
    let machine = Machine::new();
    let mut server = machine.simulate(&[]).await;
    drop(server.child.stdout.take());
    for _ in 0..2 {
        machine.ask(&server.base_url, &[]).await.answer();
    }
    assert_eq!(stopped(server).await.code, Some(0));
}
