//! One value changes, every other byte stays.

#![cfg(test)]

use alipes_config::{ConfigError, Document, Literal, Obstacle};
use proptest::prelude::*;

/// The text after one edit.
fn edited(text: &str, key: &str, value: impl Into<Literal>) -> String {
    let mut document = Document::parse("config.toml", text).unwrap();
    document.set(key, value).unwrap();
    document.text().to_owned()
}

fn obstacle(text: &str, key: &str) -> Obstacle {
    let mut document = Document::parse("config.toml", text).unwrap();
    let error = document.set(key, 1).unwrap_err();
    assert_eq!(document.text(), text, "a failed edit changes nothing");
    match error {
        ConfigError::Unsettable { obstacle, .. } => obstacle,
        other => panic!("{other}"),
    }
}

#[test]
fn a_value_is_replaced_in_its_place() {
    for (text, key, expected) in [
        ("a = 1 # why\n", "a", "a = 9 # why\n"),
        (
            "\u{feff}a   =   1\r\nb = 2\r\n",
            "a",
            "\u{feff}a   =   9\r\nb = 2\r\n",
        ),
        (
            "[s]\n  k = \"\"\"\nlong\n\"\"\"\n# end",
            "s.k",
            "[s]\n  k = 9\n# end",
        ),
        ("s = { k = 1, l = 2 }", "s.l", "s = { k = 1, l = 9 }"),
        ("s.k = 1\n", "s.k", "s.k = 9\n"),
        ("[s]\nt.k = [\n 1, # one\n]\n", "s.t.k", "[s]\nt.k = 9\n"),
        (
            "[s.\"a.b\"]\nk = 1\n",
            "s.\"a.b\".k",
            "[s.\"a.b\"]\nk = 9\n",
        ),
        ("[s]\nk = { env = \"X\" }\n", "s.k", "[s]\nk = 9\n"),
    ] {
        assert_eq!(edited(text, key, 9), expected);
    }
}

#[test]
fn a_new_key_joins_its_siblings() {
    for (text, key, expected) in [
        ("", "k", "k = 9\n"),
        ("# top\n[s]\na = 1\n", "k", "k = 9\n# top\n[s]\na = 1\n"),
        ("\u{feff}[s]\r\n", "k", "\u{feff}k = 9\r\n[s]\r\n"),
        ("a = 1\n\n[s]\n", "k", "a = 1\nk = 9\n\n[s]\n"),
        ("[s] # s\n\n[t]\n", "s.k", "[s] # s\nk = 9\n\n[t]\n"),
        (
            "[s]\na = 1 # one\n\n[t]\nb = 2\n",
            "s.k",
            "[s]\na = 1 # one\nk = 9\n\n[t]\nb = 2\n",
        ),
        (
            "[s]\r\na = 1\r\n[t]\r\n",
            "s.k",
            "[s]\r\na = 1\r\nk = 9\r\n[t]\r\n",
        ),
        ("[s]\na = 1", "s.k", "[s]\na = 1\nk = 9\n"),
        (
            "[s]\na = 1\n[s.t]\nb = 2\n",
            "s.k",
            "[s]\na = 1\nk = 9\n[s.t]\nb = 2\n",
        ),
        (
            "[t]\nb = 2\n[s]\na = [\n1,\n]\n",
            "s.k",
            "[t]\nb = 2\n[s]\na = [\n1,\n]\nk = 9\n",
        ),
        ("s = {}\n", "s.k", "s = { k = 9 }\n"),
        ("s = { a = 1 } # s\n", "s.k", "s = { a = 1, k = 9 } # s\n"),
        ("s = { a = 1 }\n", "s.t.k", "s = { a = 1, t.k = 9 }\n"),
        (
            "s = { t.a = 1, b = 2 }\n",
            "s.t.k",
            "s = { t.a = 1, b = 2, t.k = 9 }\n",
        ),
        ("s.a = 1\nb = 2\n", "s.k", "s.a = 1\nb = 2\ns.k = 9\n"),
        ("s.a = 1\n", "s.t.k", "s.a = 1\ns.t.k = 9\n"),
        ("[s]\nt.a = 1\n", "s.t.k", "[s]\nt.a = 1\nt.k = 9\n"),
        ("[s]\n", "s.\"a b\"", "[s]\n\"a b\" = 9\n"),
    ] {
        assert_eq!(edited(text, key, 9), expected, "{key} in {text:?}");
    }
}

