//! Whatever a title, a file or a provider's answer holds: what is printed for programs, and what is printed on
//! a terminal, steers none.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::machine::Machine;
use crate::terminal::Terminal;

/// Sequences and single characters that a terminal obeys, each told from the others by a letter.
const EVIL: &str =
    "evil \u{9b}31m A \u{1b}]52;c;cm0=\u{7} B \u{1b}[2J C \u{202e} D \u{7f} E \u{2066} F";

/// A machine on which a file, a conversation and a provider's model are called that.
async fn machine() -> Machine {
    let machine = Machine::configured(&format!(
        "[model]\ndefault = \"work/x\"\n[providers.work]\nbase_url = \"{}\"\n",
        models()
    ));
    machine.file("notes.txt", EVIL);
    let turn = ["exec", "--simulate", "read notes.txt"];
    machine.run(&turn).await.answer();
    let rename = ["sessions", "rename", "last", EVIL];
    machine.run(&rename).await.answer();
    machine
}

/// Where a list of one model lies.
#[expect(clippy::disallowed_methods, reason = "a server to be tested against")]
fn models() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let list = json!({"data": [{"id": EVIL}]}).to_string();
        let length = list.len();
        while let Ok((mut stream, _)) = listener.accept() {
            let _asked = stream.read(&mut [0; 16 * 1024]);
            let _gone = stream.write_all(
                format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                     content-length: {length}\r\nconnection: close\r\n\r\n{list}"
                )
                .as_bytes(),
            );
        }
    });
    url
}

fn steers(text: &str) -> bool {
    let turns = |c| matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.contains(|c: char| turns(c) || c.is_control() && !matches!(c, '\n' | '\t'))
}

#[tokio::test]
async fn json_that_is_printed_steers_no_terminal_and_says_what_it_said() {
    let machine = machine().await;
    let last = machine.run(&["calls", "--json", "-n", "1"]).await;
    let last: Value = serde_json::from_str(last.answer()).unwrap();
    let id = last["id"].as_str().unwrap();
    for (command, says_it) in [
        (&["sessions", "list", "--json"][..], true),
        (&["sessions", "search", "evil", "--json"], true),
        (&["sessions", "export", "--format", "jsonl"], true),
        (&["exec", "--simulate", "--json", "read notes.txt"], true),
        (&["models", "work", "--json"], true),
        (&["providers", "--json"], false),
        (&["calls", "--json"], false),
        (&["calls", "export", id, "--json"], false),
        (&["status", "--json"], false),
        (&["doctor", "--json"], false),
    ] {
        let ran = machine.run(command).await;
        assert!(!steers(&ran.out), "{command:?}: {:?}", ran.out);
        let mut values = serde_json::Deserializer::from_str(&ran.out).into_iter::<Value>();
        let says = |value: &Value| match value {
            Value::String(text) => text.contains(EVIL),
            _ => false,
        };
        let said = values.any(|value| any(&value.unwrap(), &says));
        assert!(said || !says_it, "{command:?}: {}", ran.out);
    }
}

/// Whether anything within the value is so.
fn any(value: &Value, is_so: &impl Fn(&Value) -> bool) -> bool {
    is_so(value)
        || match value {
            Value::Array(values) => values.iter().any(|value| any(value, is_so)),
            Value::Object(members) => members.values().any(|value| any(value, is_so)),
            _ => false,
        }
}

#[tokio::test]
async fn a_conversation_that_is_exported_to_a_terminal_does_not_steer_it_and_in_a_pipe_is_exact() {
    let machine = machine().await;
    let export = ["sessions", "export"];
    let piped = machine.run(&export).await;
    assert!(piped.answer().contains(EVIL), "{:?}", piped.out);
    let mut terminal = Terminal::run(machine.command(&export), 20);
    assert_eq!(terminal.end().await, Some(0), "{}", terminal.lines());
    let written = terminal.written.replace("\r\n", "\n");
    assert!(written.contains(" E "), "{written:?}");
    assert!(!steers(&written), "{written:?}");
    machine
        .run(&["sessions", "export", "-o", "out.md"])
        .await
        .answer();
    let out = std::fs::read_to_string(machine.path("out.md")).unwrap();
    assert!(out.contains(EVIL), "{out:?}");
}

#[tokio::test]
async fn nobody_can_ask_for_a_list_of_none() {
    let machine = machine().await;
    for command in [
        &["sessions", "list", "-n", "0"][..],
        &["sessions", "search", "evil", "-n", "0"],
        &["calls", "-n", "0"],
    ] {
        let told = machine.refused(2, command).await;
        assert!(told.contains("0 is not in 1.."), "{told}");
    }
}
