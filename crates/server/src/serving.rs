//! What the configuration says about serving; replaced as a whole when it is read anew.

use std::time::Duration;

use alipes_base::{Clock, Environment};
use alipes_models::Catalog;

use crate::clients::Clients;
use crate::names::Names;
use crate::{KeyFile, ServeSection};

/// The largest body of a request where nothing else is configured, in bytes.
const LARGEST_BODY: usize = 32 << 20;

/// Most connections at a time where nothing else is configured.
const CONNECTIONS: usize = 1_024;

/// For how long answers may go on after the server was asked to stop, where nothing else is
/// configured.
const DRAIN: Duration = Duration::from_secs(30);

/// What is served, and to whom.
#[derive(Debug)]
pub struct Serving {
    pub(crate) catalog: Catalog,
    pub(crate) section: ServeSection,
    pub(crate) clients: Clients,
    pub(crate) names: Names,
}

impl Serving {
    /// What the configuration describes; `own` is the server's own key.
    #[must_use]
    pub fn new(
        catalog: Catalog,
        section: ServeSection,
        own: KeyFile,
        environment: &Environment,
        clock: &Clock,
    ) -> Self {
        Self {
            clients: Clients::new(own, &section, environment, clock),
            names: Names {
                hosts: section.hosts.clone(),
                origins: section.origins.clone(),
            },
            catalog,
            section,
        }
    }

    /// The same in the place of what was served before.
    pub(crate) fn going_on_from(self, before: &Self) -> Self {
        Self {
            clients: self.clients.going_on_from(&before.clients),
            ..self
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.section.connections.unwrap_or(CONNECTIONS)
    }

    /// What keeps `default` from being answered, if anything does.
    #[must_use]
    pub fn lacks(&self) -> Option<&'static str> {
        if self.catalog.has_default() {
            return None;
        }
        Some(match self.has_provider() {
            true => {
                "no default model is configured: set `default` under [model], or let clients name \
                 PROVIDER/MODEL"
            }
            false => "no provider is configured: `alipes providers add NAME` adds one",
        })
    }

    /// Whether there is a model to be asked. A default model's provider may be one that ships with
    /// the program, which nobody has to configure.
    pub(crate) fn is_ready(&self) -> bool {
        self.catalog.has_default() || self.has_provider()
    }

    fn has_provider(&self) -> bool {
        let providers = self.catalog.providers();
        providers.iter().any(|provider| provider.configured)
    }

    /// For how long answers may go on after the server was asked to stop.
    #[must_use]
    pub fn drain(&self) -> Duration {
        let seconds = self.section.drain_seconds.map(u64::from);
        seconds.map_or(DRAIN, Duration::from_secs)
    }

    pub(crate) fn largest_body(&self) -> usize {
        self.section.largest_body.unwrap_or(LARGEST_BODY)
    }
}
