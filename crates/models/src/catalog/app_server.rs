//! The provider that is no address but the installed Codex CLI.
//!
//! What is said about it in vain is an error: it has its own sign-in, models and routes, and somebody
//! who sets them here would wait for an effect.

use super::key::Key;
use super::making::Asked;
use super::provider::Provider;
use super::{Making, Overrides};
use crate::ModelsError;
use crate::app_server::{AppServer, Setup};
use crate::link::Link;
use crate::readable::Readable;

pub(super) fn link(
    asked: &Asked,
    provider: &Provider,
    overrides: &Overrides,
    making: Making<'_>,
) -> Result<Link, ModelsError> {
    let overridden = overrides.dialect.is_some()
        || overrides.routes.is_some()
        || overrides.profile.is_some()
        || overrides.base_url.is_some();
    let configured = provider.base_url.is_some() || provider.key != Key::NotNeeded;
    if overridden || configured {
        let provider = provider.name.clone();
        return Err(ModelsError::OfficialClient { provider });
    }
    let server = AppServer::new(Setup {
        provider: provider.name.clone(),
        environment: making.environment.clone(),
        folder: making.environment.current_dir().to_owned(),
        clock: making.transport.clock.clone(),
        redactor: making.transport.redactor.clone(),
        originator: making.transport.identity.originator.clone(),
    });
    Ok(Link {
        name: asked.name.clone(),
        quirks: provider.quirks.clone(),
        accounts: Vec::new(),
        strategy: provider.strategy,
        effort: None,
        app_server: Some((server, Readable::default())),
    })
}
