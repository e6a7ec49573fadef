//! One provider, with all it has been told about it: the user's section, above it the bundled file of
//! the same name or of the one it is like, and `custom` below all.

use std::net::IpAddr;

use alipes_transport::{Endpoint, KeyHeader, ProfileLayer, Route};
use alipes_wire::{ListedModel, Price, Quirks, listed_models};

use super::bundled;
use super::key::{Key, NamedKey, key};
use super::reach::effective_profile;
use crate::section::{AuthKind, ProviderSection};
use crate::{Dialect, Effort, Strategy, UsageSource};

/// The variable that holds the key of a provider given on the command line.
pub(super) const KEY_VARIABLE: &str = "ALIPES_API_KEY";

/// A provider as it is asked.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its name.
    pub name: String,
    /// Whether the configuration has a section of its name.
    pub configured: bool,
    /// Where it is; `None` if only its user can know.
    pub base_url: Option<String>,
    /// What it speaks.
    pub dialect: Dialect,
    /// Where its key is, or that of its first account.
    pub key: Key,
    /// The accounts that the user has named, each with its key; none where there is one key only.
    pub accounts: Vec<NamedKey>,
    /// Which of them is asked first.
    pub strategy: Strategy,
    /// Its key is a sign-in that the user did not choose: every sign-in there is will do.
    pub any_login: bool,
    /// The header that its key goes into.
    pub key_header: KeyHeader,
    /// The model that is meant when none is named.
    pub default_model: Option<String>,
    /// How hard its models are asked to think; `None`: as the model's setting says.
    pub reasoning: Option<Effort>,
    /// The models it offers; empty: any.
    pub models: Vec<String>,
    /// Some of its models that the program knows by name, for want of its own list.
    pub bundled_models: Vec<String>,
    /// What says whether a key is good, beneath its address, if that is not the list of models.
    pub check_path: Option<String>,
    /// Its list of models is a list, and not an object that holds one.
    pub models_are_a_bare_list: bool,
    /// The version of the API that every request names (`anthropic-version`).
    pub anthropic_version: Option<String>,
    /// What its models cost, as far as the configuration says.
    pub prices: Vec<(String, Price)>,
    /// Where it says what an account has left.
    pub usage: Option<UsageSource>,
    /// It is a server on this machine that is worth looking for.
    pub local: bool,
    /// It is the installed Codex CLI, driven over its app server, and has no address.
    pub app_server: bool,
    pub(super) profile: Option<&'static str>,
    pub(super) quirks: Quirks,
    pub(super) endpoint: ProfileLayer,
    pub(super) routes: Option<Vec<Route>>,
    /// Its list of models, if that is not where its profile says; empty if it has none.
    pub(super) models_path: Option<String>,
}

impl Provider {
    /// The provider of this name; `None` if neither the user nor the program knows one.
    pub(crate) fn resolved(name: &str, user: Option<&ProviderSection>) -> Option<Self> {
        let bundled = bundled::section(user.and_then(|user| user.like).unwrap_or(name));
        let ground = bundled::section(bundled::GROUND)?;
        let below = match (user, bundled) {
            (None, None) => return None,
            (_, None) => ground,
            (None, Some(bundled)) => bundled.over(ground),
            (Some(user), Some(bundled)) => bundled.kept_from(user).over(ground),
        };
        let section = match user {
            Some(user) => user.clone().over(below),
            None => below,
        };
        Some(Self::new(name, user.is_some(), section))
    }

    /// A provider that is known from its address only.
    pub(super) fn unknown(name: &str) -> Self {
        let ground = bundled::section(bundled::GROUND).unwrap_or_default();
        Self::new(name, false, ground)
    }

