//! What an attempt needs to know of the conversation that it belongs to: whom it goes to, as whom, and
//! what binds it to one node of the backend.

use std::sync::Arc;
use std::time::Duration;

use alipes_net::Target;
use http::HeaderMap;
use tokio::task::JoinSet;

use crate::breaker::Destination;
use crate::edge_cookies::EdgeCookies;
use crate::liveness::EdgeWatch;
use crate::{AccountKey, Credential, Endpoint, Route, Transport};

/// What an attempt needs to know of the conversation it belongs to.
pub(crate) struct Conversation {
    pub(crate) transport: Transport,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) credential: Arc<dyn Credential>,
    /// Further headers of its requests, as whoever is served has said them.
    pub(crate) carried: HeaderMap,
    /// Stable along the conversation: the backend's cache affinity hangs on it.
    pub(crate) id: String,
    /// The backend's sticky token, for this turn only.
    pub(crate) turn_state: Option<String>,
    /// What keeps it with the same node of the edge.
    pub(crate) cookies: EdgeCookies,
    /// The next HTTP request needs a connection that nobody has used.
    pub(crate) fresh: bool,
    /// Streams whose answer is complete and whose end is still to come.
    pub(crate) endings: JoinSet<()>,
}

/// The longest sticky token that is kept, in bytes.
const TURN_STATE_KEPT: usize = 4_096;

impl Conversation {
    /// One that is bound to no node yet.
    pub(crate) fn new(
        transport: Transport,
        endpoint: Arc<Endpoint>,
        credential: Arc<dyn Credential>,
        id: String,
    ) -> Self {
        Self {
            transport,
            endpoint,
            credential,
            carried: HeaderMap::new(),
            id,
            turn_state: None,
            cookies: EdgeCookies::default(),
            fresh: false,
            endings: JoinSet::new(),
        }
    }

    /// The same over connections of its own.
    pub(crate) fn sibling(&self) -> Self {
        let (endpoint, credential) = (Arc::clone(&self.endpoint), Arc::clone(&self.credential));
        Self {
            carried: self.carried.clone(),
            fresh: true,
            ..Self::new(
                self.transport.clone(),
                endpoint,
                credential,
                self.id.clone(),
            )
        }
    }

    /// Whom a request for `model` goes to, as things stand now.
    pub(crate) fn destination(&self, model: &str) -> Destination {
        let endpoint = self.endpoint.key();
        let target = Target::from_url(self.endpoint.base_url());
        let egress = target.map(|target| self.transport.dialer.egress_key(&target));
        Destination {
            // An endpoint whose URL leads nowhere leaves by no door.
            egress: egress.map_or_else(|_nowhere| String::new(), |key| key.as_str().to_owned()),
            account: self.account(),
            endpoint: endpoint.clone(),
            model: model.to_owned(),
        }
    }

    /// The account that it goes by.
    pub(crate) fn account(&self) -> AccountKey {
        AccountKey::of(self.endpoint.key(), &self.credential.identity())
    }

    /// For how much longer `route` is left alone, if it is.
    pub(crate) fn left_alone(&self, route: Route) -> Option<Duration> {
        if self.transport.experience.facts.is_empty() {
            return None;
        }
        let to = self.destination("");
        let known = self.transport.experience.route_left_alone(&to, route);
        known.map(|known| known.remaining)
    }

    /// Whether the way to the endpoint holds answers over SSE back until they are whole.
    pub(crate) fn holds_back(&self, model: &str) -> bool {
        let experience = &self.transport.experience;
        !experience.facts.is_empty() && experience.holds_back(&self.destination(model))
    }

    /// Whether its edge is known to answer no pings on `route`.
    pub(crate) fn leaves_pings_unanswered(&self, route: Route) -> bool {
        let experience = &self.transport.experience;
        !experience.facts.is_empty()
            && experience.leaves_pings_unanswered(&self.destination(""), route)
    }

    /// An answer has come on a connection that `edge` watched.
    pub(crate) fn learn_pings(&self, edge: &EdgeWatch, route: Route) {
        let experience = &self.transport.experience;
        let is_news = match edge.answers() {
            true => self.leaves_pings_unanswered(route),
            false => edge.leaves_unanswered(),
        };
        if is_news {
            experience.pinged(&self.destination(""), route, edge.answers());
        }
    }

    /// How many times rarer than its profile says the endpoint wants to be pinged.
    pub(crate) fn calm(&self) -> u32 {
        let target = Target::from_url(self.endpoint.base_url());
        let calm = |target| self.transport.dialer.memory().calm(&target);
        target.map_or(1, calm)
    }

    /// Keeps what an answer over TLS says of the node that gave it.
    pub(crate) fn keep_cookies(&mut self, headers: &HeaderMap) {
        if self.endpoint.base_url().scheme() == "https" {
            self.cookies
                .keep(&self.endpoint.profile().edge_cookies, headers);
        }
    }

    /// Lets go of what binds it to one node of the backend or of the edge.
    pub(crate) fn leave_node(&mut self) {
        self.turn_state = None;
        self.cookies.forget();
    }

    /// Keeps the backend's sticky token, if it is one that can be sent back.
    pub(crate) fn keep_turn_state(&mut self, state: &str) {
        let sendable = state.bytes().all(|byte| matches!(byte, b'!'..=b'~'));
        if sendable && !state.is_empty() && state.len() <= TURN_STATE_KEPT {
            self.turn_state = Some(state.to_owned());
        }
    }
}
