//! `shell` runs a command, shows bounded output, leaks no secret, and leaves nothing running.

use std::path::PathBuf;
use std::time::Duration;

use alipes_base::{Deadline, Environment, Redactor};
use alipes_tools::{ToolError, Toolbox};
use serde_json::json;

use crate::workplace::{Workplace, content};

/// Waits until a file has content: a process has come that far.
async fn appears(path: PathBuf) -> String {
    loop {
        match std::fs::read_to_string(&path) {
            Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

/// Waits until a process is gone, or is only waiting to be reaped.
pub(crate) async fn is_gone(pid: &str) {
    let state = || {
        let listed = std::process::Command::new("ps")
            .args(["-o", "stat=", "-p", pid])
            .output();
        String::from_utf8(listed.unwrap().stdout)
            .unwrap()
            .trim()
            .to_owned()
    };
    while !matches!(state().chars().next(), None | Some('Z')) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_answer_has_the_exit_code_and_both_outputs_in_order() {
    let place = Workplace::new();
    let command = "echo one; echo two >&2; echo three; exit 3";
    let output = place
        .call("shell", json!({"command": command}))
        .await
        .unwrap();
    assert_eq!(output.text, "exit code 3\none\ntwo\nthree\n");
    assert!(!output.truncated);
    let silent = place.text("shell", json!({"command": "true"})).await;
    assert_eq!(silent, "exit code 0\n(no output)\n");
    let signalled = place
        .text("shell", json!({"command": "kill -TERM $$"}))
        .await;
    assert_eq!(signalled, "killed by signal 15\n(no output)\n");
}

#[tokio::test]
async fn it_starts_in_the_root_without_input() {
    let place = Workplace::new();
    let text = place
        .text("shell", json!({"command": "pwd; cat; echo done"}))
        .await;
    assert_eq!(
        text,
        format!(
            "exit code 0\n{}\ndone\n",
            place.context.root.path().display()
        )
    );
}

#[tokio::test]
async fn escape_sequences_do_not_reach_the_answer() {
    let place = Workplace::new();
    let command = r"printf '\033[31mred\033[0m \033]52;c;ZXZpbA==\007 \000 end'";
    let text = place.text("shell", json!({"command": command})).await;
    assert_eq!(text, "exit code 0\nred  ␀ end\n");
}

#[tokio::test]
async fn ten_megabytes_of_output_keep_their_beginning_and_end() {
    let place = Workplace::new();
    let command = "echo begin; head -c 10000000 /dev/zero | tr '\\0' x; echo; echo end";
    let output = place
        .call("shell", json!({"command": command}))
        .await
        .unwrap();
    assert!(output.truncated);
    assert!(output.text.starts_with("exit code 0\nbegin\nxxx"));
    assert!(output.text.ends_with("xxx\nend\n"));
    let left_out = 10_000_011 - 48 * 1024;
    assert!(output.text.contains(&format!(
        "[{left_out} bytes of output left out here; the whole is in "
    )));
    assert!(output.text.len() < 50 * 1024);
}

#[tokio::test]
async fn no_secret_and_no_hijacker_reaches_a_command() {
    let mut place = Workplace::new();
    let variables = [
        ("PATH", "/usr/bin:/bin"),
        ("KEEP", "kept"),
        ("OPENAI_API_KEY", "sk-canary-1"),
        ("GITHUB_TOKEN", "ghp-canary-2"),
        ("DATABASE_URL", "postgres://me:canary-3@db"),
        ("LD_PRELOAD", "/canary-4.so"),
        ("GIT_SSH_COMMAND", "canary-5"),
        ("PAGER", "canary-6"),
    ];
    place.context.environment = Environment::new(variables, PathBuf::new());
    let text = place.text("shell", json!({"command": "env"})).await;
    assert!(!text.contains("canary"), "{text}");
    for line in [
        "KEEP=kept",
        "PAGER=cat",
        "TERM=dumb",
        "GIT_TERMINAL_PROMPT=0",
        "NO_COLOR=1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
}

#[tokio::test]
async fn the_limit_kills_the_whole_group_and_keeps_the_output() {
    let place = Workplace::new();
    let command = "echo started; sleep 1000 & echo $! > pid; wait";
    let output = place
        .call("shell", json!({"command": command, "timeout_seconds": 1}))
        .await
        .unwrap();
    assert_eq!(
        output.text,
        "killed: the limit timeout_seconds of 1s has passed\nstarted\n"
    );
    is_gone(content(&place.path("pid")).trim()).await;
}

#[tokio::test]
async fn a_shorter_deadline_wins_and_is_named() {
    let mut place = Workplace::new();
    let clock = &place.context.clock;
    place.context.deadline = Deadline::after(clock, "turn", Duration::from_millis(50));
    let text = place
        .text("shell", json!({"command": "exec sleep 1000"}))
        .await;
    assert_eq!(
        text,
        "killed: the limit turn of 50ms has passed\n(no output)\n"
    );
}

#[tokio::test]
async fn a_process_left_behind_neither_holds_the_call_up_nor_lives_on() {
    let place = Workplace::new();
    let command = "sleep 1000 & echo $! > pid; echo done";
    let output = place
        .call("shell", json!({"command": command}))
        .await
        .unwrap();
    assert!(
        output
            .text
            .starts_with("exit code 0\ndone\n[a process it left behind")
    );
    is_gone(content(&place.path("pid")).trim()).await;
}

#[tokio::test]
async fn a_process_that_leaves_the_group_does_not_hold_the_call_up() {
    let place = Workplace::new();
    let command = "setsid sleep 1000 & echo $! > pid; echo done";
    let output = place
        .call("shell", json!({"command": command}))
        .await
        .unwrap();
    assert!(
        output.text.starts_with("exit code 0\ndone\n"),
        "{}",
        output.text
    );
    let pid = content(&place.path("pid"));
    let _ = std::process::Command::new("kill").arg(pid.trim()).status();
}

#[tokio::test]
async fn dropping_the_call_kills_the_whole_group() {
    let place = Workplace::new();
    let command = "sleep 1000 & echo $! > child; echo $$ > leader; wait";
    let call = place.call("shell", json!({"command": command}));
    let leader = tokio::select! {
        ended = call => unreachable!("{ended:?}"),
        leader = appears(place.path("leader")) => leader,
    };
    is_gone(content(&place.path("child")).trim()).await;
    is_gone(&leader).await;
}

#[tokio::test]
async fn input_that_does_not_fit_is_refused_before_anything_runs() {
    let place = Workplace::new();
    let inputs = [
        json!({}),
        json!({"command": ["ls"]}),
        json!({"command": "touch x", "timeout_seconds": 0}),
        json!({"command": "touch x", "timeout_seconds": 601}),
        json!({"command": "touch x", "cwd": "/"}),
        json!({"command": "touch x\0"}),
        json!({"command": format!("touch x {}", "y".repeat(70_000))}),
    ];
    for input in inputs {
        let error = place.error("shell", input).await;
        assert!(
            matches!(error, ToolError::BadInput { tool: "shell", .. }),
            "{error}"
        );
    }
    assert!(place.names("").is_empty());
}

#[test]
fn summaries_are_one_honest_line() {
    let redactor = Redactor::new();
    let toolbox = Toolbox::builtin();
    let cases = [
        (
            "shell",
            json!({"command": "cargo test"}),
            "run \"cargo test\"",
        ),
        (
            "shell",
            json!({"command": "ls\n\u{1b}[2Krm"}),
            "run \"ls\\n\\u{1b}[2Krm\"",
        ),
        ("shell", json!(null), "run \"?\""),
        (
            "read_file",
            json!({"path": "src/lib.rs"}),
            "read src/lib.rs",
        ),
        (
            "write_file",
            json!({"path": "a", "content": "xyz"}),
            "write 3 bytes to a",
        ),
        ("search", json!({"pattern": "x"}), "search \"x\" in ."),
        ("list_files", json!([]), "list ."),
    ];
    for (tool, input, expected) in cases {
        let told = toolbox.get(tool).unwrap().summary(&input, &redactor);
        assert_eq!(told, expected);
    }
    let long = toolbox
        .get("shell")
        .unwrap()
        .summary(&json!({"command": "x".repeat(10_000)}), &redactor);
    assert!(
        long.ends_with("… (+9906 characters)") && long.chars().count() < 130,
        "{long}"
    );
}
