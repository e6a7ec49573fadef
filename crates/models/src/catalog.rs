//! Which endpoint, key and dialect a model's name means.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use alipes_auth::{ApiKey, KeySource};
use alipes_base::{Environment, Secret};
use alipes_config::{ConfigError, Document, nearest};
use alipes_transport::{
    Credential, Endpoint, EndpointError, NoCredential, Profile, Route, Transport, UnknownProfile,
};

use crate::section::KeySetting;
use crate::{
    Dialect, ModelName, ModelSection, ProviderModel, ProviderSection, ProvidersSection, Thinking,
};

/// The variable that holds the key of a provider given on the command line.
const KEY_VARIABLE: &str = "ALIPES_API_KEY";

/// The providers this machine knows.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    providers: Vec<(String, ProviderSection)>,
    model: ModelSection,
    folder: PathBuf,
}

/// What a command line may override.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `provider/model`.
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

/// A model cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelsError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] Box<ConfigError>),
    /// No model was named.
    #[error(
        "no model is configured; name one with --model PROVIDER/NAME and --base-url URL, or set \
         default under [model] in {config}"
    )]
    NoModel {
        /// The configuration file.
        config: String,
    },
    /// The name has not the form of one.
    #[error(
        "{text:?} is not a model's name; a model is named PROVIDER/NAME, for example work/gpt-x"
    )]
    NotAModelName {
        /// What was given.
        text: String,
    },
    /// No provider of that name is configured.
    #[error("no provider {name:?} is configured{hint}")]
    UnknownProvider {
        /// What was asked for.
        name: String,
        /// What to do.
        hint: String,
    },
    /// The provider's list does not hold the model.
    #[error("the provider {provider:?} has no model {name:?}{hint}")]
    UnknownModel {
        /// The provider.
        provider: String,
        /// What was asked for.
        name: String,
        /// What to do.
        hint: String,
    },
    /// The base URL cannot be used.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// There is no such endpoint profile.
    #[error(transparent)]
    Profile(#[from] UnknownProfile),
    /// Planned, but not in this version.
    #[error("{what} is not supported yet; {instead}")]
    NotYet {
        /// What was asked for.
        what: String,
        /// What can be done instead.
        instead: &'static str,
    },
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
        })
    }

    /// The model that is asked for, ready for a conversation known as `session_id`.
    ///
    /// # Errors
    /// [`ModelsError`], if it cannot be had.
    pub fn model(
        &self,
        overrides: &Overrides,
        environment: &Environment,
        transport: &Transport,
        session_id: String,
    ) -> Result<ProviderModel, ModelsError> {
        let name = self.name(overrides)?;
        let provider = self.provider(&name, overrides)?;
        if provider.dialect != Dialect::Responses {
            return Err(ModelsError::NotYet {
                what: format!("the dialect {:?}", provider.dialect.as_str()),
                instead: "use dialect = \"responses\" where the provider offers it",
            });
        }
        if !self.model.fallback.is_empty() && overrides.model.is_none() {
            return Err(ModelsError::NotYet {
                what: "a fallback chain".to_owned(),
                instead: "take fallback out of [model], or name one model with --model",
            });
        }
        let profile = match &overrides.profile {
            Some(profile) => profile.clone(),
            None => effective_profile(&provider)?,
        };
        let routes = provider.routes.clone();
        let endpoint = Endpoint::new(&name.provider, &provider.base_url, profile, routes)?;
        let credential = self.credential(&provider, environment);
        let session = transport.session(Arc::new(endpoint), credential, session_id);
        Ok(ProviderModel::new(name, session, Thinking::default()))
    }

    /// The effective profile of a configured provider.
    ///
    /// # Errors
    /// [`ModelsError`], if there is no such provider.
    pub fn profile(&self, provider: &str) -> Result<Profile, ModelsError> {
        let known = self.providers.iter().find(|(known, _)| known == provider);
        match known {
            Some((_, section)) => effective_profile(section),
            None => Err(self.unknown_provider(provider)),
        }
    }

    fn name(&self, overrides: &Overrides) -> Result<ModelName, ModelsError> {
        match &overrides.model {
            Some(text) => text
                .parse()
                .map_err(|_not_a_name| ModelsError::NotAModelName {
                    text: text.chars().take(80).collect(),
                }),
            None => self
                .model
                .default
                .clone()
                .ok_or_else(|| ModelsError::NoModel {
                    config: self.folder.join("config.toml").display().to_string(),
                }),
        }
    }

    fn provider(
        &self,
        name: &ModelName,
        overrides: &Overrides,
    ) -> Result<ProviderSection, ModelsError> {
        let known = self
            .providers
            .iter()
            .find(|(known, _)| *known == name.provider);
        let mut provider = match (known, &overrides.base_url) {
            (Some((_, provider)), _) => provider.clone(),
            (None, Some(_)) => ProviderSection {
                api_key: Some(KeySetting::Variable(KEY_VARIABLE.to_owned())),
                ..ProviderSection::default()
            },
            (None, None) => return Err(self.unknown_provider(&name.provider)),
        };
        if overrides.base_url.is_none()
            && !provider.models.is_empty()
            && !provider.models.contains(&name.model)
        {
            return Err(unknown_model(name, &provider.models));
        }
        if let Some(base_url) = &overrides.base_url {
            // A key belongs to its provider's address and does not go elsewhere with a flag.
            if known.is_some() && *base_url != provider.base_url {
                provider.api_key = Some(KeySetting::Variable(KEY_VARIABLE.to_owned()));
                provider.profile = None;
            }
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

    fn credential(
        &self,
        provider: &ProviderSection,
        environment: &Environment,
    ) -> Arc<dyn Credential> {
        let secret = |name: &str| {
            environment
                .text(name)
                .map(|text| Secret::new(text.to_owned()))
        };
        match &provider.api_key {
            None => Arc::new(NoCredential),
            // A provider that is only known from a flag may need no key.
            Some(KeySetting::Variable(name)) if name == KEY_VARIABLE && secret(name).is_none() => {
                Arc::new(NoCredential)
            }
            Some(KeySetting::Variable(name)) => Arc::new(ApiKey::new(KeySource::Variable {
                name: name.clone(),
                value: secret(name),
            })),
            Some(KeySetting::File(path)) => Arc::new(ApiKey::new(KeySource::File {
                path: self.folder.join(path),
            })),
        }
    }

    fn unknown_provider(&self, name: &str) -> ModelsError {
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
            hint,
        }
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

fn unknown_model(name: &ModelName, models: &[String]) -> ModelsError {
    let names = models.iter().map(String::as_str);
    let hint = match nearest(&name.model, names) {
        Some(nearest) => format!("; did you mean {nearest:?}?"),
        None => format!("; its models: {}", models.join(", ")),
    };
    ModelsError::UnknownModel {
        provider: name.provider.clone(),
        name: name.model.clone(),
        hint,
    }
}
