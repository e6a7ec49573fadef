//! `list_files` and `search` find what is there, in order, and say what they left out.

use std::fs::File;
use std::time::Duration;

use alipes_base::Deadline;
use alipes_tools::ToolError;
use serde_json::json;

use crate::workplace::Workplace;

fn project() -> Workplace {
    let place = Workplace::new();
    place.file(".gitignore", "/target/\n*.log\n!keep.log\n");
    place.file(".hidden/a.rs", "needle");
    place.file("src/b.rs", "fn b() {}\n// needle\n");
    place.file("src/a/mod.rs", "mod Needle;\n");
    place.file("src/a/.gitignore", "generated.rs\n!loud.log\n");
    place.file("src/a/generated.rs", "needle");
    place.file("src/a/loud.log", "needle");
    place.file("target/out.rs", "needle");
    place.file("trace.log", "needle");
    place.file("keep.log", "a.b");
    place
}

#[tokio::test]
async fn a_listing_is_sorted_and_leaves_out_what_is_hidden_or_ignored() {
    let place = project();
    let output = place.call("list_files", json!({"depth": 3})).await.unwrap();
    assert_eq!(
        output.text,
        ".: 6 items\nkeep.log (3)\nsrc/\nsrc/a/\nsrc/a/loud.log (6)\nsrc/a/mod.rs (12)\nsrc/b.rs (20)\n"
    );
    assert!(!output.truncated);
    let shallow = place.text("list_files", json!({"depth": 1})).await;
    assert_eq!(shallow, ".: 2 items\nkeep.log (3)\nsrc/\n");
    let below = place.text("list_files", json!({"path": "src/a"})).await;
    assert_eq!(
        below,
        "src/a: 2 items\nsrc/a/loud.log (6)\nsrc/a/mod.rs (12)\n"
    );
}

#[tokio::test]
async fn what_is_asked_for_by_name_is_listed_even_if_hidden_or_ignored() {
    let place = project();
    let ignored = place.text("list_files", json!({"path": "target"})).await;
    assert_eq!(ignored, "target: 1 item\ntarget/out.rs (6)\n");
    let hidden = place.text("list_files", json!({"path": ".hidden"})).await;
    assert_eq!(hidden, ".hidden: 1 item\n.hidden/a.rs (6)\n");
}

#[tokio::test]
async fn a_long_listing_says_how_many_were_left_out() {
    let place = Workplace::new();
    for number in 0..620 {
        place.file(&format!("many/{number:04}"), "");
    }
    let output = place.call("list_files", json!({})).await.unwrap();
    assert!(output.truncated);
    assert!(
        output
            .text
            .starts_with(".: 500 items\nmany/\nmany/0000 (0)\n")
    );
    assert!(
        output
            .text
            .contains("many/0498 (0)\n[121 more items left out;")
    );
}

#[tokio::test]
async fn a_name_with_a_line_feed_stays_on_its_line() {
    let place = Workplace::new();
    place.file("a\nfake.txt (99)", "needle");
    let listed = place.text("list_files", json!({})).await;
    assert_eq!(listed, ".: 1 item\na\\nfake.txt (99) (6)\n");
    let found = place.text("search", json!({"pattern": "needle"})).await;
    assert!(
        found.ends_with("\na\\nfake.txt (99):1: needle\n"),
        "{found}"
    );
}

#[tokio::test]
async fn search_gives_path_line_and_text() {
    let place = project();
    let output = place
        .call("search", json!({"pattern": "(?i)needle"}))
        .await
        .unwrap();
    assert_eq!(
        output.text,
        "3 matching lines in 4 files searched\nsrc/a/loud.log:1: needle\nsrc/a/mod.rs:1: mod Needle;\nsrc/b.rs:2: // needle\n"
    );
    assert!(!output.truncated);
}

