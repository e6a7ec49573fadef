//! The transport's side of one conversation: its socket, its delta base, its turn state.

use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Deadline, Redactor, Rng};
use alipes_net::{DialWatch, Dialer, HttpClient, Target};
use alipes_wire::EncodedRequest;
use http::HeaderMap;
use tokio::task::JoinSet;

use crate::attempt::{LiveSocket, Resting};
use crate::breaker::Destination;
use crate::edge_cookies::EdgeCookies;
use crate::exchange;
use crate::step::signed;
use crate::{
    AccountKey, Cause, Credential, Endpoint, Experience, Fault, Identity, MemoryStore,
    MemoryWarning, Phase, Priority, Replay, ResponseStream, Route,
};

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

/// One model step on its way down.
#[derive(Clone, Debug)]
pub struct Request {
    /// The request, encoded.
    pub body: EncodedRequest,
    /// The same without the reasoning in its input, for an endpoint that cannot read that: another
    /// account made it. `None` where it holds none.
    pub without_reasoning: Option<EncodedRequest>,
    /// Whether the model was asked to reason: it may be silent for longer then.
    pub reasoning: bool,
    /// Whether the consumer can replace what it has shown.
    pub accepts_restart: bool,
    /// The model's name, and how hard it was asked to think: what is learnt is learnt for these.
    pub model: String,
    /// The effort; empty where none was asked for.
    pub effort: String,
    /// Who goes first where the endpoint bears only so many requests at once.
    pub priority: Priority,
    /// Whether somebody waits who ends it when he has waited enough: where nobody else can be asked, two
    /// requests without a word stay open until the deadline, instead of being asked a third time.
    pub waits_on: bool,
    /// Whom the rooms above could ask instead: then this one is not waited for with growing pauses.
    pub alternatives: Alternatives,
}

/// Who is left to ask, beside the one that is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alternatives {
    /// Another account with the same endpoint.
    pub account: bool,
    /// Another provider.
    pub provider: bool,
    /// Another provider on this machine.
    pub here: bool,
}

impl Alternatives {
    /// Whether there is anybody.
    #[must_use]
    pub fn any(self) -> bool {
        self.account || self.provider
    }
}

/// One conversation with one endpoint. Owned by a turn; one request at a time.
pub struct Session {
    pub(crate) about: Conversation,
    /// The idle socket; an attempt takes it out and puts it back only after a completed response.
    pub(crate) socket: Option<Resting>,
    /// The conversation has outgrown a WebSocket frame.
    pub(crate) too_large_for_frames: bool,
}

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
    fn left_alone(&self, route: Route) -> Option<Duration> {
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

    /// A session for a new or resumed conversation. `id` should stay the same along it.
    #[must_use]
    pub fn session(
        &self,
        endpoint: Arc<Endpoint>,
        credential: Arc<dyn Credential>,
        id: String,
    ) -> Session {
        Session {
            about: Conversation {
                transport: self.towards(&endpoint),
                endpoint,
                credential,
                carried: HeaderMap::new(),
                id,
                turn_state: None,
                cookies: EdgeCookies::default(),
                fresh: false,
                endings: JoinSet::new(),
            },
            socket: None,
            too_large_for_frames: false,
        }
    }
}

impl Session {
    /// The endpoint.
    #[must_use]
    pub fn endpoint(&self) -> &Arc<Endpoint> {
        &self.about.endpoint
    }

    /// Says these headers with each request from now on, but none that is ours to say.
    pub fn carry(&mut self, headers: HeaderMap) {
        self.about.carried = headers;
    }

