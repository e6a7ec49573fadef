//! What became of calls, as a person finds it afterwards.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::machine::{LIMIT, Machine, Ran, Serving, ended};

/// A machine, and a simulator that it asks once with this fault.
async fn asked(fault: &str, more: &[&str]) -> (Machine, Ran) {
    let machine = Machine::new();
    let server = machine.simulate(&["--fault", fault]).await;
    let ran = machine.ask(&server.base_url, more).await;
    (machine, ran)
}

async fn calls(machine: &Machine, more: &[&str]) -> Ran {
    let ran = machine.run(&[&["calls"], more].concat()).await;
    ran.answer();
    ran
}

#[tokio::test]
async fn a_mended_call_is_listed_and_drawn_attempt_by_attempt() {
    let (machine, ran) = asked("sse-cut-after-text@1", &[]).await;
    ran.answer();
    let list = calls(&machine, &[]).await;
    assert!(
        list.out.contains("answered after cut  test/model, exec"),
        "{}",
        list.out
    );
    let shown = calls(&machine, &["show"]).await;
    let shape = |line: &str| {
        line.trim_end_matches([' ', '█', '▏', '▎', '▍', '▌', '▋', '▊', '▉'])
            .to_owned()
    };
    let lines: Vec<String> = shown.out.lines().map(shape).collect();
    let whole = lines.join("\n");
    for told in [
        "ended     answered after cut in ",
        "attempt 1 by sse, 127.0.0.1:",
        "✗ cut in phase stream; to blame: ",
        "→ tried again",
        "attempt 2 by sse, 127.0.0.1:",
        "✓ done",
    ] {
        assert!(whole.contains(told), "{told}\n{whole}");
    }
    let widest = shown.out.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{}", shown.out);
}

#[tokio::test]
async fn a_turn_that_fails_names_its_record_and_the_record_says_why() {
    let (machine, ran) = asked("sse-401", &[]).await;
    let message = ran.refused(1);
    let id = message.split("alipes calls show ").nth(1).unwrap();
    let id = id.split_whitespace().next().unwrap();
    let shown = calls(&machine, &["show", id]).await;
    assert!(shown.out.contains("failed: unauthorized"), "{}", shown.out);
    assert!(shown.out.contains("help: "), "{}", shown.out);
}

#[tokio::test]
async fn nobody_says_that_he_asks_for_a_newer_key_where_there_is_none_to_ask_for() {
    let (machine, ran) = asked("sse-401", &[]).await;
    let message = ran.refused(1);
    assert!(!message.contains("newer key"), "{message}");
    let shown = calls(&machine, &["show", "last"]).await;
    assert!(!shown.out.contains("newer key"), "{}", shown.out);
}

#[tokio::test]
async fn calls_are_filtered_by_fault_endpoint_and_age() {
    let (machine, _) = asked("sse-401", &[]).await;
    let healthy = machine.simulate(&[]).await;
    machine.ask(&healthy.base_url, &[]).await.answer();
    for (filter, count) in [
        (&[][..], 2),
        (&["--failed"], 1),
        (&["--fault", "unauthorized"], 1),
        (&["--fault", "challenge"], 0),
        (&["--endpoint", "test"], 2),
        (&["--endpoint", "other"], 0),
        (&["--since", "1d"], 2),
        (&["-n", "1"], 1),
    ] {
        let list = calls(&machine, filter).await;
        assert_eq!(list.out.lines().count(), count, "{filter:?}\n{}", list.out);
    }
    machine.refused(2, &["calls", "--fault", "bad-luck"]).await;
}

#[tokio::test]
async fn at_forty_columns_nothing_is_wider() {
    let (machine, _) = asked("sse-challenge", &[]).await;
    let narrow = machine.with("COLUMNS", "40");
    for command in [&[][..], &["show"]] {
        let ran = calls(&narrow, command).await;
        let widest = ran.out.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(40), "{}", ran.out);
    }
}

#[tokio::test]
async fn at_forty_columns_a_list_tells_why_before_it_is_cut() {
    let (machine, _) = asked("sse-usage-limit", &[]).await;
    let list = calls(&machine.with("COLUMNS", "40"), &[]).await;
    assert!(list.out.contains("  usage-limit, "), "{}", list.out);
}

#[tokio::test]
async fn what_is_exported_is_its_persons_alone() {
    let (machine, _) = asked("sse-401", &["--record-bodies"]).await;
    for (form, name) in [("--json", "call.json"), ("--har", "call.har")] {
        calls(&machine, &["export", "last", form, "-o", name]).await;
        machine.is_private(name);
    }
    machine
        .run(&["sessions", "export", "last", "-o", "talk.md"])
        .await
        .answer();
    machine.is_private("talk.md");
}

