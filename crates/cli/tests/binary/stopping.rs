//! Being interrupted, and readers that go away.

use std::io::{BufRead as _, Read as _};
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::machine::{LIMIT, Machine, Ran, ended};

/// Runs a turn until a line of its talk has `mark`, and sends it `signal`.
async fn stopped(machine: &Machine, arguments: &[&str], mark: &str, signal: Signal) -> Ran {
    let mut child = machine.command(arguments).spawn().unwrap();
    let mut talk = BufReader::new(child.stderr.take().unwrap()).lines();
    let marked = async {
        while let Some(line) = talk.next_line().await.unwrap() {
            if line.contains(mark) {
                return;
            }
        }
        panic!("nothing said {mark:?}");
    };
    tokio::time::timeout(LIMIT, marked).await.unwrap();
    kill(
        Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()),
        signal,
    )
    .unwrap();
    let mut rest = String::new();
    while let Some(line) = talk.next_line().await.unwrap() {
        rest.push_str(&line);
    }
    Ran {
        err: rest,
        ..ended(child).await
    }
}

#[tokio::test]
async fn a_turn_that_waits_ends_when_it_is_told_to() {
    let machine = Machine::new();
    let server = machine
        .simulate(&["--fault", "sse-stall-before-headers"])
        .await;
    let arguments = [
        "exec",
        "-v",
        "-m",
        "test/m",
        "--base-url",
        &server.base_url,
        "hi",
    ];
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let ran = stopped(&machine, &arguments, "sending", signal).await;
        assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{signal}");
        assert!(ran.err.contains("interrupted"), "{}", ran.err);
    }
}

#[tokio::test]
async fn a_command_ends_with_the_turn_that_ran_it() {
    let machine = Machine::new();
    let path = machine.path("pipe");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let prompt = "run the command exec > pipe; echo here; sleep 600";
    let mut turn = machine.command(&["exec", "--simulate", "--allow", "shell", prompt]);
    let turn = turn.spawn().unwrap();
    let id = i32::try_from(turn.id().unwrap()).unwrap();
    // Opening waits for the command; the end comes when it and all its children have gone.
    let read = tokio::task::spawn_blocking(move || {
        let mut pipe = std::io::BufReader::new(std::fs::File::open(path).unwrap());
        let mut text = String::new();
        pipe.read_line(&mut text).unwrap();
        kill(Pid::from_raw(id), Signal::SIGINT).unwrap();
        pipe.read_to_string(&mut text).unwrap();
        text
    });
    assert_eq!(ended(turn).await.code, Some(130));
    let text = tokio::time::timeout(LIMIT, read).await.unwrap().unwrap();
    assert_eq!(text, "here\n");
}

#[tokio::test]
async fn waiting_for_a_prompt_can_be_interrupted() {
    let machine = Machine::new();
    let mut command = machine.command(&["exec", "--simulate"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let id = i32::try_from(child.id().unwrap()).unwrap();
    // Held open: its end would be an empty prompt, and the command's own reason to stop.
    let _prompt = child.stdin.take();
    // Whether it has begun to listen or not: either way it ends.
    kill(Pid::from_raw(id), Signal::SIGINT).unwrap();
    let ran = ended(child).await;
    assert!(matches!(ran.code, None | Some(130)), "{ran:?}");
}

#[tokio::test]
async fn a_reader_that_has_gone_ends_a_turn_without_a_word() {
    let table: [&[&str]; 5] = [
        &["exec", "--simulate", "hi"],
        &["exec", "--simulate", "--json", "hi"],
        &["exec", "--simulate", "--stream", "hi"],
        &["simulate", "--list-faults"],
        &["explain"],
    ];
    for arguments in table {
        let ran = Machine::new().unread(arguments).await;
        assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{arguments:?}");
    }
}

#[tokio::test]
async fn nobody_who_hears_the_talk_is_no_reason_to_stop() {
    let machine = Machine::new();
    machine.file("notes.txt", "the cat sat\n");
    let arguments = ["exec", "--simulate", "-v", "read notes.txt"];
    let mut child = machine.command(&arguments).spawn().unwrap();
    drop(child.stderr.take());
    let ran = ended(child).await;
    assert!(ran.answer().contains("the cat sat"));
}
