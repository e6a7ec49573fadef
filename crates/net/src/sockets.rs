//! The seam under everything: names to addresses, addresses to byte streams.
//!
//! Above this trait nothing touches the operating system's network, so a test can put any network
//! there: a slow resolver, a dead address family, a pipe in memory.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use dns_lookup::{AddrFamily, AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};
use futures_util::future::BoxFuture;
use socket2::{SockRef, TcpKeepalive};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};

/// How many name lookups may run at once. `getaddrinfo` cannot be interrupted, so a dead resolver
/// keeps each of its threads for half a minute and more.
const LOOKUPS: usize = 8;

/// How much the kernel may hold that it has not sent yet. Without this it takes megabytes from us,
/// and nobody can tell an upload in progress from one that is stuck.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 64 * 1024;

/// More addresses of one family than this are not tried.
const ADDRESSES: usize = 16;

/// A byte stream to somewhere.
pub trait RawStream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> RawStream for S {}

/// Any byte stream.
pub type BoxStream = Box<dyn RawStream>;

/// An address family: one lookup asks for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// A records.
    V4,
    /// AAAA records.
    V6,
}

impl Family {
    pub(crate) fn of(ip: IpAddr) -> Self {
        if ip.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

/// Why a lookup gave no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ResolveError {
    /// The resolver is sure: no such name, or none of this family.
    #[error("the name has no address of this family")]
    NotFound,
    /// The resolver could not say; the number is an EAI code, 0 if the resolver gave none.
    #[error("the resolver failed with code {0}")]
    Failed(i32),
}

/// A network to resolve names and open connections in.
pub trait Sockets: Send + Sync {
    /// The addresses of `host` in one family, best first.
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        family: Family,
    ) -> BoxFuture<'a, Result<Vec<IpAddr>, ResolveError>>;

    /// A connection to this address.
    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<BoxStream>>;

    /// The same with options of the socket; a network without them leaves them out.
    fn connect_with(
        &self,
        address: SocketAddr,
        _options: SocketOptions,
    ) -> BoxFuture<'_, io::Result<BoxStream>> {
        self.connect(address)
    }

    /// The local address that a packet to `towards` would leave from; nothing is sent.
    ///
    /// # Errors
    /// [`Unsupported`](io::ErrorKind::Unsupported) where the network does not know; any other
    /// error means that there is no such way out.
    fn local_ip(&self, _towards: SocketAddr) -> io::Result<IpAddr> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// What the operating system shall do about an idle or silent connection; nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SocketOptions {
    /// Probe after so much idleness, and as often again (TCP keepalive).
    pub keepalive: Option<Duration>,
    /// Give up when bytes of ours stay unacknowledged for so long (`TCP_USER_TIMEOUT`, RFC 5482;
    /// Linux and Android only).
    pub user_timeout: Option<Duration>,
}

/// The operating system's resolver and TCP.
#[derive(Clone, Debug)]
pub struct SystemSockets {
    lookups: Arc<Semaphore>,
}

impl Default for SystemSockets {
    fn default() -> Self {
        Self::new()
    }
}

impl SystemSockets {
    /// The operating system's network.
    #[must_use]
    pub fn new() -> Self {
        Self {
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
        }
    }

    /// Runs `getaddrinfo` on a thread of its own: the runtime waits for its blocking pool when it
    /// shuts down, and must not wait for a dead resolver. The permit stays with the thread, so
    /// that lookups nobody waits for any more still count.
    async fn lookup(&self, host: &str, family: Family) -> Result<Vec<IpAddr>, ResolveError> {
        let lookups = Arc::clone(&self.lookups);
        let permit = lookups
            .acquire_owned()
            .await
            .map_err(|_closed| ResolveError::Failed(0))?;
        let (answer, answered) = oneshot::channel();
        let host = host.to_owned();
        std::thread::Builder::new()
            .name("resolver".to_owned())
            .spawn(move || {
                let _ = answer.send(ask_system(&host, family));
                drop(permit);
            })
            .map_err(|_no_thread| ResolveError::Failed(0))?;
        answered.await.unwrap_or(Err(ResolveError::Failed(0)))
    }
}

