//! `edit` changes exactly what was meant, in every file or in none, and shows it.

use std::fs;

use alipes_tools::ToolError;
use serde_json::{Value, json};

use crate::workplace::{CANARY, Workplace, content};

/// A replacement in `a.txt`.
pub(crate) fn replace(old: &str, new: &str) -> Value {
    json!({"path": "a.txt", "old": old, "new": new})
}

/// A patch of these lines.
pub(crate) fn patch(lines: &[&str]) -> Value {
    let patch = ["*** Begin Patch", &lines.join("\n"), "*** End Patch"].join("\n");
    json!({"patch": patch})
}

#[tokio::test]
async fn a_text_that_stands_once_is_replaced_and_the_diff_is_shown() {
    let place = Workplace::new();
    place.file("a.txt", "one\ntwo\nthree\nfour\nfive\nsix\n");
    let text = place.text("edit", replace("three", "3")).await;
    assert_eq!(
        text,
        "edited a.txt (+1 -1)\n--- a.txt\n+++ a.txt\n@@ -1,5 +1,5 @@\n one\n two\n-three\n+3\n four\n five\n"
    );
    assert_eq!(
        content(&place.path("a.txt")),
        "one\ntwo\n3\nfour\nfive\nsix\n"
    );
    assert_eq!(place.names(""), ["a.txt"]);
}

#[tokio::test]
async fn a_text_that_stands_in_several_places_is_refused_unless_all_are_meant() {
    let place = Workplace::new();
    place.file("a.txt", "x = 1\ny\nx = 1\n");
    let error = place.error("edit", replace("x = 1", "x = 2")).await;
    assert_eq!(
        error.to_string(),
        "a.txt: the text that begins with `x = 1` stands at lines 1, 3; give more lines around it, \
         or set `replace_all`; nothing was changed"
    );
    let input = json!({"path": "a.txt", "old": "x = 1", "new": "x = 2", "replace_all": true});
    let text = place.text("edit", input).await;
    assert!(text.starts_with("edited a.txt (+2 -2)\n"), "{text}");
    assert_eq!(content(&place.path("a.txt")), "x = 2\ny\nx = 2\n");
}

#[tokio::test]
async fn a_text_that_stands_nowhere_is_refused_with_what_to_do() {
    let place = Workplace::new();
    place.file("a.txt", "one\n");
    let error = place.error("edit", replace("two\nthree", "x")).await;
    assert_eq!(
        error.to_string(),
        "a.txt: the text that begins with `two` does not stand there; read the file again and copy it \
         exactly; nothing was changed"
    );
}

#[tokio::test]
async fn a_near_match_in_one_place_is_taken_with_the_files_indentation_and_told() {
    let place = Workplace::new();
    place.file("a.txt", "fn f() {\n\tif x {\n\t\ta();   \n\t}\n}\n");
    let text = place
        .text(
            "edit",
            replace("if x {\n    a();\n}", "if y {\n    a();\n    b();\n}"),
        )
        .await;
    assert!(
        text.contains("[found by passing over indentation; check the diff]"),
        "{text}"
    );
    assert_eq!(
        content(&place.path("a.txt")),
        "fn f() {\n\tif y {\n\t\ta();\n\t\tb();\n\t}\n}\n"
    );
}

#[tokio::test]
async fn a_near_match_in_two_places_is_refused() {
    let place = Workplace::new();
    place.file("a.txt", "  a\nb\n    a\n");
    for old in ["a \n", "\ta"] {
        let error = place.error("edit", replace(old, "c\n")).await;
        assert!(error.to_string().contains("lines 1, 3"), "{error}");
    }
}

#[cfg(unix)]
#[cfg(unix)]
#[tokio::test]
async fn a_file_that_changed_since_it_was_read_is_refused_until_it_is_read_again() {
    let place = Workplace::new();
    place.file("a.txt", "one\n");
    place.text("read_file", json!({"path": "a.txt"})).await;
    place.file("a.txt", "two\n");
    for (tool, input) in [
        ("edit", replace("two", "2")),
        ("edit", patch(&["*** Update File: a.txt", "-two", "+2"])),
        ("edit", patch(&["*** Delete File: a.txt"])),
        ("write_file", json!({"path": "a.txt", "content": "2\n"})),
    ] {
        let error = place.error(tool, input).await;
        assert_eq!(
            error.to_string(),
            "a.txt has changed since you read it, and was left alone; read it again, then change it"
        );
    }
    assert_eq!(content(&place.path("a.txt")), "two\n");
    place.text("read_file", json!({"path": "a.txt"})).await;
    place.text("edit", replace("two", "2")).await;
    // What the model has written itself it knows.
    place.text("edit", replace("2", "3")).await;
    place
        .text("write_file", json!({"path": "a.txt", "content": "4\n"}))
        .await;
    place.text("edit", replace("4", "5")).await;
    assert_eq!(content(&place.path("a.txt")), "5\n");
}

