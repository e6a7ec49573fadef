//! What the tests talk with: our own client where it is enough, a bare TCP stream where it is not.

use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Deadline, Rng};
use alipes_net::websocket::{self, Message, Socket, Upgrade, Upgraded};
use alipes_net::{
    Call, Dialer, DialerOptions, HttpClient, Limits, NetError, Response, SystemSockets, Tls,
    TlsOptions,
};
use alipes_simulator::{Options, Scenario, Simulator};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

/// Nothing on loopback takes that long; a test that waits for it has failed.
const LONG: Duration = Duration::from_secs(20);

/// Nothing came for so long: the other side has nothing to say.
pub(crate) const QUIET: Duration = Duration::from_millis(100);

pub(crate) fn options(faults: &[&str]) -> Options {
    Options {
        scenario: Scenario::from_flags(faults).unwrap(),
        ..Options::local(Clock::system(), Rng::seeded(7))
    }
}

pub(crate) async fn start(faults: &[&str]) -> Simulator {
    Simulator::start(options(faults)).await.unwrap()
}

/// A user's prompt as the body of a streamed request.
pub(crate) fn prompt(text: &str) -> Value {
    json!({"model": "sim-model", "stream": true, "store": false, "input": text})
}

pub(crate) fn deadline() -> Deadline {
    Deadline::after(&Clock::system(), "test", LONG)
}

pub(crate) async fn start_tls(faults: &[&str]) -> Simulator {
    let options = Options {
        tls: true,
        ..options(faults)
    };
    Simulator::start(options).await.unwrap()
}

fn dialer(simulator: &Simulator, limits: Limits) -> Dialer {
    let roots = simulator.ca_pem().map(|pem| pem.as_bytes().to_vec());
    dialer_with(roots, limits)
}

fn dialer_with(only_these_roots: Option<Vec<u8>>, limits: Limits) -> Dialer {
    let options = TlsOptions {
        only_these_roots,
        ..TlsOptions::default()
    };
    Dialer::new(DialerOptions {
        sockets: Arc::new(SystemSockets::default()),
        tls: Tls::new(options).unwrap(),
        limits,
        clock: Clock::system(),
    })
}

/// A client that gives up after `limits`.
pub(crate) fn client(simulator: &Simulator, limits: Limits) -> HttpClient {
    HttpClient::new(dialer(simulator, limits), Clock::system())
}

