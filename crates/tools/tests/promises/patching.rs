//! `edit` with a patch changes every file that it names, or none, and of each only what is meant.

use std::fs;

use alipes_tools::ToolError;
use serde_json::json;

use crate::editing::{patch, replace};
use crate::workplace::{Workplace, content};

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
async fn what_a_diff_deletes_held_what_it_says_and_nothing_else() {
    let place = Workplace::new();
    let diff = |lines: &str| {
        let head =
            "diff --git a/a.txt b/a.txt\ndeleted file mode 100644\n--- a/a.txt\n+++ /dev/null\n";
        json!({"patch": format!("{head}@@ -1,2 +0,0 @@\n{lines}")})
    };
    place.file("a.txt", "one\ntwo\n");
    for (lines, why) in [
        ("-something else\n", "does not stand there"),
        ("-one\n", "more stands there than the patch removes"),
    ] {
        let error = place.error("edit", diff(lines)).await.to_string();
        assert!(error.contains(why), "{error}");
        assert_eq!(content(&place.path("a.txt")), "one\ntwo\n");
    }
    let text = place.text("edit", diff("-one\n-two\n")).await;
    assert!(text.starts_with("deleted a.txt\n"), "{text}");
    assert!(place.names("").is_empty());
}

#[tokio::test]
async fn what_git_copies_or_makes_a_program_is_refused_by_name_and_nothing_is_lost() {
    let place = Workplace::new();
    place.file("a.txt", "one\n");
    let body = "@@ -1 +1 @@\n-one\n+two\n";
    let copy = format!(
        "diff --git a/a.txt b/b.txt\nsimilarity index 50%\ncopy from a.txt\ncopy to b.txt\n\
        --- a/a.txt\n+++ b/b.txt\n{body}"
    );
    let program = "diff --git a/b.sh b/b.sh\nnew file mode 100755\n--- /dev/null\n+++ b/b.sh\n@@ -0,0 +1 @@\n+x\n";
    for (patch, why) in [(copy.as_str(), "copied"), (program, "file modes")] {
        let error = place.error("edit", json!({"patch": patch})).await;
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(place.names(""), ["a.txt"]);
    }
}

#[tokio::test]
async fn a_name_in_gits_quotes_is_the_name() {
    let place = Workplace::new();
    let diff = r#"diff --git "a/\303\274.txt" "b/\303\274.txt"
new file mode 100644
--- /dev/null
+++ "b/\303\274.txt"
@@ -0,0 +1 @@
+one
"#;
    place.text("edit", json!({"patch": diff})).await;
    assert_eq!(place.names(""), ["\u{fc}.txt"]);
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
async fn what_is_said_to_end_the_file_ends_it_also_behind_an_anchor() {
    let place = Workplace::new();
    place.file("a.rs", "fn x() {\n    one();\n}\n");
    let lines = [
        "*** Update File: a.rs",
        "@@ fn x() {",
        "+// tail",
        "*** End of File",
    ];
    place.text("edit", patch(&lines)).await;
    let text = content(&place.path("a.rs"));
    assert_eq!(text, "fn x() {\n    one();\n}\n// tail\n");
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_refused_leaves_no_new_folder_behind() {
    let place = Workplace::new();
    place.file("a.txt", "a\n");
    let path = place.path("a.txt");
    let mut mode = fs::metadata(&path).unwrap().permissions();
    mode.set_readonly(true);
    fs::set_permissions(&path, mode).unwrap();
    let lines = [
        "*** Add File: new/b.txt",
        "+b",
        "*** Update File: a.txt",
        "@@",
        "-a",
        "+A",
    ];
    let error = place.error("edit", patch(&lines)).await;
    assert!(matches!(error, ToolError::ReadOnly { .. }), "{error}");
    assert_eq!(place.names(""), ["a.txt"]);
}
