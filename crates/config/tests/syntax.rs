//! Text that is not TOML, or hardly: named with its place, and never more than an error.

#![cfg(test)]

use alipes_config::{ConfigError, Document, MAX_BYTES, SyntaxError};
use proptest::prelude::*;

fn syntax_error(text: &str) -> SyntaxError {
    match Document::parse("config.toml", text) {
        Err(ConfigError::Syntax(error)) => *error,
        other => panic!("expected a syntax error, got {other:?}"),
    }
}

#[test]
fn a_syntax_error_names_line_column_and_the_offending_line() {
    for (text, place, line) in [
        ("a = 1\nb = = 2\n", "config.toml:2:5", "b = = 2"),
        ("a = 1\r\nb = = 2\r\n", "config.toml:2:5", "b = = 2"),
        ("\u{feff}b = = 2\n", "config.toml:1:5", "b = = 2"),
        (
            "[model]\ndefault = \"a\"\ndefault = \"b\"\n",
            "config.toml:3:1",
            "default = \"b\"",
        ),
        ("[model]\n[model]\n", "config.toml:2:2", "[model]"),
        ("a = \"open\n", "config.toml:1:10", "a = \"open"),
    ] {
        let error = syntax_error(text);
        assert_eq!(
            (error.place.to_string().as_str(), error.line.as_str()),
            (place, line)
        );
        let message = format!("{place}: {}\n  {line}", error.message);
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn an_unquoted_key_is_not_repeated() {
    let error = syntax_error("api_key = sk-canary-canary-canary\n");
    assert!(
        !format!("{error} {error:?}").contains("canary-canary"),
        "{error}"
    );
}

#[test]
fn a_duplicate_key_is_an_error_in_every_spelling() {
    for text in [
        "a = 1\na = 2\n",
        "a = 1\n\"a\" = 2\n",
        "a.b = 1\n[a]\nb = 2\n",
        "[a]\n[a]\n",
        "a = { b = 1, b = 2 }\n",
    ] {
        assert_eq!(syntax_error(text).message, "duplicate key", "{text}");
    }
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow_the_stack() {
    let long_key = vec!["a"; 79].join(".");
    let braces = format!("{{ {long_key} = ").repeat(79);
    for text in [
        format!("a = {}", "[".repeat(10_000)),
        format!("a = {}{}", "[".repeat(10_000), "]".repeat(10_000)),
        format!("a = {}", "{ a = ".repeat(10_000)),
        format!("{} = 1", vec!["a"; 10_000].join(".")),
        format!("[{}]", vec!["a"; 10_000].join(".")),
        "[".repeat(MAX_BYTES),
        // Each kind of nesting within its own bound, multiplied.
        format!("[{long_key}]\n{long_key} = {braces}1{}", " }".repeat(79)),
    ] {
        let _ = Document::parse("config.toml", &text);
    }
    let error = syntax_error(&format!("{} = 1", vec!["a"; 10_000].join(".")));
    assert_eq!(error.to_string(), "config.toml: recursion limit");
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in "[\\[\\]{}=.,\"'#a1 \\r\\n\u{feff}ä-]{0,40}") {
        if let Ok(mut document) = Document::parse("config.toml", &text) {
            prop_assert_eq!(document.text(), text);
            let _ = document.set("a.b", 1);
        }
    }
}
