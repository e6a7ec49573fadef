//! A network as a table, on paused time: which names are known, which addresses answer, and with
//! a server in memory behind those that do.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alipes_base::Clock;
use alipes_net::{
    BoxStream, ConnectionFacts, Dialer, DialerOptions, Family, Limits, NetError, ResolveError,
    Sockets,
};
use futures_util::future::BoxFuture;
use tokio::task::JoinSet;

use crate::forms::Form;
use crate::support::Authority;

pub(crate) const V4: &str = "192.0.2.1:443";
pub(crate) const V4_TOO: &str = "192.0.2.2:443";
pub(crate) const V6: &str = "[2001:db8::1]:443";

/// The one name there is.
pub(crate) const HOST: &str = "example.com";

pub(crate) type Answer = Result<Vec<IpAddr>, ResolveError>;

/// A network as a table; what is not in it never answers.
#[derive(Default)]
pub(crate) struct Network {
    v4: Mutex<Option<(u64, Answer)>>,
    v6: Mutex<Option<(u64, Answer)>>,
    connects: HashMap<SocketAddr, io::ErrorKind>,
    /// Which addresses answer, and after so many milliseconds.
    open: HashMap<SocketAddr, u64>,
    /// What the operating system says about the way out.
    local: Option<io::ErrorKind>,
    tried: Mutex<Vec<SocketAddr>>,
    asked: Mutex<Vec<Family>>,
}

impl Network {
    /// A records, or their absence, after so many milliseconds.
    pub(crate) fn v4(self, delay: u64, answer: Result<&[&str], ResolveError>) -> Self {
        *self.v4.lock().unwrap() = Some((delay, answer.map(ips)));
        self
    }

    /// AAAA records.
    pub(crate) fn v6(self, delay: u64, answer: Result<&[&str], ResolveError>) -> Self {
        *self.v6.lock().unwrap() = Some((delay, answer.map(ips)));
        self
    }

    pub(crate) fn open(self, address: &str) -> Self {
        self.opens(address, 0)
    }

    /// The same after so many milliseconds.
    pub(crate) fn opens(mut self, address: &str, delay: u64) -> Self {
        self.open.insert(address.parse().unwrap(), delay);
        self
    }

    pub(crate) fn fails(mut self, address: &str, kind: io::ErrorKind) -> Self {
        self.connects.insert(address.parse().unwrap(), kind);
        self
    }

    pub(crate) fn without_local_address(mut self) -> Self {
        self.local = Some(io::ErrorKind::NetworkUnreachable);
        self
    }

    /// A machine in this network, and a dial from it.
    pub(crate) async fn dial(self, form: Form) -> Dialled {
        self.machine(form).dial().await
    }

    pub(crate) fn machine(self, form: Form) -> Machine {
        let authority = Arc::new(Authority::new());
        let network = Arc::new(Served {
            network: self,
            form,
            authority: Arc::clone(&authority),
            servers: Mutex::default(),
        });
        Machine {
            dialer: Dialer::new(DialerOptions {
                sockets: Arc::clone(&network) as Arc<dyn Sockets>,
                tls: authority.trusted(),
                limits: Limits::default(),
                clock: Clock::system(),
            }),
            served: network,
            form,
        }
    }
}

/// A machine in a network, with what its dialer has learnt.
pub(crate) struct Machine {
    pub(crate) dialer: Dialer,
    served: Arc<Served>,
    form: Form,
}

impl Machine {
    pub(crate) async fn dial(&self) -> Dialled {
        let network = &self.served.network;
        network.tried.lock().unwrap().clear();
        network.asked.lock().unwrap().clear();
        let clock = Clock::system();
        let begun = clock.now();
        let outcome = self.form.talk(&self.dialer, HOST, 443).await;
        let took = clock.since(begun);
        let tried = network.tried.lock().unwrap();
        Dialled {
            outcome,
            tried: tried.iter().map(ToString::to_string).collect(),
            asked: network.asked.lock().unwrap().clone(),
            took,
        }
    }

    /// From now on the resolver says this about both families, or nothing.
    pub(crate) fn resolver_says(&self, answer: Option<ResolveError>) {
        let answer = answer.map(|error| (0, Err(error)));
        *self.served.network.v4.lock().unwrap() = answer.clone();
        *self.served.network.v6.lock().unwrap() = answer;
    }
}

pub(crate) struct Dialled {
    pub(crate) outcome: Result<ConnectionFacts, NetError>,
    pub(crate) tried: Vec<String>,
    pub(crate) asked: Vec<Family>,
    pub(crate) took: Duration,
}

impl Dialled {
    pub(crate) fn address(&self) -> String {
        self.outcome.as_ref().unwrap().remote_addr.to_string()
    }

    pub(crate) fn error(self) -> NetError {
        self.outcome.err().unwrap()
    }
}

/// The network with servers in it.
struct Served {
    network: Network,
    form: Form,
    authority: Arc<Authority>,
    servers: Mutex<JoinSet<()>>,
}

impl Sockets for Served {
    fn resolve<'a>(&'a self, _host: &'a str, family: Family) -> BoxFuture<'a, Answer> {
        let network = &self.network;
        network.asked.lock().unwrap().push(family);
        let entry = match family {
            Family::V4 => network.v4.lock().unwrap().clone(),
            Family::V6 => network.v6.lock().unwrap().clone(),
        };
        Box::pin(async move {
            let Some((delay, answer)) = entry else {
                return std::future::pending().await;
            };
            tokio::time::sleep(Duration::from_millis(delay)).await;
            answer
        })
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<BoxStream>> {
        self.network.tried.lock().unwrap().push(address);
        Box::pin(async move {
            if let Some(kind) = self.network.connects.get(&address) {
                return Err((*kind).into());
            }
            let Some(delay) = self.network.open.get(&address) else {
                return std::future::pending().await;
            };
            if *delay > 0 {
                tokio::time::sleep(Duration::from_millis(*delay)).await;
            }
            let (ours, theirs) = tokio::io::duplex(64 * 1024);
            let authority = Arc::clone(&self.authority);
            let serving = self.form.answer(theirs, authority, HOST);
            self.servers.lock().unwrap().spawn(serving);
            Ok(Box::new(ours) as BoxStream)
        })
    }

    fn local_ip(&self, _towards: SocketAddr) -> io::Result<IpAddr> {
        match self.network.local {
            Some(kind) => Err(kind.into()),
            None => Ok([192, 0, 2, 99].into()),
        }
    }
}

fn ips(addresses: &[&str]) -> Vec<IpAddr> {
    addresses
        .iter()
        .map(|text| text.parse::<SocketAddr>().unwrap().ip())
        .collect()
}
