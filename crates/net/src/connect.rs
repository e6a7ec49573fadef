//! Happy eyeballs (RFC 8305): the addresses are tried in turn, families alternating, each a
//! moment after the one before, and the first that stands wins.
//!
//! A broken IPv6 path costs a quarter of a second instead of a connect time-out, and that only
//! once: the family that won before goes first. When the network is missing altogether, every
//! attempt says so, and the whole is called offline instead of unreachable.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::sleep;

use crate::egress::is_offline;
use crate::error::{Failure, NetErrorKind};
use crate::resolver::Addresses;
use crate::sockets::{BoxStream, Family, SocketOptions, Sockets};

/// The pause before the next address is tried beside the ones under way (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// How to connect.
#[derive(Clone, Copy)]
pub(crate) struct Race<'a> {
    pub(crate) sockets: &'a dyn Sockets,
    pub(crate) options: SocketOptions,
    /// The family that goes first.
    pub(crate) preferred: Family,
}

impl Race<'_> {
    /// Connects to whichever address answers first; all other attempts are dropped then.
    pub(crate) async fn run(self, addresses: Addresses) -> Result<Won, Failure> {
        let mut queue = Queue::new(self.preferred);
        queue.add(addresses.now);
        let mut later = addresses.later;
        let mut attempts = FuturesUnordered::new();
        let mut losses = Losses::default();
        let (mut ipv6, mut paused) = (Ipv6::default(), false);
        let mut stagger = pin!(sleep(Duration::ZERO));
        loop {
            tokio::select! {
                biased;
                Some((address, outcome)) = attempts.next(), if !attempts.is_empty() => match outcome {
                    Ok(stream) => {
                        let ipv6_is_silent = ipv6.is_silent_beside(address);
                        return Ok(Won { stream, address, ipv6_is_silent });
                    }
                    Err(error) => {
                        ipv6.failed(address);
                        losses.add(address, error);
                        // This address is done with: the next one need not wait.
                        stagger.set(sleep(Duration::ZERO));
                        paused = false;
                    }
                },
                () = &mut stagger, if !queue.is_empty() => {
                    if let Some(address) = queue.next() {
                        ipv6.begins(address, paused);
                        attempts.push(self.attempt(address));
                    }
                    stagger.set(sleep(STAGGER));
                    paused = true;
                }
                more = arrival(&mut later), if later.is_some() => {
                    later = None;
                    queue.add(more);
                    if attempts.is_empty() {
                        stagger.set(sleep(Duration::ZERO));
                    }
                }
                else => return Err(losses.sum_up(self.sockets)),
            }
        }
    }

    async fn attempt(self, address: SocketAddr) -> (SocketAddr, io::Result<BoxStream>) {
        let connecting = self.sockets.connect_with(address, self.options);
        (address, connecting.await)
    }
}

/// A connection that stands.
pub(crate) struct Won {
    pub(crate) stream: BoxStream,
    pub(crate) address: SocketAddr,
    /// It is one by IPv4, and IPv6 had been asked a whole pause before and had said nothing.
    pub(crate) ipv6_is_silent: bool,
}

/// What became of the addresses of IPv6.
#[derive(Default)]
struct Ipv6 {
    under_way: usize,
    is_late: bool,
}

impl Ipv6 {
    /// The next address is tried, after a whole pause or because another one has failed.
    fn begins(&mut self, address: SocketAddr, after_a_pause: bool) {
        self.is_late |= after_a_pause && self.under_way > 0;
        self.under_way += usize::from(address.is_ipv6());
    }

    fn is_silent_beside(&self, won: SocketAddr) -> bool {
        won.is_ipv4() && self.is_late
    }

    fn failed(&mut self, address: SocketAddr) {
        self.under_way -= usize::from(address.is_ipv6());
        self.is_late &= self.under_way > 0;
    }
}

/// The slower family's addresses, once they come.
async fn arrival(later: &mut Option<BoxFuture<'static, Vec<SocketAddr>>>) -> Vec<SocketAddr> {
    match later {
        Some(pending) => pending.await,
        None => std::future::pending().await,
    }
}

/// Why addresses failed.
#[derive(Default)]
struct Losses {
    most_telling: Option<Failure>,
    /// Some address was more than out of reach of this machine.
    network_seen: bool,
}

impl Losses {
    /// The first error stands, unless it only says that this network lacks the address's family.
    fn add(&mut self, address: SocketAddr, error: io::Error) {
        use io::ErrorKind as Kind;
        self.network_seen |= !matches!(
            error.kind(),
            Kind::NetworkUnreachable | Kind::NetworkDown | Kind::AddrNotAvailable
        );
        let next = Failure::from(error).tried_at(address);
        let stands = self
            .most_telling
            .take_if(|first| !matches!(first.kind(), NetErrorKind::Unreachable));
        self.most_telling = Some(stands.unwrap_or(next));
    }

    fn sum_up(self, sockets: &dyn Sockets) -> Failure {
        let Some(failure) = self.most_telling else {
            return Failure::new(NetErrorKind::NameNotFound);
        };
        if !self.network_seen && is_offline(sockets) {
            failure.renamed(NetErrorKind::Offline)
        } else {
            failure
        }
    }
}

/// Addresses still to be tried, the preferred family first, then alternating.
struct Queue {
    v6: VecDeque<SocketAddr>,
    v4: VecDeque<SocketAddr>,
    v4_is_next: bool,
}

impl Queue {
    fn new(preferred: Family) -> Self {
        Self {
            v6: VecDeque::new(),
            v4: VecDeque::new(),
            v4_is_next: preferred == Family::V4,
        }
    }

    fn add(&mut self, addresses: Vec<SocketAddr>) {
        for address in addresses {
            let family = if address.is_ipv6() {
                &mut self.v6
            } else {
                &mut self.v4
            };
            family.push_back(address);
        }
    }

    fn next(&mut self) -> Option<SocketAddr> {
        let (turn, other) = if self.v4_is_next {
            (&mut self.v4, &mut self.v6)
        } else {
            (&mut self.v6, &mut self.v4)
        };
        let address = turn.pop_front().or_else(|| other.pop_front())?;
        self.v4_is_next = address.is_ipv6();
        Some(address)
    }

    fn is_empty(&self) -> bool {
        self.v6.is_empty() && self.v4.is_empty()
    }
}
