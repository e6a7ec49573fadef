//! The seam under everything: names to addresses, addresses to byte streams.
//!
//! Above this trait nothing touches the operating system's network, so a test can put any network
//! there: a slow resolver, a dead address family, a pipe in memory.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use dns_lookup::{AddrFamily, AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};
use futures_util::future::BoxFuture;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};

/// How many name lookups may run at once. `getaddrinfo` cannot be interrupted, so a dead resolver
/// keeps each of its threads for half a minute and more.
const LOOKUPS: usize = 8;

/// More addresses of one family than this are not tried.
const ADDRESSES: usize = 16;

/// A byte stream to somewhere.
pub trait RawStream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> RawStream for S {}

/// Any byte stream.
pub type BoxStream = Box<dyn RawStream>;

/// An address family: one lookup asks for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// A records.
    V4,
    /// AAAA records.
    V6,
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

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that opens outgoing sockets"
    )]
    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<BoxStream>> {
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as BoxStream)
        })
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
