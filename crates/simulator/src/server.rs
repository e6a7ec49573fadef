//! The listener, the connections, and who owns their tasks.
//!
//! One task accepts and owns all connections; one task serves each of them, from TLS to the end of
//! a WebSocket. Dropping the [`Simulator`] drops the first, and so everything. Whether connections come in
//! from the operating system or over a network in memory makes no difference here.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

use crate::backend::{Backend, Moment};
use crate::deaf::{Deaf, Framing};
use crate::faults::Action;
use crate::handshake;
use crate::http::{Body, Connection};
use crate::listener::{Accepted, Listener};
use crate::plug::{Plug, Pull};
use crate::seen::Seen;
use crate::tls::{HOST, Tls};
use crate::{Keys, Network, Options, Scenario, SimulatorError, Watch, unwilling};

/// Connections served at a time; more wait in the listener's queue.
const CONNECTIONS: usize = 512;

/// How long a client may take to send a request's head, idle time between requests included.
const HEAD: Duration = Duration::from_secs(120);

/// How long any connection may last: longer than a WebSocket's hour.
const LIFE: Duration = Duration::from_secs(70 * 60);

/// Most bytes of a request's head.
const LARGEST_HEAD: u32 = 64 << 10;

/// Most requests at a time on one HTTP/2 connection.
const STREAMS: u32 = 100;

/// A running model backend.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    /// The name it is known by, where that is not its address.
    host: Option<&'static str>,
    ca_pem: Option<String>,
    backend: Arc<Backend>,
    tasks: JoinSet<()>,
}

impl Simulator {
    /// Listens, and serves from then on.
    ///
    /// # Errors
    /// [`SimulatorError::Listen`]; with TLS also [`SimulatorError::Certificate`] and
    /// [`SimulatorError::Tls`].
    pub async fn start(options: Options) -> Result<Self, SimulatorError> {
        let listener = Listener::bind(options.listen).await?;
        Self::serve(listener, None, options)
    }

    /// Listens in a network in memory, where it is known as `simulator.test` unless the network
    /// knows that name already, and serves from then on.
    ///
    /// # Errors
    /// As for [`Simulator::start`].
    pub fn within(network: &Network, options: Options) -> Result<Self, SimulatorError> {
        let address = options.listen;
        let simulator = Self::serve(Listener::within(network, address)?, Some(HOST), options)?;
        network.introduce(HOST, address.ip());
        Ok(simulator)
    }

    fn serve(
        listener: Listener,
        host: Option<&'static str>,
        options: Options,
    ) -> Result<Self, SimulatorError> {
        let address = listener.address();
        let tls = options
            .tls
            .then(|| Tls::throw_away(options.listen.ip()).map(Arc::new))
            .transpose()?;
        let backend = Arc::new(Backend::new(options));
        let ca_pem = tls.as_ref().map(|tls| tls.ca_pem().to_owned());
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, tls, Arc::clone(&backend)));
        Ok(Self {
            address,
            host,
            ca_pem,
            backend,
            tasks,
        })
    }

    /// The base URL that clients are given, such as `http://127.0.0.1:4321/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        let scheme = if self.ca_pem.is_some() {
            "https"
        } else {
            "http"
        };
        if let Some(host) = self.host {
            return format!("{scheme}://{host}:{}/v1", self.address.port());
        }
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        format!("{scheme}://{}/v1", SocketAddr::new(ip, self.address.port()))
    }

    /// The address of its issuer of sign-ins, such as `http://127.0.0.1:4321`.
    #[must_use]
    pub fn issuer_url(&self) -> String {
        self.base_url().trim_end_matches("/v1").to_owned()
    }

    /// How long the access tokens last that its issuer makes from now on.
    pub fn set_token_lifetime(&self, length: Duration) {
        self.backend.books().lifetime = length.as_secs();
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of its throw-away authority, if it serves TLS.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// The last thousand requests, oldest first.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.backend.seen()
    }

    /// Shows the requests that come from now on; only the last one who asked for it sees them.
    #[must_use]
    pub fn watch(&self) -> Watch {
        self.backend.watch()
    }

    /// Starts another scenario at its first attempt; what is already being answered goes on.
    pub fn set_scenario(&self, scenario: Scenario) {
        self.backend.set_scenario(scenario);
    }

    /// Accepts other keys from now on.
    pub fn set_keys(&self, keys: Keys) {
        self.backend.set_keys(keys);
    }

    /// Ends every connection, and returns when all are gone.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

