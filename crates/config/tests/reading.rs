//! What a room gets from its section, and what a person is told when something in it is wrong.

#![cfg(test)]

use std::path::PathBuf;

use alipes_config::{
    Checked, ConfigError, Document, Field, Origin, ProblemKind, Reader, Section, Value,
};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Dialect {
    Responses,
    Chat,
}

const DIALECTS: &[(&str, Dialect)] = &[("responses", Dialect::Responses), ("chat", Dialect::Chat)];

const ROUTES: &[(&str, u8)] = &[("websocket", 1), ("sse", 2)];

#[derive(Debug, PartialEq)]
enum Key {
    Environment(String),
    File(PathBuf),
}

#[derive(Debug, PartialEq)]
struct Provider {
    base_url: String,
    dialect: Dialect,
    routes: Vec<u8>,
    models: Vec<String>,
    retries: i64,
    compress: bool,
    api_key: Option<Key>,
}

#[derive(Debug)]
struct Providers(Vec<(String, Provider)>);

#[derive(Debug, PartialEq)]
struct Model {
    default: Option<Value<String>>,
}

impl Section for Providers {
    const NAME: &'static str = "providers";

    fn read(mut reader: Reader<'_>) -> Checked<Self> {
        let providers = reader.tables(read_provider);
        reader.finish(|| Some(Self(providers)))
    }
}

impl Section for Model {
    const NAME: &'static str = "model";

    fn read(mut reader: Reader<'_>) -> Checked<Self> {
        let default = reader.optional("default").with_origin(Field::string);
        reader.finish(|| Some(Self { default }))
    }
}

fn read_provider(mut reader: Reader<'_>) -> Checked<Provider> {
    let is_address = |text: &str| text.starts_with("https://").then(|| text.to_owned());
    let base_url = reader
        .required("base_url")
        .parsed("an https address", is_address);
    let dialect = reader.required("dialect").one_of(DIALECTS);
    let routes = reader
        .optional("routes")
        .each_of(ROUTES)
        .unwrap_or_default();
    let models = reader.optional("models").strings().unwrap_or_default();
    let retries = reader.optional("retries").integer(0..=9).unwrap_or(3);
    let compress = reader.optional("compress").boolean().unwrap_or(true);
    let api_key = reader.optional("api_key").table(read_key);
    reader.finish(|| {
        Some(Provider {
            base_url: base_url?,
            dialect: dialect?,
            routes,
            models,
            retries,
            compress,
            api_key,
        })
    })
}

fn read_key(mut reader: Reader<'_>) -> Checked<Key> {
    let environment = reader.optional("env").string();
    let file = reader.optional("file").path();
    if environment.is_some() == file.is_some() {
        reader.refuse("needs either env or file");
    }
    reader.finish(|| environment.map(Key::Environment).or(file.map(Key::File)))
}

/// What a person reads about the providers in this text.
fn complaint(text: &str) -> String {
    let document = Document::parse("config.toml", text).unwrap();
    document.section::<Providers>().unwrap_err().to_string()
}

#[test]
fn a_section_arrives_in_the_types_of_its_room() {
    let text = r#"
[providers.work]
base_url = "https://example.com/v1"
dialect = "responses"
routes = ["websocket", "sse"]
models = ["gpt-x"]
retries = 5
compress = false
api_key = { file = "key.txt" }

[providers."my.host"]
base_url = "https://example.org"
dialect = "chat"
[providers."my.host".api_key]
env = "WORK_KEY"
"#;
    let document = Document::parse("/etc/alipes/config.toml", text).unwrap();
    let Providers(providers) = document.section().unwrap();
    let names: Vec<&str> = providers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["work", "my.host"]);
    assert_eq!(
        providers[0].1,
        Provider {
            base_url: "https://example.com/v1".to_owned(),
            dialect: Dialect::Responses,
            routes: vec![1, 2],
            models: vec!["gpt-x".to_owned()],
            retries: 5,
            compress: false,
            api_key: Some(Key::File(PathBuf::from("/etc/alipes/key.txt"))),
        }
    );
    assert_eq!(
        providers[1].1.api_key,
        Some(Key::Environment("WORK_KEY".to_owned()))
    );
    assert_eq!(providers[1].1.retries, 3);
}

