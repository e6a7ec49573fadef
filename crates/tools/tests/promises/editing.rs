//! `edit` changes exactly what was meant, in every file or in none, and shows it.

use std::fs;

use alipes_tools::ToolError;
use serde_json::{Value, json};

use crate::workplace::{CANARY, Workplace, content};

/// A replacement in `a.txt`.
fn replace(old: &str, new: &str) -> Value {
    json!({"path": "a.txt", "old": old, "new": new})
}

fn patch(lines: &[&str]) -> Value {
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

#[tokio::test]
async fn line_endings_mark_and_final_newline_are_kept() {
    let table = [
        ("a\r\nb\r\nc\r\n", "a\r\nB\r\nbb\r\nc\r\n"),
        ("\u{feff}a\nb\nc", "\u{feff}a\nB\nbb\nc"),
        ("a\r\nb", "a\r\nB\r\nbb"),
        ("b\n", "B\nbb\n"),
        ("b", "B\nbb"),
    ];
    for (before, after) in table {
        let place = Workplace::new();
        place.file("a.txt", before);
        place.text("edit", replace("b", "B\nbb")).await;
        assert_eq!(content(&place.path("a.txt")), after, "{before:?}");
        let place = Workplace::new();
        place.file("a.txt", before);
        let input = patch(&["*** Update File: a.txt", "@@", "-b", "+B", "+bb"]);
        place.text("edit", input).await;
        assert_eq!(
            content(&place.path("a.txt")),
            after,
            "{before:?}, by a patch"
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_mode_of_an_edited_file_is_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Workplace::new();
    let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o7777;
    for wanted in [0o755, 0o600] {
        place.file("a.txt", "b\n");
        fs::set_permissions(place.path("a.txt"), fs::Permissions::from_mode(wanted)).unwrap();
        place.text("edit", replace("b", "c")).await;
        assert_eq!(mode("a.txt"), wanted);
        let input = patch(&[
            "*** Update File: a.txt",
            "*** Move to: sub/b.txt",
            "@@",
            "-c",
            "+d",
        ]);
        place.text("edit", input).await;
        assert_eq!(mode("sub/b.txt"), wanted);
        fs::remove_dir_all(place.path("sub")).unwrap();
    }
}

#[tokio::test]
async fn one_patch_changes_adds_moves_and_deletes() {
    let place = Workplace::new();
    place.file(
        "a.txt",
        "one\ntwo\n\nfn x() {\n    1\n}\n\nfn y() {\n    1\n}\n",
    );
    place.file("old.txt", "keep\n");
    place.file("gone.txt", "x\n");
    let text = place
        .text(
            "edit",
            patch(&[
                "*** Update File: a.txt",
                "@@",
                " one",
                "-two",
                "+2",
                "@@ fn y() {",
                "-    1",
                "+    2",
                "*** Add File: sub/new.txt",
                "+hello",
                "*** Update File: old.txt",
                "*** Move to: moved.txt",
                "@@",
                " keep",
                "+more",
                "*** End of File",
                "*** Delete File: gone.txt",
            ]),
        )
        .await;
    for line in [
        "edited a.txt (+2 -2)",
        "created sub/new.txt: 1 line",
        "edited old.txt → moved.txt (+1 -0)",
        "deleted gone.txt",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    assert_eq!(
        content(&place.path("a.txt")),
        "one\n2\n\nfn x() {\n    1\n}\n\nfn y() {\n    2\n}\n"
    );
    assert_eq!(content(&place.path("moved.txt")), "keep\nmore\n");
    assert_eq!(content(&place.path("sub/new.txt")), "hello\n");
    assert_eq!(place.names(""), ["a.txt", "moved.txt", "sub"]);
}

#[tokio::test]
async fn a_unified_diff_is_taken_where_its_lines_stand_whatever_it_counts() {
    let place = Workplace::new();
    place.file("a.txt", "a\nx\nb\nx\nc\n");
    let diff = "--- a/a.txt\n+++ b/a.txt\n@@ -4,9 +4,7 @@\n-x\n+y\n c\n@@ -77 +80 @@\n c\n+d\n";
    let error = place.error("edit", json!({"patch": diff})).await;
    assert!(
        error.to_string().contains("does not stand there"),
        "{error}"
    );
    let diff = "--- a/a.txt\n+++ b/a.txt\n@@ -2 +2 @@\n-x\n+y\n@@ -40,2 +40,3 @@\n x\n c\n+d\n";
    place.text("edit", json!({"patch": diff})).await;
    assert_eq!(content(&place.path("a.txt")), "a\ny\nb\nx\nc\nd\n");
}

#[tokio::test]
async fn what_git_diff_writes_can_be_taken() {
    let place = Workplace::new();
    let lines: String = (1..=40).map(|number| format!("line {number}\n")).collect();
    place.file("a.txt", &lines);
    let changed = lines
        .replace("line 3\n", "")
        .replace("line 30\n", "line 30\nmore\n")
        + "end";
    place.file("b.txt", &changed);
    let diff = std::process::Command::new("diff")
        .args([
            "-u", "--label", "a/a.txt", "--label", "b/a.txt", "a.txt", "b.txt",
        ])
        .current_dir(place.path(""))
        .output()
        .unwrap();
    let diff = String::from_utf8(diff.stdout).unwrap();
    place.text("edit", json!({"patch": diff})).await;
    assert_eq!(content(&place.path("a.txt")), changed);
}

#[tokio::test]
async fn if_one_hunk_fits_nowhere_no_file_is_changed() {
    let place = Workplace::new();
    place.file("a.txt", "one\n");
    place.file("b.txt", "two\n");
    let error = place
        .error(
            "edit",
            patch(&[
                "*** Update File: a.txt",
                "-one",
                "+1",
                "*** Add File: new.txt",
                "+x",
                "*** Update File: b.txt",
                "-three",
                "+3",
            ]),
        )
        .await;
    assert!(
        error
            .to_string()
            .starts_with("b.txt: the text that begins with `three`"),
        "{error}"
    );
    assert_eq!(content(&place.path("a.txt")), "one\n");
    assert_eq!(place.names(""), ["a.txt", "b.txt"]);
}

#[cfg(unix)]
#[tokio::test]
async fn if_one_file_cannot_be_written_the_others_stay_as_they_were() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Workplace::new();
    place.file("a.txt", "one\n");
    place.file("b.txt", "two\n");
    fs::set_permissions(place.path("b.txt"), fs::Permissions::from_mode(0o444)).unwrap();
    let error = place
        .error(
            "edit",
            patch(&[
                "*** Update File: a.txt",
                "-one",
                "+1",
                "*** Update File: b.txt",
                "-two",
                "+2",
            ]),
        )
        .await;
    assert!(matches!(error, ToolError::ReadOnly { .. }), "{error}");
    assert_eq!(content(&place.path("a.txt")), "one\n");
    assert_eq!(place.names(""), ["a.txt", "b.txt"]);
}

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