    /// The conversation's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.about.id
    }

    /// The account that it goes by.
    #[must_use]
    pub fn account(&self) -> AccountKey {
        self.about.account()
    }

    /// For how long a request for `model` is better sent to somebody else, after all that is known:
    /// no route is open, or a breaker is not. Zero: it may well be answered.
    #[must_use]
    pub fn left_alone(&self, model: &str) -> Duration {
        let routes = self.about.endpoint.routes().iter();
        let closed = routes.map(|route| self.left_alone_for(*route)).min();
        let experience = &self.about.transport.experience;
        let open = (!experience.breakers.is_empty())
            .then(|| experience.destination_left_alone(&self.about.destination(model)));
        let open = open.flatten().map(|known| known.remaining);
        closed.max(open).unwrap_or_default()
    }

    /// The conversation goes on with another account: what binds this one to it is let go, its socket
    /// with the delta base and its sticky tokens. Its encrypted reasoning is the caller's to leave out.
    pub fn let_go(&mut self) {
        self.about.leave_node();
        self.socket = None;
    }

    /// A new turn begins: the backend's sticky token belongs to the old one (codex-protocol §2.6).
    pub fn begin_turn(&mut self) {
        self.about.turn_state = None;
    }

    /// Sends a request and reads its answer, in as many attempts as it takes and `deadline` allows.
    pub fn stream(&mut self, request: Request, deadline: Deadline) -> ResponseStream<'_> {
        ResponseStream::new(move |updates| exchange::run(self, request, deadline, updates))
    }

    /// What ends at once because the request cannot be said in the endpoint's dialect.
    pub fn refuse(&self, why: &str) -> ResponseStream<'_> {
        let mut fault = Fault::new(Phase::Send, Cause::InvalidRequest).because(why);
        fault.replay = Replay::Free;
        let fault = signed(fault, &self.about.endpoint, &self.about.transport.redactor);
        ResponseStream::new(move |_updates| std::future::ready(Err(fault)))
    }

    /// Opens the socket and hands over what will not change, so that the first step is short.
    /// Does nothing where the route is not WebSocket. A failure is nobody's problem but is told.
    ///
    /// # Errors
    /// The [`Fault`] that kept the socket from being ready.
    pub async fn prewarm(
        &mut self,
        request: &EncodedRequest,
        deadline: Deadline,
    ) -> Result<(), Fault> {
        if self.first_route() != Route::WebSocket || self.socket.is_some() {
            return Ok(());
        }
        let warmed = crate::attempt::prewarm(self, request, deadline).await;
        warmed.map_err(|fault| {
            let fault = exchange::complete_prewarm(&self.about, fault);
            exchange::remember(self, "", fault)
        })
    }

    /// The same conversation over connections of its own, without what binds it to the node that
    /// this one speaks to.
    pub(crate) fn sibling(&self) -> Self {
        let about = &self.about;
        Self {
            about: Conversation {
                transport: about.transport.clone(),
                endpoint: Arc::clone(&about.endpoint),
                credential: Arc::clone(&about.credential),
                carried: self.about.carried.clone(),
                id: about.id.clone(),
                turn_state: None,
                cookies: EdgeCookies::default(),
                fresh: true,
                endings: JoinSet::new(),
            },
            socket: None,
            too_large_for_frames: self.too_large_for_frames,
        }
    }

    /// A response has ended well on `live`: it is kept for the next one.
    pub(crate) fn rest(&mut self, live: LiveSocket) {
        self.socket = Some(Resting::begin(&self.about, live));
    }

    /// The sibling has the answer: the conversation goes on where it was given.
    pub(crate) fn adopt(&mut self, sibling: Self) {
        self.socket = sibling.socket;
        self.about.turn_state = sibling.about.turn_state;
        self.about.endings = sibling.about.endings;
    }

    /// The best route that is not switched off; where all are, the one that is on again first.
    pub(crate) fn first_route(&self) -> Route {
        let mut routes = self.about.endpoint.routes().to_vec();
        let held_back = self.about.holds_back("");
        // Stable: what is open stays in its order.
        routes.sort_by_key(|route| {
            let is_held_back = held_back && *route == Route::Sse;
            (self.left_alone_for(*route), is_held_back)
        });
        routes.first().copied().unwrap_or(Route::Sse)
    }

    /// The best route other than `route` that is not switched off.
    pub(crate) fn other_route(&self, route: Route) -> Option<Route> {
        let mut others = self.about.endpoint.routes().iter().copied();
        others.find(|other| *other != route && self.is_open(*other))
    }

    fn is_open(&self, route: Route) -> bool {
        self.left_alone_for(route).is_zero()
    }

    /// For how long a route is switched off; zero: it is open.
    fn left_alone_for(&self, route: Route) -> Duration {
        match route {
            Route::WebSocket if self.too_large_for_frames => Duration::MAX,
            _ => self.about.left_alone(route).unwrap_or_default(),
        }
    }
}
