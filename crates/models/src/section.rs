//! The sections `[providers.NAME]` and `[model]` of the configuration.

mod key;
mod model;
#[cfg(test)]
mod tests;

use alipes_config::{Checked, Field, Reader, Section};
use alipes_transport::{BUILTIN_PROFILES, Endpoint, EndpointError, ProfileLayer, Route};
use alipes_wire::{Dialect, Price, QuotaFields};

pub use self::key::{AccountSetting, AuthKind, KeySetting, is_plain_name};
use self::key::{read_accounts, read_key};
pub use self::model::ModelSection;
use crate::catalog::bundled;
use crate::catalog::quirks::QuirksLayer;
use crate::{Effort, Strategy, UsageSource};

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
    let base_url = base_url.checked(A_URL, |text| match Endpoint::host_of(text) {
        Ok(_host) => Ok(text.to_owned()),
        Err(EndpointError::Credentials { .. }) => Err(WITHOUT_CREDENTIALS),
        Err(_) => Err(A_URL),
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

const A_URL: &str = "an http, https, ws or wss URL";

const WITHOUT_CREDENTIALS: &str =
    "without a name and password, which messages would show; put the key into api_key instead";

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
