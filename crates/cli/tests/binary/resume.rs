//! Conversations go on in another process, also where the first one was killed.

use std::time::Duration;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tokio::process::Child;

use crate::machine::{LIMIT, Machine, Ran, ended};

/// How often a file is looked for that a command is to make.
const LOOK: Duration = Duration::from_millis(5);

fn machine() -> Machine {
    let machine = Machine::new();
    machine.file("notes.txt", "the cat sat\n");
    machine
}

/// A turn against the model in the process.
async fn turn(machine: &Machine, more: &[&str]) -> Ran {
    machine.run(&[&["exec", "--simulate"], more].concat()).await
}

#[tokio::test]
async fn a_conversation_goes_on_in_another_process() {
    let machine = machine();
    turn(&machine, &["read notes.txt"]).await.answer();
    let ran = turn(&machine, &["--resume", "last", "search for cat"]).await;
    assert!(ran.answer().contains("notes.txt"), "{}", ran.out);
    assert!(ran.err.contains("“read notes.txt”"), "{}", ran.err);
    let shown = machine.run(&["sessions", "show", "last"]).await;
    for part in ["read notes.txt", "the cat sat", "search for cat"] {
        assert!(shown.answer().contains(part), "{}", shown.out);
    }
    let list = machine.run(&["sessions", "list"]).await;
    assert_eq!(list.answer().lines().count(), 1);
    assert!(list.out.contains("2 turns"), "{}", list.out);
}

#[tokio::test]
async fn who_answers_instead_of_the_model_before_is_said_with_the_way_back() {
    let machine = machine();
    let server = machine.simulate(&[]).await;
    let config = format!(
        "[providers.s]\nbase_url = \"{}\"\nprofile = \"openai-codex\"\n\n\
         [model]\ndefault = \"s/small\"\n",
        server.base_url
    );
    std::fs::write(machine.home("config.toml"), config).unwrap();
    machine
        .run(&["exec", "-m", "s/large", "hello"])
        .await
        .answer();
    let other = machine.run(&["exec", "--resume", "last", "more"]).await;
    other.answer();
    let told = "it was last held with s/large, and now s/small answers; -m s/large goes on";
    assert!(other.err.contains(told), "{}", other.err);
    // Now it was held with that one.
    let same = machine.run(&["exec", "--resume", "last", "more"]).await;
    same.answer();
    assert!(!same.err.contains("held with"), "{}", same.err);
    let simulated = turn(&machine, &["--resume", "last", "more"]).await;
    simulated.answer();
    let told = "-m s/small without --simulate goes on";
    assert!(simulated.err.contains(told), "{}", simulated.err);
}

#[tokio::test]
async fn the_way_on_from_a_turn_that_failed_names_the_model_that_was_named() {
    let machine = machine();
    let server = machine
        .simulate(&["--fault", "sse-401@2", "--fault", "sse-401@4"])
        .await;
    let config = format!(
        "[providers.s]\nbase_url = \"{}\"\nprofile = \"openai-codex\"\nroutes = [\"sse\"]\n\n\
         [model]\ndefault = \"s/small\"\n",
        server.base_url
    );
    std::fs::write(machine.home("config.toml"), config).unwrap();
    let way = |told: &str| {
        let way = told.lines().find_map(|line| line.split_once("to go on: "));
        way.map(|(_, way)| way.to_owned()).unwrap()
    };
    let named = machine
        .refused(1, &["exec", "-m", "s/large", "read notes.txt"])
        .await;
    assert!(way(&named).ends_with(" -m s/large"), "{named}");
    let default = machine.refused(1, &["exec", "read notes.txt"]).await;
    assert!(!way(&default).contains("-m"), "{default}");
}

#[tokio::test]
async fn there_must_be_something_to_go_on_with() {
    let machine = machine();
    for name in ["last", "abc"] {
        let missing = turn(&machine, &["--resume", name, "hi"]).await.refused(1);
        assert!(missing.contains("no conversations yet"), "{missing}");
    }
    assert!(!machine.home("store").exists());
    turn(&machine, &["hi"]).await.answer();
    let unknown = turn(&machine, &["--resume", "nobody", "hi"]).await;
    let unknown = unknown.refused(2);
    assert!(unknown.contains("alipes sessions list"), "{unknown}");
}

#[tokio::test]
async fn an_answer_that_nobody_may_have_seen_is_told_again() {
    let machine = machine();
    let first = turn(&machine, &["read notes.txt"]).await;
    let again = turn(&machine, &["--resume", "last"]).await;
    assert_eq!(again.answer(), first.answer());
}

