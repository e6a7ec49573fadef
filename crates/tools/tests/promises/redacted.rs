//! No secret that a file or a command shows leaves a tool.

use alipes_base::{Redactor, Secret};
use alipes_tools::Toolbox;
use serde_json::json;

use crate::workplace::Workplace;

const KEY: &str = "correct-horse-battery";

fn place_that_knows_the_key() -> Workplace {
    let place = Workplace::new();
    place.context.redactor.learn(&Secret::new(KEY.to_owned()));
    place.file(&format!("sub/{KEY}.txt"), format!("key = {KEY}\n"));
    place.file(
        "notes.txt",
        format!("key = {KEY}\nsee task-list/src/main.rs\n"),
    );
    place
}

#[tokio::test]
async fn every_tool_gives_its_text_without_secrets_and_says_so() {
    let place = place_that_knows_the_key();
    for (tool, input) in [
        ("read_file", json!({"path": "notes.txt"})),
        ("search", json!({"pattern": "key"})),
        ("list_files", json!({})),
        (
            "write_file",
            json!({"path": format!("{KEY}.md"), "content": "x"}),
        ),
        #[cfg(unix)]
        ("shell", json!({"command": "cat notes.txt"})),
    ] {
        let output = place.call(tool, input).await.unwrap();
        assert!(!output.text.contains(KEY), "{tool}: {}", output.text);
        assert!(
            output.text.contains("[redacted]"),
            "{tool}: {}",
            output.text
        );
        assert!(
            output
                .text
                .ends_with("do not write this text back to a file]\n"),
            "{tool}: {}",
            output.text
        );
        assert!(output.truncated, "{tool}");
    }
}

#[tokio::test]
async fn the_rest_of_the_text_stays_exact() {
    let place = place_that_knows_the_key();
    let text = place.text("read_file", json!({"path": "notes.txt"})).await;
    assert!(
        text.contains("\nkey = [redacted]\nsee task-list/src/main.rs\n["),
        "{text}"
    );
    let other = place
        .call("read_file", json!({"path": "notes.txt", "offset": 2}))
        .await
        .unwrap();
    assert!(other.text.ends_with("\nsee task-list/src/main.rs\n") && !other.truncated);
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_does_not_inherit_a_known_secret_under_any_name() {
    let mut place = place_that_knows_the_key();
    let variables = [("PATH", "/usr/bin:/bin"), ("HARMLESS", KEY)];
    place.context.environment = alipes_base::Environment::new(variables, std::path::PathBuf::new());
    let command = "test -z \"$HARMLESS\" && echo unset";
    let text = place.text("shell", json!({"command": command})).await;
    assert_eq!(text, "exit code 0\nunset\n");
}

#[test]
fn a_summary_shows_no_part_of_a_key_also_where_the_line_is_cut() {
    let (toolbox, redactor) = (Toolbox::builtin(), Redactor::new());
    redactor.learn(&Secret::new(KEY.to_owned()));
    for before in [0, 80, 90, 200] {
        let command = format!("echo {} {KEY}", "x".repeat(before));
        let shell = toolbox.get("shell").unwrap();
        let told = shell.summary(&json!({"command": command}), &redactor);
        assert!(!told.contains("correct"), "{told}");
        let read = toolbox.get("read_file").unwrap();
        let told = read.summary(&json!({"path": command}), &redactor);
        assert!(!told.contains("correct"), "{told}");
    }
}
