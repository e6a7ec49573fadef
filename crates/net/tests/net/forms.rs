//! The forms that the program speaks in, so that a promise of the dialer is kept in all of them:
//! one test, five times.

use std::sync::Arc;
use std::time::Duration;

use alipes_base::Clock;
use alipes_net::websocket::{self, Message, Upgrade};
use alipes_net::{ConnectionFacts, Dialer, HttpClient, NetError};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use crate::support::{Authority, deadline, get, read_all, read_head};
use crate::websocket::accept;

/// What travels on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Http1,
    Http1Tls,
    Http2Tls,
    WebSocket,
    WebSocketTls,
}

/// Makes a test of every form; with `paused`, in paused time.
macro_rules! in_every_form {
    ($(async fn $name:ident($form:ident) $body:block)*) => {
        $(crate::forms::in_these_forms! {
            tokio::test, Http1 Http1Tls Http2Tls WebSocket WebSocketTls,
            async fn $name($form) $body
        })*
    };
    (paused: $(async fn $name:ident($form:ident) $body:block)*) => {
        $(crate::forms::in_these_forms! {
            tokio::test(start_paused = true), Http1 Http1Tls Http2Tls WebSocket WebSocketTls,
            async fn $name($form) $body
        })*
    };
    (over tls: $(async fn $name:ident($form:ident) $body:block)*) => {
        $(crate::forms::in_these_forms! {
            tokio::test, Http1Tls Http2Tls WebSocketTls,
            async fn $name($form) $body
        })*
    };
    (over http, paused: $(async fn $name:ident($form:ident) $body:block)*) => {
        $(crate::forms::in_these_forms! {
            tokio::test(start_paused = true), Http1 Http1Tls Http2Tls,
            async fn $name($form) $body
        })*
    };
}

/// One module of tests, named by the promise; the tests are named by the forms.
macro_rules! in_these_forms {
    ($test:meta, $($variant:ident)*, async fn $name:ident($form:ident) $body:block) => {
        mod $name {
            use super::*;

            async fn keep($form: crate::forms::Form) $body

            $(
                #[$test]
                #[expect(non_snake_case, reason = "named by the form")]
                async fn $variant() {
                    keep(crate::forms::Form::$variant).await;
                }
            )*
        }
    };
}

pub(crate) use {in_every_form, in_these_forms};

impl Form {
    pub(crate) fn is_tls(self) -> bool {
        !matches!(self, Self::Http1 | Self::WebSocket)
    }

    pub(crate) fn is_websocket(self) -> bool {
        matches!(self, Self::WebSocket | Self::WebSocketTls)
    }

    pub(crate) fn url(self, host: &str, port: u16) -> url::Url {
        let scheme = match self {
            Self::Http1 => "http",
            Self::Http1Tls | Self::Http2Tls => "https",
            Self::WebSocket => "ws",
            Self::WebSocketTls => "wss",
        };
        format!("{scheme}://{host}:{port}/x").parse().unwrap()
    }

    /// The HTTP versions that a server of this form offers.
    pub(crate) fn alpn(self) -> &'static [&'static str] {
        match self {
            Self::Http2Tls => &["h2"],
            _ => &["http/1.1"],
        }
    }

    /// Asks a server of this form for one answer.
    pub(crate) async fn talk(
        self,
        dialer: &Dialer,
        host: &str,
        port: u16,
    ) -> Result<ConnectionFacts, NetError> {
        let url = self.url(host, port);
        if self.is_websocket() {
            let mut upgraded = websocket::connect(dialer, Upgrade::new(url), deadline()).await?;
            upgraded.socket.send_text("ok".to_owned()).await?;
            let echo = upgraded.socket.next().await?;
            assert_eq!(echo, Message::Text(Bytes::from_static(b"ok")));
            return Ok(upgraded.facts);
        }
        let client = HttpClient::new(dialer.clone(), Clock::system());
        let response = client.send(get(url), deadline()).await?;
        let facts = response.facts.clone();
        assert_eq!(read_all(response).await?, b"ok");
        Ok(facts)
    }

    /// The server's side of [`talk`](Self::talk), for a name that the test chose.
    pub(crate) async fn answer<S>(self, io: S, authority: Arc<Authority>, name: &'static str)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.answer_after(io, authority, name, Duration::ZERO).await;
    }

    /// The same with a pause between the request and the answer, over HTTP.
    pub(crate) async fn answer_after<S>(
        self,
        io: S,
        authority: Arc<Authority>,
        name: &'static str,
        pause: Duration,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if !self.is_tls() {
            return self.answer_inside(io, pause).await;
        }
        let config = authority.server(name, self.alpn(), |_| {});
        // A client that hangs up is its test's business.
        if let Ok(io) = TlsAcceptor::from(Arc::new(config)).accept(io).await {
            self.answer_inside(io, pause).await;
        }
    }

    pub(crate) async fn answer_inside<S>(self, mut io: S, pause: Duration)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        match self {
            Self::Http1 | Self::Http1Tls => {
                if read_request(&mut io).await {
                    sleep(pause).await;
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                    let _ = io.write_all(answer).await;
                    let _ = io.read_to_end(&mut Vec::new()).await;
                }
            }
            Self::Http2Tls => answer_http2(io, pause).await,
            Self::WebSocket | Self::WebSocketTls => {
                let mut socket = accept(io, false, websocket::MAX_MESSAGE).await;
                if let Ok(Message::Text(text)) = socket.next().await {
                    let text = String::from_utf8(text.to_vec()).unwrap();
                    let _ = socket.send_text(text).await;
                    let _ = socket.next().await;
                }
            }
        }
    }
}

/// Reads an HTTP/1.1 request to its end; whether there was one.
async fn read_request(io: &mut (impl AsyncRead + Unpin)) -> bool {
    let head = read_head(io).await;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    !head.is_empty() && io.read_exact(&mut body).await.is_ok()
}

async fn answer_http2(io: impl AsyncRead + AsyncWrite + Unpin + Send, pause: Duration) {
    let Ok(mut connection) = h2::server::handshake(io).await else {
        return;
    };
    let mut answers = tokio::task::JoinSet::new();
    while let Some(Ok((request, mut answer))) = connection.accept().await {
        answers.spawn(async move {
            let mut body = request.into_body();
            while let Some(Ok(data)) = body.data().await {
                let _ = body.flow_control().release_capacity(data.len());
            }
            sleep(pause).await;
            if let Ok(mut stream) = answer.send_response(http::Response::new(()), false) {
                let _ = stream.send_data(Bytes::from_static(b"ok"), true);
            }
        });
    }
}
