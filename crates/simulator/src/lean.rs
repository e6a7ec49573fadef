//! A backend that only answers: always the same, at once or at a steady pace, and nothing goes wrong.
//!
//! A bench asks what stands *between* a client and its provider, so the provider must cost as little as
//! it can. Answers are written once and then sent as they are, each event in a chunk of its own, as
//! providers send them. What an answer looks like is in the name of the model (`plan`).

mod plan;
mod script;
mod socket;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use alipes_base::Clock;
use alipes_wire::{Dialect, Relayed};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::plan::Plan;
use self::script::{Play, Script, Scripts};
use self::socket::Handover;
use crate::SimulatorError;
use crate::http::{Body, full};

/// Most bytes of a request's body.
const LARGEST: usize = 64 << 20;

/// Connections served at a time; more wait in the listener's queue.
const CONNECTIONS: usize = 4_096;

/// A running lean backend. Dropping it ends every connection.
#[derive(Debug)]
pub struct Lean {
    address: SocketAddr,
    begun: Instant,
    _tasks: JoinSet<()>,
}

/// What its connections share.
struct Shared {
    scripts: Scripts,
    clock: Clock,
    begun: Instant,
}

impl Lean {
    /// How many bytes of text a piece has.
    pub const PIECE: usize = script::PIECE;

    /// Listens on a free port of this machine, and serves from then on.
    ///
    /// # Errors
    /// [`SimulatorError::Listen`].
    pub async fn start(clock: Clock) -> Result<Self, SimulatorError> {
        let free = (Ipv4Addr::LOCALHOST, 0).into();
        let failed = |source| SimulatorError::Listen {
            address: free,
            source,
        };
        let listener = listen(free).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let begun = clock.now();
        let shared = Arc::new(Shared {
            scripts: Scripts::default(),
            clock,
            begun,
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, shared));
        Ok(Self {
            address,
            begun,
            _tasks: tasks,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The base URL that clients are given.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What the pieces of a paced answer count from: each is its own time of leaving, in microseconds.
    #[must_use]
    pub fn begun(&self) -> Instant {
        self.begun
    }

    /// The piece of text at `index` of an answer without a pace.
    #[must_use]
    pub fn piece(index: usize) -> String {
        script::piece(index as u64)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the lean backend's one listening socket"
)]
async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(_ended) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, Arc::clone(&shared)));
                }
            }
        }
    }
}

/// Serves one connection until it ends.
async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let _unsupported = stream.set_nodelay(true);
    let handover: Mutex<Option<Handover>> = Mutex::default();
    let service = service_fn(|request| async {
        Ok::<_, Infallible>(answer(&shared, &handover, request).await)
    });
    // How a connection ends is its client's affair.
    let _ended = http1::Builder::new()
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    let left = handover
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(left) = left {
        left.run(&shared).await;
    }
}

async fn answer(
    shared: &Arc<Shared>,
    handover: &Mutex<Option<Handover>>,
    mut request: Request<Incoming>,
) -> Response<Body> {
    let dialect = match (request.method(), request.uri().path()) {
        (&Method::GET, "/v1/responses") => {
            let (answer, left) = socket::upgrade(&mut request);
            *handover.lock().unwrap_or_else(PoisonError::into_inner) = left;
            return full(answer);
        }
        (&Method::POST, "/v1/responses") => Dialect::Responses,
        (&Method::POST, "/v1/chat/completions") => Dialect::Chat,
        _ => return refused(StatusCode::NOT_FOUND),
    };
    let body = Limited::new(request.into_body(), LARGEST).collect().await;
    let words = body.map(|body| Relayed::parse(dialect, body.to_bytes()));
    let Ok(Ok(words)) = words else {
        return refused(StatusCode::BAD_REQUEST);
    };
    let Some(plan) = Plan::of(&words) else {
        return refused(StatusCode::NOT_FOUND);
    };
    let script = shared.scripts.script(plan);
    match words.stream {
        true => streamed(Play::new(script, plan, shared)),
        false => whole(&script),
    }
}

fn streamed(play: Play) -> Response<Body> {
    let chunks = stream::unfold(play, |mut play| async {
        let event = play.next().await?;
        Some((Ok::<_, Infallible>(Frame::data(event.sse)), play))
    });
    let response = Response::new(StreamBody::new(chunks).boxed_unsync());
    of_kind(response, "text/event-stream")
}

fn whole(script: &Script) -> Response<Body> {
    let body = Full::new(script.object.clone()).boxed_unsync();
    of_kind(Response::new(body), "application/json")
}

fn of_kind(mut response: Response<Body>, kind: &'static str) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn refused(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    full(response)
}