#[tokio::test]
async fn a_file_that_was_read_in_part_is_known_whole() {
    let place = Workplace::new();
    let lines: String = (0..5_000)
        .map(|number| format!("line {number}\n"))
        .collect();
    place.file("a.txt", &lines);
    place
        .text("read_file", json!({"path": "a.txt", "limit": 1}))
        .await;
    place.file("a.txt", format!("{lines}end\n"));
    let error = place.error("edit", replace("line 17\n", "x\n")).await;
    assert!(matches!(error, ToolError::Stale { .. }), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_outside_the_root_is_edited_and_nothing_through_a_link() {
    let place = Workplace::new();
    place.link("link", place.outside("secret.txt"));
    place.link("folder", "../outside");
    place.file("real.txt", "canary\n");
    place.link("inside", "real.txt");
    place.fifo("pipe");
    place.file(".git/config", "canary\n");
    for path in [
        "../outside/secret.txt",
        "link",
        "folder/secret.txt",
        "inside",
        "pipe",
        ".git/config",
        "/etc/passwd",
    ] {
        for input in [
            json!({"path": path, "old": "canary", "new": "x"}),
            patch(&[&format!("*** Update File: {path}"), "-canary", "+x"]),
            patch(&[&format!("*** Delete File: {path}")]),
            patch(&[
                "*** Update File: real.txt",
                &format!("*** Move to: {path}"),
                "-canary",
                "+x",
            ]),
        ] {
            place.error("edit", input).await;
        }
    }
    assert_eq!(content(&place.outside("secret.txt")), CANARY);
    assert_eq!(content(&place.path("real.txt")), "canary\n");
    assert_eq!(content(&place.path(".git/config")), "canary\n");
}

#[tokio::test]
async fn a_hard_link_is_edited_and_its_twin_outside_stays() {
    let place = Workplace::new();
    fs::hard_link(place.outside("secret.txt"), place.path("a.txt")).unwrap();
    place.text("edit", replace("canary", "bird")).await;
    assert_eq!(content(&place.outside("secret.txt")), CANARY);
}

#[tokio::test]
async fn odd_names_and_twins_are_edited_as_they_are() {
    let place = Workplace::new();
    for name in ["-rf", "two\nlines", "caf\u{e9}", "cafe\u{301}"] {
        place.file(name, format!("{name}: old\n"));
        let input = json!({"path": name, "old": "old", "new": "new"});
        place.text("edit", input).await;
    }
    for name in ["-rf", "two\nlines", "caf\u{e9}", "cafe\u{301}"] {
        assert_eq!(content(&place.path(name)), format!("{name}: new\n"));
    }
}

#[tokio::test]
async fn binary_huge_and_unreadable_input_is_refused_by_name() {
    let place = Workplace::new();
    place.file("a.txt", b"one\0two");
    let error = place.error("edit", replace("one", "x")).await;
    assert!(matches!(error, ToolError::Binary { .. }), "{error}");
    place.file("a.txt", "x".repeat((4 << 20) + 1));
    let error = place.error("edit", replace("x", "y")).await;
    assert!(matches!(error, ToolError::TooLarge { .. }), "{error}");
    place.file("a.txt", "one\n");
    for input in [
        json!({}),
        json!({"path": "a.txt"}),
        json!({"path": "a.txt", "old": "", "new": "x"}),
        json!({"path": "a.txt", "old": "one", "new": "one"}),
        json!({"path": "a.txt", "patch": "x"}),
        json!({"patch": "hello"}),
        json!({"patch": ""}),
        json!({"patch": "*** Begin Patch\n*** End Patch\nx"}),
    ] {
        let error = place.error("edit", input.clone()).await;
        assert!(
            matches!(
                error,
                ToolError::BadInput { .. } | ToolError::NoPlace { .. }
            ),
            "{input}: {error}"
        );
    }
    assert_eq!(content(&place.path("a.txt")), "one\n");
}

#[tokio::test]
async fn a_long_diff_is_cut_and_says_so() {
    let place = Workplace::new();
    place.file("a.txt", "a line of some length\n".repeat(2_000));
    let input = json!({"path": "a.txt", "old": "some", "new": "no", "replace_all": true});
    let output = place.call("edit", input).await.unwrap();
    assert!(output.truncated);
    assert!(output.text.starts_with("edited a.txt (+2000 -2000)\n"));
    assert!(
        output.text.ends_with("more lines of the diff left out]\n"),
        "{}",
        output.text
    );
    assert!(output.text.len() < 12_000);
}
