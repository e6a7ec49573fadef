//! What a file says is read, and what it misspells is named.

use alipes_config::Document;

use super::*;

const FILE: &str = r#"
[providers.work]
base_url = "https://models.example/v1"
dialect = "responses"
profile = "openai-codex"
routes = ["websocket", "sse"]
api_key = { env = "WORK_KEY" }
models = ["gpt-x"]

[providers.home]
base_url = "http://127.0.0.1:8080/v1"

[model]
default = "work/gpt-x"
fallback = ["home/m"]
auxiliary = "home/small"
context_window = 200000
reasoning = "high"
"#;

#[test]
fn the_documented_file_reads() {
    let document = Document::parse("config.toml", FILE).unwrap();
    let providers: ProvidersSection = document.section().unwrap();
    let [(work, first), (home, second)] = providers.0.as_slice() else {
        panic!("two providers");
    };
    assert_eq!((work.as_str(), home.as_str()), ("work", "home"));
    assert_eq!(
        first.api_key,
        Some(KeySetting::Variable("WORK_KEY".to_owned()))
    );
    assert_eq!(
        (first.profile, first.routes.as_ref().map(Vec::len)),
        (Some("openai-codex"), Some(2))
    );
    assert_eq!((second.profile, second.dialect), (None, None));
    let model: ModelSection = document.section().unwrap();
    assert_eq!(model.default.unwrap().value.to_string(), "work/gpt-x");
    assert_eq!(model.auxiliary.unwrap().to_string(), "home/small");
    assert_eq!(model.context_window, Some(200_000));
    assert_eq!(model.reasoning, Some(Effort::High));
}

#[test]
fn mistakes_are_named_with_the_nearest_right_name() {
    let table = [
        ("[providers.w]\nbase_urll = \"https://h\"", "did you mean"),
        (
            "[providers.w]\nbase_url = \"https://h\"\ndialect = \"respones\"",
            "\"responses\"",
        ),
        (
            "[providers.w]\nbase_url = \"https://h\"\nprofile = \"openai-codx\"",
            "openai-codex",
        ),
        (
            "[providers.w]\nbase_url = \"https://h\"\nroutes = [\"websockt\"]",
            "websocket",
        ),
        ("[providers.w]\nbase_url = \"ftp://h\"", "http, https"),
        (
            "[providers.w]\nbase_url = \"https://h\"\napi_key = {}",
            "either",
        ),
        (
            "[providers.openai]\napi_key = { env = \"A\" }\naccounts.b = { env = \"B\" }",
            "one of the accounts",
        ),
        (
            "[providers.openai.accounts]\n\"a b\" = { env = \"B\" }",
            "letters, digits",
        ),
        ("[providers.openai.accounts.b]\nlogn = \"B\"", "\"login\""),
        (
            "[providers.openai]\nstrategy = \"least-use\"",
            "\"least-used\"",
        ),
        (
            "[providers.w]\nbase_url = \"https://h\"\nroutes = []",
            "at least one",
        ),
        ("[providers.w]\nlike = \"opnrouter\"", "\"openrouter\""),
        (
            "[providers.w]\nlike = \"custom\"",
            "missing key \"base_url\"",
        ),
        (
            "[providers.openai]\nreasoning = \"hard\"",
            "one of: none, minimal",
        ),
        ("[providers.w]\n", "missing key \"base_url\""),
        (
            "[providers.azure]\nmodels = [\"m\"]",
            "missing key \"base_url\"",
        ),
        ("[providers.openai]\nauth = \"baerer\"", "\"bearer\""),
        (
            "[providers.openai]\nkey_varible = \"A\"",
            "\"key_variable\"",
        ),
        (
            "[providers.openai]\nkey_variable = \"A B\"",
            "name of a variable",
        ),
        (
            "[providers.openai]\nmodels_path = \"m?a=b\"",
            "a path beneath",
        ),
        (
            "[providers.anthropic]\nanthropic_version = \"a\\nb\"",
            "a date",
        ),
    ];
    for (text, hint) in table {
        let document = Document::parse("config.toml", text).unwrap();
        let error = document
            .section::<ProvidersSection>()
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(hint) && error.contains("config.toml:"),
            "{text}: {error}"
        );
    }
}
