//! From a model that is asked for to the links of a chain: what the command line says goes before the
//! configuration, and whatever cannot be had is told before anything is asked.

use alipes_base::Environment;
use alipes_config::{Origin, nearest};
use alipes_transport::{Profile, Route, Transport};

use super::provider::{KEY_VARIABLE, Provider};
use super::reach::effective_profile;
use super::{Catalog, app_server};
use crate::link::{Account, Link};
use crate::readable::Readable;
use crate::{Chain, Dialect, Effort, ModelName, ModelsError};

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
pub(super) struct Asked {
    pub(super) name: ModelName,
    pub(super) place: String,
}

impl Catalog {
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
        let chain = Chain::new(links, self.rests.clone(), making.transport);
        Ok(chain.recorded(self.records.clone(), making.session_id))
    }

    /// Whether the configuration names a model for what is asked beside the turn.
    #[must_use]
    pub fn has_auxiliary(&self) -> bool {
        self.model.auxiliary.is_some()
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

    fn asked(&self, overrides: &Overrides) -> Result<Asked, ModelsError> {
        if let Some(text) = &overrides.model {
            let parsed = text.parse().ok().or_else(|| self.default_of(text));
            let name = parsed.ok_or_else(|| self.not_a_model(text))?;
            let place = String::new();
            return Ok(Asked { name, place });
        }
        let origin = self.model.default.as_ref().map(|default| &default.origin);
        let place = match origin {
            Some(origin @ Origin::File { .. }) => format!(" (asked for by {origin})"),
            _ => String::new(),
        };
        let name = self.first_asked().ok_or_else(|| self.none_chosen())?;
        Ok(Asked { name, place })
    }

    /// That nobody is asked by himself, and who could be.
    fn none_chosen(&self) -> ModelsError {
        let config = self.folder.join("config.toml").display().to_string();
        let names: Vec<&str> = self
            .configured
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let hint = match names.as_slice() {
            [] => return ModelsError::NoModel { config },
            [only] => format!(
                "{only} is asked with -m {only}/NAME, and `alipes models {only}` lists its models"
            ),
            several => format!("name one with -m PROVIDER/NAME of {}", several.join(", ")),
        };
        ModelsError::NoneChosen { hint, config }
    }

    fn not_a_model(&self, text: &str) -> ModelsError {
        let text: String = text.chars().take(80).collect();
        match self.known(&text) {
            Some(provider) => ModelsError::NoDefaultModel {
                provider: provider.name,
            },
            None => ModelsError::NotAModelName { text },
        }
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

    /// The provider that is asked, with what the command line says about it.
    pub(super) fn overridden(
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
}

/// Whether a provider with this address on the command line is still the one that is known. One that
/// nobody configured gives way to the key for addresses from the command line.
fn stays(known: &Provider, base_url: &str, environment: &Environment) -> bool {
    let same = known.base_url.as_deref() == Some(base_url);
    same && (known.configured || environment.text(KEY_VARIABLE).is_none())
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