#[test]
fn each_mistake_is_told_with_its_place_and_the_nearest_right_name() {
    for (line, expected) in [
        (
            "model = [\"gpt-x\"]",
            "config.toml:4:1: unknown key \"model\" in [providers.work]; did you mean \"models\"?",
        ),
        (
            "temperature = 1",
            "config.toml:4:1: unknown key \"temperature\" in [providers.work]",
        ),
        (
            "routes = 7",
            "config.toml:4:10: routes must be a list of strings, found an integer",
        ),
        (
            "routes = [\"sse\", 7]",
            "config.toml:4:18: item of routes must be a string, found an integer",
        ),
        (
            "routes = [\"websockt\"]",
            "config.toml:4:11: unknown item of routes \"websockt\"; did you mean \"websocket\"? \
             (one of: websocket, sse)",
        ),
        (
            "models = { a = 1 }",
            "config.toml:4:10: models must be a list of strings, found a table",
        ),
        (
            "compress = \"yes\"",
            "config.toml:4:12: compress must be a boolean, found a string",
        ),
        (
            "retries = 1.5",
            "config.toml:4:11: retries must be an integer, found a float",
        ),
        (
            "retries = 10",
            "config.toml:4:11: retries must be from 0 to 9",
        ),
        (
            "api_key = \"k\"",
            "config.toml:4:11: api_key must be a table, found a string",
        ),
        (
            "api_key = { evn = \"K\" }",
            "config.toml:4:13: unknown key \"evn\" in [providers.work.api_key]; did you mean \"env\"?",
        ),
        (
            "api_key = { file = \"\" }",
            "config.toml:4:20: file must be a path",
        ),
        (
            "api_key = { env = \"K\", file = \"k\" }",
            "config.toml:4:11: [providers.work.api_key] needs either env or file",
        ),
        (
            "[[providers.other]]\na = 1",
            "config.toml:4:1: other must be a table, found a list of tables",
        ),
        (
            "[providers.\"a b\"]\nbase_url = \"https://x\"",
            "config.toml:4:1: missing key \"dialect\" in [providers.\"a b\"]",
        ),
    ] {
        let text = "[providers.work]\nbase_url = \"https://example.com\"\ndialect = \"chat\"\n";
        assert_eq!(complaint(&format!("{text}{line}\n")), expected, "{line}");
    }
}

#[test]
fn a_misspelt_required_key_is_one_mistake() {
    let text = "[providers.work]\ndialect = \"chat\"\nbase_urll = \"https://example.com\"\n";
    let expected = "config.toml:3:1: unknown key \"base_urll\" in [providers.work]; \
                    did you mean \"base_url\"?";
    assert_eq!(complaint(text), expected);
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let text = "[providers.work]\nx = 1\ndialect = \"respones\"\n\n[providers.other]\n\
                base_url = \"http://example.com\"\n";
    assert_eq!(
        complaint(text),
        "config.toml:1:1: missing key \"base_url\" in [providers.work]\n\
         config.toml:2:1: unknown key \"x\" in [providers.work]\n\
         config.toml:3:11: unknown dialect \"respones\"; did you mean \"responses\"? \
         (one of: responses, chat)\n\
         config.toml:5:1: missing key \"dialect\" in [providers.other]\n\
         config.toml:6:12: base_url must be an https address"
    );
}

#[test]
fn very_many_mistakes_are_counted_and_not_all_spelt_out() {
    let text: String = (0..1_000)
        .map(|index| format!("providers.p{index} = 1\n"))
        .collect();
    let complaint = complaint(&text);
    assert_eq!(complaint.lines().count(), 21);
    assert_eq!(complaint.lines().last(), Some("and 980 more"));
}

