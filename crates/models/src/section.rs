//! The sections `[providers.NAME]` and `[model]` of the configuration.

use std::path::PathBuf;

use alipes_config::{Checked, Field, Reader, Section, Value};
use alipes_transport::{BUILTIN_PROFILES, Endpoint, ProfileLayer, Route};
use alipes_wire::Dialect;

use crate::{ModelName, OPENAI_CODEX};

/// All of `[providers.NAME]`, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct ProvidersSection(pub Vec<(String, ProviderSection)>);

/// One `[providers.NAME]`.
#[derive(Clone, Debug, Default)]
pub struct ProviderSection {
    /// Where it is.
    pub base_url: String,
    /// What it speaks.
    pub dialect: Dialect,
    /// An endpoint profile by name; `None`: by host.
    pub profile: Option<&'static str>,
    /// `[providers.NAME.endpoint]`: single fields of the profile, replaced.
    pub endpoint: ProfileLayer,
    /// The routes to use, best first; `None`: the profile's.
    pub routes: Option<Vec<Route>>,
    /// Where its key is; `None`: it needs none.
    pub api_key: Option<KeySetting>,
    /// The models it offers; empty: any.
    pub models: Vec<String>,
}

/// `api_key = { env = "NAME" }`, `{ file = "PATH" }` or `{ login = "NAME" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySetting {
    /// The variable's name.
    Variable(String),
    /// The file; a relative path is beneath the configuration's folder.
    File(PathBuf),
    /// The sign-in of this name (`alipes login`), instead of a key.
    Login(String),
    /// `ALIPES_API_KEY`, where it is set: for an address that came from a flag.
    IfSet,
}

/// `[model]`.
#[derive(Clone, Debug, Default)]
pub struct ModelSection {
    /// The model to use when none is named.
    pub default: Option<Value<ModelName>>,
    /// The models to try after it, in order.
    pub fallback: Vec<ModelName>,
}

impl Section for ProvidersSection {
    const NAME: &'static str = "providers";

    fn read(mut reader: Reader<'_>) -> Checked<Self> {
        let providers = reader.tables(read_provider);
        reader.finish(|| Some(Self(providers)))
    }
}

fn read_provider(mut reader: Reader<'_>) -> Checked<ProviderSection> {
    let base_url = reader
        .required("base_url")
        .parsed("an http, https, ws or wss URL", |text| {
            Endpoint::host_of(text).ok().map(|_host| text.to_owned())
        });
    let dialect = reader.optional("dialect").one_of(&Dialect::NAMES);
    let profiles = BUILTIN_PROFILES.map(|(name, _)| (name, name));
    let profile = reader.optional("profile").one_of(&profiles);
    let routes = [Route::WebSocket, Route::Sse].map(|route| (route.as_str(), route));
    let routes = reader.optional("routes").each_of(&routes);
    if routes.as_ref().is_some_and(Vec::is_empty) {
        reader.refuse("needs at least one route, or no `routes` at all");
    }
    let api_key = reader.optional("api_key").table(read_key);
    let endpoint = reader.optional("endpoint").table(ProfileLayer::read);
    let models = reader.optional("models").strings().unwrap_or_default();
    reader.finish(|| {
        Some(ProviderSection {
            base_url: base_url?,
            dialect: dialect.unwrap_or_default(),
            profile,
            endpoint: endpoint.unwrap_or_default(),
            routes,
            api_key,
            models,
        })
    })
}

fn read_key(mut reader: Reader<'_>) -> Checked<KeySetting> {
    let variable = reader
        .optional("env")
        .parsed("the name of a variable", |name| {
            (!name.trim().is_empty()).then(|| name.to_owned())
        });
    let file = reader.optional("file").path();
    let login = reader.optional("login").one_of(&LOGINS);
    let sources = [
        variable.map(KeySetting::Variable),
        file.map(KeySetting::File),
        login.map(|name| KeySetting::Login(name.to_owned())),
    ];
    let mut sources = sources.into_iter().flatten();
    let (first, second) = (sources.next(), sources.next());
    if first.is_none() || second.is_some() {
        reader.refuse(
            "api_key is either { env = \"NAME\" }, { file = \"PATH\" } or { login = \"openai-codex\" }",
        );
    }
    reader.finish(|| first)
}

/// The sign-ins there can be.
const LOGINS: [(&str, &str); 1] = [(OPENAI_CODEX, OPENAI_CODEX)];

impl Section for ModelSection {
    const NAME: &'static str = "model";

    fn read(mut reader: Reader<'_>) -> Checked<Self> {
        let default = reader.optional("default").with_origin(model_name);
        let fallback = reader.optional("fallback").list(MODEL_NAMES, model_name);
        reader.finish(|| {
            Some(Self {
                default,
                fallback: fallback.unwrap_or_default(),
            })
        })
    }
}

const MODEL_NAMES: &str = "a list of models, such as [\"work/gpt-x\"]";

fn model_name(field: Field<'_>) -> Option<ModelName> {
    field.parsed("PROVIDER/NAME, for example work/gpt-x", |text| {
        text.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_config::Document;

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
        assert_eq!((second.profile, second.dialect), (None, Dialect::Responses));
        let model: ModelSection = document.section().unwrap();
        assert_eq!(model.default.unwrap().value.to_string(), "work/gpt-x");
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
                "[providers.w]\nbase_url = \"https://h\"\nroutes = []",
                "at least one",
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
}
