//! The transport's side of one conversation: its socket, its delta base, its turn state.

use std::sync::Arc;
use std::time::Duration;

use alipes_base::Deadline;
use alipes_wire::EncodedRequest;
use http::HeaderMap;

use crate::attempt::{LiveSocket, Resting};
use crate::conversation::Conversation;
use crate::exchange;
use crate::step::signed;
use crate::{
    AccountKey, Cause, Credential, Endpoint, Fault, Phase, Reader, Replay, Request, ResponseStream,
    Route, Transport,
};

/// One conversation with one endpoint. Owned by a turn; one request at a time.
pub struct Session {
    pub(crate) about: Conversation,
    /// The idle socket; an attempt takes it out and puts it back only after a completed response.
    pub(crate) socket: Option<Resting>,
    /// The conversation has outgrown a WebSocket frame.
    pub(crate) too_large_for_frames: bool,
}

impl Transport {
    /// A session for a new or resumed conversation. `id` should stay the same along it.
    #[must_use]
    pub fn session(
        &self,
        endpoint: Arc<Endpoint>,
        credential: Arc<dyn Credential>,
        id: String,
    ) -> Session {
        let transport = self.towards(&endpoint);
        Session {
            about: Conversation::new(transport, endpoint, credential, id),
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
        let reader = request.reader;
        ResponseStream::new(reader, move |updates| {
            exchange::run(self, request, deadline, updates)
        })
    }

    /// What ends at once because the request cannot be said in the endpoint's dialect.
    pub fn refuse(&self, why: &str) -> ResponseStream<'_> {
        let mut fault = Fault::new(Phase::Send, Cause::InvalidRequest).because(why);
        fault.replay = Replay::Free;
        let fault = signed(fault, &self.about.endpoint, &self.about.transport.redactor);
        ResponseStream::new(Reader::Replaces, move |_updates| {
            std::future::ready(Err(fault))
        })
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
        Self {
            about: self.about.sibling(),
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
