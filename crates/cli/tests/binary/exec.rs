//! One turn as a person, a pipe and a program see it.

use crate::machine::{Machine, Ran};

/// A machine with a file to read.
fn machine() -> Machine {
    let machine = Machine::new();
    machine.file("notes.txt", "the cat sat\n");
    machine
}

/// A turn against a simulator of its own, over WebSocket where that is not refused.
async fn turn(fault: &str, more: &[&str]) -> Ran {
    let machine = machine();
    let server = machine.simulate(&["--fault", fault]).await;
    let profile = ["--profile", "openai-codex"];
    let fixed = ["exec", "-m", "test/model", "--base-url", &server.base_url];
    let prompt = ["read notes.txt"];
    machine
        .run(&[&fixed[..], &profile, more, &prompt].concat())
        .await
}

#[tokio::test]
async fn into_a_pipe_the_answer_is_data_and_the_rest_is_talk() {
    let ran = machine()
        .run(&["exec", "--simulate", "read notes.txt"])
        .await;
    insta::assert_snapshot!(ran.answer(), @r#"
    (simulated) `read_file` {"path":"notes.txt"} said:

    notes.txt: all of 1 line
    the cat sat
    "#);
    insta::assert_snapshot!(ran.err, @"
    (simulated) I call read_file.
    · read notes.txt
    ");
}

#[tokio::test]
async fn with_verbose_every_step_on_the_wire_is_told() {
    let ran = machine().run(&["exec", "--simulate", "-v", "hi"]).await;
    ran.answer();
    // A loaded machine may take long enough for a wait to be told.
    let steps = ran
        .err
        .lines()
        .filter(|line| !line.contains("waiting since"));
    insta::assert_snapshot!(steps.collect::<Vec<_>>().join("\n"));
}

#[tokio::test]
async fn what_the_project_says_is_told_to_the_model_and_what_is_left_out_of_it_to_the_user() {
    let machine = machine();
    machine.file("AGENTS.md", "Answer in verse.\n");
    let told = machine.run(&["exec", "--simulate", "-v", "hi"]).await;
    told.answer();
    assert!(told.err.contains("project notes: "), "{}", told.err);
    let show = ["sessions", "export", "last", "--format", "jsonl"];
    let kept = machine.run(&show).await;
    assert!(kept.answer().contains("Answer in verse."), "{}", kept.out);
    machine.file("AGENTS.md", "x".repeat(40_000));
    let cut = machine.run(&["exec", "--simulate", "hi"]).await;
    cut.answer();
    assert!(
        cut.err.contains("without 7,232 of its 40,000 bytes"),
        "{}",
        cut.err
    );
}

/// A turn over WebSocket alone that ends by its time.
async fn told_in(fault: &str, more: &[&str]) -> Ran {
    let profile = ["--timeout", "4s", "--route", "websocket"];
    let ran = turn(fault, &[&profile[..], more].concat()).await;
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    ran
}

#[tokio::test]
async fn a_wait_for_the_way_itself_is_told_with_its_limit() {
    for more in [&[][..], &["-v"]] {
        let ran = told_in("websocket-stall-before-upgrade", more).await;
        let told = ran
            .err
            .lines()
            .filter(|line| line.contains("waiting since"));
        let told: Vec<&str> = told.collect();
        assert!(
            told[0].contains("(at most ") && told[0].ends_with("for the WebSocket"),
            "{told:?}"
        );
    }
}

#[tokio::test]
async fn with_json_every_line_is_one_event() {
    let ran = machine()
        .run(&["exec", "--simulate", "--json", "read notes.txt"])
        .await;
    assert_eq!(ran.err, "");
    for line in ran.answer().lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(event["type"].is_string(), "{line}");
    }
    insta::assert_snapshot!(ran.out);
}

#[tokio::test]
async fn a_prompt_may_come_from_a_pipe() {
    for arguments in [&["exec", "--simulate", "-"][..], &["exec", "--simulate"]] {
        let ran = machine().fed(arguments, "read notes.txt\n").await;
        assert!(ran.answer().contains("the cat sat"), "{}", ran.out);
    }
}

#[tokio::test]
async fn a_restart_is_invisible_in_a_pipe() {
    let calm = turn("sse-500", &[]).await;
    let cut = turn("websocket-cut-after-text@1-2", &[]).await;
    assert_eq!(calm.answer(), cut.answer());
    assert!(cut.err.contains("! test cut the answer off"), "{}", cut.err);
}

#[tokio::test]
async fn a_restart_is_told_as_json() {
    let ran = turn("websocket-cut-after-text@1", &["--json"]).await;
    let types: Vec<String> = ran
        .answer()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter_map(|event| event["type"].as_str().map(ToOwned::to_owned))
        .collect();
    for kind in ["attempt.fault", "turn.restarted", "turn.completed"] {
        let count = types.iter().filter(|found| *found == kind).count();
        assert_eq!(count, 1, "{kind} in {types:?}");
    }
}

#[tokio::test]
async fn with_stream_the_same_answer_is_written_at_once() {
    let prompt = "read notes.txt";
    let whole = machine().run(&["exec", "--simulate", prompt]).await;
    let streamed = machine()
        .run(&["exec", "--simulate", "--stream", prompt])
        .await;
    assert!(streamed.answer().ends_with(whole.answer().trim_start()));
}

#[tokio::test]
async fn what_was_streamed_is_not_repeated_but_the_turn_ends() {
    let ran = turn("websocket-cut-after-text@2", &["--stream"]).await;
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.out.matches("`read_file`").count(), 1, "{}", ran.out);
    assert!(
        ran.err.contains("error: test cut the answer off"),
        "{}",
        ran.err
    );
}