#[test]
fn a_section_that_is_not_a_table_is_a_named_mistake() {
    let expected = "config.toml:1:13: providers must be a table, found a boolean";
    assert_eq!(complaint("providers = true\n"), expected);
}

#[test]
fn an_absent_section_is_read_as_an_empty_one() {
    #[derive(Debug)]
    struct Needy;
    impl Section for Needy {
        const NAME: &'static str = "needy";
        fn read(mut reader: Reader<'_>) -> Checked<Self> {
            let key = reader.required("key").string();
            reader.finish(|| key.map(|_| Self))
        }
    }
    let document = Document::parse("config.toml", "").unwrap();
    assert_eq!(
        document.section::<Model>().unwrap(),
        Model { default: None }
    );
    let error = document.section::<Needy>().unwrap_err().to_string();
    assert_eq!(error, "config.toml: missing key \"key\" in [needy]");
}

#[test]
fn a_room_that_builds_nothing_without_a_reason_is_still_an_error() {
    #[derive(Debug)]
    struct Silent;
    impl Section for Silent {
        const NAME: &'static str = "silent";
        fn read(reader: Reader<'_>) -> Checked<Self> {
            reader.finish(|| None)
        }
    }
    let document = Document::parse("config.toml", "[silent]\n").unwrap();
    let error = document.section::<Silent>().unwrap_err().to_string();
    assert_eq!(error, "config.toml:1:1: [silent] is not complete");
}

#[test]
fn a_value_knows_its_file_and_line() {
    let document = Document::parse("config.toml", "\n[model]\ndefault = \"a/b\"\n").unwrap();
    let model: Model = document.section().unwrap();
    let origin = Origin::File {
        path: PathBuf::from("config.toml"),
        line: 3,
    };
    let value = "a/b".to_owned();
    assert_eq!(model.default, Some(Value { value, origin }));
}

#[test]
fn an_unknown_top_level_name_is_told_with_the_nearest_section() {
    let text = "colour = 1\n[provider.work]\na = 1\n[model]\n";
    let document = Document::parse("config.toml", text).unwrap();
    let error = document
        .check_sections(&["providers", "model"])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "config.toml:1:1: unknown section [colour]\n\
         config.toml:2:2: unknown section [provider]; did you mean [providers]?"
    );
    document
        .check_sections(&["provider", "model", "colour"])
        .unwrap();
}

#[test]
fn problems_can_be_told_apart_without_their_text() {
    let document = Document::parse("config.toml", "[model]\ndefautl = 1\n").unwrap();
    let Err(ConfigError::Invalid(problems)) = document.section::<Model>() else {
        panic!("a wrong section was read");
    };
    let kinds: Vec<&ProblemKind> = problems.iter().map(|problem| &problem.kind).collect();
    let [ProblemKind::UnknownKey { nearest, .. }] = kinds[..] else {
        panic!("other problems: {problems}");
    };
    assert_eq!(nearest.as_deref(), Some("default"));
}

#[test]
fn values_under_names_of_ones_own_come_in_the_order_of_the_file() {
    #[derive(Debug)]
    struct Ages(Vec<(String, i64)>);
    impl Section for Ages {
        const NAME: &'static str = "ages";
        fn read(mut reader: Reader<'_>) -> Checked<Self> {
            let ages = reader.entries(|field| field.integer(0..=200));
            reader.finish(|| Some(Self(ages)))
        }
    }
    let read = |text| {
        let document = Document::parse("config.toml", text).unwrap();
        document.section::<Ages>()
    };
    let ages = read("[ages]\nzoe = 3\n\"old man\" = 90\n").unwrap().0;
    assert_eq!(ages, [("zoe".to_owned(), 3), ("old man".to_owned(), 90)]);
    assert_eq!(alipes_config::quoted_key("old man"), "\"old man\"");
    let error = read("[ages]\nzoe = true\n").unwrap_err().to_string();
    assert!(error.contains("zoe must be an integer"), "{error}");
}
