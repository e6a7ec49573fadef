//! What a provider is shown as proof of who asks.

use std::path::Path;
use std::sync::Arc;

use alipes_auth::{ApiKey, KeySource, Logins};
use alipes_base::{Environment, Secret};
use alipes_transport::{Credential, Endpoint, NoCredential};

use super::Catalog;
use super::key::{Key, NamedKey};
use super::provider::Provider;
use crate::{ModelsError, OPENAI_CODEX};

impl Catalog {
    /// The credential for a provider that is asked at `endpoint`.
    ///
    /// # Errors
    /// [`ModelsError::NoLogins`] if it is a sign-in, and this machine keeps none.
    pub fn credential(
        &self,
        provider: &Provider,
        endpoint: &Endpoint,
        environment: &Environment,
    ) -> Result<Arc<dyn Credential>, ModelsError> {
        let source = match &provider.key {
            Key::NotNeeded => None,
            Key::VariableIfSet(name) if environment.text(name).is_none() => None,
            Key::Variable(name) | Key::VariableIfSet(name) => Some(variable(name, environment)),
            Key::File(path) => Some(file(&self.folder, path)),
            Key::Login(name) => {
                let logins = self.logins.as_ref().ok_or(ModelsError::NoLogins)?;
                return Ok(logins.credential(name, endpoint.base_url()));
            }
        };
        Ok(match source {
            Some(source) => Arc::new(ApiKey::new(source).sent_to(endpoint.origin())),
            None => Arc::new(NoCredential),
        })
    }

    /// The accounts that a provider is asked with, the configuration's or every sign-in there is; a
    /// single one has no name.
    #[must_use]
    pub fn accounts(&self, provider: &Provider) -> Vec<NamedKey> {
        let named = match &provider.any_login {
            true => self.every_login(),
            false => provider.accounts.clone(),
        };
        match named.is_empty() {
            true => vec![NamedKey {
                name: String::new(),
                key: provider.key.clone(),
            }],
            false => named,
        }
    }

    /// Every sign-in, where there are several.
    fn every_login(&self) -> Vec<NamedKey> {
        let mut names = self.logins.as_ref().map(Logins::names).unwrap_or_default();
        // The one that `alipes login` alone makes is the first.
        names.sort_by_key(|name| name != OPENAI_CODEX);
        let account = |name: String| NamedKey {
            key: Key::Login(name.clone()),
            name,
        };
        match names.as_slice() {
            [] => Vec::new(),
            [only] if only == OPENAI_CODEX => Vec::new(),
            _ => names.into_iter().map(account).collect(),
        }
    }

    /// The same provider where a workspace that is known to live elsewhere wants its requests.
    pub(super) fn routed(&self, provider: &Provider, endpoint: &Endpoint) -> Option<Provider> {
        let Key::Login(name) = &provider.key else {
            return None;
        };
        let routed = self.logins.as_ref()?.routed(name, endpoint.base_url())?;
        Some(Provider {
            base_url: Some(routed.into()),
            ..provider.clone()
        })
    }
}

fn variable(name: &str, environment: &Environment) -> KeySource {
    let value = environment.text(name);
    KeySource::Variable {
        name: name.to_owned(),
        value: value.map(|text| Secret::new(text.to_owned())),
    }
}

fn file(folder: &Path, path: &Path) -> KeySource {
    KeySource::File {
        path: folder.join(path),
    }
}