#[tokio::test]
async fn writing_needs_to_be_allowed() {
    let machine = machine();
    let prompt = "write hello to note.md";
    let denied = machine.run(&["exec", "--simulate", prompt]).await;
    assert!(denied.answer().contains("not allowed"), "{}", denied.out);
    assert!(
        denied.err.contains("write_file denied: not allowed"),
        "{}",
        denied.err
    );
    // Nobody was asked, so only this line tells what it was.
    assert!(denied.err.contains("bytes to note.md"), "{}", denied.err);
    assert!(denied.err.contains("alipes exec --allow"), "{}", denied.err);
    assert_eq!(machine.names(), ["notes.txt"]);

    let allowed = machine
        .run(&["exec", "--simulate", "--allow", "write", prompt])
        .await;
    assert!(
        allowed.answer().contains("created note.md"),
        "{}",
        allowed.out
    );
    assert_eq!(
        std::fs::read_to_string(machine.path("note.md")).unwrap(),
        "hello\n"
    );
}

#[tokio::test]
async fn a_command_needs_to_be_allowed_by_its_own_word() {
    let machine = machine();
    let prompt = "run the command echo ran > ran.txt";
    for allow in ["write", "shell"] {
        machine
            .run(&["exec", "--simulate", "--allow", allow, prompt])
            .await
            .answer();
        assert_eq!(machine.path("ran.txt").exists(), allow == "shell");
    }
}

#[tokio::test]
async fn a_folder_of_another_place_can_be_worked_in() {
    let (here, there) = (Machine::new(), machine());
    let folder = there.path("");
    let folder = folder.to_str().unwrap();
    let ran = here
        .run(&["exec", "--simulate", "-C", folder, "read notes.txt"])
        .await;
    assert!(ran.answer().contains("the cat sat"), "{}", ran.out);
}

#[tokio::test]
async fn a_configured_model_is_asked_with_its_key() {
    let machine = machine();
    let server = machine.simulate(&[]).await;
    let config = format!(
        "[providers.work]\nbase_url = \"{}\"\napi_key = {{ file = \"key\" }}\n[model]\ndefault = \"work/m\"\n",
        server.base_url
    );
    std::fs::write(machine.home("config.toml"), config).unwrap();
    std::fs::write(machine.home("key"), "sk-secret\n").unwrap();
    let ran = machine.run(&["exec", "-v", "hi"]).await;
    assert!(ran.answer().contains("Hello!"));
    assert!(!ran.err.contains("sk-secret"));
}
