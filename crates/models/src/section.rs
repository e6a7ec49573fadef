//! The sections `[providers.NAME]` and `[model]` of the configuration.

use std::path::PathBuf;

use alipes_config::{Checked, Field, Reader, Section, Value};
use alipes_transport::{BUILTIN_PROFILES, Endpoint, KeyHeader, ProfileLayer, Route};
use alipes_wire::{Dialect, Price, QuotaFields};

use crate::catalog::bundled;
use crate::catalog::quirks::QuirksLayer;
use crate::{Effort, ModelName, Strategy, UsageSource};

/// All of `[providers.NAME]`, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct ProvidersSection(pub Vec<(String, ProviderSection)>);

/// One `[providers.NAME]`, or a bundled provider: what it says, and nothing about the rest.
#[derive(Clone, Debug, Default)]
pub struct ProviderSection {
    /// The bundled provider whose fields stand below these; `None`: that of the same name.
    pub like: Option<&'static str>,
    /// Where it is.
    pub base_url: Option<String>,
    /// What it speaks.
    pub dialect: Option<Dialect>,
    /// How it wants its key.
    pub auth: Option<AuthKind>,
    /// The variable that holds its key by convention.
    pub key_variable: Option<String>,
    /// An endpoint profile by name; `None`: by host.
    pub profile: Option<&'static str>,
    /// `[providers.NAME.quirks]`: what it wants differently from its dialect.
    pub(crate) quirks: QuirksLayer,
    /// `[providers.NAME.endpoint]`: single fields of the profile, replaced.
    pub endpoint: ProfileLayer,
    /// The routes to use, best first; `None`: the profile's.
    pub routes: Option<Vec<Route>>,
    /// Where its key is.
    pub api_key: Option<KeySetting>,
    /// `[providers.NAME.accounts]`: the accounts there are with it, instead of one key.
    pub accounts: Vec<AccountSetting>,
    /// Which of them is asked first.
    pub strategy: Option<Strategy>,
    /// The models it offers; empty: any.
    pub models: Option<Vec<String>>,
    /// The model that is meant when none is named.
    pub default_model: Option<String>,
    /// How hard its models are asked to think.
    pub reasoning: Option<Effort>,
    /// The list of its models, beneath `base_url`; empty: there is none.
    pub models_path: Option<String>,
    /// What says whether a key is good, beneath `base_url`; without it the list of models.
    pub check_path: Option<String>,
    /// Its list of models is a list, and not an object that holds one.
    pub models_are_a_bare_list: Option<bool>,
    /// The version of the API that every request names (`anthropic-version`).
    pub anthropic_version: Option<String>,
    /// `[providers.NAME.prices]`: what its models cost, whatever its list says.
    pub prices: Vec<(String, Price)>,
    /// Where it says what an account has left.
    pub usage: Option<UsageSource>,
    /// It is a server on this machine that is worth looking for.
    pub local: Option<bool>,
    /// It is the installed Codex CLI, driven over its app server.
    pub app_server: Option<bool>,
    /// Some of its models, for want of its own list; a user's section has `models`.
    pub(crate) bundled_models: Vec<String>,
}

/// One of several accounts: `work = { login = "work" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSetting {
    /// Its name.
    pub name: String,
    /// Where its key is.
    pub key: KeySetting,
}

/// How a provider wants to know who asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthKind {
    /// `Authorization: Bearer …`
    Bearer,
    /// `x-api-key: …`
    XApiKey,
    /// `api-key: …`
    ApiKey,
    /// A ChatGPT sign-in.
    SignIn,
    /// Not at all; a key that is configured all the same goes out as a bearer token.
    #[default]
    None,
}

