//! The test call: whether a provider takes a key, before it is saved.

use std::sync::Arc;
use std::time::Duration;

use alipes_auth::{ApiKey, KeySource};
use alipes_base::{Deadline, Secret};
use alipes_models::Provider;
use alipes_transport::{Cause, Credential, Endpoint, NoCredential, Transport};
use anyhow::anyhow;

use crate::failure::Failure;
use crate::style::counted;

/// Whoever adds a provider waits for this.
const LIMIT: (&str, Duration) = ("test call", Duration::from_secs(10));

/// Asks the provider what it only tells those who may know, and gives what it said, for people.
pub(super) async fn passes(
    provider: &Provider,
    endpoint: Endpoint,
    key: Option<&Secret>,
    transport: &Transport,
) -> Result<String, Failure> {
    let name = &provider.name;
    let path = provider.check_path.clone();
    let path = path.or_else(|| provider.models_path());
    let Some(path) = path else {
        return Ok(format!(
            "{name} has nothing to ask for a test; the key was not tried"
        ));
    };
    let deadline = Deadline::after(&transport.clock, LIMIT.0, LIMIT.1);
    let (endpoint, credential) = (Arc::new(endpoint), credential(key));
    let asked = transport.auxiliary(&endpoint, &credential, &path, deadline);
    let accepts = match key {
        Some(_) => "accepts the key",
        None => "answers",
    };
    match asked.await {
        Ok(answer) => Ok(match provider.listed(&answer.body) {
            Some(models) => {
                let models = counted(models.len() as u64, "model");
                format!("{name} {accepts} and has {models}")
            }
            None => format!("{name} {accepts}"),
        }),
        Err(fault) if matches!(fault.cause(), Cause::Unauthorized | Cause::Forbidden) => {
            let status = fault.status().unwrap_or_default();
            Err(Failure::failed(match key {
                Some(_) => anyhow!("{name} refuses this key (status {status}); nothing was saved"),
                None => anyhow!("{name} wants a key (status {status}); nothing was saved"),
            }))
        }
        // The key may be good all the same.
        Err(fault) => Err(Failure::failed(anyhow!(
            "{fault}; nothing was saved, --unchecked saves it without asking"
        ))),
    }
}

/// The key that was entered and is nowhere yet.
fn credential(key: Option<&Secret>) -> Arc<dyn Credential> {
    match key {
        None => Arc::new(NoCredential),
        Some(key) => Arc::new(ApiKey::new(KeySource::Variable {
            name: "entered".to_owned(),
            value: Some(key.clone()),
        })),
    }
}
