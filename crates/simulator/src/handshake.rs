//! A TLS handshake, with the moment between the ClientHello and the first answer at which middleboxes
//! interfere.
//!
//! The ClientHello is read by itself, so that a fault can strike after it and knows its size: with a
//! post-quantum key share it no longer fits into one segment, and some middleboxes only take one.

use std::io;
use std::time::Duration;

use rustls::server::{Accepted, Acceptor};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::StartHandshake;
use tokio_rustls::server::TlsStream;

use crate::backend::Moment;
use crate::faults::Action;
use crate::http::Connection;
use crate::seen::Seen;
use crate::tls::Tls;

/// How long a client may take for each half of its handshake.
const LIMIT: Duration = Duration::from_secs(10);

/// Shakes hands; none if the client does not, or a fault strikes and has ended the connection.
pub(crate) async fn shake<S>(mut io: S, tls: &Tls, connection: &Connection) -> Option<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let hello = tokio::time::timeout(LIMIT, Hello::read(&mut io));
    let hello = hello.await.ok()?.ok()?;
    let backend = &connection.backend;
    let fault = backend.strike(Moment::ClientHello(hello.bytes));
    let mut flaw = None;
    if let Some(fault) = fault {
        backend.saw(Seen::unread(connection.number, fault.name));
        match fault.action {
            Action::Certificate(wrong) => flaw = Some(wrong),
            action => {
                connection.plug.carry_out(action.pull()?).await;
                return None;
            }
        }
    }
    let config = tls.config(flaw).ok()?;
    let rest = StartHandshake::from_parts(hello.accepted, io).into_stream(config);
    tokio::time::timeout(LIMIT, rest).await.ok()?.ok()
}

/// The first message of a client.
struct Hello {
    accepted: Accepted,
    /// Its size on the wire, with its record's header.
    bytes: usize,
}

impl Hello {
    async fn read(io: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<Self> {
        let mut acceptor = Acceptor::default();
        let mut buffer = [0; 4 << 10];
        let mut bytes = 0;
        loop {
            let read = io.read(&mut buffer).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            bytes += read;
            let mut rest = buffer.get(..read).unwrap_or_default();
            while !rest.is_empty() {
                acceptor.read_tls(&mut rest)?;
            }
            match acceptor.accept() {
                Ok(Some(accepted)) => return Ok(Self { accepted, bytes }),
                Ok(None) => {}
                Err((error, mut alert)) => {
                    let mut words = Vec::new();
                    alert.write_all(&mut words)?;
                    io.write_all(&words).await?;
                    return Err(io::Error::other(error));
                }
            }
        }
    }
}
