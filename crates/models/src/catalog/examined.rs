//! One account of a provider, to be looked at from outside a turn: the same address and key that a turn
//! would take, or else nothing would be proven about turns.

use std::sync::Arc;

use alipes_transport::{Credential, Endpoint};

use super::bundled::GROUND;
use super::key::Key;
use super::making::Asked;
use super::provider::Provider;
use super::reach::{Reached, effective_profile};
use super::{Catalog, Making, Overrides};
use crate::{ModelName, ModelsError};

/// Who is looked at.
pub struct Examined {
    /// The provider, asked with one key.
    pub provider: Provider,
    /// Where that is.
    pub endpoint: Arc<Endpoint>,
    /// What it is shown.
    pub credential: Arc<dyn Credential>,
    /// Where the key is.
    pub key: Key,
    /// The model that turns there ask for; `None` if none is configured.
    pub model: Option<String>,
}

impl Catalog {
    /// The provider that is named, alone or with a model; without a name that of the default model, or
    /// the only one that is configured.
    ///
    /// # Errors
    /// [`ModelsError`], if it is not known which, or it has no usable address or key.
    pub fn examined(
        &self,
        named: Option<&str>,
        overrides: &Overrides,
        making: Making<'_>,
    ) -> Result<Examined, ModelsError> {
        let default = self.model.default.as_ref().map(|default| &default.value);
        let (provider, model) = match (named, default, self.configured.as_slice()) {
            (Some(named), _, _) => match named.split_once('/') {
                Some((provider, model)) => (provider, Some(model.to_owned())),
                None => (named, None),
            },
            (None, _, _) if overrides.base_url.is_some() => (GROUND, None),
            (None, Some(default), _) => (default.provider.as_str(), None),
            (None, None, [(only, _)]) => (only.as_str(), None),
            (None, None, _) => return Err(self.which_provider()),
        };
        let known = self.known(provider);
        let default = default.filter(|default| default.provider == provider);
        let model = model
            .or_else(|| default.map(|default| default.model.clone()))
            .or_else(|| known?.default_model);
        let asked = Asked {
            name: ModelName {
                provider: provider.to_owned(),
                // A list in the configuration is held against the model elsewhere.
                model: model.clone().unwrap_or_default(),
            },
            place: String::new(),
        };
        let found = self.overridden(&asked, overrides, making.environment);
        let provider = match found {
            Err(ModelsError::UnknownModel { .. }) => self.provider(provider)?,
            found => found?,
        };
        let mut standings = self.standings(&provider, making)?.into_iter();
        let provider = match standings.find(|standing| standing.is_next) {
            Some(next) => provider.with_key(next.key),
            None => provider,
        };
        let profile = effective_profile(&provider)?;
        let Reached {
            endpoint,
            credential,
        } = self.reached(&provider, &profile, making.environment)?;
        Ok(Examined {
            key: provider.key.clone(),
            provider,
            endpoint,
            credential,
            model,
        })
    }
}
