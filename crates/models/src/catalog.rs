//! Which endpoint, key and dialect a model's name means.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use alipes_auth::{ApiKey, KeySource, Logins};
use alipes_base::{Environment, Secret};
use alipes_config::{Document, Origin, nearest};
use alipes_transport::{Credential, Endpoint, NoCredential, Profile, Route, Session, Transport};

use crate::section::KeySetting;
use crate::{
    Chain, Dialect, ModelName, ModelSection, ModelsError, ProviderSection, ProvidersSection,
};

/// The provider that everybody has who is signed in to ChatGPT, and the name of that sign-in.
pub const OPENAI_CODEX: &str = "openai-codex";

/// Where it is (codex-protocol §1.1).
const CHATGPT: &str = "https://chatgpt.com/backend-api/codex";

/// The variable that holds the key of a provider given on the command line.
const KEY_VARIABLE: &str = "ALIPES_API_KEY";

/// The providers this machine knows.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    providers: Vec<(String, ProviderSection)>,
    model: ModelSection,
    folder: PathBuf,
    logins: Option<Logins>,
}

/// What a command line may override.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `provider/model`; the configured default and its fallbacks are left alone then.
    pub model: Option<String>,
    /// Another base URL for the provider, or the base URL of one that is not configured.
    pub base_url: Option<String>,
    /// Another dialect.
    pub dialect: Option<Dialect>,
    /// Other routes.
    pub routes: Option<Vec<Route>>,
    /// Another endpoint profile.
    pub profile: Option<Profile>,
}

/// What every session is made with.
#[derive(Clone, Copy)]
pub struct Making<'m> {
    /// Where keys in variables are.
    pub environment: &'m Environment,
    /// The way to endpoints.
    pub transport: &'m Transport,
    /// The conversation's id.
    pub session_id: &'m str,
}

/// A model that was asked for, and where, for messages.
struct Asked {
    name: ModelName,
    place: String,
}