    fn new(name: &str, configured: bool, section: ProviderSection) -> Self {
        let auth = section.auth.unwrap_or_default();
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let accounts: Vec<NamedKey> = section.accounts.into_iter().map(NamedKey::from).collect();
        let any_login = auth == AuthKind::SignIn && section.api_key.is_none();
        let only = key(section.api_key, auth, section.key_variable);
        Self {
            name: name.to_owned(),
            configured,
            base_url: section.base_url,
            dialect: section.dialect.unwrap_or_default(),
            any_login: any_login && accounts.is_empty(),
            key: accounts.first().map_or(only, |first| first.key.clone()),
            accounts,
            strategy: section.strategy.unwrap_or_default(),
            key_header: auth.header(),
            default_model: section.default_model,
            reasoning: section.reasoning,
            models: section.models.unwrap_or_default(),
            bundled_models: section.bundled_models,
            check_path: filled(section.check_path),
            models_are_a_bare_list: section.models_are_a_bare_list.unwrap_or_default(),
            anthropic_version: section.anthropic_version,
            prices: section.prices,
            usage: section.usage,
            local: section.local.unwrap_or_default(),
            app_server: section.app_server.unwrap_or_default(),
            profile: section.profile,
            quirks: section.quirks.complete(),
            endpoint: section.endpoint,
            routes: section.routes,
            models_path: section.models_path,
        }
    }

    /// The same at another address: its key and its profile stay behind, because a key belongs to an
    /// address.
    pub(super) fn elsewhere(self, base_url: &str) -> Self {
        Self {
            base_url: Some(base_url.to_owned()),
            key: Key::VariableIfSet(KEY_VARIABLE.to_owned()),
            accounts: Vec::new(),
            any_login: false,
            profile: None,
            ..self
        }
    }

    /// The same, asked with this key only.
    #[must_use]
    pub fn with_key(&self, key: Key) -> Self {
        Self {
            key,
            accounts: Vec::new(),
            any_login: false,
            ..self.clone()
        }
    }

