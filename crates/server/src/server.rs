//! The server: what its requests share, and how it starts and ends.

use std::net::SocketAddr;
use std::sync::Arc;

use alipes_base::{Clock, Environment, Rng};
use alipes_transport::Transport;
use arc_swap::ArcSwap;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Router, middleware};
use http::StatusCode;
use tokio::task::JoinSet;

use crate::body::Room;
use crate::continuations::Continuations;
use crate::conversations::Conversations;
use crate::drain::Drain;
use crate::listener::Listener;
use crate::metrics::Metrics;
use crate::refusal::Refusal;
use crate::tls::Tls;
use crate::{
    ServerError, Serving, TlsFiles, aside, door, fronts, health, metrics, models_list, websocket,
};

/// How a server shall run.
pub struct ServerOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The certificate to show; without one, no TLS is spoken.
    pub tls: Option<TlsFiles>,
    /// Something in front of it speaks TLS with those who come from other machines.
    pub behind_proxy: bool,
    /// What is served, and to whom.
    pub serving: Serving,
    /// The way to endpoints.
    pub transport: Transport,
    /// Where providers' keys in variables are.
    pub environment: Environment,
    /// The time.
    pub clock: Clock,
    /// Identifiers.
    pub rng: Rng,
}

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) serving: ArcSwap<Serving>,
    pub(crate) transport: ArcSwap<Transport>,
    pub(crate) environment: Environment,
    pub(crate) clock: Clock,
    pub(crate) rng: Rng,
    pub(crate) address: SocketAddr,
    pub(crate) conversations: Conversations,
    pub(crate) continuations: Continuations,
    pub(crate) room: Room,
    /// What open sockets remember of their conversations.
    pub(crate) memory: Room,
    pub(crate) drain: Drain,
    pub(crate) metrics: Arc<Metrics>,
    tls: Option<Tls>,
}

/// A running server. Dropping it ends everything at once.
pub struct Server {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

impl Server {
    /// Listens, and serves from then on.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn start(options: ServerOptions) -> Result<Self, ServerError> {
        let address = options.listen;
        let is_private = options.tls.is_some() || options.behind_proxy;
        if !address.ip().to_canonical().is_loopback() && !is_private {
            return Err(ServerError::Exposed { address });
        }
        let tls = options.tls.map(Tls::new).transpose()?;
        let listener = Listener::bind(address, tls.clone()).await?;
        let connections = options.serving.connections();
        let shared = Arc::new(Shared {
            address: listener.address(),
            conversations: Conversations::new(options.clock.clone()),
            continuations: Continuations::new(options.clock.clone()),
            room: Room::default(),
            memory: Room::of(websocket::REMEMBERED),
            drain: Drain::default(),
            metrics: Arc::default(),
            tls,
            serving: ArcSwap::from_pointee(options.serving),
            transport: ArcSwap::from_pointee(options.transport),
            environment: options.environment,
            clock: options.clock,
            rng: options.rng,
        });
        let mut tasks = JoinSet::new();
        let router = router(Arc::clone(&shared));
        tasks.spawn(listener.serve(router, Arc::clone(&shared), connections));
        Ok(Self { shared, tasks })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// The base URL that clients are given, such as `http://127.0.0.1:8791/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        let scheme = match self.shared.tls {
            Some(_) => "https",
            None => "http",
        };
        format!("{scheme}://{}/v1", self.shared.address)
    }

    /// The way to endpoints, as it is now.
    #[must_use]
    pub fn transport(&self) -> Transport {
        Transport::clone(&self.shared.transport.load())
    }

    /// Serves this from the next request on, over `transport`, and shows the certificate that is there
    /// now. Answers under way go on as they began. What was met so far stays known.
    ///
    /// # Errors
    /// [`ServerError::Tls`] if the certificate cannot be used: nothing has changed then.
    pub fn reload(&self, serving: Serving, transport: Transport) -> Result<(), ServerError> {
        if let Some(tls) = &self.shared.tls {
            tls.renew()?;
        }
        let transport = transport.going_on_from(&self.shared.transport.load());
        self.shared.transport.store(Arc::new(transport));
        let serving = serving.going_on_from(&self.shared.serving.load());
        self.shared.serving.store(Arc::new(serving));
        self.shared.conversations.forget();
        Ok(())
    }

    /// Takes nothing new, and returns when the answers under way have ended; those that take longer
    /// than `drain_seconds` are ended with an error in their stream.
    pub async fn stop(mut self) {
        self.shared.drain.begin();
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Shared {
    /// Something that nobody else is called by.
    pub(crate) fn new_id(&self) -> String {
        self.rng.id_of(self.clock.unix_ms())
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route(door::HEALTH, get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::page))
        .route("/v1/models", get(models_list::list))
        .route("/v1/models/{*name}", get(models_list::one))
        .route(
            "/v1/responses",
            post(fronts::responses).get(websocket::upgrade),
        )
        .route("/v1/chat/completions", post(fronts::chat))
        .route("/v1/messages", post(fronts::messages))
        .route("/v1/responses/compact", post(aside::compact))
        .route("/v1/messages/count_tokens", post(aside::count_tokens))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(
            Arc::clone(&shared),
            door::guard,
        ))
        .with_state(shared)
}

async fn no_such_path(request: Request) -> Response {
    let path: String = request.uri().path().chars().take(80).collect();
    let why = format!("there is nothing at {path}{}", astray(&path));
    let refusal = Refusal::new(StatusCode::NOT_FOUND, "not_found", why);
    refusal.response(door::dialect_of(&path))
}

/// What commonly leads a client there.
fn astray(path: &str) -> &'static str {
    const KNOWN: [&str; 4] = ["/chat/completions", "/messages", "/models", "/responses"];
    if path.starts_with("/v1/v1/") {
        return "; this client adds /v1 by itself: leave it out of the base URL";
    }
    match KNOWN.iter().any(|known| path.starts_with(known)) {
        true => "; the base URL of this client has to end in /v1",
        false => "",
    }
}

async fn no_such_method(request: Request) -> Response {
    let (method, path) = (request.method().as_str(), request.uri().path());
    let method: String = method.chars().take(20).collect();
    let why = format!("{path} does not take {method}");
    let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", why);
    refusal.response(door::dialect_of(path))
}
