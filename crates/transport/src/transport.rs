//! What all sessions share: the dialer, the clock, who we are, and what was met before.

use std::sync::Arc;

use alipes_base::{Clock, Redactor, Rng};
use alipes_net::{DialWatch, Dialer, HttpClient};

use crate::{Endpoint, Experience, Identity, MemoryStore, MemoryWarning};

/// What all sessions share.
#[derive(Clone)]
pub struct Transport {
    /// Dials for WebSockets.
    pub dialer: Dialer,
    /// Makes HTTP requests over the same dialer.
    pub http: HttpClient,
    /// The time.
    pub clock: Clock,
    /// Jitter and identifiers.
    pub rng: Rng,
    /// Cleans evidence.
    pub redactor: Redactor,
    /// Who we are.
    pub identity: Arc<Identity>,
    /// What they have met.
    pub experience: Arc<Experience>,
}

impl Transport {
    /// A transport that leaves by `dialer` and has met nothing yet.
    #[must_use]
    pub fn new(
        dialer: Dialer,
        clock: Clock,
        rng: Rng,
        redactor: Redactor,
        identity: Identity,
    ) -> Self {
        Self {
            http: HttpClient::new(dialer.clone(), clock.clone()),
            dialer,
            experience: Arc::new(Experience::new(clock.clone())),
            clock,
            rng,
            redactor,
            identity: Arc::new(identity),
        }
    }

    /// The same transport, which has met what `other` has met and goes on sharing it.
    #[must_use]
    pub fn going_on_from(self, other: &Self) -> Self {
        Self {
            experience: Arc::clone(&other.experience),
            ..self
        }
    }

    /// Takes in what earlier processes have met and `store` has kept. A store that fails costs one
    /// warning, here or in [`keep`](Self::keep), for the front to print.
    pub async fn recall(&self, store: &dyn MemoryStore) -> Option<MemoryWarning> {
        self.experience.recall(store, self.dialer.memory()).await
    }

    /// Keeps what was met for the next process, and takes in what others have kept meanwhile.
    pub async fn keep(&self, store: &dyn MemoryStore) -> Option<MemoryWarning> {
        self.experience.keep(store, self.dialer.memory()).await
    }

    /// The same transport, telling of each phase of its dials.
    pub(crate) fn watched(&self, watch: &DialWatch) -> Self {
        Self {
            dialer: self.dialer.watched(watch.clone()),
            http: self.http.watched(watch.clone()),
            ..self.clone()
        }
    }

    /// The same transport, asking of every connection what the endpoint's profile says.
    pub(crate) fn towards(&self, endpoint: &Endpoint) -> Self {
        let options = endpoint.profile().socket_options();
        Self {
            dialer: self.dialer.with_socket_options(options),
            http: self.http.with_socket_options(options),
            ..self.clone()
        }
    }
}
