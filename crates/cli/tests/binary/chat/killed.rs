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
