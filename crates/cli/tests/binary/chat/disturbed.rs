//! A conversation through trouble: on the wire, by its person, and by the terminal itself.

use std::fs::File;
use std::path::Path;

use nix::fcntl::{FcntlArg, fcntl};

use super::{count, opened, simulated, troubled};
use crate::machine::Machine;

#[tokio::test]
async fn a_broken_text_is_replaced_and_not_repeated() {
    for (columns, rows) in [(80, 24), (40, 20)] {
        let machine = Machine::new();
        machine.file("long.txt", "a line that is wider than the screen is\n");
        let faults = ["websocket-cut-after-text@2"];
        let (chat, _server) = troubled(&machine, &faults, columns, rows).await;
        chat.says("read long.txt");
        chat.until_done("said:").await;
        let everything = chat.everything().replace('\n', " ");
        assert_eq!(count(&everything, "cut the answer"), 1, "{everything}");
        assert_eq!(count(&everything, "said:"), 1, "{everything}");
    }
}

#[tokio::test]
async fn a_wait_is_told_and_escape_ends_it() {
    let machine = Machine::new();
    let faults = [
        "websocket-stall-before-first-event",
        "sse-stall-before-headers",
    ];
    let (chat, _server) = troubled(&machine, &faults, 80, 24).await;
    chat.says("hello there");
    chat.until("waiting since").await;
    chat.until("(at most").await;
    chat.types("later");
    chat.press("Enter");
    chat.until("soon: later").await;
    chat.press("Escape");
    chat.until("! interrupted").await;
    // What was to be sent next is there to be edited.
    chat.until("› later").await;
}

#[tokio::test]
async fn while_nobody_listens_the_next_try_is_what_is_waited_for() {
    let machine = Machine::new();
    let nobody = ["chat", "-m", "x/y", "--base-url", "http://127.0.0.1:1/v1"];
    let chat = opened(&machine, &nobody, 80, 24).await;
    chat.says("hello there");
    chat.until("waiting since 1 s (at most 2 s) for the next try")
        .await;
    chat.press("Escape");
    chat.until("! interrupted").await;
}

#[tokio::test]
async fn leaving_while_an_interrupted_turn_is_still_written_down_is_not_forgotten() {
    let machine = Machine::new();
    let chat = simulated(&machine, 80, 24).await;
    chat.says("hello");
    chat.until_done("You said “hello”").await;
    let busy = writing(&machine.home("store/alipes.db-shm"));
    chat.says("hello again");
    chat.until("Esc interrupts").await;
    chat.press("Escape");
    chat.press("C-d");
    chat.until("Ctrl-D again leaves").await;
    chat.press("C-d");
    drop(busy);
    assert_eq!(chat.end().await, 0);
}

#[tokio::test]
async fn what_could_not_be_recorded_was_not_asked_and_comes_back_to_be_sent() {
    let machine = Machine::new();
    let chat = simulated(&machine, 80, 24).await;
    chat.says("the first");
    chat.until_done("You said “the first”").await;
    let busy = writing(&machine.home("store/alipes.db-shm"));
    chat.says("the second");
    chat.until("✗ ").await;
    chat.until("› the second\n").await;
    // What /retry would ask again was answered.
    assert!(
        !chat.everything().contains("/retry"),
        "{}",
        chat.everything()
    );
    drop(busy);
    chat.press("Enter");
    chat.until_done("You said “the second”").await;
    assert_eq!(count(&chat.everything(), "You said “the first”"), 1);
}

#[tokio::test]
async fn a_command_that_waits_for_the_store_says_so_and_typing_goes_on() {
    let machine = Machine::new();
    let chat = simulated(&machine, 80, 24).await;
    chat.says("hello");
    chat.until_done("You said “hello”").await;
    let busy = writing(&machine.home("store/alipes.db-shm"));
    chat.says("/undo");
    chat.until("… taking back").await;
    chat.says("meanwhile");
    chat.until("next: meanwhile").await;
    chat.types("and more");
    chat.until("› and more").await;
    drop(busy);
    chat.until("the last turn is taken back").await;
    chat.until("You said “meanwhile”").await;
    chat.press("C-u");
    // Whoever does not want to wait leaves, and the terminal is as it was.
    let busy = writing(&machine.home("store/alipes.db-shm"));
    chat.says("/undo");
    chat.until("… taking back").await;
    chat.press("C-d");
    let given_back = |_: &str| chat.written().contains("\x1b[?2004l");
    chat.until_it("gives the terminal back", given_back).await;
    drop(busy);
    assert_eq!(chat.end().await, 0);
}

/// A store that somebody else writes to: SQLite's lock of writers is byte 120 of the index of its log
/// (<https://www.sqlite.org/walformat.html>, "Locks").
fn writing(index: &Path) -> File {
    let file = File::options().read(true).write(true).open(index).unwrap();
    let lock = nix::libc::flock {
        l_type: nix::libc::F_WRLCK as _,
        l_whence: nix::libc::SEEK_SET as _,
        l_start: 120,
        l_len: 1,
        l_pid: 0,
    };
    fcntl(&file, FcntlArg::F_SETLKW(&lock)).unwrap();
    file
}

#[tokio::test]
async fn a_turn_that_fails_says_what_was_tried_and_the_chat_goes_on() {
    let machine = Machine::new();
    let (chat, _server) = troubled(&machine, &["challenge"], 80, 24).await;
    chat.says("hello there");
    chat.until("✗ ").await;
    chat.until("help: ").await;
    chat.until("/retry").await;
    chat.says("/status");
    chat.until("connection").await;
}

