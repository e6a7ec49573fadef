//! A chat that is killed as `kill -9` does, and taken up again.

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::{count, opened, simulated};
use crate::machine::Machine;

#[tokio::test]
async fn a_killed_chat_is_taken_up_and_its_command_does_not_run_again() {
    let machine = Machine::new();
    mkfifo(&machine.path("pipe"), Mode::S_IRWXU).unwrap();
    let arguments = ["chat", "--simulate", "--allow", "shell"];
    let chat = opened(&machine, &arguments, 80, 24).await;
    chat.says("run the command echo begun >> effects; echo at work; cat pipe");
    chat.until("  at work").await;
    chat.kill();
    assert_eq!(chat.end().await, 137);
    let chat = opened(
        &machine,
        &[&arguments[..], &["--resume", "last"]].concat(),
        80,
        24,
    )
    .await;
    chat.until("its last turn was interrupted").await;
    chat.says("/retry");
    chat.until_done("outcome unknown").await;
    let effects = std::fs::read_to_string(machine.path("effects")).unwrap();
    assert_eq!(effects, "begun\n");
    let everything = chat.everything();
    assert_eq!(count(&everything, "› run the command"), 1, "{everything}");
}

#[tokio::test]
async fn who_speaks_on_after_a_kill_is_answered() {
    let machine = Machine::new();
    mkfifo(&machine.path("pipe"), Mode::S_IRWXU).unwrap();
    let arguments = ["chat", "--simulate", "--allow", "shell"];
    let chat = opened(&machine, &arguments, 40, 20).await;
    chat.says("run the command echo at work; cat pipe");
    chat.until("  at work").await;
    chat.kill();
    chat.end().await;
    let chat = simulated(&machine, 40, 20).await;
    chat.says("/resume last");
    chat.until("was interrupted").await;
    chat.says("hello");
    chat.until_done("You said “hello”").await;
}

#[tokio::test]
async fn a_turn_with_an_image_that_was_steered_and_killed_is_told_whole_and_taken_back_whole() {
    let machine = Machine::new();
    machine.file("pic.png", b"\x89PNG\r\n\x1a\n and so on");
    mkfifo(&machine.path("pipe"), Mode::S_IRWXU).unwrap();
    let arguments = ["chat", "--simulate", "--allow", "shell"];
    let chat = opened(&machine, &arguments, 80, 24).await;
    chat.says("run the command echo at work; cat pipe # pic.png shows it");
    chat.until("  at work").await;
    let steering = "run the command echo second; cat pipe # שלום, مرحبا";
    chat.says(steering);
    chat.until("soon: ").await;
    std::fs::write(machine.path("pipe"), "the first is done\n").unwrap();
    // What was heard is kept before the step that follows it begins.
    chat.until("  second").await;
    chat.kill();
    chat.end().await;
    let shown = machine.run(&["sessions", "show", "last"]).await;
    let word = format!("## You\n\n{steering}\n");
    for part in ["*(image: pic.png, image/png, 1 kB)*", &word] {
        assert_eq!(count(shown.answer(), part), 1, "{part}: {}", shown.out);
    }
    let list = machine.run(&["sessions", "list"]).await;
    assert!(list.answer().contains(" 1 turn "), "{}", list.out);
    assert!(list.out.contains("(interrupted)"), "{}", list.out);
    let undone = machine.run(&["sessions", "undo", "last"]).await;
    undone.answer();
    assert!(
        undone.err.contains("“run the command echo at work"),
        "{}",
        undone.err
    );
    let on = ["exec", "--simulate", "--resume", "last", "hello"];
    let on = machine.run(&on).await;
    assert!(on.answer().contains("You said “hello”"), "{}", on.out);
}