#[tokio::test]
async fn a_call_that_another_endpoint_answered_has_not_failed() {
    let machine = Machine::new();
    let (dead, live) = (
        machine.simulate(&["--fault", "sse-401"]).await,
        machine.simulate(&[]).await,
    );
    let config = format!(
        "[providers.a]\nbase_url = \"{}\"\n[providers.b]\nbase_url = \"{}\"\n\
         [model]\ndefault = \"a/m\"\nfallback = [\"b/m\"]\n",
        dead.base_url, live.base_url
    );
    std::fs::write(machine.home("config.toml"), config).unwrap();
    machine.run(&["exec", "hi"]).await.answer();
    assert_eq!(
        calls(&machine, &["--endpoint", "a"])
            .await
            .out
            .lines()
            .count(),
        1
    );
    assert_eq!(
        calls(&machine, &["--failed", "--endpoint", "a"]).await.out,
        ""
    );
}

#[tokio::test]
async fn where_traces_are_wanted_of_a_build_without_them_that_is_said() {
    if cfg!(feature = "traces") {
        return;
    }
    let machine = Machine::new().with("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    let server = machine.simulate(&[]).await;
    let ran = machine.ask(&server.base_url, &[]).await;
    ran.answer();
    assert!(ran.err.contains("no traces are sent"), "{}", ran.err);
}

#[tokio::test]
async fn before_the_first_call_there_is_nothing_to_see_and_nothing_is_made() {
    let machine = Machine::new();
    let ran = calls(&machine, &[]).await;
    assert_eq!(
        (&*ran.out, &*ran.err),
        ("", "there are no calls on record yet\n")
    );
    for command in [
        &["show"][..],
        &["show", "last"],
        &["export", "last", "--har"],
    ] {
        let message = machine.refused(2, &[&["calls"], command].concat()).await;
        assert_eq!(message, "error: there are no calls on record yet\n");
    }
    assert!(!machine.home("store").exists());
}

#[tokio::test]
async fn a_store_without_calls_is_not_told_from_none() {
    let machine = Machine::new();
    let server = machine.simulate(&[]).await;
    // It keeps what it has learnt, and asks no model.
    let doctor = ["doctor", "--base-url", &server.base_url];
    machine.run(&doctor).await.answer();
    assert!(machine.home("store").exists());
    let none = "there are no calls on record yet\n";
    assert_eq!(calls(&machine, &[]).await.err, none);
    let message = machine.refused(2, &["calls", "show"]).await;
    assert_eq!(message, format!("error: {none}"));
    let ran = calls(&machine, &["--failed"]).await;
    assert_eq!(ran.err, "no call on record is like that\n");
    machine.refused(2, &["calls", "-n", "0"]).await;
}

#[tokio::test]
async fn who_follows_before_there_is_anything_waits_for_the_first_call() {
    let machine = Machine::new();
    let mut following = machine.command(&["calls", "tail"]).spawn().unwrap();
    let mut said = BufReader::new(following.stderr.take().unwrap()).lines();
    let waiting = tokio::time::timeout(LIMIT, said.next_line()).await;
    let waiting = waiting.unwrap().unwrap().unwrap();
    assert!(waiting.contains("waiting for the first"), "{waiting}");
    let server = machine.simulate(&[]).await;
    machine.ask(&server.base_url, &[]).await.answer();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(LIMIT, lines.next_line()).await;
    let line = line.unwrap().unwrap().unwrap();
    assert!(line.contains("answered  test/model, exec"), "{line}");
    following.kill().await.unwrap();
}

#[tokio::test]
async fn who_keeps_nothing_leaves_no_record() {
    let (machine, ran) = asked("sse-cut-after-text@1", &["--ephemeral"]).await;
    ran.answer();
    assert_eq!(calls(&machine, &[]).await.out, "");
    assert!(!machine.home("store").exists());
}

#[tokio::test]
async fn whole_records_are_json_lines() {
    let (machine, _) = asked("sse-challenge", &[]).await;
    let ran = calls(&machine, &["--json"]).await;
    let record: serde_json::Value = serde_json::from_str(ran.out.trim()).unwrap();
    assert_eq!(record["end"], "failed");
    assert_eq!(record["attempts"][0]["fault"]["cause"], "challenge");
    assert_eq!(record["attempts"][0]["fault"]["status"], 403);
}

/// A server for a simulator, and the machine they run on.
async fn served(prepare: impl FnOnce(&Machine)) -> (Machine, Serving, Serving) {
    let machine = Machine::new();
    let simulator = machine.simulate(&[]).await;
    let url = &simulator.base_url;
    let config = format!("[providers.sim]\nbase_url = \"{url}\"\n[model]\ndefault = \"sim/m\"\n");
    std::fs::write(machine.home("config.toml"), config).unwrap();
    prepare(&machine);
    let child = machine
        .command(&["serve", "--listen", "127.0.0.1:0"])
        .spawn();
    let url = |line: &str| line.strip_prefix("listening on ").unwrap().to_owned();
    let server = Serving::of(child.unwrap(), url).await;
    (machine, simulator, server)
}

/// Asks the server once, as a client that looks at headers; gives the call's name.
async fn call_id(machine: &Machine, server: &Serving) -> String {
    let key = machine.run(&["serve", "key"]).await;
    let (key, body) = (key.answer().trim(), r#"{"model":"default","input":"hi"}"#);
    let address = server.base_url.trim_start_matches("http://");
    let address = address.trim_end_matches("/v1");
    let request = format!(
        "POST /v1/responses HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = connect(address).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(LIMIT, stream.read_to_end(&mut answer)).await;
    read.unwrap().unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let header = answer
        .lines()
        .find_map(|line| line.strip_prefix("x-alipes-call-id: "));
    header.unwrap().to_owned()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a client that is not ours asks the server"
)]
async fn connect(address: &str) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Ends the server; gives what it said.
async fn stopped(server: Serving) -> Ran {
    let id = i32::try_from(server.child.id().unwrap()).unwrap();
    kill(Pid::from_raw(id), Signal::SIGTERM).unwrap();
    ended(server.child).await
}

#[tokio::test]
async fn the_id_in_a_servers_answer_finds_the_record_with_the_clients_name() {
    let (machine, _simulator, server) = served(|_| {}).await;
    let id = call_id(&machine, &server).await;
    assert_eq!(stopped(server).await.code, Some(0));
    let shown = calls(&machine, &["show", &id]).await;
    assert!(shown.out.contains(&id), "{}", shown.out);
    assert!(shown.out.contains("asked by  serve for "), "{}", shown.out);
    assert!(shown.out.contains("sim/m"), "{}", shown.out);
}

#[tokio::test]
async fn a_server_whose_store_is_damaged_answers_all_the_same_and_warns_once() {
    let damage = |machine: &Machine| {
        std::fs::create_dir(machine.home("store")).unwrap();
        let junk = "this is not a database\n".repeat(500);
        std::fs::write(machine.home("store/alipes.db"), junk).unwrap();
    };
    let (machine, _simulator, server) = served(damage).await;
    call_id(&machine, &server).await;
    call_id(&machine, &server).await;
    let ran = stopped(server).await;
    assert_eq!(ran.code, Some(0));
    let warnings = ran.err.lines().filter(|line| line.contains("warning: "));
    let warnings: Vec<&str> = warnings.collect();
    assert!(
        warnings.len() == 1 && warnings[0].contains("calls are not recorded"),
        "{}",
        ran.err
    );
}

#[tokio::test]
async fn a_server_whose_disk_is_full_answers_all_the_same_and_warns_once() {
    // What is already there stays; the log beside the database grows with the first record.
    let (machine, simulator, server) = served(|_| {}).await;
    call_id(&machine, &server).await;
    assert_eq!(stopped(server).await.code, Some(0));
    // No file may become longer than a few blocks of 512 bytes, and whoever tries is told so, not ended.
    let mut command = machine.command(&[]);
    let binary = command.as_std().get_program().to_owned();
    command = tokio::process::Command::new("sh");
    command
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 8; exec \"$0\" serve --listen 127.0.0.1:0",
        ])
        .arg(binary)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("ALIPES_HOME", machine.home(""))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true);
    let url = |line: &str| line.strip_prefix("listening on ").unwrap().to_owned();
    let server = Serving::of(command.spawn().unwrap(), url).await;
    for _ in 0..3 {
        call_id(&machine, &server).await;
    }
    let ran = stopped(server).await;
    drop(simulator);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let warnings = ran.err.lines().filter(|line| line.contains("recorded"));
    assert_eq!(warnings.count(), 1, "{}", ran.err);
}