async fn accept(mut listener: Listener, tls: Option<Arc<Tls>>, backend: Arc<Backend>) {
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            biased;
            Some(_ended) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok(accepted) => {
                    number += 1;
                    connections.spawn(serve(accepted, number, tls.clone(), Arc::clone(&backend)));
                }
                // Out of descriptors, most likely: they come back.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
}

/// Serves one connection until it ends.
async fn serve(accepted: Accepted, number: u64, tls: Option<Arc<Tls>>, backend: Arc<Backend>) {
    let Accepted { io, plug } = accepted;
    if let Some(fault) = backend.strike(Moment::Accepted) {
        backend.saw(Seen::unread(number, fault.name));
        plug.carry_out(fault.action.pull().unwrap_or(Pull::Freeze))
            .await;
        drop(io);
        return;
    }
    let connection = Arc::new(Connection::new(backend, plug, number));
    // Whoever is still there after that has been served for long enough.
    let _elapsed = tokio::time::timeout(LIFE, async {
        let Some(tls) = tls else {
            return http1(io, connection).await;
        };
        let Some(io) = handshake::shake(io, &tls, &connection).await else {
            return;
        };
        if io.get_ref().1.alpn_protocol() == Some(b"h2") {
            let fault = connection.backend.strike(Moment::Http2);
            match fault.map(|fault| (fault.action, fault.name)) {
                None => http2(io, connection).await,
                Some((Action::TurnAway(how), name)) => {
                    unwilling::serve(io, how, &connection, name).await;
                }
                Some(_deaf) => http2(Deaf::new(io, Framing::Http2), connection).await,
            }
        } else {
            http1(io, connection).await;
        }
    })
    .await;
}

async fn http1<S>(io: S, connection: Arc<Connection>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service =
        service_fn(|request| async { Ok::<_, Infallible>(answer(&connection, request).await) });
    let http = http1::Builder::new()
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .header_read_timeout(HEAD)
        .max_header_size(LARGEST_HEAD as usize)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    drive(http, &connection.plug).await;
    if let Some(session) = connection.handed_over() {
        session.run(Arc::clone(&connection)).await;
    }
}

async fn http2<S>(io: S, connection: Arc<Connection>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| {
        let connection = Arc::clone(&connection);
        async move { Ok::<_, Infallible>(answer(&connection, request).await) }
    });
    let streams = Streams::default();
    let _owner = Owner(streams.clone());
    let http = http2::Builder::new(streams)
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .max_header_list_size(LARGEST_HEAD)
        .max_concurrent_streams(STREAMS)
        .serve_connection(TokioIo::new(io), service);
    drive(http, &connection.plug).await;
}

/// The answer with its date, which hyper would take from a clock of its own.
async fn answer(connection: &Connection, request: Request<Incoming>) -> Response<Body> {
    let mut response = connection.answer(request).await;
    let date = httpdate::fmt_http_date(connection.backend.clock.wall());
    if let Ok(date) = HeaderValue::try_from(date) {
        response.headers_mut().entry(header::DATE).or_insert(date);
    }
    response
}

/// Runs HTTP until it ends or its plug is pulled. HTTP goes first, so that what was said before a
/// fault has been written when the fault strikes; after that nobody looks at it any more.
async fn drive(http: impl Future, plug: &Plug) {
    let mut http = pin!(http);
    let pull = tokio::select! {
        biased;
        _ended = &mut http => return,
        pull = plug.pulled() => pull,
    };
    plug.carry_out(pull).await;
}

/// The requests of one HTTP/2 connection, which hyper wants to run as tasks.
#[derive(Clone, Default)]
struct Streams(Arc<Mutex<JoinSet<()>>>);

/// Ends them with the connection.
struct Owner(Streams);

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while streams.try_join_next().is_some() {}
        streams.spawn(stream);
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let mut streams = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        streams.abort_all();
    }
}