#[tokio::test]
async fn a_call_that_is_taken_up_says_what_it_said_when_it_came() {
    let machine = Machine::new();
    machine.file("notes.md", "remember this\nand that\n");
    mkfifo(&machine.path("pipe"), Mode::S_IRWXU).unwrap();
    let chat = simulated(&machine, 80, 200).await;
    chat.says("read notes.md");
    chat.until_done("said:").await;
    let read = "✓ read notes.md · 3 lines";
    chat.until(read).await;
    chat.says("write milk to shopping.txt");
    chat.until("y once").await;
    chat.says("n");
    chat.until("· denied").await;
    chat.says("/quit");
    chat.end().await;
    let arguments = ["chat", "--simulate", "--allow", "shell", "--resume", "last"];
    let chat = opened(&machine, &arguments, 80, 200).await;
    chat.until(read).await;
    chat.until("· denied").await;
    chat.says("run the command echo at work; cat pipe");
    chat.until("  at work").await;
    chat.kill();
    chat.end().await;
    let chat = opened(&machine, &arguments, 80, 200).await;
    chat.until("? run \"echo at work; cat pipe\" · unknown")
        .await;
    chat.until("  outcome unknown").await;
    chat.until("was interrupted").await;
    for _ in 0..3 {
        chat.press("C-o");
    }
    chat.until("  remember this").await;
}

#[tokio::test]
async fn only_what_the_person_has_said_comes_back_as_a_prompt() {
    let machine = Machine::new();
    machine.file("AGENTS.md", "Be brief.\n");
    let chat = simulated(&machine, 80, 200).await;
    for word in ["one", "two", "three"] {
        chat.pastes(&format!("{word} {}", "baa ".repeat(1_000)));
        chat.press("Enter");
        chat.until_done(&format!("You said “{word}")).await;
    }
    chat.says("/compact");
    chat.until_done("/undo brings it back").await;
    chat.says("hello");
    chat.until_done("You said “hello”").await;
    chat.says("/quit");
    chat.end().await;
    let chat = opened(
        &machine,
        &["chat", "--simulate", "--resume", "last"],
        80,
        200,
    )
    .await;
    chat.until("resuming ").await;
    let everything = chat.everything();
    for never in ["The project's own notes", "What was said and done"] {
        assert_eq!(count(&everything, never), 0, "{everything}");
    }
    let summary = "what was said before this is summed up";
    assert_eq!(count(&everything, summary), 1, "{everything}");
    // All that came before the last prompts is no prompt.
    for _ in 0..6 {
        chat.press("Up");
    }
    chat.until("› [pasted 4.0 kB, 1 line]").await;
}

#[tokio::test]
async fn a_conversation_that_was_begun_elsewhere_says_where() {
    let machine = Machine::new();
    std::fs::create_dir(machine.path("below")).unwrap();
    let begun = ["chat", "--simulate", "-C", "below"];
    let chat = opened(&machine, &begun, 80, 200).await;
    chat.says("hello");
    chat.until_done("You said “hello”").await;
    chat.says("/quit");
    chat.end().await;
    let resumed = ["chat", "--simulate", "--resume", "last"];
    let chat = opened(&machine, &resumed, 80, 200).await;
    chat.until("! it was begun in ").await;
    chat.says("/quit");
    chat.end().await;
    let chat = opened(
        &machine,
        &[&begun[..], &["--resume", "last"]].concat(),
        80,
        200,
    )
    .await;
    chat.until("resuming ").await;
    assert!(!chat.everything().contains("it was begun in"));
}

#[tokio::test]
async fn a_chat_is_listed_as_at_work_in_a_turn_and_as_open_between_turns() {
    let machine = Machine::new();
    mkfifo(&machine.path("pipe"), Mode::S_IRWXU).unwrap();
    let chat = opened(
        &machine,
        &["chat", "--simulate", "--allow", "shell"],
        80,
        24,
    )
    .await;
    let listed = async || machine.run(&["sessions", "list"]).await.answer().to_owned();
    chat.says("run the command echo begun; cat pipe");
    chat.until("  begun").await;
    let list = listed().await;
    assert!(list.contains("(at work)"), "{list}");
    // A turn that its person has ended is none that anybody is in.
    chat.press("Escape");
    chat.until_done("interrupted").await;
    let list = listed().await;
    assert!(list.contains("(open)"), "{list}");
    chat.says("hello");
    chat.until_done("You said “hello”").await;
    let list = listed().await;
    assert!(list.contains("(open)"), "{list}");
    chat.says("/quit");
    chat.end().await;
    let list = listed().await;
    assert!(!list.contains('('), "{list}");
}