impl Catalog {
    /// Reads the model rooms' sections.
    ///
    /// # Errors
    /// [`ModelsError::Config`] with file, line and the nearest right name.
    pub fn read(document: &Document) -> Result<Self, ModelsError> {
        let ProvidersSection(providers) = document.section().map_err(Box::new)?;
        let folder = document.path().parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self {
            providers,
            model: document.section().map_err(Box::new)?,
            folder,
            logins: None,
        })
    }

    /// The same, with the sign-ins of this machine.
    #[must_use]
    pub fn with_logins(self, logins: Logins) -> Self {
        let logins = Some(logins);
        Self { logins, ..self }
    }

    /// The sign-ins of this machine.
    #[must_use]
    pub fn logins(&self) -> Option<&Logins> {
        self.logins.as_ref()
    }

    /// The model that is asked for and those behind it, ready for one conversation.
    ///
    /// # Errors
    /// [`ModelsError`], if one of them cannot be had.
    pub fn chain(&self, overrides: &Overrides, making: Making<'_>) -> Result<Chain, ModelsError> {
        let first = self.asked(overrides)?;
        let mut links = vec![self.link(&first, overrides, making)?];
        if overrides.model.is_none() {
            let place = " as a fallback under [model]".to_owned();
            for name in &self.model.fallback {
                let asked = Asked {
                    name: name.clone(),
                    place: place.clone(),
                };
                links.push(self.link(&asked, &Overrides::default(), making)?);
            }
        }
        Ok(Chain::new(links, making.transport.clock.clone()))
    }

    /// The effective profile of a configured provider.
    ///
    /// # Errors
    /// [`ModelsError`], if there is no such provider.
    pub fn profile(&self, provider: &str) -> Result<Profile, ModelsError> {
        match self.known(provider) {
            Some(section) => effective_profile(&section),
            None => Err(self.unknown_provider(provider, "")),
        }
    }

    /// The files that hold keys.
    pub fn key_files(&self) -> impl Iterator<Item = PathBuf> {
        let keys = self
            .providers
            .iter()
            .filter_map(|(_, provider)| match &provider.api_key {
                Some(KeySetting::File(path)) => Some(self.folder.join(path)),
                _ => None,
            });
        keys.chain(self.logins.iter().map(Logins::codex_file))
    }

    /// The keys that are known without asking for them: those in variables, and a sign-in's tokens.
    pub fn secrets(&self, environment: &Environment) -> Vec<Secret> {
        let variables = self
            .providers
            .iter()
            .filter_map(|(_, provider)| match &provider.api_key {
                Some(KeySetting::Variable(name)) => Some(name.as_str()),
                _ => None,
            });
        let logins = self.logins.iter();
        variables
            .chain([KEY_VARIABLE])
            .filter_map(|name| environment.text(name))
            .map(|text| Secret::new(text.to_owned()))
            .chain(logins.flat_map(|logins| logins.secrets(OPENAI_CODEX)))
            .collect()
    }

    fn asked(&self, overrides: &Overrides) -> Result<Asked, ModelsError> {
        if let Some(text) = &overrides.model {
            let name = text
                .parse()
                .map_err(|_not_a_name| ModelsError::NotAModelName {
                    text: text.chars().take(80).collect(),
                })?;
            let place = String::new();
            return Ok(Asked { name, place });
        }
        let Some(default) = self.model.default.clone() else {
            let config = self.folder.join("config.toml").display().to_string();
            return Err(ModelsError::NoModel { config });
        };
        let place = match default.origin {
            Origin::File { .. } => format!(" (asked for by {})", default.origin),
            _ => String::new(),
        };
        let name = default.value;
        Ok(Asked { name, place })
    }

    fn link(
        &self,
        asked: &Asked,
        overrides: &Overrides,
        making: Making<'_>,
    ) -> Result<(ModelName, Session), ModelsError> {
        let provider = self.provider(asked, overrides)?;
        let profile = match &overrides.profile {
            Some(profile) => profile.clone(),
            None => effective_profile(&provider)?,
        };
        let dialect = provider.dialect;
        let wants_websocket = provider.routes.as_deref() == Some(&[Route::WebSocket]);
        if wants_websocket && dialect != Dialect::Responses {
            let dialect = dialect.as_str();
            return Err(ModelsError::NoWebSocket { dialect });
        }
        let name = asked.name.clone();
        let endpoint_at = |base_url: &str| {
            let (profile, routes) = (profile.clone(), provider.routes.clone());
            let endpoint = Endpoint::new(&name.provider, base_url, profile, routes);
            endpoint.map(|endpoint| endpoint.with_dialect(dialect))
        };
        let mut endpoint = endpoint_at(&provider.base_url)?;
        let credential = self.credential(&provider, &endpoint, making.environment)?;
        if let Some(base_url) = self.routed(&provider, &endpoint) {
            endpoint = endpoint_at(&base_url)?;
        }
        let session =
            making
                .transport
                .session(Arc::new(endpoint), credential, making.session_id.to_owned());
        Ok((name, session))
    }

    fn known(&self, name: &str) -> Option<ProviderSection> {
        let mut configured = self.providers.iter();
        let section = configured.find(|(known, _)| known == name);
        let section = section.map(|(_, section)| section.clone());
        section.or_else(|| (name == OPENAI_CODEX && self.logins.is_some()).then(openai_codex))
    }

    fn provider(
        &self,
        asked: &Asked,
        overrides: &Overrides,
    ) -> Result<ProviderSection, ModelsError> {
        let name = &asked.name;
        let mut provider = match (self.known(&name.provider), &overrides.base_url) {
            (Some(known), None)
                if !known.models.is_empty() && !known.models.contains(&name.model) =>
            {
                return Err(unknown_model(asked, &known.models));
            }
            (Some(known), Some(other)) if *other != known.base_url => elsewhere(known),
            (Some(known), _) => known,
            (None, Some(_)) => elsewhere(ProviderSection::default()),
            (None, None) => return Err(self.unknown_provider(&name.provider, &asked.place)),
        };
        if let Some(base_url) = &overrides.base_url {
            provider.base_url.clone_from(base_url);
        }
        if let Some(dialect) = overrides.dialect {
            provider.dialect = dialect;
        }
        if overrides.routes.is_some() {
            provider.routes.clone_from(&overrides.routes);
        }
        Ok(provider)
    }

    /// Where a workspace that is known to live elsewhere wants its requests.
    fn routed(&self, provider: &ProviderSection, endpoint: &Endpoint) -> Option<String> {
        let Some(KeySetting::Login(name)) = &provider.api_key else {
            return None;
        };
        let routed = self.logins.as_ref()?.routed(name, endpoint.base_url());
        routed.map(String::from)
    }

    fn credential(
        &self,
        provider: &ProviderSection,
        endpoint: &Endpoint,
        environment: &Environment,
    ) -> Result<Arc<dyn Credential>, ModelsError> {
        let secret = |name: &str| {
            environment
                .text(name)
                .map(|text| Secret::new(text.to_owned()))
        };
        let variable = |name: &str| {
            Arc::new(ApiKey::new(KeySource::Variable {
                name: name.to_owned(),
                value: secret(name),
            }))
        };
        Ok(match &provider.api_key {
            None => Arc::new(NoCredential),
            // An address that is only known from a flag may need no key.
            Some(KeySetting::IfSet) if secret(KEY_VARIABLE).is_none() => Arc::new(NoCredential),
            Some(KeySetting::IfSet) => variable(KEY_VARIABLE),
            Some(KeySetting::Variable(name)) => variable(name),
            Some(KeySetting::File(path)) => Arc::new(ApiKey::new(KeySource::File {
                path: self.folder.join(path),
            })),
            Some(KeySetting::Login(name)) => {
                let logins = self.logins.as_ref().ok_or(ModelsError::NoLogins)?;
                logins.credential(name, endpoint.base_url())
            }
        })
    }

    fn unknown_provider(&self, name: &str, place: &str) -> ModelsError {
        let names: Vec<&str> = self
            .providers
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let hint = match (nearest(name, names.iter().copied()), names.as_slice()) {
            (Some(nearest), _) => format!("; did you mean {nearest:?}?"),
            (None, []) => "; give its address with --base-url URL".to_owned(),
            (None, names) => format!("; configured: {}", names.join(", ")),
        };
        ModelsError::UnknownProvider {
            name: name.to_owned(),
            asked: place.to_owned(),
            hint,
        }
    }
}

