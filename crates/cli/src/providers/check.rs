//! The test call: whether a provider takes a key, before it is saved.

use std::time::Duration;

use alipes_base::Secret;
use alipes_models::Provider;
use alipes_transport::{Endpoint, Transport};
use anyhow::anyhow;
use http::StatusCode;

use super::question;
use crate::failure::Failure;

/// Whoever adds a provider waits for this.
const LIMIT: (&str, Duration) = ("test call", Duration::from_secs(10));

/// Asks the provider what it only tells those who may know, and gives what it said, for people.
pub(super) async fn passes(
    provider: &Provider,
    endpoint: &Endpoint,
    key: Option<&Secret>,
    transport: &Transport,
) -> Result<String, Failure> {
    let name = &provider.name;
    let path = provider
        .check_path
        .as_ref()
        .or(provider.models_path.as_ref());
    let Some(path) = path else {
        return Ok(format!(
            "{name} has nothing to ask for a test; the key was not tried"
        ));
    };
    let reply = question::ask(transport, endpoint, path, key, LIMIT).await;
    let reply = reply.map_err(|no_reply| {
        failed(anyhow!(no_reply).context(format!("{name} could not be asked")))
    })?;
    let accepts = match key {
        Some(_) => "accepts the key",
        None => "answers",
    };
    match reply.status {
        status if status.is_success() => Ok(match reply.models(provider) {
            Some(models) => format!("{name} {accepts} and has {} models", models.len()),
            None => format!("{name} {accepts}"),
        }),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Failure::failed(match key {
            Some(_) => anyhow!(
                "{name} refuses this key ({}); nothing was saved",
                reply.status
            ),
            None => anyhow!("{name} wants a key ({}); nothing was saved", reply.status),
        })),
        status => {
            let url = endpoint.url(path);
            Err(failed(anyhow!("{name} answered {status} to {url}")))
        }
    }
}

/// The key may be good all the same.
fn failed(error: anyhow::Error) -> Failure {
    Failure::failed(anyhow!(
        "{error:#}; nothing was saved, --unchecked saves it without asking"
    ))
}
