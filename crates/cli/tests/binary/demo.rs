//! The demo: a newcomer's first minute.

use std::time::Duration;

use crate::machine::Machine;

/// What the demo promises; it takes nine seconds, most of them for one silence.
const DEMO_LIMIT: Duration = Duration::from_secs(12);

#[tokio::test]
async fn it_survives_six_faults_with_the_same_answer_and_leaves_nothing_behind() {
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
        6,
        "{out}"
    );
    // What each fault is called, and what is done about it.
    for told in [
        "! simulated refused the WebSocket",
        "going the other way",
        "! simulated cut the answer off",
        "replaced, not repeated",
        "cf-ray 8f2d41c07a9be613-SJC",
        "asking reserve/planner instead",
        "usage limit",
        "had its connection reset",
        "trying again within",
        "waiting since 3 s",
        "! simulated does not answer on an open connection",
    ] {
        assert!(out.contains(told), "{told}: {out}");
    }
    assert_eq!(machine.names(), ["Cargo.toml", "README.md"]);
    assert!(!machine.home("config.toml").exists());
}

#[tokio::test]
async fn it_works_in_an_empty_folder_and_does_not_look_at_a_broken_configuration() {
    let ran = Machine::configured("[providers\n").run(&["demo"]).await;
    assert!(ran.answer().contains("Six faults in"));
}

#[tokio::test]
async fn a_reader_that_has_gone_ends_it_without_a_word() {
    let ran = Machine::new().unread(&["demo"]).await;
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""));
}
