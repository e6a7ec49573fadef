//! `read_file` shows exact text, a bounded part of it, and says which.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};

use alipes_tools::ToolError;
use serde_json::json;

use crate::workplace::Workplace;

fn numbered(lines: usize) -> String {
    (1..=lines)
        .map(|number| format!("line {number}\n"))
        .collect()
}

#[tokio::test]
async fn a_small_file_is_shown_whole_and_exact() {
    let place = Workplace::new();
    place.file("a.txt", "one\r\n\ttwo  \nü\u{202e}\u{1b}[31m");
    let output = place
        .call("read_file", json!({"path": "a.txt"}))
        .await
        .unwrap();
    assert_eq!(
        output.text,
        "a.txt: all of 3 lines\none\r\n\ttwo  \nü\u{202e}\u{1b}[31m\n"
    );
    assert!(!output.truncated);
    place.file("empty", "");
    let text = place
        .text("read_file", json!({"path": "empty", "offset": null}))
        .await;
    assert_eq!(text, "empty: empty\n");
}

#[tokio::test]
async fn a_part_says_which_lines_of_how_many() {
    let place = Workplace::new();
    place.file("a.txt", numbered(57));
    let output = place
        .call(
            "read_file",
            json!({"path": "a.txt", "offset": 10, "limit": 2}),
        )
        .await
        .unwrap();
    assert_eq!(
        output.text,
        "a.txt: lines 10-11 of 57\nline 10\nline 11\n[more follows; continue with offset 12]\n"
    );
    assert!(output.truncated);
    let end = place
        .call("read_file", json!({"path": "a.txt", "offset": 57}))
        .await
        .unwrap();
    assert_eq!(end.text, "a.txt: lines 57-57 of 57\nline 57\n");
    assert!(!end.truncated);
}

#[tokio::test]
async fn an_offset_past_the_end_is_answered_with_the_length() {
    let place = Workplace::new();
    place.file("a.txt", numbered(5));
    for offset in [6, 7, 1_000_000] {
        let error = place
            .error("read_file", json!({"path": "a.txt", "offset": offset}))
            .await;
        assert_eq!(
            error.to_string(),
            format!("read_file: `offset` {offset} is past the end; the file has 5 lines")
        );
    }
}

#[tokio::test]
async fn at_most_2000_lines_or_64_kib_are_shown_at_once() {
    let place = Workplace::new();
    place.file("lines.txt", numbered(2_500).trim_end());
    let lines = place.text("read_file", json!({"path": "lines.txt"})).await;
    assert!(lines.starts_with("lines.txt: lines 1-2000 of 2500\n"));
    assert!(lines.ends_with("line 2000\n[more follows; continue with offset 2001]\n"));
    place.file("bytes.txt", format!("{}\n", "x".repeat(1_023)).repeat(100));
    let bytes = place.text("read_file", json!({"path": "bytes.txt"})).await;
    assert!(bytes.starts_with("bytes.txt: lines 1-64 of 100\n"));
    assert!(bytes.len() < 66 * 1024);
}

#[tokio::test]
async fn a_long_line_is_cut_and_says_so() {
    let place = Workplace::new();
    place.file("a.txt", format!("{}\nshort\n", "ü".repeat(1_000_000)));
    let output = place
        .call("read_file", json!({"path": "a.txt"}))
        .await
        .unwrap();
    assert!(output.truncated);
    assert!(
        output
            .text
            .contains("ü… [1996000 bytes of this line left out]\nshort\n")
    );
    assert!(output.text.ends_with("[1 line cut at 2000 characters]\n"));
}

#[tokio::test]
async fn a_huge_file_is_not_read_to_its_end() {
    let place = Workplace::new();
    place.file("huge.log", numbered(3_000));
    let mut file = File::options()
        .append(true)
        .open(place.path("huge.log"))
        .unwrap();
    // A hole: a terabyte by size, nothing on disk.
    file.set_len(1 << 40).unwrap();
    file.seek(SeekFrom::End(0)).unwrap();
    file.write_all(b"end\n").unwrap();
    let text = place
        .text("read_file", json!({"path": "huge.log", "limit": 1}))
        .await;
    assert_eq!(
        text,
        "huge.log: lines 1-1 of a file of 1099511627780 bytes\nline 1\n\
         [more follows; continue with offset 2]\n"
    );
}

#[tokio::test]
async fn a_line_without_end_is_given_up() {
    let place = Workplace::new();
    place.file("a.txt", "x".repeat(10_000));
    let file = File::options()
        .write(true)
        .open(place.path("a.txt"))
        .unwrap();
    file.set_len(1 << 40).unwrap();
    for offset in [1, 2] {
        let error = place
            .error("read_file", json!({"path": "a.txt", "offset": offset}))
            .await;
        assert!(matches!(error, ToolError::TooLarge { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_binary_file_is_named_with_its_size() {
    let place = Workplace::new();
    for (content, size) in [(b"\x7fELF\0\0".as_slice(), 6), (b"caf\xe9\n", 5)] {
        place.file("a.bin", content);
        let error = place.error("read_file", json!({"path": "a.bin"})).await;
        assert!(matches!(error, ToolError::Binary { size: found, .. } if found == size));
    }
}

#[tokio::test]
async fn odd_names_are_names() {
    let place = Workplace::new();
    for name in ["-rf", "new\nline", "sp ace", "a\\b", "ü", "$(id)"] {
        place.file(name, "odd");
        let text = place.text("read_file", json!({"path": name})).await;
        assert!(text.ends_with("all of 1 line\nodd\n"), "{name:?}: {text}");
        assert_eq!(text.lines().count(), 2, "{name:?}");
    }
}
