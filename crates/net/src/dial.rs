//! One dial from top to bottom: egress, resolve, connect, proxy, TLS.
//!
//! Through a proxy, the proxy is what is resolved and connected to; whatever fails before it has
//! passed us on fails in phase `proxy`, whose error then says how the proxy could not be reached.
//! A post-quantum ClientHello that meets with nothing but silence is followed by a classical one,
//! once, on a new connection to the same address (see `tls::hello`).

use std::net::{IpAddr, SocketAddr};

use alipes_base::Deadline;

use crate::connect::Race;
use crate::dialer::{Alpn, Connection, Dialer};
use crate::egress::{Departure, EgressKey, ProxyScheme, ProxyUrl, Way, is_offline};
use crate::error::{ErrorFacts, NetError, NetErrorKind};
use crate::facts::{ConnectionFacts, Protocol, TlsFacts};
use crate::phase::Phase;
use crate::proxy::{Destination, pass_through};
use crate::resolver::{Addresses, Families, Question, resolve};
use crate::sockets::{BoxStream, Family};
use crate::stream::{Metered, Traffic};
use crate::target::Target;
use crate::tls::{Hello, KeyShares};
use crate::trip::Trip;

pub(crate) struct Dial<'a> {
    dialer: &'a Dialer,
    target: &'a Target,
    alpn: Alpn,
    departure: Departure,
    key: EgressKey,
    trip: Trip,
}

/// A stream to the target.
struct Opened {
    stream: BoxStream,
    remote_addr: SocketAddr,
    protocol: Protocol,
    tls: Option<TlsFacts>,
}

impl<'a> Dial<'a> {
    pub(crate) fn new(
        dialer: &'a Dialer,
        target: &'a Target,
        alpn: Alpn,
        deadline: Deadline,
    ) -> Self {
        let departure = dialer.departure(target);
        let key = dialer.key_of(&departure, target);
        let known = ErrorFacts {
            target: Some(target.clone()),
            egress: Some(departure.egress.clone()),
            egress_key: Some(key.clone()),
            ipv4_only: dialer.is_ipv4_only(),
            unused_proxy: departure.unused.clone(),
            ..ErrorFacts::default()
        };
        Self {
            trip: Trip::new(dialer, deadline, known),
            dialer,
            target,
            alpn,
            departure,
            key,
        }
    }

    pub(crate) async fn run(mut self) -> Result<Connection, NetError> {
        let destination = self.destination().await?;
        let addresses = self.first_hop().await?;
        let hello = Hello::new(match self.dialer.key_shares() {
            KeyShares::AsLearnt => self.dialer.memory().needs_classical(&self.key),
            KeyShares::PostQuantum => false,
            KeyShares::Classical => true,
        });
        match self.open(addresses, &destination, &hello).await {
            Ok(opened) => Ok(self.connection(opened)),
            Err(error) => match self.classical_retry(&error, &hello) {
                Some(address) => {
                    let again = Addresses::one(address);
                    let opened = self.open(again, &destination, &Hello::new(true)).await?;
                    self.dialer.memory().learn_classical(self.key.clone());
                    Ok(self.connection(opened))
                }
                None => Err(error),
            },
        }
    }

    /// What to ask a proxy for. A SOCKS5 proxy is given an address, preferably an IPv4 one: it
    /// cannot race, and not every one speaks IPv6.
    async fn destination(&mut self) -> Result<Destination, NetError> {
        let mut found = None;
        if self
            .proxy()
            .is_some_and(|proxy| proxy.scheme == ProxyScheme::Socks5)
        {
            let (host, port) = (self.target.host.clone(), self.target.port);
            let addresses = self.look_up(host, port, Family::V4).await?.now;
            let v4 = addresses.iter().find(|address| address.is_ipv4());
            found = v4.or(addresses.first()).map(SocketAddr::ip);
        }
        Ok(Destination::new(self.target, found))
    }

    /// The addresses of whom we connect to.
    async fn first_hop(&mut self) -> Result<Addresses, NetError> {
        let (host, port) = match self.proxy() {
            Some(proxy) => (proxy.host.clone(), proxy.port),
            None => (self.target.host.clone(), self.target.port),
        };
        let preferred = self.preferred_family();
        let found = self.look_up(host, port, preferred).await;
        found.map_err(|error| self.on_the_way_to_proxy(error))
    }

