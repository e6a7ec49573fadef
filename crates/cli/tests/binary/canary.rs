//! Whatever a run writes, a secret that it knows is in none of it.

use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use serde_json::json;

use crate::listener::Listener;
use crate::machine::{Machine, Ran, Serving, ended};
use crate::terminal::Terminal;

/// What no sink may hold; without the shape of a key, so that only knowing it helps.
pub(crate) const CANARY: &str = "canary0123456789canary";

/// Every file beneath a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let (folders, files): (Vec<_>, Vec<_>) = entries
        .map(|entry| entry.path())
        .partition(|path| path.is_dir());
    let deeper = folders.iter().flat_map(|folder| self::files(folder));
    files.into_iter().chain(deeper).collect()
}

fn holds(bytes: &[u8]) -> bool {
    bytes
        .windows(CANARY.len())
        .any(|window| window == CANARY.as_bytes())
}

/// Turns that meet the secret in every way: a file, a command, its environment, faults on the wire.
async fn turns(machine: &Machine) -> Vec<Ran> {
    let mut ran = Vec::new();
    let prompts = [
        "read leak.txt",
        "search for canary",
        "run the command cat leak.txt; env; echo to file > out.txt",
        "run the command cat leak.txt leak.txt >&2; exit 3",
    ];
    for fault in ["none", "sse-500@1", "websocket-refused-403", "sse-401@1"] {
        let fault = match fault {
            "none" => Vec::new(),
            fault => vec!["--fault", fault],
        };
        let server = machine.simulate(&fault).await;
        for prompt in prompts {
            for form in ["-v", "--json"] {
                let fixed = ["exec", "-m", "test/model", "--base-url", &server.base_url];
                let more = ["--allow", "shell,write", "--record-bodies", form, prompt];
                ran.push(machine.run(&[&fixed[..], &more].concat()).await);
            }
        }
    }
    ran
}

/// A server whose upstream takes the secret as its key, a client that says it, and what both tell.
async fn served(machine: &Machine) -> Vec<Ran> {
    let simulator = machine.simulate(&["--fault", "sse-401@1"]).await;
    let url = &simulator.base_url;
    let config = format!(
        "[providers.sim]\nbase_url = \"{url}\"\napi_key = {{ env = \"ALIPES_API_KEY\" }}\n\
         [model]\ndefault = \"sim/m\"\n"
    );
    std::fs::write(machine.home("config.toml"), config).unwrap();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--record-bodies"];
    let child = machine.command(&arguments).spawn().unwrap();
    let url = |line: &str| line.strip_prefix("listening on ").unwrap().to_owned();
    let server = Serving::of(child, url).await;
    let key = machine.run(&["serve", "key"]).await;
    let client = Machine::new().with("ALIPES_API_KEY", key.answer().trim());
    client.file("leak.txt", format!("the key is {CANARY}.\n"));
    for (prompt, meets) in [("refused once", false), ("read leak.txt", true)] {
        let fixed = ["exec", "-m", "x/default", "--base-url", &server.base_url];
        let ran = client.run(&[&fixed[..], &[prompt]].concat()).await;
        // The client does not know the secret, so it prints what it has met.
        assert_eq!(holds(ran.out.as_bytes()), meets, "{ran:?}");
    }
    let id = i32::try_from(server.child.id().unwrap()).unwrap();
    kill(Pid::from_raw(id), Signal::SIGTERM).unwrap();
    vec![ended(server.child).await]
}

#[tokio::test]
async fn a_secret_is_in_nothing_that_a_run_writes() {
    let machine = Machine::new()
        .with("ALIPES_API_KEY", CANARY)
        .with("HARMLESS_NAME", CANARY);
    machine.file("leak.txt", format!("the key is {CANARY}.\n"));
    let mut ran = turns(&machine).await;
    assert!(
        ran.iter().any(|ran| ran.out.contains("[redacted]")),
        "nothing was met"
    );
    for arguments in [
        &["sessions", "show", "last"][..],
        &["sessions", "search", "key"],
        &["sessions", "export", "last"],
        &["sessions", "export", "last", "--format", "jsonl"],
        &["calls", "--json"],
        &["calls", "show"],
        &["calls", "export", "last", "--json"],
        &["calls", "export", "last", "--har"],
        &["store", "backup", "backup.db"],
    ] {
        ran.push(machine.run(arguments).await);
    }
    assert!(machine.path("backup.db").exists());
    ran.extend(served(&machine).await);
    for ran in &ran {
        assert!(
            !holds(ran.out.as_bytes()) && !holds(ran.err.as_bytes()),
            "{ran:?}"
        );
    }
    let written = files(&machine.home(""))
        .into_iter()
        .chain(files(&machine.path("")));
    let mut looked_at = 0;
    for file in written.filter(|file| !file.ends_with("leak.txt")) {
        assert!(!holds(&std::fs::read(&file).unwrap()), "{}", file.display());
        looked_at += 1;
    }
    // The database and its copy, what is known of endpoints, and what a command wrote.
    assert!(looked_at >= 4, "{looked_at}");
}

