//! What the resolver of a network in memory says, and when.

use std::collections::HashMap;
use std::future::pending;
use std::net::IpAddr;
use std::time::Duration;

use alipes_net::{Family, ResolveError};

/// One answer of the resolver.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// How long it takes; `None`: it never comes.
    pub after: Option<Duration>,
    /// What it says.
    pub answer: Result<Vec<IpAddr>, ResolveError>,
}

impl Lookup {
    /// These addresses at once.
    #[must_use]
    pub fn at_once(addresses: &[IpAddr]) -> Self {
        Self {
            after: Some(Duration::ZERO),
            answer: match addresses {
                [] => Err(ResolveError::NotFound),
                _ => Ok(addresses.to_vec()),
            },
        }
    }

    /// No answer.
    #[must_use]
    pub fn never() -> Self {
        Self {
            after: None,
            answer: Err(ResolveError::NotFound),
        }
    }

    /// The same answer after so long.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self {
            after: Some(delay),
            ..self
        }
    }

    pub(super) async fn run(self) -> Result<Vec<IpAddr>, ResolveError> {
        match self.after {
            Some(Duration::ZERO) => {}
            Some(delay) => tokio::time::sleep(delay).await,
            None => pending().await,
        }
        self.answer
    }
}

/// The names of a network. A name that is not here does not exist.
#[derive(Default)]
pub(super) struct Names(HashMap<String, [Vec<Lookup>; 2]>);

impl Names {
    pub(super) fn know(&mut self, host: &str, addresses: &[IpAddr]) {
        let of = |wanted: fn(&IpAddr) -> bool| -> Vec<IpAddr> {
            addresses.iter().copied().filter(wanted).collect()
        };
        let answers = [of(IpAddr::is_ipv4), of(IpAddr::is_ipv6)];
        let answers = answers.map(|addresses| vec![Lookup::at_once(&addresses)]);
        self.0.insert(host.to_owned(), answers);
    }

    pub(super) fn script(&mut self, host: &str, family: Family, lookups: Vec<Lookup>) {
        self.0.entry(host.to_owned()).or_default()[place(family)] = lookups;
    }

    pub(super) fn knows(&self, host: &str) -> bool {
        self.0.contains_key(host)
    }

    /// The next answer; the last one stays.
    pub(super) fn ask(&mut self, host: &str, family: Family) -> Lookup {
        let answers = self.0.get_mut(host).map(|both| &mut both[place(family)]);
        match answers {
            Some(answers) if answers.len() > 1 => answers.remove(0),
            Some(answers) if answers.len() == 1 => answers[0].clone(),
            _ => Lookup::at_once(&[]),
        }
    }
}

fn place(family: Family) -> usize {
    match family {
        Family::V4 => 0,
        Family::V6 => 1,
    }
}