#[test]
fn a_new_table_goes_to_the_end() {
    for (text, key, expected) in [
        ("", "s.k", "[s]\nk = 9\n"),
        ("\u{feff}", "s.k", "\u{feff}[s]\nk = 9\n"),
        ("a = 1", "s.k", "a = 1\n\n[s]\nk = 9\n"),
        ("a = 1\n\n", "s.k", "a = 1\n\n[s]\nk = 9\n"),
        (
            "[p.a]\r\nb = 1\r\n",
            "p.c.k",
            "[p.a]\r\nb = 1\r\n\r\n[p.c]\r\nk = 9\r\n",
        ),
        ("[p.a]\nb = 1\n", "p.k", "[p.a]\nb = 1\n\n[p]\nk = 9\n"),
        (
            "[p]\na = 1\n",
            "p.\"x.y\".k",
            "[p]\na = 1\n\n[p.\"x.y\"]\nk = 9\n",
        ),
        (
            "[[l]]\na = 1\n# end\n",
            "s.t.k",
            "[[l]]\na = 1\n# end\n\n[s.t]\nk = 9\n",
        ),
    ] {
        assert_eq!(edited(text, key, 9), expected, "{key} in {text:?}");
    }
}

#[test]
fn every_kind_of_value_is_written() {
    let table = Literal::Table(vec![
        ("env".to_owned(), "K".into()),
        ("a b".to_owned(), 1.into()),
    ]);
    for (value, expected) in [
        (Literal::from("a \"b\"\n\\"), None),
        (Literal::from("gpt-x"), Some("k = \"gpt-x\"\n")),
        (Literal::from(true), Some("k = true\n")),
        (Literal::strings(["a", "b"]), Some("k = [\"a\", \"b\"]\n")),
        (Literal::List(Vec::new()), Some("k = []\n")),
        (table, Some("k = { env = \"K\", \"a b\" = 1 }\n")),
    ] {
        let text = edited("", "k", value);
        if let Some(expected) = expected {
            assert_eq!(text, expected);
        }
        Document::parse("config.toml", &text).unwrap();
    }
}

#[test]
fn what_cannot_be_set_is_refused_by_name() {
    for (text, key, expected) in [
        ("[s]\na = 1\n", "s", Obstacle::IsATable),
        ("[s.t]\na = 1\n", "s", Obstacle::IsATable),
        ("s = { t.a = 1 }\n", "s.t", Obstacle::IsATable),
        (
            "[s]\na = 1\n",
            "s.a.k",
            Obstacle::NotATable("s.a".to_owned()),
        ),
        ("[[s]]\na = 1\n", "s.k", Obstacle::NotATable("s".to_owned())),
        ("[[s]]\na = 1\n", "s", Obstacle::NotATable("s".to_owned())),
        ("", "", Obstacle::NotAKey),
        ("", "a b", Obstacle::NotAKey),
        ("", "a..b", Obstacle::NotAKey),
        ("", "a\n= 1\nb", Obstacle::NotAKey),
    ] {
        assert_eq!(obstacle(text, key), expected, "{key:?} in {text:?}");
    }
}

#[test]
fn a_value_that_would_make_the_file_too_large_is_refused() {
    let mut document = Document::parse("config.toml", "a = 1\n").unwrap();
    let error = document
        .set("b", "x".repeat(alipes_config::MAX_BYTES))
        .unwrap_err();
    assert!(matches!(error, ConfigError::TooLarge { .. }), "{error}");
    assert_eq!(document.text(), "a = 1\n");
}

/// A line of a file: comments, blank lines, keys in every spelling, headers, both line ends.
fn line() -> impl Strategy<Value = String> {
    let content = prop_oneof![
        Just(String::new()),
        Just("  # a comment with = and [x]".to_owned()),
        "(a|b|c|s\\.a|s\\.b|t\\.u\\.a) ?= (1|\"x\"|\\[1, 2\\]|\\{ a = 1 \\}|\\{\\}) *(#.?)?",
        "\\[(s|t|s\\.t|t\\.u|\"s\\.t\")\\] ?",
        "\\[\\[(l|s\\.l)\\]\\]",
    ];
    (content, prop_oneof![Just("\n"), Just("\r\n")]).prop_map(|(content, end)| content + end)
}

