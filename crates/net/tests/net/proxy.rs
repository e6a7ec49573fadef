//! Real proxies on real sockets, each with its manner.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

use crate::support::{Authority, Server, read_head};

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Http,
    Https,
    Socks5,
    Socks5h,
}

/// What a proxy does when it is asked to pass somebody on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// Passes on.
    Obliging,
    /// Passes on whom it knows: `user` with `p:ss`.
    Strict,
    /// Says this and nothing more.
    Says(&'static [u8]),
    /// Says nothing.
    Freezes,
    /// Hangs up.
    HangsUp,
    /// Says that it passes on, and swallows everything.
    Swallows,
}

/// User and password as they stand in a proxy's URL.
pub(crate) const LOGIN: &str = "user:p%3Ass@";

const USER: &str = "user";
const PASSWORD: &str = "p:ss";

/// A proxy that takes everybody to one server, whatever name they ask for.
pub(crate) struct Proxy {
    server: Server,
    kind: Kind,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub(crate) async fn start(
        kind: Kind,
        manner: Manner,
        origin: SocketAddr,
        authority: &Authority,
    ) -> Self {
        let asked = Arc::default();
        let desk = Desk {
            manner,
            origin,
            asked: Arc::clone(&asked),
        };
        let server = match kind {
            Kind::Http => Server::start(move |io| desk.clone().http(io)).await,
            Kind::Https => {
                let config = authority.localhost(&["http/1.1"]);
                Server::start_tls(config, move |io| desk.clone().http(io)).await
            }
            Kind::Socks5 | Kind::Socks5h => Server::start(move |io| desk.clone().socks(io)).await,
        };
        Self {
            server,
            kind,
            asked,
        }
    }

    pub(crate) fn url(&self, login: &str) -> String {
        let scheme = match self.kind {
            Kind::Http => "http",
            Kind::Https => "https",
            Kind::Socks5 => "socks5",
            Kind::Socks5h => "socks5h",
        };
        format!("{scheme}://{login}localhost:{}", self.address().port())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Where it was asked to connect to.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[derive(Clone)]
struct Desk {
    manner: Manner,
    origin: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Desk {
    fn note(&self, destination: &str) {
        self.asked.lock().unwrap().push(destination.to_owned());
    }

    async fn http<S: AsyncRead + AsyncWrite + Unpin>(self, mut io: S) {
        let head = read_head(&mut io).await;
        let mut words = head.split_whitespace();
        assert_eq!(words.next(), Some("CONNECT"), "{head}");
        self.note(words.next().unwrap());
        let basic = STANDARD.encode(format!("{USER}:{PASSWORD}"));
        let known = head.contains(&format!("proxy-authorization: Basic {basic}\r\n"));
        if matches!(self.manner, Manner::Strict) && !known {
            let refusal = b"HTTP/1.1 407 Who are you\r\nproxy-authenticate: Basic realm=\"x\"\r\n\
                proxy-authenticate: Negotiate\r\ncontent-length: 0\r\n\r\n";
            io.write_all(refusal).await.unwrap();
            return;
        }
        self.pass_on(io, b"HTTP/1.1 200 Connection established\r\n\r\n")
            .await;
    }

    async fn socks<S: AsyncRead + AsyncWrite + Unpin>(self, mut io: S) {
        let [5, methods] = read(&mut io).await else {
            panic!("not SOCKS5");
        };
        let mut offered = vec![0; methods.into()];
        io.read_exact(&mut offered).await.unwrap();
        let wanted = if matches!(self.manner, Manner::Strict) {
            2
        } else {
            0
        };
        if !offered.contains(&wanted) {
            return io.write_all(&[5, 0xff]).await.unwrap();
        }
        io.write_all(&[5, wanted]).await.unwrap();
        if wanted == 2 {
            let [1] = read(&mut io).await else {
                panic!("not RFC 1929");
            };
            let login = (read_text(&mut io).await, read_text(&mut io).await);
            let known = login == (USER.to_owned(), PASSWORD.to_owned());
            io.write_all(&[1, u8::from(!known)]).await.unwrap();
            if !known {
                return;
            }
        }
        let destination = read_destination(&mut io).await;
        self.note(&destination);
        // The address it connects from is a name here, because clients forget that it may be.
        self.pass_on(io, b"\x05\x00\x00\x03\x05proxy\x00\x01").await;
    }

    async fn pass_on<S: AsyncRead + AsyncWrite + Unpin>(self, mut io: S, agreed: &[u8]) {
        match self.manner {
            Manner::Obliging | Manner::Strict => {
                let mut origin = connect(self.origin).await;
                io.write_all(agreed).await.unwrap();
                let _ = copy_bidirectional(&mut io, &mut origin).await;
            }
            Manner::Says(words) => {
                let _ = io.write_all(words).await;
                let _ = io.read_to_end(&mut Vec::new()).await;
            }
            Manner::Freezes => std::future::pending().await,
            Manner::HangsUp => {}
            Manner::Swallows => {
                io.write_all(agreed).await.unwrap();
                let _ = io.read_to_end(&mut Vec::new()).await;
            }
        }
    }
}

async fn read_destination(io: &mut (impl AsyncRead + Unpin)) -> String {
    let [5, 1, 0, kind] = read(io).await else {
        panic!("not a CONNECT");
    };
    let host = match kind {
        1 => std::net::Ipv4Addr::from(read::<4>(io).await).to_string(),
        4 => std::net::Ipv6Addr::from(read::<16>(io).await).to_string(),
        _ => read_text(io).await,
    };
    let port = u16::from_be_bytes(read(io).await);
    format!("{host}:{port}")
}

async fn read<const LENGTH: usize>(io: &mut (impl AsyncRead + Unpin)) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    // A client that hangs up here has been told something that its test is about.
    let _ = io.read_exact(&mut bytes).await;
    bytes
}

async fn read_text(io: &mut (impl AsyncRead + Unpin)) -> String {
    let [length] = read(io).await;
    let mut text = vec![0; length.into()];
    let _ = io.read_exact(&mut text).await;
    String::from_utf8(text).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "tests need proxies")]
async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}