#[tokio::test]
async fn search_takes_literals_case_globs_and_single_files() {
    let place = project();
    let cases = [
        (
            json!({"pattern": "A.B", "literal": true, "ignore_case": true}),
            "keep.log:1: a.b\n",
        ),
        (
            json!({"pattern": "needle", "glob": "*.rs"}),
            "src/b.rs:2: // needle\n",
        ),
        (
            json!({"pattern": "needle", "glob": "!src/a"}),
            "src/b.rs:2: // needle\n",
        ),
        (
            json!({"pattern": "needle", "glob": "src/*.rs"}),
            "src/b.rs:2: // needle\n",
        ),
        (
            json!({"pattern": "needle", "path": "trace.log"}),
            "trace.log:1: needle\n",
        ),
        (
            json!({"pattern": "needle", "path": ".hidden"}),
            ".hidden/a.rs:1: needle\n",
        ),
    ];
    for (input, expected) in cases {
        let text = place.text("search", input.clone()).await;
        let (heading, lines) = text.split_once('\n').unwrap();
        assert!(
            heading.starts_with("1 matching line in "),
            "{input}: {text}"
        );
        assert_eq!(lines, expected, "{input}");
    }
}

#[tokio::test]
async fn search_shows_at_most_200_lines_and_says_so() {
    let place = Workplace::new();
    place.file("a.txt", "needle\n".repeat(150));
    place.file("b.txt", "needle\n".repeat(50));
    let whole = place
        .call("search", json!({"pattern": "needle"}))
        .await
        .unwrap();
    assert!(
        whole
            .text
            .starts_with("200 matching lines in 2 files searched\n")
            && !whole.truncated
    );
    place.file("c.txt", "needle\n");
    let cut = place
        .call("search", json!({"pattern": "needle"}))
        .await
        .unwrap();
    assert!(cut.truncated);
    assert!(cut.text.ends_with(
        "b.txt:50: needle\n[stopped after 200 matching lines; narrow the pattern, path or glob]\n"
    ));
}

#[tokio::test]
async fn search_passes_over_binary_and_very_large_files() {
    let place = Workplace::new();
    place.file("a.bin", "needle\0needle\n");
    place.file("large.txt", "needle\n");
    File::options()
        .write(true)
        .open(place.path("large.txt"))
        .and_then(|file| file.set_len(17 << 20))
        .unwrap();
    let text = place.text("search", json!({"pattern": "needle"})).await;
    assert_eq!(
        text,
        "0 matching lines in 1 file searched\n[1 file over 16 MiB skipped]\n"
    );
}

#[tokio::test]
async fn a_pattern_that_is_no_good_is_answered_with_the_reason() {
    let place = Workplace::new();
    let cases = [
        (
            json!({"pattern": "(unclosed"}),
            "search: `pattern` is no good: ",
        ),
        (json!({"pattern": "a\nb"}), "search: `pattern` is no good: "),
        (
            json!({"pattern": "((a{1000}){1000}){1000}"}),
            "search: `pattern` is no good: ",
        ),
        (
            json!({"pattern": ""}),
            "search: `pattern` must have 1 to 4096 bytes",
        ),
        (
            json!({"pattern": "x".repeat(5_000)}),
            "search: `pattern` must have 1 to 4096 bytes",
        ),
        (
            json!({"pattern": "x", "glob": "a["}),
            "search: `glob` is no good: ",
        ),
        (
            json!({"path": "x"}),
            "search: the field `pattern` is missing",
        ),
    ];
    for (input, expected) in cases {
        let error = place.error("search", input).await.to_string();
        assert!(error.starts_with(expected), "{error}");
        assert!(error.len() < 600 && !error.contains('\n'), "{error}");
    }
}

#[tokio::test]
async fn a_limit_that_has_passed_ends_a_walk_with_what_there_is() {
    let mut place = project();
    place.context.deadline = Deadline::after(&place.context.clock, "turn", Duration::ZERO);
    for (tool, input) in [
        ("list_files", json!({})),
        ("search", json!({"pattern": "needle"})),
    ] {
        let output = place.call(tool, input).await.unwrap();
        assert!(output.truncated);
        assert!(
            output
                .text
                .contains("[stopped early: the limit turn of 0ns has passed;"),
            "{}",
            output.text
        );
    }
    let error = place.error("read_file", json!({"path": "src/b.rs"})).await;
    assert!(matches!(error, ToolError::TimedOut { expired, .. } if expired.limit == "turn"));
}
