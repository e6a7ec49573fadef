//! Which endpoint, key and dialect a model's name means.
//!
//! The user's providers come first, and below them those that ship with the program (`bundled`).

mod app_server;
pub(crate) mod bundled;
mod credential;
pub(crate) mod provider;
pub(crate) mod quirks;
pub(crate) mod standing;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use alipes_auth::Logins;
use alipes_base::{Environment, Secret};
use alipes_config::{Document, Origin, nearest};
use alipes_transport::{Endpoint, Profile, Route, Session, Transport};
use http::{HeaderName, HeaderValue};

use crate::link::{Account, Link};
use crate::readable::Readable;
use crate::rests::Rests;
use crate::{
    Chain, Dialect, Effort, Listing, ModelName, ModelSection, ModelsError, ProviderSection,
    ProvidersSection, UsageQuestion,
};
use provider::{KEY_VARIABLE, Key, Provider};

/// The provider that is signed in to with ChatGPT, and the name of that sign-in.
pub const OPENAI_CODEX: &str = alipes_auth::USUAL_LOGIN;

/// The providers this machine knows.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// Those of the configuration, in its order.
    configured: Vec<(String, ProviderSection)>,
    model: ModelSection,
    folder: PathBuf,
    logins: Option<Logins>,
    /// Who could not answer lately, whichever conversation asked.
    rests: Rests,
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
    /// How hard to think.
    pub reasoning: Option<Effort>,
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
        let ProvidersSection(configured) = document.section().map_err(Box::new)?;
        let folder = document.path().parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self {
            configured,
            model: document.section().map_err(Box::new)?,
            folder,
            logins: None,
            rests: Rests::default(),
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
                let same_effort = Overrides {
                    reasoning: overrides.reasoning,
                    ..Overrides::default()
                };
                links.push(self.link(&asked, &same_effort, making)?);
            }
        }
        Ok(Chain::new(links, self.rests.clone(), making.transport))
    }

    /// What is asked beside the turn, for titles or compaction: the model under `auxiliary`, and
    /// behind it those that answer the turn. Its requests let a turn's own go first.
    ///
    /// # Errors
    /// [`ModelsError`], if one of them cannot be had.
    pub fn auxiliary(
        &self,
        overrides: &Overrides,
        making: Making<'_>,
    ) -> Result<Chain, ModelsError> {
        let chain = self.chain(overrides, making)?;
        let Some(name) = &self.model.auxiliary else {
            return Ok(chain.beside_the_turn());
        };
        let asked = Asked {
            name: name.clone(),
            place: " as auxiliary under [model]".to_owned(),
        };
        let first = self.link(&asked, &Overrides::default(), making)?;
        Ok(chain.behind(first).beside_the_turn())
    }

    /// Every provider: the configured ones in the order of the file, then the other bundled ones.
    #[must_use]
    pub fn providers(&self) -> Vec<Provider> {
        let is_configured = |name: &&str| self.configured.iter().any(|(known, _)| known == name);
        let configured = self.configured.iter().map(|(name, _)| name.as_str());
        let others = bundled::names().filter(|name| !is_configured(name));
        configured
            .chain(others)
            .filter_map(|name| self.known(name))
            .collect()
    }

    /// The provider of this name.
    ///
    /// # Errors
    /// [`ModelsError::UnknownProvider`] with the nearest right name.
    pub fn provider(&self, name: &str) -> Result<Provider, ModelsError> {
        self.known(name)
            .ok_or_else(|| self.unknown_provider(name, ""))
    }

    /// The effective profile of a provider.
    ///
    /// # Errors
    /// [`ModelsError`], if there is no such provider.
    pub fn profile(&self, provider: &str) -> Result<Profile, ModelsError> {
        effective_profile(&self.provider(provider)?)
    }

    /// Where a provider is, and how it wants to be asked.
    ///
    /// # Errors
    /// [`ModelsError`], if it has no usable address.
    pub fn endpoint(&self, provider: &Provider) -> Result<Endpoint, ModelsError> {
        endpoint(provider, effective_profile(provider)?)
    }

    /// Whether the configuration names a model of this provider as the default or a fallback.
    #[must_use]
    pub fn relies_on(&self, provider: &str) -> bool {
        let default = self.model.default.iter().map(|default| &default.value);
        let mut named = default.chain(&self.model.fallback);
        named.any(|name| name.provider == provider)
    }

    /// The files that hold keys.
    pub fn key_files(&self) -> impl Iterator<Item = PathBuf> {
        let keys = self.every_key().into_iter().filter_map(|key| match key {
            Key::File(path) => Some(self.folder.join(path)),
            _ => None,
        });
        keys.chain(self.logins.iter().map(Logins::codex_file))
    }

    /// The keys that are known without asking for them: those in variables, of providers that are
    /// not in use too, and the tokens of every sign-in.
    pub fn secrets(&self, environment: &Environment) -> Vec<Secret> {
        let keys = self.every_key().into_iter();
        let variables = keys.filter_map(|key| match key {
            Key::Variable(name) | Key::VariableIfSet(name) => Some(name),
            _ => None,
        });
        let variables = variables.chain([KEY_VARIABLE.to_owned()]);
        let named = variables.filter_map(|name| environment.text(&name).map(ToOwned::to_owned));
        let logins = self.logins.iter();
        let tokens = logins.flat_map(|logins| {
            let names = logins.names().into_iter();
            names.flat_map(|name| logins.secrets(&name))
        });
        named.map(Secret::new).chain(tokens).collect()
    }

    /// Where the keys of all accounts of all providers are.
    fn every_key(&self) -> Vec<Key> {
        let providers = self.providers().into_iter();
        providers
            .flat_map(|provider| {
                let named = provider.accounts.into_iter().map(|account| account.key);
                named.chain([provider.key])
            })
            .collect()
    }

    fn asked(&self, overrides: &Overrides) -> Result<Asked, ModelsError> {
        if let Some(text) = &overrides.model {
            let parsed = text.parse().ok().or_else(|| self.default_of(text));
            let name = parsed.ok_or_else(|| ModelsError::NotAModelName {
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

    /// A provider's name alone means its default model.
    fn default_of(&self, provider: &str) -> Option<ModelName> {
        let model = self.known(provider)?.default_model?;
        let provider = provider.to_owned();
        Some(ModelName { provider, model })
    }

    fn link(
        &self,
        asked: &Asked,
        overrides: &Overrides,
        making: Making<'_>,
    ) -> Result<Link, ModelsError> {
        let provider = self.overridden(asked, overrides, making.environment)?;
        let effort = overrides.reasoning.or(provider.reasoning);
        let effort = effort.or(self.model.reasoning);
        if provider.app_server {
            let link = app_server::link(asked, &provider, overrides, making)?;
            return Ok(Link { effort, ..link });
        }
        let wants_websocket = provider.routes.as_deref() == Some(&[Route::WebSocket]);
        if wants_websocket && provider.dialect != Dialect::Responses {
            let dialect = provider.dialect.as_str();
            return Err(ModelsError::NoWebSocket { dialect });
        }
        let profile = match &overrides.profile {
            Some(profile) => profile.clone(),
            None => effective_profile(&provider)?,
        };
        let accounts = self.accounts(&provider).into_iter().map(|account| {
            let asked = provider.with_key(account.key);
            Ok(Account {
                name: account.name,
                session: self.session(&asked, &profile, making)?,
                readable: Readable::default(),
                usage: self.usage(&asked, making)?,
                usage_asked: None,
            })
        });
        Ok(Link {
            name: asked.name.clone(),
            accounts: accounts.collect::<Result<_, ModelsError>>()?,
            strategy: provider.strategy,
            effort,
            quirks: provider.quirks,
            app_server: None,
        })
    }

    /// A conversation with one account of a provider.
    fn session(
        &self,
        provider: &Provider,
        profile: &Profile,
        making: Making<'_>,
    ) -> Result<Session, ModelsError> {
        let known = endpoint(provider, profile.clone())?;
        let credential = self.credential(provider, &known, making.environment)?;
        let endpoint = match self.routed(provider, &known) {
            Some(elsewhere) => endpoint(&elsewhere, profile.clone())?,
            None => known,
        };
        let id = making.session_id.to_owned();
        Ok(making.transport.session(Arc::new(endpoint), credential, id))
    }

    /// What is left of the account that this provider is asked with, still to be asked for; `None`
    /// if it does not say.
    ///
    /// # Errors
    /// [`ModelsError`], if it has no usable address or key.
    pub fn usage(
        &self,
        provider: &Provider,
        making: Making<'_>,
    ) -> Result<Option<UsageQuestion>, ModelsError> {
        let Some(source) = provider.usage.clone() else {
            return Ok(None);
        };
        let known = self.endpoint(provider)?;
        let credential = self.credential(provider, &known, making.environment)?;
        let question = UsageQuestion::new(making.transport, Arc::new(known), credential, source);
        Ok(Some(question))
    }

    /// A provider's own list of models: of the one that is named, or of the default model's.
    ///
    /// # Errors
    /// [`ModelsError`], if it is not known which provider, or it cannot be had.
    pub fn listing(
        &self,
        provider: Option<&str>,
        making: Making<'_>,
    ) -> Result<Listing, ModelsError> {
        let default = self.model.default.as_ref();
        let default = default.map(|name| name.value.provider.as_str());
        let name = match (provider.or(default), self.configured.as_slice()) {
            (Some(name), _) => name,
            (None, [(name, _)]) => name.as_str(),
            (None, _) => return Err(self.which_provider()),
        };
        let provider = self.provider(name)?;
        let endpoint = self.endpoint(&provider)?;
        let credential = self.credential(&provider, &endpoint, making.environment)?;
        Ok(Listing::new(
            making.transport,
            endpoint,
            credential,
            provider,
        ))
    }

    fn known(&self, name: &str) -> Option<Provider> {
        let mut configured = self.configured.iter();
        let section = configured.find(|(known, _)| known == name);
        match section {
            Some((_, section)) => Provider::resolved(name, Some(section)),
            None if name == bundled::GROUND => None,
            None => Provider::resolved(name, None),
        }
    }

    /// The provider that is asked, with what the command line says about it.
    fn overridden(
        &self,
        asked: &Asked,
        overrides: &Overrides,
        environment: &Environment,
    ) -> Result<Provider, ModelsError> {
        let name = &asked.name;
        let mut provider = match (self.known(&name.provider), &overrides.base_url) {
            (Some(known), None)
                if !known.models.is_empty() && !known.models.contains(&name.model) =>
            {
                return Err(unknown_model(asked, &known.models));
            }
            (Some(known), None) => known,
            (Some(known), Some(other)) if stays(&known, other, environment) => known,
            (Some(known), Some(other)) => known.elsewhere(other),
            (None, Some(other)) => Provider::unknown(&name.provider).elsewhere(other),
            (None, None) => return Err(self.unknown_provider(&name.provider, &asked.place)),
        };
        if let Some(dialect) = overrides.dialect {
            provider.dialect = dialect;
        }
        if overrides.routes.is_some() {
            provider.routes.clone_from(&overrides.routes);
        }
        Ok(provider)
    }

    fn which_provider(&self) -> ModelsError {
        let names: Vec<&str> = self
            .configured
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        ModelsError::WhichProvider {
            hint: match names.as_slice() {
                [] => "; none is configured: add [providers.NAME] to config.toml".to_owned(),
                names => format!("; configured: {}", names.join(", ")),
            },
        }
    }

    fn unknown_provider(&self, name: &str, place: &str) -> ModelsError {
        let configured: Vec<&str> = self
            .configured
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let known = configured.iter().copied().chain(bundled::names());
        let hint = match (nearest(name, known), configured.as_slice()) {
            (Some(nearest), _) => format!("; did you mean {nearest:?}?"),
            (None, []) => {
                "; `alipes providers --all` lists those that are known, and --base-url URL gives \
                 the address of another"
                    .to_owned()
            }
            (None, names) => format!("; configured: {}", names.join(", ")),
        };
        ModelsError::UnknownProvider {
            name: name.to_owned(),
            asked: place.to_owned(),
            hint,
        }
    }
}

/// Whether a provider with this address on the command line is still the one that is known. One that
/// nobody configured gives way to the key for addresses from the command line.
fn stays(known: &Provider, base_url: &str, environment: &Environment) -> bool {
    let same = known.base_url.as_deref() == Some(base_url);
    same && (known.configured || environment.text(KEY_VARIABLE).is_none())
}

fn endpoint(provider: &Provider, profile: Profile) -> Result<Endpoint, ModelsError> {
    let base_url = address(provider)?;
    let endpoint = Endpoint::new(&provider.name, base_url, profile, provider.routes.clone())?
        .with_dialect(provider.dialect)
        .with_key_header(provider.key_header);
    let version = provider.anthropic_version.as_deref();
    // Read as printable, so every header can carry it.
    Ok(match version.map(HeaderValue::from_str) {
        Some(Ok(version)) => {
            endpoint.with_header(HeaderName::from_static("anthropic-version"), version)
        }
        _ => endpoint,
    })
}

fn address(provider: &Provider) -> Result<&str, ModelsError> {
    provider.base_url.as_deref().ok_or_else(|| {
        let name = provider.name.clone();
        match provider.app_server {
            true => ModelsError::OfficialClient { provider: name },
            false => ModelsError::NoAddress { provider: name },
        }
    })
}

/// The profile that is named, or else the host's, with the provider's own fields on top.
fn effective_profile(provider: &Provider) -> Result<Profile, ModelsError> {
    let name = match provider.profile {
        Some(name) => name,
        None => Profile::name_for_host(&Endpoint::host_of(address(provider)?)?),
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