/// A model that says the secret in a call although nobody has told it, and then ends.
pub(crate) async fn a_model_that_says_it() -> (Machine, Listener) {
    let arguments = format!(r#"{{"command":"echo key-{CANARY}"}}"#);
    let call = json!({"tool_calls": [{
        "index": 0, "id": "c1", "type": "function",
        "function": {"name": "shell", "arguments": arguments},
    }]});
    let server = Listener::scripted(vec![call, json!({"content": "done"})]).await;
    let config = format!(
        "[providers.fake]\nbase_url = \"{}\"\ndialect = \"chat\"\napi_key = {{ env = \"KK\" }}\n\
         [model]\ndefault = \"fake/m\"\n",
        server.base_url
    );
    let machine = Machine::configured(&config).with("KK", CANARY);
    (machine, server)
}

#[tokio::test]
async fn a_key_that_the_model_puts_into_a_call_is_shown_to_nobody() {
    for form in [&["-v"][..], &["--json"], &[]] {
        let (machine, _server) = a_model_that_says_it().await;
        let arguments = [&["exec", "--allow", "shell"], form, &["hi"]].concat();
        let ran = machine.run(&arguments).await;
        assert!(ran.answer().contains("done"), "{ran:?}");
        let told = format!("{}{}", ran.out, ran.err);
        assert!(!holds(told.as_bytes()), "{told}");
        assert!(told.contains("key-[redacted]"), "{told}");
    }
}

#[tokio::test]
async fn no_rule_is_offered_in_which_a_key_would_stand() {
    let (machine, _server) = a_model_that_says_it().await;
    let before = std::fs::read_to_string(machine.home("config.toml")).unwrap();
    let mut terminal = Terminal::run(machine.command(&["exec", "hi"]), 30);
    terminal.until("y + Enter").await;
    terminal.types("a\n");
    assert_eq!(terminal.end().await, Some(0), "{}", terminal.lines());
    let told = terminal.lines();
    assert!(!holds(told.as_bytes()), "{told}");
    assert!(!told.contains("always"), "{told}");
    let after = std::fs::read_to_string(machine.home("config.toml")).unwrap();
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_key_in_a_prompt_is_not_in_what_is_told_of_the_conversation() {
    let machine = Machine::new().with("ALIPES_API_KEY", CANARY);
    let prompt = format!("the key is {CANARY}, and so on");
    machine.run(&["exec", "--simulate", &prompt]).await.answer();
    for arguments in [
        &["sessions", "list"][..],
        &["sessions", "undo", "last"],
        &["sessions", "delete", "last"],
    ] {
        let ran = machine.run(arguments).await;
        ran.answer();
        let told = format!("{}{}", ran.out, ran.err);
        assert!(!holds(told.as_bytes()), "{arguments:?}: {told}");
        assert!(told.contains("the key is [redacted]"), "{told}");
    }
}

/// A key with what JSON, URLs and HTML escape, and its letters: whoever shows part of it shows some.
const AWKWARD: &str = r#"kAnA/rYcA"nAr\Y+cAn&aRy<12"#;
const LETTERS: [&str; 5] = ["kAnA", "rYcA", "nAr", "cAn", "aRy"];

/// What a server says of a key that it echoes as everybody does it.
fn echoed() -> String {
    let json = AWKWARD.replace('\\', r"\\").replace('"', r#"\""#);
    let php = json.replace('/', r"\/");
    let units = AWKWARD.encode_utf16();
    let numbers: String = units.map(|unit| format!("\\u{unit:04x}")).collect();
    let url: String = AWKWARD.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let html = AWKWARD.replace('&', "&amp;").replace('<', "&lt;");
    let html = html.replace('\\', r"\\").replace('"', "&quot;");
    format!(
        r#"{{"error":{{"message":"no {php}","code":"{url}","type":"{html}"}},"a":"{json}","b":"{numbers}"}}"#
    )
}

#[tokio::test]
async fn a_key_that_a_server_echoes_escaped_is_in_nothing_that_is_kept_or_shown() {
    for status in ["401 Unauthorized", "500 Oops", "200 OK"] {
        let server = crate::listener::Listener::answering(status, &echoed()).await;
        let config = format!(
            "[providers.work]\nbase_url = \"{}\"\napi_key = {{ env = \"WORK_KEY\" }}\n\
             [model]\ndefault = \"work/m\"\n",
            server.base_url
        );
        let machine = Machine::configured(&config).with("WORK_KEY", AWKWARD);
        let machine = machine
            .with("NO_COLOR", "1")
            .with("ALIPES_LOG", "log.jsonl");
        let short = ["exec", "--timeout", "2s", "--record-bodies"];
        let mut told = Vec::new();
        for arguments in [
            &[&short[..], &["-v", "hi"]].concat()[..],
            &[&short[..], &["--json", "hi"]].concat(),
            &["calls"],
            &["calls", "--json"],
            &["calls", "show"],
            &["calls", "export", "last", "--json"],
            &["calls", "export", "last", "--har"],
            &["calls", "export", "last", "--har", "-o", "last.har"],
            &["status"],
            &["status", "--json"],
            &["doctor"],
            &["doctor", "--json", "--bundle", "bundle.json"],
            &["sessions", "export", "last"],
        ] {
            let ran = machine.run(arguments).await;
            told.push((arguments.join(" "), ran.out.into_bytes()));
            told.push((arguments.join(" "), ran.err.into_bytes()));
        }
        let written = files(&machine.home(""))
            .into_iter()
            .chain(files(&machine.path("")));
        told.extend(written.map(|file| (file.display().to_string(), std::fs::read(file).unwrap())));
        for (what, bytes) in &told {
            let text = String::from_utf8_lossy(bytes);
            let shown = LETTERS.iter().find(|letters| text.contains(**letters));
            assert_eq!(shown, None, "{status}, {what}: {text}");
        }
        for file in ["bundle.json", "last.har"] {
            let text = std::fs::read_to_string(machine.path(file)).unwrap();
            let json: Result<serde_json::Value, _> = serde_json::from_str(&text);
            assert!(
                json.is_ok() && text.contains("[redacted]"),
                "{file}: {text}"
            );
        }
        let log = std::fs::read_to_string(machine.path("log.jsonl")).unwrap();
        for line in log.lines() {
            assert!(
                serde_json::from_str::<serde_json::Value>(line).is_ok(),
                "{line}"
            );
        }
    }
}