#[tokio::test]
async fn calls_are_told_as_they_are_recorded_by_another_process() {
    let (machine, ran) = asked("sse-cut-after-text@1", &[]).await;
    ran.answer();
    let mut following = machine
        .command(&["calls", "tail", "--fault", "challenge"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let challenged = machine.simulate(&["--fault", "sse-challenge"]).await;
    // When it begins to follow is not to be seen from here: it is told of one of these calls.
    let line = tokio::time::timeout(LIMIT, async {
        loop {
            tokio::select! {
                line = lines.next_line() => break line.unwrap().unwrap(),
                _asked = machine.ask(&challenged.base_url, &[]) => {}
            }
        }
    });
    let line = line.await.unwrap();
    assert!(line.contains("failed: challenge"), "{line}");
    following.kill().await.unwrap();
}

#[tokio::test]
async fn a_call_is_exported_with_what_was_said_only_where_that_was_recorded() {
    for recorded in [false, true] {
        let more: &[&str] = if recorded { &["--record-bodies"] } else { &[] };
        let (machine, ran) = asked("sse-cut-after-text@1", more).await;
        ran.answer();
        let har = calls(&machine, &["export", "last", "--har"]).await;
        let har: serde_json::Value = serde_json::from_str(&har.out).unwrap();
        let entries = har["log"]["entries"].as_array().unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[1]["response"]["status"], 200);
        let said = &entries[1]["request"]["postData"]["text"];
        assert_eq!(said.is_string(), recorded, "{said}");
        let whole = calls(&machine, &["export", "last", "--json"]).await;
        let whole: serde_json::Value = serde_json::from_str(&whole.out).unwrap();
        assert_eq!(whole["call"]["attempts"].as_array().unwrap().len(), 2);
        assert_eq!(whole["bodies"].is_object(), recorded);
    }
}

#[tokio::test]
async fn an_export_overwrites_nothing() {
    let (machine, _) = asked("sse-challenge", &[]).await;
    machine.file("call.har", "mine");
    let export = ["calls", "export", "last", "--har", "-o", "call.har"];
    machine.refused(1, &export).await;
    assert_eq!(
        std::fs::read_to_string(machine.path("call.har")).unwrap(),
        "mine"
    );
    machine.refused(2, &["calls", "export", "last"]).await;
}

/// The lines of a log.
fn logged(machine: &Machine, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(machine.path(name)).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn every_attempt_is_logged_with_the_id_of_its_call() {
    let machine = Machine::new().with("ALIPES_LOG", "log.jsonl");
    let server = machine.simulate(&["--fault", "sse-cut-after-text@1"]).await;
    for more in [&[][..], &["--ephemeral"]] {
        machine.ask(&server.base_url, more).await.answer();
    }
    let lines: Vec<serde_json::Value> = logged(&machine, "log.jsonl")
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [cut, done, call, alone, other] = &lines[..] else {
        panic!("{lines:#?}")
    };
    assert_eq!(
        (&cut["what"], &cut["level"]),
        (&"attempt".into(), &"warn".into())
    );
    assert_eq!(
        (&cut["cause"], &cut["phase"]),
        (&"cut".into(), &"stream".into())
    );
    assert_eq!(
        (&done["end"], &call["what"]),
        (&"done".into(), &"call".into())
    );
    assert_eq!(call["end"], "answered");
    assert!(cut["call"] == done["call"] && done["call"] == call["call"]);
    assert!(alone["call"] == other["call"] && other["call"] != call["call"]);
    let list = calls(&machine, &["--json"]).await;
    let kept: serde_json::Value = serde_json::from_str(list.out.trim()).unwrap();
    assert_eq!(kept["id"], call["call"]);
}

#[tokio::test]
async fn a_log_is_text_without_secrets_that_its_owner_alone_can_read() {
    use std::os::unix::fs::PermissionsExt as _;

    let machine = Machine::new()
        .with("ALIPES_LOG", "alipes.log")
        .with("ALIPES_API_KEY", "sk-unspeakable");
    let server = machine.simulate(&["--fault", "sse-401"]).await;
    machine.ask(&server.base_url, &[]).await.refused(1);
    let lines = logged(&machine, "alipes.log");
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].contains(" warn  attempt call=call_"), "{lines:#?}");
    assert!(lines[1].contains(" error call call=call_"), "{lines:#?}");
    assert!(
        lines
            .iter()
            .all(|line| line.contains(" cause=unauthorized "))
    );
    assert!(!lines.concat().contains("sk-unspeakable"), "{lines:#?}");
    let mode = std::fs::metadata(machine.path("alipes.log"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_log_that_cannot_be_written_is_one_warning_and_no_turn_fails_for_it() {
    let machine = Machine::new().with("ALIPES_LOG", "no/such/folder/log");
    let server = machine.simulate(&[]).await;
    let ran = machine.ask(&server.base_url, &[]).await;
    ran.answer();
    let warnings = ran.err.lines().filter(|line| line.contains("warning: "));
    let warnings: Vec<&str> = warnings.collect();
    assert!(
        warnings.len() == 1 && warnings[0].contains("calls are not logged"),
        "{}",
        ran.err
    );
}
