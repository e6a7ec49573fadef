//! HTTP CONNECT (RFC 9110, section 9.3.6), with Basic credentials (RFC 7617).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, Bytes};
use http::header::{HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Destination;
use crate::driver::Driver;
use crate::egress::Login;
use crate::error::{Failure, NetErrorKind};
use crate::http::{MAX_HEADERS, beginning};
use crate::sockets::BoxStream;

/// Asks an HTTP proxy for a tunnel.
pub(super) async fn ask(
    stream: BoxStream,
    destination: &Destination,
    login: Option<&Login>,
) -> Result<BoxStream, Failure> {
    let request = request(destination, login)?;
    let (mut sender, conn) = Builder::new()
        .max_header_size(MAX_HEADERS)
        .handshake(TokioIo::new(stream))
        .await?;
    let _driver = Driver::new(async move {
        // Whoever waits for the answer gets this error too.
        let _ = conn.with_upgrades().await;
    });
    let answer = sender.send_request(request).await?;
    if !answer.status().is_success() {
        return Err(refusal(answer, login.is_some()).await);
    }
    let tunnel = hyper::upgrade::on(answer).await?;
    let parts = tunnel
        .downcast::<TokioIo<BoxStream>>()
        .map_err(|_other_io| Failure::new(NetErrorKind::Protocol))?;
    let stream = parts.io.into_inner();
    Ok(if parts.read_buf.is_empty() {
        stream
    } else {
        Box::new(Begun {
            beginning: parts.read_buf,
            rest: stream,
        })
    })
}

fn request(
    destination: &Destination,
    login: Option<&Login>,
) -> Result<Request<Empty<Bytes>>, Failure> {
    let authority = destination.authority();
    let bad = || Failure::new(NetErrorKind::BadUrl);
    let uri = Uri::try_from(&authority).map_err(|invalid| bad().caused_by(invalid))?;
    let host = HeaderValue::try_from(&authority).map_err(|invalid| bad().caused_by(invalid))?;
    let mut request = Request::new(Empty::new());
    *request.method_mut() = Method::CONNECT;
    *request.uri_mut() = uri;
    request.headers_mut().insert(HOST, host);
    if let Some(login) = login {
        let pair = format!("{}:{}", login.user.expose(), login.password.expose());
        let basic = format!("Basic {}", STANDARD.encode(pair));
        let mut value = HeaderValue::try_from(basic).map_err(|invalid| bad().caused_by(invalid))?;
        value.set_sensitive(true);
        request.headers_mut().insert(PROXY_AUTHORIZATION, value);
    }
    Ok(request)
}

async fn refusal(answer: Response<Incoming>, sent: bool) -> Failure {
    let (head, incoming) = answer.into_parts();
    Failure::new(
        if head.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            NetErrorKind::ProxyAuth {
                sent,
                offered: offered(&head.headers),
            }
        } else {
            NetErrorKind::ProxyRefused {
                status: head.status,
                headers: Box::new(head.headers),
                body: beginning(incoming).await,
            }
        },
    )
}

/// The names of the ways to authenticate; their parameters may be long and are of no use.
fn offered(headers: &HeaderMap) -> String {
    let challenges = headers.get_all(PROXY_AUTHENTICATE).iter();
    let names: Vec<_> = challenges
        .filter_map(|value| value.to_str().ok()?.split_whitespace().next())
        .collect();
    names.join(", ")
}

/// A stream whose first bytes came together with the proxy's answer.
struct Begun {
    beginning: Bytes,
    rest: BoxStream,
}

impl AsyncRead for Begun {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.beginning.is_empty() {
            return Pin::new(&mut self.rest).poll_read(cx, buf);
        }
        let length = buf.remaining().min(self.beginning.len());
        buf.put_slice(&self.beginning[..length]);
        self.beginning.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Begun {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.rest).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.rest).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.rest).poll_shutdown(cx)
    }
}