/// A provider at another address than the configured one: its key and its profile stay behind,
/// because a key belongs to an address.
fn elsewhere(provider: ProviderSection) -> ProviderSection {
    ProviderSection {
        api_key: Some(KeySetting::IfSet),
        profile: None,
        ..provider
    }
}

/// The provider that a ChatGPT sign-in is for.
fn openai_codex() -> ProviderSection {
    ProviderSection {
        base_url: CHATGPT.to_owned(),
        profile: Some(OPENAI_CODEX),
        api_key: Some(KeySetting::Login(OPENAI_CODEX.to_owned())),
        ..ProviderSection::default()
    }
}

/// The profile that is named, or else the host's, with the provider's own fields on top.
fn effective_profile(provider: &ProviderSection) -> Result<Profile, ModelsError> {
    let name = match provider.profile {
        Some(name) => name,
        None => Profile::name_for_host(&Endpoint::host_of(&provider.base_url)?),
    };
    Ok(Profile::with(name, provider.endpoint.clone())?)
}

fn unknown_model(asked: &Asked, models: &[String]) -> ModelsError {
    let hint = match nearest(&asked.name.model, models.iter().map(String::as_str)) {
        Some(nearest) => format!("; did you mean {nearest:?}?"),
        None => format!("; its models: {}", models.join(", ")),
    };
    ModelsError::UnknownModel {
        provider: asked.name.provider.clone(),
        name: asked.name.model.clone(),
        asked: asked.place.clone(),
        hint,
    }
}
