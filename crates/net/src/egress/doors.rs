//! Every way out that is set up on this machine, taken or not: for whoever compares them.
//!
//! The policy stops at the first one that answers. Whoever asks why one client fails where another
//! works has to try them all, also those for the other scheme and those that an exception bars.

use std::sync::Arc;

use alipes_base::Environment;

use super::policy::{Layer, Rules, read_configured};
use super::{ConfiguredEgress, Egress, EgressPolicy, EgressSource, SystemProxy};
use crate::error::NetError;

/// What [`EgressPolicy::doors`] found.
#[derive(Debug, Default)]
pub struct Doors {
    /// Each way out once, the direct one first, then in the order in which they are looked for.
    pub ways: Vec<Egress>,
    /// Proxies that are named somewhere and can never be used.
    pub broken: Vec<NetError>,
}

impl EgressPolicy {
    /// A policy that sends everything this way.
    #[must_use]
    pub fn only(egress: Egress) -> Self {
        Self(Arc::new(Rules::only(egress)))
    }

    /// The ways out of this machine. The system is asked now.
    #[must_use]
    pub fn doors(
        configured: Option<&ConfiguredEgress>,
        environment: &Environment,
        system: &dyn SystemProxy,
    ) -> Doors {
        let mut doors = Doors {
            ways: vec![Egress::direct(EgressSource::Default)],
            broken: Vec::new(),
        };
        if let Some(configured) = configured {
            let read = read_configured(configured).map(|(egress, _exceptions)| [egress]);
            doors.add(read);
        }
        let layers = [
            Layer::of_environment(environment),
            Layer::of_system(system, &Layer::default()),
        ];
        for layer in layers {
            doors.add(layer.map(Layer::proxies));
        }
        doors
    }
}

impl Doors {
    fn add(&mut self, found: Result<impl IntoIterator<Item = Egress>, NetError>) {
        match found {
            Ok(ways) => {
                for egress in ways {
                    let known = self.ways.iter().any(|known| known.way == egress.way);
                    if !known {
                        self.ways.push(egress);
                    }
                }
            }
            Err(error) => self.broken.push(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PlatformProxy, SystemProxySettings, Target};
    use std::path::PathBuf;

    struct Company;

    impl SystemProxy for Company {
        fn settings(&self) -> SystemProxySettings {
            SystemProxySettings {
                https: Some("http://system.test:3128".to_owned()),
                http: Some("http://one.test:1".to_owned()),
                ..SystemProxySettings::default()
            }
        }
    }

    fn told(doors: &Doors) -> Vec<String> {
        doors.ways.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_door_is_named_once_whether_it_is_taken_or_not() {
        let environment = Environment::new(
            [
                ("HTTPS_PROXY", "http://one.test:1"),
                ("HTTP_PROXY", "http://two.test:2"),
                ("NO_PROXY", "*"),
            ],
            PathBuf::new(),
        );
        let configured = ConfiguredEgress {
            way: "direct".to_owned(),
            named_by: "--proxy".to_owned(),
            exceptions: String::new(),
        };
        let doors = EgressPolicy::doors(Some(&configured), &environment, &Company);
        assert_eq!(
            told(&doors),
            [
                "direct",
                "http://one.test:1 from HTTPS_PROXY",
                "http://two.test:2 from HTTP_PROXY",
                "http://system.test:3128 from the system settings",
            ]
        );
        assert!(doors.broken.is_empty());
    }

    #[test]
    fn a_proxy_that_cannot_be_used_hides_none_of_the_others() {
        let environment = Environment::new([("HTTPS_PROXY", "ftp://x.test")], PathBuf::new());
        let configured = ConfiguredEgress {
            way: "socks5h://own.test:9".to_owned(),
            named_by: "--proxy".to_owned(),
            exceptions: String::new(),
        };
        let doors = EgressPolicy::doors(Some(&configured), &environment, &PlatformProxy);
        assert_eq!(
            told(&doors),
            ["direct", "socks5h://own.test:9 from --proxy"]
        );
        assert_eq!(doors.broken.len(), 1);
    }

    #[test]
    fn a_policy_of_one_door_takes_it_for_loopback_too() {
        let environment = Environment::new([("ALL_PROXY", "http://one.test:1")], PathBuf::new());
        let doors = EgressPolicy::doors(None, &environment, &PlatformProxy);
        let policy = EgressPolicy::only(doors.ways[1].clone());
        let url = "http://127.0.0.1:1/".parse().unwrap();
        let departure = policy.decide(&Target::from_url(&url).unwrap());
        assert_eq!(departure.egress, doors.ways[1]);
        assert!(departure.unused.is_none());
    }
}