/// Asks by our own HTTP client.
pub(crate) async fn ask(
    simulator: &Simulator,
    method: &str,
    path: &str,
    headers: &[(&'static str, &str)],
    body: impl Into<Bytes>,
) -> Response {
    let call = call(simulator, method, path, headers, body);
    let client = client(simulator, Limits::default());
    client.send(call, deadline()).await.unwrap()
}

/// The answer to somebody who says this, over SSE.
pub(crate) async fn answer(simulator: &Simulator, said: &str) -> Response {
    let body = prompt(said).to_string();
    ask(simulator, "POST", "/v1/responses", &[], body).await
}

/// A request for a path of the simulator.
pub(crate) fn call(
    simulator: &Simulator,
    method: &str,
    path: &str,
    headers: &[(&'static str, &str)],
    body: impl Into<Bytes>,
) -> Call {
    let base = Url::parse(&simulator.base_url()).unwrap();
    Call {
        method: method.parse().unwrap(),
        url: base.join(path).unwrap(),
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()))
            .collect(),
        body: body.into(),
        partition: String::new(),
        fresh: false,
    }
}

/// Posts to a path below a base URL, by our own HTTP client.
pub(crate) async fn ask_at(base: &str, path: &str, body: impl Into<Bytes>) -> Response {
    let call = Call {
        method: http::Method::POST,
        url: Url::parse(base).unwrap().join(path).unwrap(),
        headers: http::HeaderMap::new(),
        body: body.into(),
        partition: String::new(),
        fresh: false,
    };
    let client = HttpClient::new(dialer_with(None, Limits::default()), Clock::system());
    client.send(call, deadline()).await.unwrap()
}

/// The whole body of an answer.
pub(crate) async fn text(response: Response) -> String {
    let body = response.body.read_prefix(1 << 20, deadline()).await;
    String::from_utf8(body.to_vec()).unwrap()
}

pub(crate) async fn object(response: Response) -> Value {
    serde_json::from_str(&text(response).await).unwrap()
}

/// Opens a WebSocket by our own client.
pub(crate) async fn connect(
    simulator: &Simulator,
    compression: bool,
) -> Result<Upgraded, NetError> {
    let dialer = dialer(simulator, Limits::default());
    upgraded(&dialer, &simulator.base_url(), compression).await
}

/// The same at any base URL, without compression.
pub(crate) async fn connect_to(base: &str) -> Result<Upgraded, NetError> {
    upgraded(&dialer_with(None, Limits::default()), base, false).await
}

async fn upgraded(dialer: &Dialer, base: &str, compression: bool) -> Result<Upgraded, NetError> {
    let url = format!("{base}/responses").replacen("http", "ws", 1);
    let upgrade = Upgrade {
        compression,
        ..Upgrade::new(Url::parse(&url).unwrap())
    };
    websocket::connect(dialer, upgrade, deadline()).await
}

/// A `response.create` frame.
pub(crate) fn create(mut request: Value) -> String {
    request["type"] = json!("response.create");
    request.to_string()
}

/// Sends a frame and takes what comes, up to the terminal event.
pub(crate) async fn turn(socket: &mut dyn Socket, request: Value) -> Vec<Value> {
    socket.send_text(create(request)).await.unwrap();
    let mut events = Vec::new();
    loop {
        let Message::Text(text) = deadline().run(socket.next()).await.unwrap().unwrap() else {
            continue;
        };
        let event: Value = serde_json::from_slice(&text).unwrap();
        let is_last = ["response.completed", "error"].contains(&kind(&event));
        events.push(event);
        if is_last {
            return events;
        }
    }
}

pub(crate) fn kind(event: &Value) -> &str {
    event["type"].as_str().unwrap_or_default()
}

/// All pieces of visible text.
pub(crate) fn spoken(events: &[Value]) -> String {
    events
        .iter()
        .filter(|event| kind(event) == "response.output_text.delta")
        .filter_map(|event| event["delta"].as_str())
        .collect()
}

/// How a stream of bytes ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// FIN.
    Closed,
    /// RST.
    Reset,
    /// It has not ended, but nothing comes any more.
    Quiet,
}

/// A bare connection, for what a client library would hide.
pub(crate) struct Raw {
    stream: TcpStream,
    pub(crate) text: String,
}

impl Raw {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test looks at the bytes themselves"
    )]
    pub(crate) async fn open(simulator: &Simulator) -> Self {
        Self {
            stream: TcpStream::connect(simulator.local_addr()).await.unwrap(),
            text: String::new(),
        }
    }

    /// Sends a request over HTTP/1.1. A server that is already gone is seen when reading.
    pub(crate) async fn send(&mut self, method: &str, path: &str, body: &str) {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        let _gone = self.stream.write_all((head + body).as_bytes()).await;
    }

    /// Reads up to the end, or until `enough` has come and nothing more.
    pub(crate) async fn read(&mut self, enough: impl Fn(&str) -> bool) -> End {
        let mut buffer = [0; 64 << 10];
        let wait = deadline();
        loop {
            match tokio::time::timeout(QUIET, self.stream.read(&mut buffer)).await {
                Ok(Ok(0)) => return End::Closed,
                Ok(Ok(read)) => self.text += &String::from_utf8_lossy(&buffer[..read]),
                Ok(Err(_reset)) => return End::Reset,
                Err(_elapsed) if enough(&self.text) => return End::Quiet,
                Err(_elapsed) => {
                    assert!(!wait.remaining(&Clock::system()).is_zero(), "{}", self.text);
                }
            }
        }
    }

    /// Reads at least this many bytes, and forgets them.
    pub(crate) async fn swallow(&mut self, bytes: usize) {
        let mut buffer = vec![0; bytes];
        let read = deadline().run(self.stream.read_exact(&mut buffer)).await;
        read.unwrap().unwrap();
    }

    pub(crate) fn status(&self) -> u16 {
        let status = self.text.split(' ').nth(1);
        status.and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// The kinds of the server-sent events so far.
    pub(crate) fn kinds(&self) -> Vec<&str> {
        self.text
            .lines()
            .filter_map(|line| line.trim_end().strip_prefix("event: "))
            .collect()
    }
}