    async fn look_up(
        &mut self,
        host: String,
        port: u16,
        preferred: Family,
    ) -> Result<Addresses, NetError> {
        let (options, memory) = (self.dialer.options(), self.dialer.memory());
        let question = Question {
            known: memory.addresses(&host),
            families: if self.dialer.is_ipv4_only() {
                Families::V4
            } else {
                Families::Both(preferred)
            },
            host: host.clone(),
            port,
        };
        let looking_up = async {
            let found = resolve(&options.sockets, question).await;
            found.map_err(|failure| match failure.kind() {
                NetErrorKind::NameNotFound => {
                    memory.forget_addresses(&host);
                    failure
                }
                NetErrorKind::ResolverFailed(_) if is_offline(&*options.sockets) => {
                    failure.renamed(NetErrorKind::Offline)
                }
                _ => failure,
            })
        };
        let limit = options.limits.resolve;
        self.trip.phase(Phase::Resolve, limit, looking_up).await
    }

    /// From addresses to a stream that speaks with the target.
    async fn open(
        &mut self,
        addresses: Addresses,
        destination: &Destination,
        hello: &Hello,
    ) -> Result<Opened, NetError> {
        let options = self.dialer.options();
        let (mut stream, remote_addr) = self.connect(addresses).await?;
        if let Way::Proxy(proxy) = &self.departure.egress.way {
            let asking = pass_through(stream, proxy, destination, &options.tls, hello);
            let limit = options.limits.proxy;
            stream = self.trip.phase(Phase::Proxy, limit, asking).await?;
        }
        if !self.target.tls {
            return Ok(Opened {
                stream,
                remote_addr,
                protocol: Protocol::Http1,
                tls: None,
            });
        }
        let host = &self.target.host;
        let witness = self.dialer.witness();
        let securing = options
            .tls
            .connect(stream, (host, witness), self.alpn, hello);
        let secured = self.trip.phase(Phase::Tls, options.limits.tls, securing);
        let secured = secured.await?;
        Ok(Opened {
            stream: secured.stream,
            remote_addr,
            protocol: secured.protocol,
            tls: Some(secured.facts),
        })
    }

    async fn connect(&mut self, addresses: Addresses) -> Result<(BoxStream, SocketAddr), NetError> {
        let options = self.dialer.options();
        let race = Race {
            sockets: &*options.sockets,
            options: self.dialer.socket_options(),
            preferred: self.preferred_family(),
        };
        let racing = race.run(addresses);
        let limit = options.limits.connect;
        let won = self.trip.phase(Phase::Connect, limit, racing).await;
        let won = won.map_err(|error| self.on_the_way_to_proxy(error))?;
        let address = won.address;
        self.trip.facts_mut().remote_addr = Some(address);
        let host = self.first_host();
        if host.parse::<IpAddr>().is_err() {
            let memory = self.dialer.memory();
            memory.learn_address(host, &self.key, address.ip());
            if won.ipv6_is_silent {
                memory.learn_silent_ipv6(host, &self.key);
            }
        }
        Ok((won.stream, address))
    }

    /// The address to try again, if something on the way may dislike the hello as such. An answer
    /// of any kind, a certificate error say, means that it does not.
    fn classical_retry(&self, error: &NetError, hello: &Hello) -> Option<SocketAddr> {
        let is_silence = match &error.kind {
            NetErrorKind::Reset | NetErrorKind::Closed => true,
            NetErrorKind::TimedOut { limit, .. } => *limit == error.phase.as_str(),
            _ => false,
        };
        let may = self.dialer.key_shares() == KeyShares::AsLearnt;
        let worth_it = may && is_silence && hello.is_unanswered() && !hello.is_classical();
        error.facts.remote_addr.filter(|_| worth_it)
    }

    fn connection(self, opened: Opened) -> Connection {
        let traffic = Traffic::new(self.dialer.clock().clone());
        Connection {
            stream: Box::new(Metered::new(opened.stream, traffic.clone())),
            facts: ConnectionFacts {
                egress: self.departure.egress,
                egress_key: self.key,
                ipv4_only: self.dialer.is_ipv4_only(),
                unused_proxy: self.departure.unused,
                remote_addr: opened.remote_addr,
                protocol: opened.protocol,
                tls: opened.tls,
                timings: self.trip.timings(),
                reused: false,
                traffic,
            },
        }
    }

    fn proxy(&self) -> Option<&ProxyUrl> {
        match &self.departure.egress.way {
            Way::Proxy(proxy) => Some(proxy),
            Way::Direct => None,
        }
    }

    /// Whom we connect to: the proxy, or the target itself.
    fn first_host(&self) -> &str {
        let proxy = self.proxy();
        proxy.map_or(&self.target.host, |proxy| &proxy.host)
    }

    fn preferred_family(&self) -> Family {
        let won = self.dialer.memory().family(self.first_host(), &self.key);
        won.unwrap_or(Family::V6)
    }

    fn on_the_way_to_proxy(&self, error: NetError) -> NetError {
        match self.proxy() {
            Some(_) => NetError {
                phase: Phase::Proxy,
                ..error
            },
            None => error,
        }
    }
}