impl Sockets for SystemSockets {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        family: Family,
    ) -> BoxFuture<'a, Result<Vec<IpAddr>, ResolveError>> {
        Box::pin(self.lookup(host, family))
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<BoxStream>> {
        self.connect_with(address, SocketOptions::default())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that opens outgoing sockets"
    )]
    fn connect_with(
        &self,
        address: SocketAddr,
        options: SocketOptions,
    ) -> BoxFuture<'_, io::Result<BoxStream>> {
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            options.set(SockRef::from(&stream))?;
            Ok(Box::new(stream) as BoxStream)
        })
    }

    fn local_ip(&self, towards: SocketAddr) -> io::Result<IpAddr> {
        let any: SocketAddr = match towards {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any)?;
        socket.connect(towards)?;
        Ok(socket.local_addr()?.ip())
    }
}

impl SocketOptions {
    /// What the handshake cannot show can be set after it.
    fn set(self, socket: SockRef<'_>) -> io::Result<()> {
        if let Some(interval) = self.keepalive {
            let probes = TcpKeepalive::new().with_time(interval);
            #[cfg(not(target_os = "openbsd"))]
            let probes = probes.with_interval(interval);
            socket.set_tcp_keepalive(&probes)?;
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            socket.set_tcp_notsent_lowat(UNSENT)?;
            if self.user_timeout.is_some() {
                socket.set_tcp_user_timeout(self.user_timeout)?;
            }
        }
        Ok(())
    }
}

fn ask_system(host: &str, family: Family) -> Result<Vec<IpAddr>, ResolveError> {
    let wanted = match family {
        Family::V4 => AddrFamily::Inet,
        Family::V6 => AddrFamily::Inet6,
    };
    let hints = AddrInfoHints {
        address: wanted.into(),
        socktype: SockType::Stream.into(),
        ..AddrInfoHints::default()
    };
    let answers = getaddrinfo(Some(host), None, Some(hints)).map_err(|e| resolve_error(&e))?;
    let addresses: Vec<IpAddr> = answers
        .filter_map(Result::ok)
        .map(|info| info.sockaddr.ip())
        .take(ADDRESSES)
        .collect();
    if addresses.is_empty() {
        Err(ResolveError::NotFound)
    } else {
        Ok(addresses)
    }
}

/// EAI codes: "no such name" and "no such family" are answers, the rest are failures.
fn resolve_error(error: &LookupError) -> ResolveError {
    /// `EAI_ADDRFAMILY` of glibc and musl, which the library has no name for: the name exists, and
    /// has no address of this family.
    const ADDRESS_FAMILY: i32 = -9;
    match error.kind() {
        LookupErrorKind::NoName | LookupErrorKind::NoData => ResolveError::NotFound,
        _ if cfg!(target_os = "linux") && error.error_num() == ADDRESS_FAMILY => {
            ResolveError::NotFound
        }
        _ => ResolveError::Failed(error.error_num()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn connection() -> (tokio::net::TcpListener, TcpStream) {
        #[expect(clippy::disallowed_methods, reason = "a test needs both ends")]
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test needs both ends")]
        let stream = TcpStream::connect(address).await.unwrap();
        (listener, stream)
    }

    #[tokio::test]
    async fn an_idle_socket_is_left_alone_unless_asked() {
        let (_listener, stream) = connection().await;
        let socket = SockRef::from(&stream);
        SocketOptions::default()
            .set(SockRef::from(&stream))
            .unwrap();
        assert!(!socket.keepalive().unwrap());

        let five = Duration::from_secs(5);
        let options = SocketOptions {
            keepalive: Some(five),
            user_timeout: Some(3 * five),
        };
        options.set(SockRef::from(&stream)).unwrap();
        assert!(socket.keepalive().unwrap());
        #[cfg(target_os = "linux")]
        {
            assert_eq!(socket.tcp_keepalive_time().unwrap(), five);
            assert_eq!(socket.tcp_keepalive_interval().unwrap(), five);
            assert_eq!(socket.tcp_user_timeout().unwrap(), Some(3 * five));
            assert_eq!(socket.tcp_notsent_lowat().unwrap(), UNSENT);
        }
    }
}
