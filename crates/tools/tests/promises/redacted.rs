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

/// No four letters of it in a row, wherever a tool cuts what is too long.
fn shows_no_part_of_the_key(text: &str) -> bool {
    let parts = KEY.as_bytes().windows(4);
    let parts = parts.map(|part| std::str::from_utf8(part).unwrap());
    !parts.into_iter().any(|part| text.contains(part))
}

#[tokio::test]
async fn a_key_across_the_cut_of_a_long_line_is_left_out_whole() {
    let place = place_that_knows_the_key();
    for before in [1_970, 1_985, 1_995, 2_000] {
        let line = format!("{}{KEY}{}\n", "x".repeat(before), "x".repeat(3_000));
        place.file("long.txt", line);
        let text = place.text("read_file", json!({"path": "long.txt"})).await;
        assert!(text.contains("of this line left out]"), "{before}");
        assert!(shows_no_part_of_the_key(&text), "{before}: {text}");
    }
    for (before, after) in [(110, 2_000), (290, 2_000), (1_095, 0), (400, 85), (400, 95)] {
        let (before, after) = ("x".repeat(before), "x".repeat(after));
        place.file(
            "long.txt",
            format!("{before}{KEY}{after} needle {before}{KEY}"),
        );
        let input = json!({"path": "long.txt", "pattern": "needle|^x"});
        let text = place.text("search", input).await;
        assert!(text.contains("1 matching line"), "{text}");
        assert!(shows_no_part_of_the_key(&text), "{text}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_across_the_cut_of_a_long_output_is_left_out_whole() {
    let place = place_that_knows_the_key();
    let half = 24 * 1024;
    for cut in [3, 10, 20] {
        // The cut of the beginning goes through the first, that of the end through the second.
        let (first, rest) = (half - cut, half - KEY.len() + cut);
        let pad = |length: usize| "x".repeat(length);
        let output = [pad(first), KEY.into(), pad(40_000), KEY.into(), pad(rest)];
        place.file("output", output.concat());
        let text = place.text("shell", json!({"command": "cat output"})).await;
        assert!(text.contains("bytes of output left out here"), "{text}");
        assert!(shows_no_part_of_the_key(&text), "{cut}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_across_two_readings_of_a_process_is_in_one_of_them_whole() {
    let place = place_that_knows_the_key();
    place.file(
        "output",
        format!("{}{KEY}{}", "x".repeat(24 * 1024 - 10), "y".repeat(40_000)),
    );
    let started = place
        .text(
            "shell",
            json!({"command": "cat output; sleep 600", "background": true}),
        )
        .await;
    let id: u64 = started.split(' ').nth(2).unwrap().parse().unwrap();
    let mut since = 0;
    // All of it has come when no more is to be read from where the last reading ended.
    while since < 24 * 1024 - 10 + KEY.len() as u64 + 40_000 {
        let input = json!({"id": id, "since": since, "wait_seconds": 60});
        let text = place.text("process", input).await;
        assert!(shows_no_part_of_the_key(&text), "since {since}");
        let (_, next) = text.rsplit_once("since=").unwrap();
        since = next.split(']').next().unwrap().parse().unwrap();
    }
    // Nor does one that is asked for from within it show its end.
    let within = 24 * 1024;
    let text = place
        .text("process", json!({"id": id, "since": within}))
        .await;
    assert!(shows_no_part_of_the_key(&text), "{}", &text[..200]);
    place.text("process", json!({"id": id, "kill": true})).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_does_not_inherit_what_has_the_shape_of_a_key_under_any_name() {
    let mut place = Workplace::new();
    let run = |length| "aB3".repeat(length);
    let values = [
        format!("ghp_{}", run(12)),
        format!("sk-ant-api03-{}", run(12)),
        format!("eyJ{}.{}.{}", run(8), run(8), run(8)),
        format!("sk_test_{}", run(8)),
        format!("whsec_{}", run(11)),
    ];
    let names = ["FOO", "BAR", "BAZ", "QUX", "STRIPE"];
    let variables = names.into_iter().zip(values.iter().map(String::as_str));
    let variables = variables.chain([("PATH", "/usr/bin:/bin")]);
    place.context.environment = alipes_base::Environment::new(variables, std::path::PathBuf::new());
    let command = "echo \"<$FOO$BAR$BAZ$QUX$STRIPE>\"";
    let text = place.text("shell", json!({"command": command})).await;
    assert_eq!(text, "exit code 0\n<>\n");
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
