//! What a provider is shown as proof of who asks.

use std::path::Path;
use std::sync::Arc;

use alipes_auth::{ApiKey, KeySource};
use alipes_base::{Environment, Secret};
use alipes_transport::{Credential, Endpoint, NoCredential};

use super::Catalog;
use super::provider::{Key, Provider};
use crate::ModelsError;

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