impl AuthKind {
    const NAMES: [(&'static str, Self); 5] = [
        ("bearer", Self::Bearer),
        ("x-api-key", Self::XApiKey),
        ("api-key", Self::ApiKey),
        ("sign-in", Self::SignIn),
        ("none", Self::None),
    ];

    /// The header for a key.
    pub(crate) fn header(self) -> KeyHeader {
        match self {
            Self::XApiKey => KeyHeader::XApiKey,
            Self::ApiKey => KeyHeader::ApiKey,
            Self::Bearer | Self::SignIn | Self::None => KeyHeader::Bearer,
        }
    }
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
}

/// `[model]`.
#[derive(Clone, Debug, Default)]
pub struct ModelSection {
    /// The model to use when none is named.
    pub default: Option<Value<ModelName>>,
    /// The models to try after it, in order.
    pub fallback: Vec<ModelName>,
    /// The model for what a turn can do without: titles, compaction.
    pub auxiliary: Option<ModelName>,
    /// How many tokens the default model takes, question and answer, whatever its provider says.
    pub context_window: Option<u64>,
    /// How hard models are asked to think.
    pub reasoning: Option<Effort>,
}

impl Section for ProvidersSection {
    const NAME: &'static str = "providers";

    fn read(mut reader: Reader<'_>) -> Checked<Self> {
        let providers = reader.tables(read_provider);
        reader.finish(|| Some(Self(providers)))
    }
}

fn read_provider(mut reader: Reader<'_>) -> Checked<ProviderSection> {
    let like = reader.optional("like");
    let names_other = !like.is_absent();
    let like = like.one_of(&bundled::choices());
    // A bundled provider has its address already, all but those that only their users know, and the
    // one that is none.
    let below = bundled::section(like.unwrap_or(reader.key()));
    let misspelt = names_other && like.is_none();
    let needs_none =
        |below: &ProviderSection| below.base_url.is_some() || below.app_server == Some(true);
    let base_url = match below.is_some_and(|below| needs_none(&below)) {
        false if !misspelt => reader.required("base_url"),
        _ => reader.optional("base_url"),
    };
    let api_key = reader.optional("api_key").table(read_key);
    let accounts = reader.optional("accounts").table(read_accounts);
    let accounts = accounts.unwrap_or_default();
    if api_key.is_some() && !accounts.is_empty() {
        reader.refuse("has accounts and an api_key; make the key one of the accounts");
    }
    let fields = read_fields(&mut reader, base_url);
    reader.finish(|| {
        Some(ProviderSection {
            like,
            api_key,
            accounts,
            ..fields
        })
    })
}

/// The fields that a user's provider and a bundled one share.
pub(crate) fn read_fields(reader: &mut Reader<'_>, base_url: Field<'_>) -> ProviderSection {
    let base_url = base_url.parsed("an http, https, ws or wss URL", |text| {
        Endpoint::host_of(text).ok().map(|_host| text.to_owned())
    });
    let profiles = BUILTIN_PROFILES.map(|(name, _)| (name, name));
    let routes = [Route::WebSocket, Route::Sse].map(|route| (route.as_str(), route));
    let routes = reader.optional("routes").each_of(&routes);
    if routes.as_ref().is_some_and(Vec::is_empty) {
        reader.refuse("needs at least one route, or no `routes` at all");
    }
    let endpoint = reader.optional("endpoint").table(ProfileLayer::read);
    let quirks = reader.optional("quirks").table(QuirksLayer::read);
    let usage = reader.optional("usage").table(read_usage);
    let prices = reader.optional("prices").table(read_prices);
    ProviderSection {
        like: None,
        base_url,
        dialect: reader.optional("dialect").one_of(&Dialect::NAMES),
        auth: reader.optional("auth").one_of(&AuthKind::NAMES),
        key_variable: variable(reader.optional("key_variable")),
        profile: reader.optional("profile").one_of(&profiles),
        quirks: quirks.unwrap_or_default(),
        endpoint: endpoint.unwrap_or_default(),
        routes,
        api_key: None,
        accounts: Vec::new(),
        strategy: reader.optional("strategy").one_of(&Strategy::NAMES),
        models: reader.optional("models").strings(),
        default_model: text(reader.optional("default_model"), "the name of a model"),
        reasoning: reader.optional("reasoning").one_of(&Effort::NAMES),
        models_path: path(reader.optional("models_path")),
        check_path: path(reader.optional("check_path")),
        models_are_a_bare_list: reader.optional("models_are_a_bare_list").boolean(),
        anthropic_version: text(
            reader.optional("anthropic_version"),
            "a date, such as 2023-06-01",
        ),
        usage,
        prices: prices.unwrap_or_default(),
        local: reader.optional("local").boolean(),
        app_server: reader.optional("app_server").boolean(),
        bundled_models: Vec::new(),
    }
}

fn read_usage(mut reader: Reader<'_>) -> Checked<UsageSource> {
    let path = path(reader.required("path"));
    let fields = QuotaFields {
        windows: reader.optional("windows").strings().unwrap_or_default(),
        limit: reader.optional("limit").string(),
        left: reader.optional("left").string(),
    };
    if fields.windows.is_empty() && fields.left.is_none() {
        reader.refuse("needs windows or left, to say where in the answer to look");
    }
    reader.finish(|| path.map(|path| UsageSource { path, fields }))
}

fn read_prices(mut reader: Reader<'_>) -> Checked<Vec<(String, Price)>> {
    let price = |field: Field<'_>| field.parsed(A_PRICE, |text| text.parse().ok());
    let prices = reader.entries(price);
    reader.finish(|| Some(prices))
}

const A_PRICE: &str =
    "US dollars for a million tokens, for example \"1.25 in, 0.125 cached, 10 out\"";

fn variable(field: Field<'_>) -> Option<String> {
    text(field, "the name of a variable")
}

/// A text that a header or a request can carry.
fn text(field: Field<'_>, expected: &'static str) -> Option<String> {
    field.parsed(expected, |text| {
        let printable = text.bytes().all(|byte| matches!(byte, b'!'..=b'~'));
        (printable && !text.is_empty()).then(|| text.to_owned())
    })
}

fn path(field: Field<'_>) -> Option<String> {
    field.parsed("a path beneath base_url, or empty", |text| {
        let plain = text
            .bytes()
            .all(|byte| matches!(byte, b'!'..=b'~') && !b"?#".contains(&byte));
        plain.then(|| text.trim_start_matches('/').to_owned())
    })
}

fn read_key(mut reader: Reader<'_>) -> Checked<KeySetting> {
    let variable = variable(reader.optional("env"));
    let file = reader.optional("file").path();
    let login = reader.optional("login").parsed(LOGIN_NAME, |text| {
        is_plain_name(text).then(|| text.to_owned())
    });
    let sources = [
        variable.map(KeySetting::Variable),
        file.map(KeySetting::File),
        login.map(KeySetting::Login),
    ];
    let mut sources = sources.into_iter().flatten();
    let (first, second) = (sources.next(), sources.next());
    if first.is_none() || second.is_some() {
        reader.refuse(
            "a key is either { env = \"NAME\" }, { file = \"PATH\" } or { login = \"openai-codex\" }",
        );
    }
    reader.finish(|| first)
}

const LOGIN_NAME: &str = "\"openai-codex\", or the name given to `alipes login --account NAME`";

fn read_accounts(mut reader: Reader<'_>) -> Checked<Vec<AccountSetting>> {
    let accounts = reader.tables(read_key);
    if let Some((name, _)) = accounts.iter().find(|(name, _)| !is_plain_name(name)) {
        reader.refuse(format!(
            "has an account {name:?}; a name is of letters, digits, dots, dashes and underscores"
        ));
    }
    reader.finish(|| {
        let account = |(name, key)| AccountSetting { name, key };
        Some(accounts.into_iter().map(account).collect())
    })
}

/// Fit for a file's name and a command line everywhere.
#[must_use]
pub fn is_plain_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let begins = |c: char| c.is_ascii_alphanumeric();
    name.starts_with(begins) && name.chars().all(fits) && name.len() <= 64
}

impl Section for ModelSection {
    const NAME: &'static str = "model";

    fn read(mut reader: Reader<'_>) -> Checked<Self> {
        let default = reader.optional("default").with_origin(model_name);
        let fallback = reader.optional("fallback").list(MODEL_NAMES, model_name);
        let auxiliary = model_name(reader.optional("auxiliary"));
        let context_window = reader.optional("context_window").integer(WINDOWS);
        let reasoning = reader.optional("reasoning").one_of(&Effort::NAMES);
        reader.finish(|| {
            Some(Self {
                default,
                fallback: fallback.unwrap_or_default(),
                auxiliary,
                context_window: context_window.and_then(|tokens| u64::try_from(tokens).ok()),
                reasoning,
            })
        })
    }
}

/// A window smaller than our own instructions and tools is a misprint, and so is one of billions.
const WINDOWS: std::ops::RangeInclusive<i64> = 8_000..=100_000_000;

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
}