fn key() -> impl Strategy<Value = String> {
    "(a|b|s|t|l|s\\.a|s\\.n|s\\.t\\.a|t\\.u\\.n|n\\.m\\.o|\"s\\.t\"\\.n|s\\.a\\.a)"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn an_edit_keeps_all_other_bytes_and_can_be_read_back(
        lines in prop::collection::vec(line(), 0..8),
        final_newline in any::<bool>(),
        key in key(),
    ) {
        let mut text = lines.concat();
        if !final_newline {
            text.truncate(text.trim_end().len());
        }
        let Ok(mut document) = Document::parse("config.toml", &text) else {
            return Ok(());
        };
        match document.set(&key, 987_654_321) {
            Ok(()) => {}
            Err(ConfigError::Unsettable { obstacle, .. }) => {
                prop_assert_ne!(obstacle, Obstacle::NoPlace, "{} in {:?}", key, text);
                return Ok(());
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
        let edited = document.text().to_owned();
        let kept = common(text.bytes(), edited.bytes());
        let kept = kept + common(text[kept..].bytes().rev(), edited[kept..].bytes().rev());
        // All of the old text survives around the edit, but for the one value it replaced.
        prop_assert!(text.len() - kept <= "{ a = 1 }".len(), "{:?} became {:?}", text, edited);

        // Setting it again finds the value and replaces it by itself.
        document.set(&key, 987_654_321).unwrap();
        prop_assert_eq!(document.text(), &edited);
        prop_assert_eq!(edited.matches("987654321").count(), 1);
    }
}

fn common(left: impl Iterator<Item = u8>, right: impl Iterator<Item = u8>) -> usize {
    left.zip(right)
        .take_while(|(left, right)| left == right)
        .count()
}

/// The text without one table.
fn without(text: &str, key: &str) -> Result<String, ConfigError> {
    let mut document = Document::parse("config.toml", text).unwrap();
    document.remove(key)?;
    Ok(document.text().to_owned())
}

#[test]
fn a_table_goes_with_what_is_beneath_it_and_nothing_else() {
    for (text, expected) in [
        ("[p.a]\nk = 1\n", ""),
        ("x = 1\n\n[p.a]\nk = 1\n", "x = 1\n"),
        (
            "# top\n[p.a]\nk = 1 # why\n\n# of b\n[p.b]\nk = 2",
            "# top\n# of b\n[p.b]\nk = 2",
        ),
        (
            "[p.b]\n[p.a]\nk = 1\n[p.a.endpoint]\nl = 2\n\n[m]\n",
            "[p.b]\n[m]\n",
        ),
        (
            "[p.a.endpoint]\nl = 2\n[m]\nx = 1\n[p.a]\nk = 1\n",
            "[m]\nx = 1\n",
        ),
        (
            "[p.ab]\nk = 1\n[p.b.a]\nk = 1\n",
            "[p.ab]\nk = 1\n[p.b.a]\nk = 1\n",
        ),
        ("[m]\r\n\r\n[p.a]\r\nk = 1\r\n", "[m]\r\n"),
        ("\u{feff}[p.a]\nk = 1\n", "\u{feff}"),
        ("[p.a]\nk = \"\"\"\n# no comment\n\"\"\"\n[m]\n", "[m]\n"),
        (
            "[p.a]\nk = 1\n  # of m\n# two\n[m]\n",
            "  # of m\n# two\n[m]\n",
        ),
    ] {
        assert_eq!(without(text, "p.a").unwrap(), expected, "{text:?}");
    }
}

#[test]
fn a_table_without_a_header_of_its_own_is_left_to_its_owner() {
    for text in [
        "p.a.k = 1\n",
        "p = { a = { k = 1 } }\n",
        "[p]\na = { k = 1 }\n",
        "[p]\na.k = 1\n",
    ] {
        let error = without(text, "p.a").unwrap_err().to_string();
        assert!(error.contains("edit it by hand"), "{error}");
    }
}

#[test]
fn what_is_set_and_removed_again_leaves_the_file_as_it_was() {
    for text in [
        "",
        "[m]\nx = 1\n",
        "# only a comment\n",
        "[p.b]\nk = 1\n\n# end\n",
    ] {
        let mut document = Document::parse("config.toml", text).unwrap();
        document.set("p.\"a.c\".k", 1).unwrap();
        document.set("p.\"a.c\".l", "m").unwrap();
        document.remove("p.\"a.c\"").unwrap();
        assert_eq!(document.text(), text);
    }
}
