//! Images that a prompt names.

use super::{opened, simulated};
use crate::machine::Machine;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

#[tokio::test]
async fn an_image_that_is_named_is_shown_to_the_model_and_one_that_is_none_is_not() {
    let machine = Machine::new();
    machine.file("pic.png", PNG);
    machine.file("text.png", "hello");
    let chat = simulated(&machine, 80, 24).await;
    chat.says("what is on pic.png and text.png?");
    chat.until("! text.png is not shown: it is no PNG").await;
    chat.until("shown: pic.png; nobody has told").await;
    chat.until_done("You said “what is on").await;
    chat.says("/quit");
    assert_eq!(chat.end().await, 0);
    let export = ["sessions", "export", "last", "--format", "jsonl"];
    let journal = machine.run(&export).await;
    let images = journal
        .answer()
        .matches("data:image/png;base64,iVBORw0KGgo");
    assert_eq!(images.count(), 1, "{}", journal.out);
    // What people read tells of it, and that is all.
    for command in ["show", "export"] {
        let read = machine.run(&["sessions", command, "last"]).await;
        let image = "*(image: image/png, 1 kB)*";
        assert!(read.answer().contains(image), "{}", read.out);
        assert!(!read.out.contains("base64"), "{}", read.out);
    }
}

#[tokio::test]
async fn retry_shows_the_image_that_was_shown_though_its_file_has_gone() {
    let machine = Machine::new();
    machine.file("pic.png", PNG);
    let chat = simulated(&machine, 80, 24).await;
    chat.says("what is on pic.png?");
    chat.until_done("You said “what is on").await;
    std::fs::remove_file(machine.path("pic.png")).unwrap();
    chat.press("C-l");
    chat.until_it("is empty", |screen| !screen.contains("You said"))
        .await;
    chat.says("/retry");
    chat.until_done("You said “what is on").await;
    chat.says("/quit");
    assert_eq!(chat.end().await, 0);
    let export = ["sessions", "export", "last", "--format", "jsonl"];
    let journal = machine.run(&export).await;
    let images = journal.answer().matches("data:image/png;base64,");
    // The turn that was taken back, and the one that counts.
    assert_eq!(images.count(), 2, "{}", journal.out);
}

#[tokio::test]
async fn a_model_that_takes_no_images_is_not_shown_any_and_that_is_said() {
    let machine = Machine::new();
    machine.file("pic.png", PNG);
    let server = machine.simulate(&[]).await;
    let config = format!(
        "[providers.s]\nbase_url = \"{}\"\nprofile = \"openai-codex\"\n\n[model]\ndefault = \"s/sim-model\"\n",
        server.base_url
    );
    std::fs::write(machine.home("config.toml"), config).unwrap();
    machine.run(&["models", "s"]).await.answer();
    let chat = opened(&machine, &["chat"], 80, 24).await;
    chat.says("what is on @pic.png");
    // The menu has it: the first Enter takes the name, the second sends.
    chat.press("Enter");
    chat.until("takes no images").await;
    chat.until_done("You said “what is on").await;
}
