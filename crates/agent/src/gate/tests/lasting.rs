//! A yes holds for what was read in it, for as long as was said, and never for what nothing confines.

use alipes_tools::{Sandbox, SandboxChoice, SandboxOptions};
use serde_json::json;

use super::*;

#[tokio::test]
async fn a_yes_holds_once_for_the_session_or_for_good() {
    for (answer, questions, written) in [
        (Approval::Once, 2, &[][..]),
        (Approval::Session, 1, &[]),
        (Approval::Always, 1, &["command exactly cargo test 'a b'"]),
        (Approval::No, 2, &[]),
    ] {
        let (person, book) = (Person::who_says(answer), Book::default());
        let gate = Gate::new(GateOptions {
            book: Some(Box::new(book.clone())),
            ..asking(&person)
        });
        for _ in 0..2 {
            let decision = shell(&gate, "cargo test \"a b\"").await;
            assert_eq!(decision.is_allowed(), answer != Approval::No);
        }
        assert_eq!(person.questions(), questions, "{answer:?}");
        assert_eq!(*book.0.lock().unwrap(), written, "{answer:?}");
    }
}

#[tokio::test]
async fn a_lasting_yes_is_offered_only_for_what_can_be_read_in_it() {
    let person = Person::who_says(Approval::Session);
    let gate = Gate::new(asking(&person));
    for line in ["a | b", "sh run.sh", "sudo ls", "env x", "python3 x.py"] {
        shell(&gate, line).await;
        assert_eq!(person.last().offer, None, "{line}");
        // So it is asked about again.
        let before = person.questions();
        shell(&gate, line).await;
        assert_eq!(person.questions(), before + 1, "{line}");
    }
    // Nothing more than what was read is allowed by it.
    shell(&gate, "cargo --version").await;
    let offer = person.last().offer;
    assert_eq!(offer.as_deref(), Some("command exactly cargo --version"));
    let before = person.questions();
    shell(&gate, "cargo --version").await;
    assert_eq!(person.questions(), before);
    shell(&gate, "cargo --version --verbose").await;
    assert_eq!(person.questions(), before + 1);
    let asks = Gate::new(GateOptions {
        rules: rules(&[("command make", Verdict::Ask)]),
        ..asking(&person)
    });
    shell(&asks, "make").await;
    assert_eq!(person.last().offer, None);
    assert!(person.last().because.contains("\"command make\" = \"ask\""));
}

#[tokio::test]
async fn a_lasting_yes_to_writing_is_for_one_tool_in_one_folder() {
    let person = Person::who_says(Approval::Session);
    let gate = Gate::new(asking(&person));
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let input = json!({"path": "a", "content": ""});
    for _ in 0..2 {
        call(&gate, "write_file", input.clone(), &context(here.path())).await;
    }
    assert_eq!(person.questions(), 1);
    call(&gate, "write_file", input, &context(there.path())).await;
    assert_eq!(person.questions(), 2);
}

#[tokio::test]
async fn a_command_that_nothing_confines_is_asked_about_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut context = context(folder.path());
    context.sandbox = Sandbox::new(SandboxOptions {
        choice: SandboxChoice::Auto,
        temp: folder.path().join("missing"),
        ..SandboxOptions::default()
    });
    let person = Person::who_says(Approval::Always);
    let gate = Gate::new(GateOptions {
        granted: vec![Effect::Executes],
        rules: rules(&[("command ls", Verdict::Allow)]),
        ..asking(&person)
    });
    for number in 1..=2 {
        call(&gate, "shell", json!({"command": "ls"}), &context).await;
        assert_eq!(person.questions(), number);
        assert_eq!(person.last().offer, None);
        assert!(person.last().caution.unwrap().starts_with("not confined"));
    }
    let alone = Gate::new(GateOptions {
        granted: vec![Effect::Executes],
        ..GateOptions::default()
    });
    let decision = call(&alone, "shell", json!({"command": "ls"}), &context).await;
    assert!(matches!(
        decision,
        Decision::Deny {
            because: Because::NotConfined,
            ..
        }
    ));
}
