//! HTTP CONNECT as a proxy hears it (RFC 9110, sections 9.3.6 and 11.7).

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::{Destination, Manner};

/// Most bytes of a request's head.
const LARGEST: usize = 16 << 10;

/// The way is open.
pub(super) const AGREED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

const UNKNOWN: &[u8] = b"HTTP/1.1 407 Who are you\r\nproxy-authenticate: Basic realm=\"x\"\r\n\
    proxy-authenticate: Negotiate\r\ncontent-length: 0\r\n\r\n";

const NOT_ALLOWED: &[u8] = b"HTTP/1.1 405 Only CONNECT\r\ncontent-length: 0\r\n\r\n";

/// Where the client wants to go; none if it has been turned away.
pub(super) async fn hear(
    io: &mut (impl AsyncRead + AsyncWrite + Unpin),
    manner: &Manner,
) -> io::Result<Option<Destination>> {
    let head = read_head(io).await?;
    let Some(destination) = destination(&head) else {
        io.write_all(NOT_ALLOWED).await?;
        return Ok(None);
    };
    if let Manner::Strict { user, password } = manner {
        let basic = STANDARD.encode(format!("{user}:{password}"));
        if !head.contains(&format!("proxy-authorization: Basic {basic}\r\n")) {
            io.write_all(UNKNOWN).await?;
            return Ok(None);
        }
    }
    Ok(Some(destination))
}

/// The answer with this status.
pub(super) fn refusal(status: u16) -> String {
    let reason = StatusCode::from_u16(status).ok();
    let reason = reason.and_then(|status| status.canonical_reason());
    let wants = match status {
        407 => "proxy-authenticate: Basic realm=\"simulated\"\r\n",
        _ => "",
    };
    let body = "simulated by the proxy\n";
    format!(
        "HTTP/1.1 {status} {}\r\n{wants}content-type: text/plain\r\ncontent-length: {}\r\n\r\n{body}",
        reason.unwrap_or("Simulated"),
        body.len()
    )
}

fn destination(head: &str) -> Option<Destination> {
    let (host, port) = head
        .strip_prefix("CONNECT ")?
        .split_whitespace()
        .next()?
        .rsplit_once(':')?;
    Some(Destination {
        host: host.trim_matches(['[', ']']).to_owned(),
        port: port.parse().ok()?,
    })
}

async fn read_head(io: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == LARGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.push(io.read_u8().await?);
    }
    String::from_utf8(head).map_err(|_| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_has_a_host_and_a_port() {
        let table = [
            (
                "CONNECT a.example:443 HTTP/1.1\r\n\r\n",
                Some(("a.example", 443)),
            ),
            ("CONNECT [::1]:80 HTTP/1.1\r\n\r\n", Some(("::1", 80))),
            ("CONNECT a.example HTTP/1.1\r\n\r\n", None),
            ("GET http://a.example/ HTTP/1.1\r\n\r\n", None),
            ("", None),
        ];
        for (head, expected) in table {
            let expected = expected.map(|(host, port)| Destination {
                host: host.to_owned(),
                port,
            });
            assert_eq!(destination(head), expected, "{head}");
        }
    }
}
