//! The address on this machine that the browser comes back to.
//!
//! It listens on loopback only, for one sign-in, and believes nothing that does not carry this
//! sign-in's `state`: any page on the web can send a browser here. So an answer with another state,
//! or under another host name (DNS rebinding), gets a page that says so, and the waiting goes on.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use url::form_urlencoded;

use super::SignInError;
use super::page::Page;
use crate::authority::{Refusal, one_line};

/// Where the issuer sends the browser (codex-protocol §5.1).
pub(super) const PATH: &str = "/auth/callback";

/// Connections at a time; browsers open some in advance.
const CONNECTIONS: usize = 16;

/// How long a browser may take for a request's head.
const HEAD: Duration = Duration::from_secs(30);

/// How long the last page may take to get out.
const LAST_PAGE: Duration = Duration::from_secs(2);

/// The listening address.
pub(super) struct Callback {
    listener: TcpListener,
    port: u16,
    door: Arc<Door>,
    arrivals: mpsc::Receiver<Arrival>,
    connections: JoinSet<()>,
}

/// What the browser brought, and where the page goes that it shall show.
pub(super) struct Arrival {
    pub(super) news: News,
    pub(super) reply: oneshot::Sender<Page>,
}

/// What a browser can bring.
pub(super) enum News {
    Code(String),
    Refused(Refusal),
    Cancelled,
}

/// What every request is judged by.
struct Door {
    state: String,
    hosts: [String; 2],
    arrivals: mpsc::Sender<Arrival>,
    /// An answer to another sign-in was seen.
    stranger: AtomicBool,
}

impl Callback {
    /// Listens on the first of `ports` that is free.
    pub(super) async fn listen(ports: &[u16], state: &str) -> Result<Self, SignInError> {
        for port in ports {
            // Taken, or not ours to take: the next one may do.
            if let Ok(listener) = bind(*port).await
                && let Ok(address) = listener.local_addr()
            {
                return Ok(Self::on(listener, address.port(), state));
            }
        }
        Err(SignInError::NoPort {
            ports: ports.to_vec(),
        })
    }

    fn on(listener: TcpListener, port: u16, state: &str) -> Self {
        let (sender, arrivals) = mpsc::channel(1);
        let door = Door {
            state: state.to_owned(),
            hosts: ["localhost", "127.0.0.1"].map(|host| format!("{host}:{port}")),
            arrivals: sender,
            stranger: AtomicBool::new(false),
        };
        Self {
            listener,
            port,
            door: Arc::new(door),
            arrivals,
            connections: JoinSet::new(),
        }
    }

    /// What the issuer is told.
    pub(super) fn redirect_uri(&self) -> String {
        format!("http://localhost:{}{PATH}", self.port)
    }

    /// Whether somebody came back with the answer to another sign-in.
    pub(super) fn has_seen_stranger(&self) -> bool {
        self.door.stranger.load(Ordering::Relaxed)
    }

    /// The next thing of ours that the browser brings.
    pub(super) async fn next(&mut self) -> Arrival {
        loop {
            let has_room = self.connections.len() < CONNECTIONS;
            tokio::select! {
                Some(arrival) = self.arrivals.recv() => return arrival,
                accepted = self.listener.accept(), if has_room => match accepted {
                    Ok((stream, _)) => {
                        self.connections.spawn(serve(stream, Arc::clone(&self.door)));
                    }
                    // Out of descriptors, most likely: they come back.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
                Some(_ended) = self.connections.join_next() => {}
            }
        }
    }

    /// Stops listening, and lets the last page out.
    pub(super) async fn close(self) {
        drop((self.listener, self.arrivals));
        let mut connections = self.connections;
        let all = async { while connections.join_next().await.is_some() {} };
        let _late = tokio::time::timeout(LAST_PAGE, all).await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one socket of this room: a browser comes back to it"
)]
async fn bind(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

async fn serve(stream: TcpStream, door: Arc<Door>) {
    let service = service_fn(|request| async { Ok::<_, Infallible>(door.answer(request).await) });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        // A connection that waits for more would keep us from closing.
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // A browser that goes away has seen what it wanted.
    let _gone = connection.await;
}

impl Door {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let page = match self.judge(&request) {
            Ok(news) => self.bring(news).await,
            Err(page) => page,
        };
        page.response()
    }

    fn judge(&self, request: &Request<Incoming>) -> Result<News, Page> {
        if request.method() != Method::GET {
            return Err(Page::refused(StatusCode::METHOD_NOT_ALLOWED));
        }
        if !self.is_for_us(request.headers()) {
            return Err(Page::refused(StatusCode::MISDIRECTED_REQUEST));
        }
        match request.uri().path() {
            PATH => self.read(request.uri().query().unwrap_or_default()),
            // How the Codex CLI asks for the port (§5.2). A web page may not.
            "/cancel" if !request.headers().contains_key("sec-fetch-site") => Ok(News::Cancelled),
            _ => Err(Page::refused(StatusCode::NOT_FOUND)),
        }
    }

    fn read(&self, query: &str) -> Result<News, Page> {
        let field = |name: &str| {
            let mut fields = form_urlencoded::parse(query.as_bytes());
            let value = fields.find(|(key, _)| key == name).map(|(_, value)| value);
            value.filter(|value| !value.is_empty())
        };
        if field("state").as_deref() != Some(&self.state) {
            self.stranger.store(true, Ordering::Relaxed);
            return Err(Page::stranger());
        }
        match (field("error"), field("code")) {
            (Some(error), _) => Ok(News::Refused(Refusal {
                status: 0,
                code: Some(one_line(&error)),
                description: field("error_description").map(|text| one_line(&text)),
            })),
            (None, Some(code)) => Ok(News::Code(code.into_owned())),
            (None, None) => Err(Page::refused(StatusCode::BAD_REQUEST)),
        }
    }

    /// Hands it over and waits for what to show.
    async fn bring(&self, news: News) -> Page {
        let (reply, page) = oneshot::channel();
        let brought = self.arrivals.send(Arrival { news, reply }).await;
        match (brought, page.await) {
            (Ok(()), Ok(page)) => page,
            _ => Page::cancelled(),
        }
    }

    fn is_for_us(&self, headers: &HeaderMap) -> bool {
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        host.is_some_and(|host| {
            self.hosts
                .iter()
                .any(|ours| ours.eq_ignore_ascii_case(host))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rebound_name_is_not_this_machine() {
        let door = Door {
            state: String::new(),
            hosts: ["localhost", "127.0.0.1"].map(|host| format!("{host}:1455")),
            arrivals: mpsc::channel(1).0,
            stranger: AtomicBool::new(false),
        };
        let is_for_us = |host: &str| {
            let host = (header::HOST, host.parse().unwrap());
            door.is_for_us(&HeaderMap::from_iter([host]))
        };
        assert!(is_for_us("localhost:1455") && is_for_us("127.0.0.1:1455"));
        for host in [
            "localhost.evil.example:1455",
            "localhost:80",
            "localhost.:1455",
            "evil.example",
        ] {
            assert!(!is_for_us(host), "{host}");
        }
        assert!(!door.is_for_us(&HeaderMap::new()));
    }
}