    /// Whether its address is this machine's own.
    #[must_use]
    pub fn is_on_this_machine(&self) -> bool {
        let host = self.base_url.as_deref().map(Endpoint::host_of);
        let Some(Ok(host)) = host else {
            return false;
        };
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(ip) => ip.to_canonical().is_loopback(),
            Err(_name) => host == "localhost",
        }
    }

    /// The list of its models, beneath its address; `None` if it has none that is known.
    #[must_use]
    pub fn models_path(&self) -> Option<String> {
        let path = match &self.models_path {
            Some(path) => path.clone(),
            None => effective_profile(self).ok()?.models_path,
        };
        Some(path).filter(|path| !path.is_empty())
    }

    /// The models of its own list, read as it writes them; `None` if it is no such list.
    #[must_use]
    pub fn listed(&self, body: &[u8]) -> Option<Vec<ListedModel>> {
        match self.models_are_a_bare_list {
            true => listed_models(&[b"{\"data\":", body, b"}"].concat()),
            false => listed_models(body),
        }
    }

    /// Its base URL, without what may be a key; for people.
    #[must_use]
    pub fn shown_url(&self) -> Option<String> {
        let url = self.base_url.as_deref()?.parse().ok()?;
        Some(alipes_transport::probe::shown_url(&url))
    }

    /// Its host, with the port where that is not the usual one; for people.
    #[must_use]
    pub fn host(&self) -> Option<String> {
        let origin = Endpoint::origin_of(self.base_url.as_deref()?).ok()?;
        origin.split_once("://").map(|(_, host)| host.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OPENAI_CODEX, ProvidersSection};
    use alipes_config::Document;

    /// The one provider of a configuration.
    fn provider(text: &str) -> Provider {
        let document = Document::parse("config.toml", text).unwrap();
        let ProvidersSection(providers) = document.section().unwrap();
        let (name, section) = &providers[0];
        Provider::resolved(name, Some(section)).unwrap()
    }

    #[test]
    fn a_section_replaces_single_fields_of_the_bundled_provider_of_its_name() {
        let own = provider("[providers.openrouter]\ndialect = \"responses\"\n");
        assert_eq!(
            own.base_url.as_deref(),
            Some("https://openrouter.ai/api/v1")
        );
        assert_eq!(own.dialect, Dialect::Responses);
        assert_eq!(own.key, Key::Variable("OPENROUTER_API_KEY".to_owned()));
        assert_eq!(own.check_path.as_deref(), Some("key"));
        let by_dot = provider("[providers.\"llama.cpp\"]\ndialect = \"chat\"\n");
        assert_eq!(by_dot.host().as_deref(), Some("127.0.0.1:8080"));
    }

    #[test]
    fn a_provider_may_be_like_a_bundled_one() {
        let like =
            provider("[providers.second]\nlike = \"anthropic\"\napi_key = { env = \"B\" }\n");
        assert_eq!(
            like.base_url.as_deref(),
            Some("https://api.anthropic.com/v1")
        );
        assert_eq!(
            (like.key, like.key_header, like.dialect),
            (
                Key::Variable("B".to_owned()),
                KeyHeader::XApiKey,
                Dialect::Messages
            )
        );
    }

    #[test]
    fn with_another_address_the_key_of_a_bundled_provider_stays_behind() {
        for (text, key) in [
            (
                "[providers.openai]\nbase_url = \"https://proxy.example/v1\"",
                Key::NotNeeded,
            ),
            (
                "[providers.openai]\nbase_url = \"http://api.openai.com/v1\"",
                Key::NotNeeded,
            ),
            (
                "[providers.p]\nlike = \"groq\"\nbase_url = \"https://x.example\"",
                Key::NotNeeded,
            ),
            (
                "[providers.openai-codex]\nbase_url = \"https://x.example\"",
                Key::NotNeeded,
            ),
            (
                "[providers.openai]\nbase_url = \"https://api.openai.com/v2\"",
                Key::Variable("OPENAI_API_KEY".to_owned()),
            ),
            (
                "[providers.openai]\nbase_url = \"https://p.example\"\nkey_variable = \"P\"",
                Key::Variable("P".to_owned()),
            ),
            (
                "[providers.azure]\nbase_url = \"https://r.openai.azure.com/openai/v1\"",
                Key::Variable("AZURE_OPENAI_API_KEY".to_owned()),
            ),
            (
                "[providers.openai-codex]\nmodels = [\"m\"]",
                Key::Login(OPENAI_CODEX.to_owned()),
            ),
        ] {
            assert_eq!(provider(text).key, key, "{text}");
        }
    }

    #[test]
    fn the_list_of_models_is_where_the_profile_says_unless_the_provider_says_otherwise() {
        let path = |text| provider(text).models_path();
        let codex = path("[providers.openai-codex]\nreasoning = \"high\"").unwrap();
        assert!(codex.starts_with("models?client_version="), "{codex}");
        let named = path("[providers.openai]\nmodels_path = \"v2/models\"");
        assert_eq!(named.as_deref(), Some("v2/models"));
        assert_eq!(path("[providers.openai]\nmodels_path = \"\""), None);
        assert_eq!(path("[providers.zai]\nreasoning = \"high\""), None);
    }

    #[test]
    fn only_loopback_is_this_machine() {
        for (base_url, here) in [
            ("http://127.0.0.1:1/v1", true),
            ("http://[::1]:1", true),
            ("http://localhost:1", true),
            ("http://192.168.1.5:1", false),
            ("http://localhost.example", false),
            ("https://api.openai.com", false),
        ] {
            let own = provider(&format!("[providers.ollama]\nbase_url = \"{base_url}\""));
            assert_eq!(own.is_on_this_machine(), here, "{base_url}");
        }
    }

    #[test]
    fn a_provider_that_is_like_none_stands_on_custom() {
        let own = provider("[providers.mine]\nbase_url = \"https://h/v1\"\n");
        assert_eq!(own.models_path().as_deref(), Some("models"));
        assert_eq!((own.dialect, own.key), (Dialect::Responses, Key::NotNeeded));
        assert!(Provider::resolved("mine", None).is_none());
    }
}