#[tokio::test]
async fn nothing_is_kept_of_an_ephemeral_turn() {
    let machine = machine();
    turn(&machine, &["--ephemeral", "read notes.txt"])
        .await
        .answer();
    assert!(!machine.home("store").exists());
}

/// A turn that is killed while its command waits for somebody to open the pipe.
async fn at_work(machine: &Machine) -> Child {
    mkfifo(&machine.path("pipe"), Mode::S_IRWXU).unwrap();
    let prompt = "run the command echo begun >> effects; cat pipe";
    let mut command = machine.command(&["exec", "--simulate", "--allow", "shell", prompt]);
    let child = command.spawn().unwrap();
    let begun = async {
        while !machine.path("effects").exists() {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(LIMIT, begun).await.unwrap();
    child
}

#[tokio::test]
async fn a_killed_turn_goes_on_and_its_command_does_not_run_again() {
    let machine = machine();
    let mut child = at_work(&machine).await;
    child.start_kill().unwrap();
    assert_eq!(ended(child).await.code, None);
    let list = machine.run(&["sessions", "list"]).await;
    assert!(list.answer().contains("(interrupted)"), "{}", list.out);
    let ran = turn(&machine, &["--allow", "shell", "--resume", "last"]).await;
    assert!(ran.answer().contains("outcome unknown"), "{}", ran.out);
    assert!(ran.err.contains("was interrupted"), "{}", ran.err);
    let effects = std::fs::read_to_string(machine.path("effects")).unwrap();
    assert_eq!(effects, "begun\n");
    let list = machine.run(&["sessions", "list"]).await;
    assert!(!list.answer().contains("(interrupted)"), "{}", list.out);
}

#[tokio::test]
async fn two_processes_are_not_at_one_conversation() {
    let machine = machine();
    let mut child = at_work(&machine).await;
    let list = machine.run(&["sessions", "list"]).await;
    assert!(list.answer().contains("(at work)"), "{}", list.out);
    let id = list.out.split(' ').next().unwrap();
    let refused = turn(&machine, &["--resume", id, "hi"]).await.refused(1);
    assert!(refused.contains("open in another alipes"), "{refused}");
    let refused = machine.refused(1, &["sessions", "delete", "last"]).await;
    assert!(refused.contains("open in another alipes"), "{refused}");
    // Another conversation is another matter, and a killed owner owns nothing.
    turn(&machine, &["read notes.txt"]).await.answer();
    machine.run(&["sessions", "delete", "last"]).await.answer();
    child.start_kill().unwrap();
    ended(child).await;
    turn(&machine, &["--resume", "last", "hi"]).await.answer();
}

#[tokio::test]
async fn the_last_is_the_newest_that_is_free_and_those_that_are_open_are_named() {
    let machine = machine();
    turn(&machine, &["read notes.txt"]).await.answer();
    let mut child = at_work(&machine).await;
    let ran = turn(&machine, &["--resume", "last", "hi"]).await;
    ran.answer();
    for told in [
        "“run the command",
        "is open in another alipes",
        "resuming",
        "“read notes.txt”",
    ] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    assert_eq!(ran.err.matches("resuming").count(), 1, "{}", ran.err);
    // It was used last now; then there is only the one that is open.
    machine.run(&["sessions", "delete", "last"]).await.answer();
    let refused = turn(&machine, &["--resume", "last", "hi"]).await.refused(1);
    for told in [
        "“run the command",
        "open in another alipes",
        "without --resume",
    ] {
        assert!(refused.contains(told), "{told}: {refused}");
    }
    child.start_kill().unwrap();
    ended(child).await;
}

#[tokio::test]
async fn who_goes_on_in_another_folder_is_told_where_it_began_and_how_to_go_there() {
    let machine = machine();
    turn(&machine, &["read notes.txt"]).await.answer();
    std::fs::create_dir(machine.path("other")).unwrap();
    let ran = turn(&machine, &["-C", "other", "--resume", "last", "hi"]).await;
    ran.answer();
    let begun = machine.path("").canonicalize().unwrap();
    let there = format!(
        "! it was begun in another folder; -C {} --resume ",
        begun.display()
    );
    assert!(ran.err.contains(&there), "{}", ran.err);
    let back = turn(&machine, &["--resume", "last", "hi"]).await;
    assert!(!back.err.contains("it was begun in"), "{}", back.err);
}
