//! Where a provider is asked, and by whom: one way for turns and for whatever is asked beside them, so
//! that nothing goes to another address, or by another account, than the turn itself.

use std::collections::HashSet;
use std::sync::Arc;

use alipes_base::Environment;
use alipes_transport::{Credential, Endpoint, Profile, Session};
use alipes_wire::{ListedModel, Price};
use http::{HeaderName, HeaderValue};

use super::provider::Provider;
use super::{Catalog, Making};
use crate::{Listing, ModelName, ModelsError, UsageQuestion, listing};

/// An account's address, and what it is shown there.
pub(crate) struct Reached {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) credential: Arc<dyn Credential>,
}

impl Catalog {
    /// Where a provider is, and how it wants to be asked; not where a workspace of its lives elsewhere.
    ///
    /// # Errors
    /// [`ModelsError`], if it has no usable address.
    pub fn endpoint(&self, provider: &Provider) -> Result<Endpoint, ModelsError> {
        endpoint(provider, effective_profile(provider)?)
    }

    /// A conversation with one account of a provider.
    pub(super) fn session(
        &self,
        provider: &Provider,
        profile: &Profile,
        making: Making<'_>,
    ) -> Result<Session, ModelsError> {
        let reached = self.reached(provider, profile, making.environment)?;
        let (endpoint, credential) = (reached.endpoint, reached.credential);
        let id = making.session_id.to_owned();
        Ok(making.transport.session(endpoint, credential, id))
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
        let profile = effective_profile(provider)?;
        let reached = self.reached(provider, &profile, making.environment)?;
        let records = self.records.clone();
        let question = UsageQuestion::new(making.transport, reached, source, records);
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
        let profile = effective_profile(&provider)?;
        let reached = self.reached(&provider, &profile, making.environment)?;
        let kept = (self.lists.clone(), self.records.clone());
        Ok(Listing::new(making.transport, reached, provider, kept))
    }

    /// How many tokens a model takes: what the configuration says of the default model, or else what
    /// its provider's list said. Asks nobody.
    #[must_use]
    pub fn context_window(&self, name: &ModelName) -> Option<u64> {
        let is_default = self.first_asked().as_ref() == Some(name);
        let configured = self.model.context_window.filter(|_| is_default);
        configured.or_else(|| self.window(name))
    }

    /// How much a model can be shown at once, in tokens, as far as its provider's list said so when it
    /// was last asked for. Asks nobody.
    #[must_use]
    pub fn window(&self, name: &ModelName) -> Option<u64> {
        self.listed(name)?.window
    }

    /// Whether a model can be shown images, as far as its provider's list said so when it was last asked
    /// for. Asks nobody.
    #[must_use]
    pub fn takes_images(&self, name: &ModelName) -> Option<bool> {
        let inputs = self.listed(name)?.inputs;
        (!inputs.is_empty()).then(|| inputs.iter().any(|input| input == "image"))
    }

    /// What a model's tokens cost: what the configuration says, or else what its provider's list said.
    /// Asks nobody.
    #[must_use]
    pub fn price(&self, name: &ModelName) -> Option<Price> {
        let prices = self.provider(&name.provider).ok()?.prices;
        let configured = prices.into_iter().find(|(model, _)| *model == name.model);
        let configured = configured.map(|(_, price)| price);
        configured.or_else(|| self.listed(name)?.price)
    }

    /// The models that are known by name, each once: those that are asked first, then those of each
    /// configured provider, as its list said or as far as the program knows. Asks nobody.
    #[must_use]
    pub fn known_models(&self) -> Vec<ModelName> {
        let mut known = self.order();
        for provider in self
            .providers()
            .into_iter()
            .filter(|known| known.configured)
        {
            let listed = self.list_of(&provider).into_iter().flatten();
            let listed: Vec<String> = listed.map(|model| model.name).collect();
            let named = match (provider.models.is_empty(), listed.is_empty()) {
                (false, _) => provider.models,
                (true, false) => listed,
                (true, true) => provider.bundled_models,
            };
            let names = provider.default_model.into_iter().chain(named);
            known.extend(names.map(|model| ModelName {
                provider: provider.name.clone(),
                model,
            }));
        }
        let mut seen = HashSet::new();
        known.retain(|name| seen.insert(name.clone()));
        known
    }

    /// The model that is asked where none is named: the configuration's default; else, where it has one
    /// provider only, that one's, as far as the program knows which. Asks nobody.
    pub(super) fn first_asked(&self) -> Option<ModelName> {
        if let Some(default) = &self.model.default {
            return Some(default.value.clone());
        }
        let [(name, _)] = self.configured.as_slice() else {
            return None;
        };
        let provider = self.known(name)?;
        let listed = self.list_of(&provider);
        let model = match (&provider.default_model, provider.models.as_slice()) {
            (Some(model), _) => Some(model.clone()),
            (None, [only]) => Some(only.clone()),
            (None, [_, _, ..]) => None,
            (None, []) => match listed.as_deref() {
                Some([only]) => Some(only.name.clone()),
                listed => {
                    let is_there = |model: &&String| {
                        listed.is_none_or(|listed| listed.iter().any(|known| known.name == **model))
                    };
                    provider.bundled_models.iter().find(is_there).cloned()
                }
            },
        };
        let provider = provider.name;
        model.map(|model| ModelName { provider, model })
    }

    /// What its provider's list said of a model.
    fn listed(&self, name: &ModelName) -> Option<ListedModel> {
        let provider = self.provider(&name.provider).ok()?;
        let mut models = self.list_of(&provider)?.into_iter();
        models.find(|model| model.name == name.model)
    }

    /// What a provider's list said when it was last asked for.
    fn list_of(&self, provider: &Provider) -> Option<Vec<ListedModel>> {
        let known = self.lists.as_ref()?.read(&provider.name)?;
        let profile = effective_profile(provider).ok()?;
        let endpoint = endpoint(provider, profile.clone()).ok()?;
        let endpoint = self.served(provider, endpoint, profile).ok()?;
        let place = listing::place(&endpoint, &provider.models_path()?);
        (known.place == place).then_some(known.models)
    }

    pub(super) fn reached(
        &self,
        provider: &Provider,
        profile: &Profile,
        environment: &Environment,
    ) -> Result<Reached, ModelsError> {
        let known = endpoint(provider, profile.clone())?;
        let credential = self.credential(provider, &known, environment)?;
        let endpoint = Arc::new(self.served(provider, known, profile.clone())?);
        Ok(Reached {
            endpoint,
            credential,
        })
    }

    /// Where the account that a provider is asked with is served: its workspace may live elsewhere
    /// than `known`.
    fn served(
        &self,
        provider: &Provider,
        known: Endpoint,
        profile: Profile,
    ) -> Result<Endpoint, ModelsError> {
        match self.routed(provider, &known) {
            Some(elsewhere) => endpoint(&elsewhere, profile),
            None => Ok(known),
        }
    }
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
pub(super) fn effective_profile(provider: &Provider) -> Result<Profile, ModelsError> {
    let name = match provider.profile {
        Some(name) => name,
        None => Profile::name_for_host(&Endpoint::host_of(address(provider)?)?),
    };
    Ok(Profile::with(name, provider.endpoint.clone())?)
}
