//! The names of the direct ways out, asked of the operating system a few times a second at most.
//!
//! Everything that is remembered is looked up by way out, many times for one request; each asking is
//! four system calls. A network that changes hands is seen a moment later, which is sooner than any
//! dial could tell.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use alipes_base::Clock;
use tokio::time::Instant;

use super::EgressKey;
use super::key::local_key;
use crate::sockets::Sockets;

/// For how long an answer is believed.
const BELIEVED: Duration = Duration::from_millis(100);

/// Most hosts that are known at a time; a program speaks to a handful.
const MOST: usize = 64;

/// What was answered lately, by host.
pub(crate) struct LocalKeys {
    clock: Clock,
    known: Mutex<HashMap<String, (EgressKey, Instant)>>,
}

impl LocalKeys {
    pub(crate) fn new(clock: Clock) -> Self {
        let known = Mutex::default();
        Self { clock, known }
    }

    /// The key of a direct way to `host`.
    pub(crate) fn key(&self, sockets: &dyn Sockets, host: &str) -> EgressKey {
        let now = self.clock.now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((key, asked)) = known.get(host)
            && now.saturating_duration_since(*asked) < BELIEVED
        {
            return key.clone();
        }
        if known.len() >= MOST {
            known.clear();
        }
        let key = local_key(sockets, host);
        known.insert(host.to_owned(), (key.clone(), now));
        key
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::{IpAddr, Ipv4Addr, SocketAddr};
    use std::sync::atomic::{AtomicU8, Ordering};

    use futures_util::future::BoxFuture;

    use super::*;
    use crate::sockets::{BoxStream, Family, ResolveError};

    /// A network that gives this machine another address at every asking.
    #[derive(Default)]
    struct Restless(AtomicU8);

    impl Sockets for Restless {
        fn resolve<'a>(
            &'a self,
            _host: &'a str,
            _family: Family,
        ) -> BoxFuture<'a, Result<Vec<IpAddr>, ResolveError>> {
            Box::pin(async { Err(ResolveError::NotFound) })
        }

        fn connect(&self, _address: SocketAddr) -> BoxFuture<'_, io::Result<BoxStream>> {
            Box::pin(async { Err(io::ErrorKind::Unsupported.into()) })
        }

        fn local_ip(&self, _towards: SocketAddr) -> io::Result<IpAddr> {
            let asked = self.0.fetch_add(1, Ordering::Relaxed);
            Ok(Ipv4Addr::new(192, 0, 2, asked).into())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_way_out_is_asked_for_once_in_a_while_and_a_change_is_seen() {
        let (network, keys) = (Restless::default(), LocalKeys::new(Clock::system()));
        let key = |host| keys.key(&network, host).to_string();
        assert_eq!(key("a.test"), "direct 192.0.2.0");
        assert_eq!(key("a.test"), "direct 192.0.2.0");
        assert_eq!(key("b.test"), "direct 192.0.2.1");
        tokio::time::advance(BELIEVED).await;
        assert_eq!(key("a.test"), "direct 192.0.2.2");
    }
}
