//! The demo: a newcomer's first minute.

use std::time::Duration;

use crate::machine::Machine;

/// What the demo promises; it takes a second or two.
const DEMO_LIMIT: Duration = Duration::from_secs(12);

#[tokio::test]
async fn it_survives_three_faults_with_the_same_answer_and_leaves_nothing_behind() {
    let machine = Machine::new();
    machine.file("README.md", "# A project\n");
    machine.file("Cargo.toml", "[package]\nname = \"project\"\n");
    let ran = tokio::time::timeout(DEMO_LIMIT, machine.run(&["demo"]))
        .await
        .unwrap();
    let out = ran.answer();
    assert_eq!(ran.err, "");
    assert!(out.contains("The model is simulated"));
    assert!(out.contains("README.md says “# A project”."), "{out}");
    assert_eq!(
        out.matches("= the same answer as undisturbed").count(),
        3,
        "{out}"
    );
    for act in ["the WebSocket is refused", "cut in the middle", "429"] {
        assert!(out.contains(act), "{act}");
    }
    assert_eq!(machine.names(), ["Cargo.toml", "README.md"]);
    assert!(!machine.home("config.toml").exists());
}

#[tokio::test]
async fn it_works_in_an_empty_folder() {
    let ran = Machine::new().run(&["demo"]).await;
    assert!(ran.answer().contains("Four turns in"));
}

#[tokio::test]
async fn it_does_not_look_at_a_broken_configuration() {
    let machine = Machine::configured("[providers\n");
    machine.run(&["demo"]).await.answer();
}

#[tokio::test]
async fn a_reader_that_has_gone_ends_it_without_a_word() {
    let ran = Machine::new().unread(&["demo"]).await;
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
}
