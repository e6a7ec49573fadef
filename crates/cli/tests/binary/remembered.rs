//! What one run has met, the next one knows.

use crate::machine::{Machine, Ran, Serving};

const FILE: &str = "endpoints.json";

/// A turn over WebSocket where that is open; every event is a line.
async fn turn(machine: &Machine, server: &Serving) -> Ran {
    let more = ["--profile", "openai-codex", "--json"];
    machine.ask(&server.base_url, &more).await
}

/// The routes of the attempts that were begun, in order.
fn routes(ran: &Ran) -> Vec<String> {
    let started = |line: &str| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        (event["type"] == "attempt.started").then(|| event["route"].as_str().unwrap().to_owned())
    };
    ran.out.lines().filter_map(started).collect()
}

#[tokio::test]
async fn after_a_refused_upgrade_the_next_run_goes_straight_to_sse() {
    let machine = Machine::new();
    let server = machine
        .simulate(&["--fault", "websocket-refused-403"])
        .await;
    let first = turn(&machine, &server).await;
    first.answer();
    assert_eq!(routes(&first), ["websocket", "sse"]);
    let second = turn(&machine, &server).await;
    second.answer();
    assert_eq!(routes(&second), ["sse"]);
    let elsewhere = turn(&Machine::new(), &server).await;
    assert_eq!(routes(&elsewhere), ["websocket", "sse"], "another home");
}

#[tokio::test]
async fn a_challenged_provider_is_not_asked_again_while_there_is_another() {
    let machine = Machine::new();
    let challenged = machine.simulate(&["--fault", "challenge"]).await;
    let healthy = machine.simulate(&[]).await;
    let config = format!(
        "[providers.first]\nbase_url = \"{}\"\nprofile = \"openai-codex\"\n\
         [providers.second]\nbase_url = \"{}\"\n\
         [model]\ndefault = \"first/m\"\nfallback = [\"second/m\"]\n",
        challenged.base_url, healthy.base_url
    );
    std::fs::write(machine.home("config.toml"), config).unwrap();
    let first = machine.run(&["exec", "--json", "hi"]).await;
    first.answer();
    assert_eq!(routes(&first), ["websocket", "sse", "sse"]);
    let second = machine.run(&["exec", "-v", "hi"]).await;
    second.answer();
    let told = "! first asked for a browser challenge instead of answering (queue over ";
    assert!(second.err.contains(told), "{}", second.err);
    assert!(second.err.contains("cf-ray "), "{}", second.err);
    assert!(
        second.err.contains("not tried: that was "),
        "{}",
        second.err
    );
    assert!(second.err.contains("asking second/m"), "{}", second.err);
    assert!(!second.err.contains("attempt 1: first"), "{}", second.err);
}

#[tokio::test]
async fn a_damaged_memory_is_one_warning_and_rebuilt() {
    let machine = Machine::new();
    let server = machine.simulate(&[]).await;
    for damaged in ["", "{\"version\":1", "{\"version\":99}", "\u{0}"] {
        std::fs::write(machine.home(FILE), damaged).unwrap();
        let ran = turn(&machine, &server).await;
        ran.answer();
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
        assert!(ran.err.contains(FILE), "{}", ran.err);
        let again = turn(&machine, &server).await;
        again.answer();
        assert_eq!(again.err, "");
    }
}

#[tokio::test]
async fn a_home_that_cannot_be_written_is_one_warning() {
    let machine = Machine::new();
    let server = machine.simulate(&[]).await;
    // Not even root opens a folder for writing.
    std::fs::create_dir(machine.home("endpoints.lock")).unwrap();
    let ran = turn(&machine, &server).await;
    ran.answer();
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(ran.err.contains("cannot be kept"), "{}", ran.err);
}

#[tokio::test]
async fn nothing_that_is_remembered_holds_a_key() {
    let machine = Machine::new().with("ALIPES_API_KEY", "sk-canary-0123456789");
    let server = machine
        .simulate(&["--fault", "websocket-refused-403"])
        .await;
    let base_url = format!("{}?key=canary", server.base_url);
    let more = ["--profile", "openai-codex"];
    machine.ask(&base_url, &more).await.answer();
    let kept = std::fs::read_to_string(machine.home(FILE)).unwrap();
    assert!(
        kept.contains("websocket-refused") && kept.contains("waits"),
        "{kept}"
    );
    assert!(!kept.contains("canary"), "{kept}");
}

#[tokio::test]
async fn runs_at_the_same_time_lose_nothing() {
    let machine = Machine::new();
    let fault = ["--fault", "websocket-refused-403"];
    let servers = [
        machine.simulate(&fault).await,
        machine.simulate(&fault).await,
        machine.simulate(&fault).await,
    ];
    let [a, b, c] = &servers;
    let runs = tokio::join!(turn(&machine, a), turn(&machine, b), turn(&machine, c));
    for ran in [&runs.0, &runs.1, &runs.2] {
        ran.answer();
    }
    for server in &servers {
        assert_eq!(routes(&turn(&machine, server).await), ["sse"]);
    }
}
