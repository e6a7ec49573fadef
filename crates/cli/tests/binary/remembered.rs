//! What one run has met, the next one knows.

use std::path::PathBuf;

use crate::bad_stores::with_schema;
use crate::machine::{Machine, Ran, Serving};

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

/// The file in which a former version kept what it knew: that the endpoint refuses the WebSocket.
fn former(machine: &Machine, server: &Serving) -> PathBuf {
    let noted = alipes_base::Clock::system().unix_ms();
    let until = noted + 60_000;
    let base_url = url::Url::parse(&server.base_url).unwrap();
    let endpoint = alipes_transport::EndpointKey::of(&base_url);
    let text = format!(
        r#"{{"version":1,"facts":[{{"fact":"websocket-refused","egress":"direct 127.0.0.1","endpoint":"{endpoint}","noted":{noted},"until":{until}}}],"patience":[]}}"#
    );
    let path = machine.home("endpoints.json");
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn what_a_former_version_knew_moves_into_the_store() {
    let machine = Machine::new();
    let server = machine.simulate(&[]).await;
    let former = former(&machine, &server);
    for _ in 0..2 {
        let ran = turn(&machine, &server).await;
        ran.answer();
        assert_eq!(routes(&ran), ["sse"]);
        assert_eq!(ran.err, "");
        assert!(!former.exists());
    }
}

#[tokio::test]
async fn a_damaged_file_of_a_former_version_is_cleared_away_in_silence() {
    let machine = Machine::new();
    let server = machine.simulate(&[]).await;
    for damaged in ["", "{\"version\":1", "{\"version\":99}", "\u{0}"] {
        std::fs::write(machine.home("endpoints.json"), damaged).unwrap();
        let ran = turn(&machine, &server).await;
        ran.answer();
        assert_eq!(ran.err, "");
        assert!(!machine.home("endpoints.json").exists());
    }
}

#[tokio::test]
async fn a_turn_that_keeps_nothing_knows_what_others_have_met_and_tells_nobody() {
    let machine = Machine::new();
    let fault = ["--fault", "websocket-refused-403"];
    let (first, second) = (
        machine.simulate(&fault).await,
        machine.simulate(&fault).await,
    );
    let ephemeral = async |server: &Serving| {
        let more = ["--profile", "openai-codex", "--json", "--ephemeral"];
        let ran = machine.ask(&server.base_url, &more).await;
        ran.answer();
        assert_eq!(ran.err, "");
        routes(&ran)
    };
    // Where there is no store, none is made for it.
    assert_eq!(ephemeral(&first).await, ["websocket", "sse"]);
    assert!(!machine.home("store").exists());
    assert_eq!(routes(&turn(&machine, &first).await), ["websocket", "sse"]);
    assert_eq!(ephemeral(&first).await, ["sse"]);
    let content = || ["alipes.db", "alipes.db-wal"].map(|name| bytes(&machine, name));
    let before = content();
    assert_eq!(ephemeral(&second).await, ["websocket", "sse"]);
    assert!(before == content(), "the store is as it was");
    assert_eq!(routes(&turn(&machine, &second).await), ["websocket", "sse"]);
}

#[tokio::test]
async fn a_turn_that_keeps_nothing_leaves_an_older_store_as_it_is() {
    let machine = Machine::new();
    let server = machine.simulate(&[]).await;
    turn(&machine, &server).await.answer();
    let before = with_schema(&machine, 2);
    let ran = machine.ask(&server.base_url, &["--ephemeral"]).await;
    ran.answer();
    assert!(!ran.err.contains('!'), "{}", ran.err);
    assert!(before == bytes(&machine, "alipes.db"));
}

/// A file of the store, where it is.
fn bytes(machine: &Machine, name: &str) -> Vec<u8> {
    std::fs::read(machine.home("store").join(name)).unwrap_or_default()
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_one_warning_to_a_turn_that_keeps_nothing() {
    let machine = Machine::new();
    let server = machine.simulate(&[]).await;
    std::fs::create_dir(machine.home("store")).unwrap();
    let junk = "this is not a database\n".repeat(500);
    std::fs::write(machine.home("store/alipes.db"), junk).unwrap();
    let ran = machine.ask(&server.base_url, &["--ephemeral"]).await;
    ran.answer();
    let warnings: Vec<&str> = ran.err.lines().filter(|line| line.contains('!')).collect();
    assert_eq!(warnings.len(), 1, "{}", ran.err);
    assert!(warnings[0].contains("is damaged"), "{}", ran.err);
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
    let mut kept = Vec::new();
    for name in ["store/alipes.db", "store/alipes.db-wal"] {
        kept.extend(std::fs::read(machine.home(name)).unwrap());
    }
    let kept = String::from_utf8_lossy(&kept);
    assert!(kept.contains("websocket-refused"));
    assert!(!kept.contains("canary"));
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
