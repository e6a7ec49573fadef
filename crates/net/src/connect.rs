//! Happy eyeballs (RFC 8305): the addresses are tried in turn, families alternating, each a
//! moment after the one before, and the first that stands wins.
//!
//! A broken IPv6 path costs a quarter of a second instead of a connect time-out.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::sleep;

use crate::error::{Failure, NetErrorKind};
use crate::resolver::Addresses;
use crate::sockets::{BoxStream, Sockets};

/// The pause before the next address is tried beside the ones under way (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to whichever address answers first; all other attempts are dropped then.
pub(crate) async fn race(
    sockets: &dyn Sockets,
    addresses: Addresses,
) -> Result<(BoxStream, SocketAddr), Failure> {
    let mut queue = Queue::default();
    queue.add(addresses.now);
    let mut later = addresses.later;
    let mut attempts = FuturesUnordered::new();
    let mut reason = None;
    let mut stagger = pin!(sleep(Duration::ZERO));
    loop {
        tokio::select! {
            biased;
            Some((address, outcome)) = attempts.next(), if !attempts.is_empty() => match outcome {
                Ok(stream) => return Ok((stream, address)),
                Err(error) => {
                    reason = Some(more_telling(reason, failed(address, error)));
                    // This address is done with: the next one need not wait.
                    stagger.set(sleep(Duration::ZERO));
                }
            },
            () = &mut stagger, if !queue.is_empty() => {
                if let Some(address) = queue.next() {
                    attempts.push(attempt(sockets, address));
                }
                stagger.set(sleep(STAGGER));
            }
            more = arrival(&mut later), if later.is_some() => {
                later = None;
                queue.add(more);
                if attempts.is_empty() {
                    stagger.set(sleep(Duration::ZERO));
                }
            }
            else => return Err(reason.unwrap_or_else(|| Failure::new(NetErrorKind::NameNotFound))),
        }
    }
}

async fn attempt(
    sockets: &dyn Sockets,
    address: SocketAddr,
) -> (SocketAddr, io::Result<BoxStream>) {
    (address, sockets.connect(address).await)
}

/// The slower family's addresses, once they come.
async fn arrival(later: &mut Option<BoxFuture<'static, Vec<SocketAddr>>>) -> Vec<SocketAddr> {
    match later {
        Some(pending) => pending.await,
        None => std::future::pending().await,
    }
}

fn failed(address: SocketAddr, error: io::Error) -> Failure {
    Failure::from(error).tried_at(address)
}

/// The first error stands, unless it only says that this network lacks the address's family.
fn more_telling(first: Option<Failure>, next: Failure) -> Failure {
    match first {
        Some(first) if !matches!(first.kind(), NetErrorKind::Unreachable) => first,
        _ => next,
    }
}

/// Addresses still to be tried, IPv6 first, then alternating.
#[derive(Default)]
struct Queue {
    v6: VecDeque<SocketAddr>,
    v4: VecDeque<SocketAddr>,
    v4_is_next: bool,
}

impl Queue {
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
