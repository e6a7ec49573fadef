//! A provider and its accounts, to be looked at from outside a turn: the same addresses and keys that a
//! turn would take, in the order in which it would, or else nothing would be proven about turns.

use std::sync::Arc;

use alipes_transport::{Credential, Endpoint};

use super::bundled::{self, GROUND};
use super::key::Key;
use super::making::Asked;
use super::provider::Provider;
use super::reach::{Reached, effective_profile};
use super::{Catalog, Making, Overrides};
use crate::{ModelName, ModelsError};

/// Most accounts that are looked at.
const MOST: usize = 8;

/// Who is looked at.
pub struct Examined {
    /// The provider, asked as its next account.
    pub provider: Provider,
    /// The account that a turn begins with.
    pub account: ExaminedAccount,
    /// Those that a turn asks when that one is refused, at most seven.
    pub others: Vec<ExaminedAccount>,
    /// The model that turns there ask for; `None` if none is configured.
    pub model: Option<String>,
    /// The address is the service's own, and nobody has set it; not so for a server on this machine.
    pub has_known_address: bool,
}

/// One account.
pub struct ExaminedAccount {
    /// Its name; empty where the provider has only one.
    pub name: String,
    /// Where it is asked.
    pub endpoint: Arc<Endpoint>,
    /// What it shows there.
    pub credential: Arc<dyn Credential>,
    /// Where its key is.
    pub key: Key,
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
        let mut standings = self.standings(&provider, making)?;
        standings.sort_by_key(|standing| !standing.is_next);
        let profile = effective_profile(&provider)?;
        let accounts = standings.into_iter().take(MOST).map(|standing| {
            let asked = provider.with_key(standing.key.clone());
            let Reached {
                endpoint,
                credential,
            } = self.reached(&asked, &profile, making.environment)?;
            Ok(ExaminedAccount {
                name: standing.name,
                endpoint,
                credential,
                key: standing.key,
            })
        });
        let accounts: Vec<ExaminedAccount> = accounts.collect::<Result<_, ModelsError>>()?;
        let mut accounts = accounts.into_iter();
        let Some(account) = accounts.next() else {
            return Err(self.unknown_provider(&provider.name, ""));
        };
        Ok(Examined {
            provider: provider.with_key(account.key.clone()),
            account,
            others: accounts.collect(),
            model,
            has_known_address: self.knows_address_of(&provider),
        })
    }

    /// Whether the program knows by itself where this provider is.
    fn knows_address_of(&self, provider: &Provider) -> bool {
        let mut configured = self.configured.iter();
        let section = configured.find(|(name, _)| *name == provider.name);
        let like = section.and_then(|(_, section)| section.like);
        let known = bundled::section(like.unwrap_or(&provider.name));
        let own = known.and_then(|known| known.base_url);
        !provider.local && own.is_some() && own == provider.base_url
    }
}