#[tokio::test]
async fn a_storm_of_sizes_leaves_everything_said_once() {
    let machine = Machine::new();
    machine.file(
        "notes.md",
        "# Notes\n\nsome text that is somewhat longer than forty columns are\n",
    );
    let chat = simulated(&machine, 80, 24).await;
    chat.says("read notes.md");
    chat.until_done("said:").await;
    for columns in [40, 79, 33, 120, 61, 27, 90, 40, 80] {
        for rows in [20, 9, 24] {
            chat.resize(columns, rows);
        }
    }
    chat.says("/approvals");
    chat.until("no rules:").await;
    let everything = chat.everything();
    for once in [
        "› read notes.md",
        "✓ read notes.md",
        "# Notes",
        "no rules:",
        "simulated/planner",
    ] {
        assert_eq!(count(&everything, once), 1, "{once:?}:\n{everything}");
    }
}

#[tokio::test]
async fn a_narrower_terminal_shows_no_blanks_that_nobody_wrote() {
    let machine = Machine::new();
    machine.file("cat.txt", "the cat sat\n");
    let chat = simulated(&machine, 80, 24).await;
    chat.says("change cat to dog in cat.txt");
    chat.until("y once").await;
    chat.says("y");
    chat.until_done("said:").await;
    chat.resize(40, 24);
    chat.until("  -the cat sat\n  +the dog sat\n").await;
}

#[tokio::test]
async fn a_resize_while_text_streams_does_not_repeat_it() {
    let machine = Machine::new();
    let lines: String = (0..12).map(|n| format!("entry number {n}\n\n")).collect();
    machine.file("long.md", lines);
    let server = machine.simulate(&["--pace", "20ms"]).await;
    let fixed = ["chat", "-m", "x/y", "--base-url", &server.base_url];
    let chat = super::opened(&machine, &fixed, 80, 24).await;
    chat.says("read long.md");
    chat.until("entry number 3").await;
    for columns in [40, 60, 35, 80] {
        chat.resize(columns, 20);
    }
    chat.until_done("entry number 11").await;
    let everything = chat.everything();
    for once in ["✓ read long.md", "number 0", "number 7", "number 11"] {
        assert_eq!(count(&everything, once), 1, "{once:?}:\n{everything}");
    }
}

#[tokio::test]
async fn a_terminal_that_gets_lower_and_higher_again_while_text_streams_shows_it_once() {
    for lower in [(40, 12), (80, 12)] {
        let machine = Machine::new();
        let line =
            |n| format!("entry number {n}. with some more words than forty columns hold\n\n");
        let lines: String = (0..16).map(line).collect();
        machine.file("long.md", lines);
        let server = machine.simulate(&["--pace", "60ms"]).await;
        let fixed = ["chat", "-m", "x/y", "--base-url", &server.base_url];
        let chat = super::opened(&machine, &fixed, 80, 24).await;
        chat.says("read long.md");
        chat.until("entry number 6.").await;
        chat.resize(lower.0, lower.1);
        // It has been drawn anew.
        chat.until("entry number 9.").await;
        chat.resize(80, 24);
        chat.until_done("entry number 15.").await;
        let everything = chat.everything();
        for number in 0..16 {
            let once = format!("number {number}.");
            assert_eq!(count(&everything, &once), 1, "{once:?}:\n{everything}");
        }
    }
}

#[tokio::test]
async fn a_resize_leaves_no_copy_of_what_stands_at_the_top_of_the_screen() {
    let machine = Machine::new();
    let lines: String = (0..12).map(|n| format!("entry number {n}\n\n")).collect();
    machine.file("long.md", lines);
    let server = machine.simulate(&["--pace", "60ms"]).await;
    let fixed = ["chat", "-m", "x/y", "--base-url", &server.base_url];
    let chat = super::opened(&machine, &fixed, 80, 24).await;
    chat.says("read long.md");
    chat.until("entry number 1").await;
    chat.press("C-l");
    chat.until_it("is at the top", |screen| !screen.contains("✓ read long.md"))
        .await;
    chat.resize(60, 24);
    chat.until_done("entry number 11").await;
    let everything = chat.everything();
    for once in ["✓ read long.md", "number 0", "number 7", "number 11"] {
        assert_eq!(count(&everything, once), 1, "{once:?}:\n{everything}");
    }
}

#[tokio::test]
async fn what_a_turn_has_met_is_known_elsewhere_while_the_chat_is_open() {
    let machine = Machine::new();
    let server = machine.simulate(&["--fault", "websocket-challenge"]).await;
    let config = format!(
        "[providers.sim]\nbase_url = \"{}\"\nprofile = \"openai-codex\"\n[model]\ndefault = \"sim/m\"\n",
        server.base_url
    );
    std::fs::write(machine.home("config.toml"), config).unwrap();
    let chat = opened(&machine, &["chat"], 80, 24).await;
    chat.says("hi");
    chat.until_done("(simulated)").await;
    // It is kept beside the chat, and status only reads.
    let known = async {
        while !machine
            .run(&["status"])
            .await
            .out
            .contains("sse; websocket rests")
        {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let limit = std::time::Duration::from_secs(60);
    tokio::time::timeout(limit, known).await.unwrap();
    chat.says("/quit");
    assert_eq!(chat.end().await, 0);
}
