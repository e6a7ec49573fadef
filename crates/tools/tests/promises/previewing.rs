//! What a call would do is told before it does it, and then it does that or nothing.

use alipes_base::Redactor;
use alipes_tools::{Context, Detail, Preview, ToolError, Toolbox};
use serde_json::{Value, json};

#[cfg(unix)]
use crate::background::start;
use crate::workplace::{Workplace, content};

async fn preview(place: &Workplace, tool: &str, input: &Value) -> Result<Preview, ToolError> {
    let toolbox = Toolbox::builtin();
    let tool = toolbox.get(tool).unwrap();
    tool.preview(input, &place.context).await
}

fn diff(preview: Preview) -> String {
    match preview.detail {
        Some(Detail::Diff(diff)) => diff,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_replaced_file_is_told_from_a_new_one_and_nothing_is_made() {
    let place = Workplace::new();
    place.file("a.txt", "one\ntwo\n");
    let input = json!({"path": "a.txt", "content": "three\n"});
    let replaced = preview(&place, "write_file", &input).await.unwrap();
    let told = replaced.summary.as_deref();
    assert_eq!(told, Some("replace a.txt: 8 bytes by 6 bytes"));
    assert!(diff(replaced).ends_with("-one\n-two\n+three\n"));
    let input = json!({"path": "sub/b.txt", "content": "three\n"});
    let created = preview(&place, "write_file", &input).await.unwrap();
    let told = created.summary.as_deref();
    assert_eq!(told, Some("write 6 bytes to sub/b.txt, a new file"));
    assert!(diff(created).ends_with("+three\n"));
    assert_eq!(place.names(""), ["a.txt"]);
    assert_eq!(content(&place.path("a.txt")), "one\ntwo\n");
}

#[tokio::test]
async fn what_is_no_text_is_replaced_by_what_is_shown() {
    let place = Workplace::new();
    place.file("a.bin", b"\0\xff");
    let input = json!({"path": "a.bin", "content": "three\n"});
    let replaced = preview(&place, "write_file", &input).await.unwrap();
    let told = replaced.summary.as_deref();
    assert_eq!(told, Some("replace a.bin: 2 bytes by 6 bytes"));
    assert!(diff(replaced).ends_with("+three\n"));
}

#[tokio::test]
async fn every_file_of_a_patch_is_told_with_what_becomes_of_it() {
    let place = Workplace::new();
    place.file("a.txt", "one\n");
    place.file("b.txt", "two\n");
    let patch = "*** Begin Patch\n*** Update File: a.txt\n@@\n-one\n+1\n*** Delete File: b.txt\n\
        *** Add File: c.txt\n+new\n*** End Patch\n";
    let told = preview(&place, "edit", &json!({"patch": patch}))
        .await
        .unwrap();
    let summary = told.summary.clone().unwrap();
    assert_eq!(
        summary,
        "edit a.txt (+1 -1); delete b.txt: 1 line; create c.txt: 1 line"
    );
    let diff = diff(told);
    for part in ["--- a.txt\n", "-one\n+1\n", "-two\n", "+new\n"] {
        assert!(diff.contains(part), "{part}: {diff}");
    }
}

#[tokio::test]
async fn a_name_is_told_whole_however_long_it_is() {
    let place = Workplace::new();
    let folder = format!("{}/{}", "d".repeat(150), "e".repeat(150));
    let (old, new) = (format!("{folder}/old.sh"), format!("{folder}/run-me.sh"));
    place.file(&old, "one\n");
    let moved = format!(
        "*** Begin Patch\n*** Update File: {old}\n*** Move to: {new}\n@@\n-one\n+two\n*** End Patch\n"
    );
    let added = format!(
        "*** Begin Patch\n*** Add File: {new}\n+one\n*** Delete File: {old}\n*** End Patch\n"
    );
    for (tool, input, names) in [
        (
            "write_file",
            json!({"path": new, "content": "x"}),
            &[&new][..],
        ),
        ("write_file", json!({"path": old, "content": "x"}), &[&old]),
        (
            "edit",
            json!({"path": old, "old": "one", "new": "two"}),
            &[&old],
        ),
        ("edit", json!({"patch": moved}), &[&old, &new]),
        ("edit", json!({"patch": added}), &[&old, &new]),
    ] {
        let told = preview(&place, tool, &input).await.unwrap();
        let summary = told.summary.unwrap();
        for name in names {
            assert!(summary.contains(*name), "{summary}");
        }
    }
    let told = diff(
        preview(&place, "edit", &json!({"patch": added}))
            .await
            .unwrap(),
    );
    assert!(told.contains(&format!("--- {new}\n")), "{told}");
    let toolbox = Toolbox::builtin();
    let read = toolbox.get("read_file").unwrap();
    let line = read.whole_summary(&json!({"path": new}), &Redactor::new());
    assert_eq!(line, format!("read {new}"));
}

#[tokio::test]
async fn all_of_a_diff_is_told_however_long_it_is() {
    let place = Workplace::new();
    let lines = (0..5_000).map(|number| format!("line {number} {}\n", "x".repeat(100)));
    let content = lines.collect::<String>() + &"y".repeat(10_000) + "\n";
    let input = json!({"path": "a.txt", "content": content});
    let told = diff(preview(&place, "write_file", &input).await.unwrap());
    let added = told.lines().filter_map(|line| line.strip_prefix('+'));
    assert!(added.eq(content.lines()));
    place.file("a.txt", &content);
    let patch = "*** Begin Patch\n*** Delete File: a.txt\n*** End Patch\n";
    let told = diff(
        preview(&place, "edit", &json!({"patch": patch}))
            .await
            .unwrap(),
    );
    let removed = told.lines().filter_map(|line| line.strip_prefix('-'));
    assert!(removed.eq(content.lines()));
}

#[tokio::test]
async fn what_nobody_could_be_shown_whole_is_not_asked_about() {
    let place = Workplace::new();
    // Each of these is shown as five.
    let content = "\u{1}".repeat(4 * 1024 * 1024);
    let input = json!({"path": "a.txt", "content": content});
    let error = preview(&place, "write_file", &input).await.unwrap_err();
    assert!(matches!(error, ToolError::TooLarge { .. }), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn whether_a_line_that_is_written_to_a_process_ends_is_told() {
    let place = Workplace::new();
    let id = start(&place, "cat; true").await;
    for (input, told) in [
        ("y", "write \"y\""),
        ("y\n", "write \"y\\n\""),
        ("a\nb\n", "write these 2 lines"),
        ("a\nb", "write these 2 lines, the last without its end,"),
    ] {
        let input = json!({"id": id, "input": input});
        let preview = preview(&place, "process_input", &input).await.unwrap();
        let told = format!("{told} to process {id} (cat; true)");
        assert_eq!(preview.summary.unwrap(), told);
    }
}

#[tokio::test]
async fn a_file_that_changed_after_it_was_shown_is_left_alone() {
    let edit = json!({"path": "a.txt", "old": "one", "new": "two"});
    let write = json!({"path": "a.txt", "content": "two\n"});
    for (tool, input) in [("edit", edit), ("write_file", write)] {
        let place = Workplace::new();
        place.file("a.txt", "one\n");
        let seen = preview(&place, tool, &input).await.unwrap().seen;
        let context = Context {
            seen,
            ..place.context.clone()
        };
        let toolbox = Toolbox::builtin();
        place.file("a.txt", "one\nand more\n");
        let refused = toolbox.get(tool).unwrap().run(input.clone(), &context);
        let error = refused.await.unwrap_err();
        assert!(matches!(error, ToolError::NotAsShown { .. }), "{error}");
        assert_eq!(content(&place.path("a.txt")), "one\nand more\n");
        place.file("a.txt", "one\n");
        let done = toolbox
            .get(tool)
            .unwrap()
            .run(input, &context)
            .await
            .unwrap();
        assert!(done.changes.unwrap().ends_with("-one\n+two\n"));
        assert_eq!(content(&place.path("a.txt")), "two\n");
    }
}

#[tokio::test]
async fn what_will_be_refused_is_refused_when_it_is_asked_about() {
    let place = Workplace::new();
    place.file("a.txt", "one\n");
    for (tool, input) in [
        ("write_file", json!({"path": "../x.txt", "content": ""})),
        ("write_file", json!({"path": "../x/y.txt", "content": ""})),
        ("write_file", json!({"path": ".git/hooks/x", "content": ""})),
        ("write_file", json!({"path": "a.txt/x", "content": ""})),
        ("edit", json!({"path": "a.txt", "old": "two", "new": "1"})),
        ("edit", json!({"path": "../x", "old": "two", "new": "1"})),
        ("shell", json!({"command": "a\0b"})),
        ("process_input", json!({"id": 1, "input": "y\n"})),
    ] {
        assert!(preview(&place, tool, &input).await.is_err(), "{input}");
        assert!(place.call(tool, input.clone()).await.is_err(), "{input}");
    }
}

#[tokio::test]
async fn all_of_a_command_is_told_and_nothing_of_it_hides() {
    let place = Workplace::new();
    let line = format!("echo {}\u{200b}; rm tail", "a".repeat(2_000));
    let told = preview(&place, "shell", &json!({"command": line}))
        .await
        .unwrap();
    let spelt = line.replace('\u{200b}', "\\u{200b}");
    assert_eq!(told.summary.unwrap(), format!("run \"{spelt}\""));
    let input = json!({"command": "a\nb\r\n\tc"});
    let told = preview(&place, "shell", &input).await.unwrap();
    assert_eq!(told.summary.unwrap(), "run these 3 lines");
    // A shell reads the carriage return as a part of the word.
    assert_eq!(told.detail, Some(Detail::Text("a\nb\\r\n\tc".to_owned())));
}
