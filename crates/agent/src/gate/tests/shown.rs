//! Whoever is asked sees all that the call would do, and nobody is asked about what would fail.

use alipes_tools::Detail;
use serde_json::json;

use super::*;

#[tokio::test]
async fn what_would_fail_is_not_asked_about() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "one\n").unwrap();
    let context = context(folder.path());
    let person = Person::who_says(Approval::Once);
    let gate = Gate::new(asking(&person));
    for (tool, input) in [
        ("write_file", json!({"path": "../x", "content": ""})),
        ("write_file", json!({"path": "a.txt"})),
        (
            "edit",
            json!({"path": "a.txt", "old": "two", "new": "three"}),
        ),
        ("shell", json!({"comand": "ls"})),
    ] {
        let decision = call(&gate, tool, input, &context).await;
        assert!(matches!(decision, Decision::Fails { .. }), "{decision:?}");
    }
    assert_eq!(person.questions(), 0);
}

#[tokio::test]
async fn what_a_rule_asks_about_is_told_nobody_before_it_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "secret\n").unwrap();
    let context = context(folder.path());
    let person = Person::who_says(Approval::No);
    let gate = Gate::new(GateOptions {
        rules: rules(&[("path a.txt", Verdict::Ask)]),
        ..asking(&person)
    });
    let input = json!({"path": "a.txt", "old": "secre", "new": "secre"});
    let decision = call(&gate, "edit", input, &context).await;
    assert!(matches!(decision, Decision::Deny { .. }), "{decision:?}");
    assert!(person.last().summary.contains("it fails as things stand"));
}

#[tokio::test]
async fn a_yes_to_what_was_shown_to_fail_is_a_yes_to_its_failure_alone() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let person = Person::who_says(Approval::Once);
    let gate = Gate::new(GateOptions {
        rules: rules(&[("edit", Verdict::Ask)]),
        ..asking(&person)
    });
    let input = json!({"path": "a.txt", "old": "one", "new": "two"});
    let decision = call(&gate, "edit", input, &context).await;
    let Decision::Fails { reason } = decision else {
        panic!("{decision:?}");
    };
    assert!(person.last().summary.contains("it fails as things stand"));
    assert!(reason.contains("a.txt"), "{reason}");
}

#[tokio::test]
async fn a_question_names_its_file_whole_whatever_is_asked_about_it() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let person = Person::who_says(Approval::No);
    let gate = Gate::new(GateOptions {
        rules: rules(&[("path **", Verdict::Ask)]),
        ..asking(&person)
    });
    let path = format!("{}/{}/run-me.sh", "d".repeat(150), "e".repeat(150));
    for (tool, input) in [
        ("read_file", json!({"path": path})),
        ("list_files", json!({"path": path})),
        ("write_file", json!({"path": path, "content": ""})),
        // Which fails as things stand.
        ("edit", json!({"path": path, "old": "one", "new": "two"})),
    ] {
        call(&gate, tool, input, &context).await;
        let summary = person.last().summary;
        assert!(summary.contains(&path), "{summary}");
    }
}

#[tokio::test]
async fn a_question_has_all_of_a_command_and_the_diff_of_an_edit() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "one\n").unwrap();
    let context = context(folder.path());
    let person = Person::who_says(Approval::No);
    let gate = Gate::new(asking(&person));
    let line = format!("echo {}; rm tail", "a".repeat(3_000));
    call(&gate, "shell", json!({"command": line}), &context).await;
    assert_eq!(person.last().summary, format!("run \"{line}\""));
    let input = json!({"path": "a.txt", "old": "one", "new": "two"});
    call(&gate, "edit", input, &context).await;
    let Some(Detail::Diff(diff)) = person.last().detail else {
        panic!("{:?}", person.last());
    };
    assert!(diff.ends_with("-one\n+two\n"), "{diff}");
}
