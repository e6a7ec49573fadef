//! What a person sees before saying yes: all of what will be done, and nothing else is done then.

use super::{opened, simulated};
use crate::canary::{CANARY, a_model_that_says_it};
use crate::machine::Machine;

#[tokio::test]
async fn a_question_shows_all_of_a_command() {
    let machine = Machine::new();
    let chat = simulated(&machine, 80, 24).await;
    chat.says(&format!(
        "run the command echo {} && rm -rf TAIL",
        "a".repeat(200)
    ));
    chat.until("y once").await;
    // Rows end after words: what was between two of them is not told.
    let shown: String = chat.screen().split_whitespace().collect();
    let whole = format!("run\"echo{}&&rm-rfTAIL\"", "a".repeat(200));
    assert!(shown.contains(&whole), "{shown}");
    chat.says("n");
    chat.until_done("declined").await;
    chat.until("– run \"echo aaaa").await;
}

#[tokio::test]
async fn a_question_about_an_edit_shows_the_diff_and_a_file_that_changes_meanwhile_is_left_alone() {
    let machine = Machine::new();
    machine.file("notes.md", "the cat sat\n");
    let chat = simulated(&machine, 40, 20).await;
    chat.says("change cat to dog in notes.md");
    chat.until("y once").await;
    let screen = chat.screen();
    assert!(
        screen.contains("  -the cat sat\n  +the dog sat\n"),
        "{screen}"
    );
    machine.file("notes.md", "the cat sat\nand ran\n");
    chat.says("y");
    chat.until("has changed since").await;
    let kept = std::fs::read_to_string(machine.path("notes.md")).unwrap();
    assert_eq!(kept, "the cat sat\nand ran\n");
}

#[tokio::test]
async fn replacing_a_file_is_called_that_and_diff_knows_it() {
    let machine = Machine::new();
    machine.file("notes.md", "the cat sat\n");
    let chat = simulated(&machine, 80, 24).await;
    chat.says("write milk to notes.md");
    chat.until("y once").await;
    let screen = chat.screen();
    assert!(
        screen.contains("allow: replace notes.md: 12 bytes by "),
        "{screen}"
    );
    assert!(screen.contains("  -the cat sat\n"), "{screen}");
    chat.says("y");
    chat.until_done("said:").await;
    chat.press("C-l");
    chat.says("/diff");
    chat.until("-the cat sat").await;
}

#[tokio::test]
async fn a_key_that_the_model_says_is_in_no_question_and_on_no_line() {
    let (machine, _server) = a_model_that_says_it().await;
    let chat = opened(&machine, &["chat"], 80, 24).await;
    chat.says("hi");
    chat.until("y once").await;
    assert!(
        chat.screen().contains("key-[redacted]"),
        "{}",
        chat.screen()
    );
    assert!(!chat.screen().contains("always"), "{}", chat.screen());
    chat.says("y");
    chat.until_done("done").await;
    let told = chat.everything();
    assert!(!told.contains(CANARY), "{told}");
    chat.says("/quit");
    chat.end().await;
    // One that is taken up again looks as it did.
    let chat = opened(&machine, &["chat", "--resume", "last"], 80, 24).await;
    chat.until("key-[redacted]").await;
    let told = chat.everything();
    assert!(!told.contains(CANARY), "{told}");
}

#[tokio::test]
async fn what_will_be_refused_is_not_asked_about() {
    let machine = Machine::new();
    let chat = simulated(&machine, 80, 24).await;
    chat.says("write x to ../outside.txt");
    chat.until_done("leads outside").await;
    assert!(
        !chat.everything().contains("? allow"),
        "{}",
        chat.everything()
    );
}

#[tokio::test]
async fn a_key_in_a_prompt_is_not_in_what_a_resumed_conversation_shows() {
    let machine = Machine::new().with("ALIPES_API_KEY", CANARY);
    let prompt = format!("the key is {CANARY}, and so on");
    machine.run(&["exec", "--simulate", &prompt]).await.answer();
    let goes_on = ["exec", "--simulate", "--resume", "last", "go on"];
    let resumed = machine.run(&goes_on).await;
    let chat = opened(
        &machine,
        &["chat", "--simulate", "--resume", "last"],
        80,
        24,
    )
    .await;
    chat.until("go on").await;
    let shown = chat.everything();
    drop(chat);
    let chat = simulated(&machine, 80, 24).await;
    chat.types("/resume ");
    chat.until("redacted").await;
    for told in [resumed.err, shown, chat.everything()] {
        assert!(!told.contains(CANARY), "{told}");
        assert!(told.contains("the key is [redacted]"), "{told}");
    }
}
