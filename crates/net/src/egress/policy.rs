//! Which way a target is reached: one pure decision, made from data that was gathered once.
//!
//! In order: what the user configured, the environment, the operating system, direct. Names and
//! their order in the environment are those of the libraries under the official clients (upper
//! case first), so that we leave by the same door.

use std::sync::Arc;

use alipes_base::Environment;

use super::exceptions::Exceptions;
use super::{
    Departure, Egress, EgressSource, ProxyUrl, SystemProxy, UnusedProxy, UnusedReason, Way,
};
use crate::error::NetError;
use crate::target::Target;

/// Where proxies are looked for, the first one set wins.
const FOR_HTTPS: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
const FOR_HTTP: [&str; 4] = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
const FOR_NONE: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Set by web servers for CGI programs, where `HTTP_PROXY` is the request's `Proxy` header
/// (CVE-2016-5385).
const CGI: &str = "REQUEST_METHOD";
const CGI_FORGES: &str = "HTTP_PROXY";

/// The way out that a user asked for, for every target, loopback included.
#[derive(Clone, Debug, Default)]
pub struct ConfiguredEgress {
    /// A proxy's URL, or `direct`.
    pub way: String,
    /// The flag's or setting's name, for messages.
    pub named_by: String,
    /// Targets that a proxy is not for, as in `NO_PROXY`; often empty.
    pub exceptions: String,
}

/// Decides how each dial leaves. Cheap to clone; the default sends everything direct.
#[derive(Clone, Debug, Default)]
pub struct EgressPolicy(pub(super) Arc<Rules>);

#[derive(Debug, Default)]
pub(super) struct Rules {
    configured: Option<(Egress, Vec<List>)>,
    environment: Layer,
    system: Layer,
}

/// Targets that proxies are not for, and who says so.
type List = (EgressSource, Exceptions);

/// The proxies that one place names, and whom they are not for.
#[derive(Debug, Default)]
pub(super) struct Layer {
    https: Option<Egress>,
    http: Option<Egress>,
    lists: Vec<List>,
    /// A proxy that can never be used, and why.
    barred: Option<UnusedProxy>,
}

impl EgressPolicy {
    /// Gathers the settings. The system is asked now, if at all, and not again.
    ///
    /// # Errors
    /// [`NetErrorKind::BadProxy`](crate::NetErrorKind::BadProxy) if a proxy that would be used
    /// for some target has a broken URL.
    pub fn new(
        configured: Option<&ConfiguredEgress>,
        environment: &Environment,
        system: &dyn SystemProxy,
    ) -> Result<Self, NetError> {
        let by_user = configured.map(read_configured).transpose()?;
        let rules = match by_user {
            None => {
                let environment = Layer::of_environment(environment)?;
                let system = Layer::of_system(system, &environment)?;
                Rules {
                    configured: None,
                    environment,
                    system,
                }
            }
            // What the user's choice makes irrelevant may be broken; where it is worth a word
            // that there is something, it is read.
            Some((egress, lists)) if egress.way == Way::Direct => {
                let environment = Layer::of_environment(environment).unwrap_or_default();
                let system = Layer::of_system(system, &environment).unwrap_or_default();
                Rules {
                    configured: Some((egress, lists)),
                    environment,
                    system,
                }
            }
            Some(proxy) => Rules {
                configured: Some(proxy),
                ..Rules::default()
            },
        };
        Ok(Self(Arc::new(rules)))
    }

    /// The way to `target`.
    #[must_use]
    pub fn decide(&self, target: &Target) -> Departure {
        let rules = &*self.0;
        if let Some((egress, lists)) = &rules.configured {
            return rules.by_user(egress, lists, target);
        }
        if target.is_loopback() {
            return straight(EgressSource::Default, None);
        }
        for layer in [&rules.environment, &rules.system] {
            if let Some(egress) = layer.proxy(target.tls) {
                return unless_excepted(egress, &layer.lists, target);
            }
        }
        straight(EgressSource::Default, rules.passed_by(target.tls))
    }
}

impl Rules {
    pub(super) fn only(egress: Egress) -> Self {
        Self {
            configured: Some((egress, Vec::new())),
            ..Self::default()
        }
    }

    fn by_user(&self, egress: &Egress, lists: &[List], target: &Target) -> Departure {
        if egress.way != Way::Direct {
            return unless_excepted(egress, lists, target);
        }
        let by = egress.source.to_string();
        let shadowed = [&self.environment, &self.system]
            .iter()
            .find_map(|layer| layer.proxy(target.tls))
            .filter(|_| !target.is_loopback())
            .map(|proxy| proxy.unused(UnusedReason::ConfiguredDirect { by }));
        straight(egress.source.clone(), shadowed)
    }

    /// A proxy that a direct way for want of a better one passes by.
    fn passed_by(&self, tls: bool) -> Option<UnusedProxy> {
        [&self.environment, &self.system].iter().find_map(|layer| {
            let other = layer.proxy(!tls);
            let other = other.map(|proxy| proxy.unused(UnusedReason::OtherScheme));
            layer.barred.clone().or(other)
        })
    }
}

impl Layer {
    pub(super) fn of_environment(environment: &Environment) -> Result<Self, NetError> {
        let is_cgi = environment.text(CGI).is_some();
        let first = |names: &[&'static str]| -> Option<(&'static str, &str)> {
            let usable = names
                .iter()
                .filter(|name| !(is_cgi && **name == CGI_FORGES));
            usable
                .copied()
                .find_map(|name| Some((name, environment.text(name)?)))
        };
        let proxy = |names: &[&'static str]| {
            let found = first(names);
            found
                .map(|(name, url)| read_proxy(url, EgressSource::Environment(name)))
                .transpose()
        };
        let list = first(&FOR_NONE)
            .map(|(name, text)| (EgressSource::Environment(name), Exceptions::parse(text)));
        let forged = is_cgi && environment.text(CGI_FORGES).is_some();
        Ok(Self {
            https: proxy(&FOR_HTTPS)?,
            http: proxy(&FOR_HTTP)?,
            lists: list.into_iter().collect(),
            barred: forged.then_some(UnusedProxy {
                source: EgressSource::Environment(CGI_FORGES),
                reason: UnusedReason::Cgi,
            }),
        })
    }

    /// `NO_PROXY` holds for the system's proxies as well: it is the only list that a shell has.
    /// The system is not asked where the environment has an answer to everything.
    pub(super) fn of_system(
        system: &dyn SystemProxy,
        environment: &Self,
    ) -> Result<Self, NetError> {
        if environment.https.is_some() && environment.http.is_some() {
            return Ok(Self::default());
        }
        let settings = system.settings();
        let proxy = |url: &Option<String>| {
            let url = url.as_ref().or(settings.socks.as_ref());
            url.map(|url| read_proxy(url, EgressSource::System))
                .transpose()
        };
        let own = Exceptions::parse(&settings.exceptions.join(","));
        let own = (EgressSource::System, own);
        Ok(Self {
            https: proxy(&settings.https)?,
            http: proxy(&settings.http)?,
            lists: std::iter::once(own)
                .chain(environment.lists.iter().cloned())
                .collect(),
            barred: settings.auto_configured.then_some(UnusedProxy {
                source: EgressSource::System,
                reason: UnusedReason::AutoConfiguration,
            }),
        })
    }

    /// Its proxies, whatever they are for.
    pub(super) fn proxies(self) -> impl Iterator<Item = Egress> {
        self.https.into_iter().chain(self.http)
    }

    fn proxy(&self, tls: bool) -> Option<&Egress> {
        if tls {
            self.https.as_ref()
        } else {
            self.http.as_ref()
        }
    }
}

impl Egress {
    fn unused(&self, reason: UnusedReason) -> UnusedProxy {
        let source = self.source.clone();
        UnusedProxy { source, reason }
    }
}

/// The proxy, or the direct way if a list excepts the target.
fn unless_excepted(egress: &Egress, lists: &[List], target: &Target) -> Departure {
    let excepted = lists
        .iter()
        .find_map(|(list, exceptions)| Some((list, exceptions.matching(target)?)));
    match excepted {
        None => Departure {
            egress: egress.clone(),
            unused: None,
        },
        Some((list, entry)) => {
            let reason = UnusedReason::Exception {
                list: list.clone(),
                entry: entry.to_owned(),
            };
            straight(list.clone(), Some(egress.unused(reason)))
        }
    }
}

fn straight(source: EgressSource, unused: Option<UnusedProxy>) -> Departure {
    let egress = Egress::direct(source);
    Departure { egress, unused }
}

pub(super) fn read_configured(
    configured: &ConfiguredEgress,
) -> Result<(Egress, Vec<List>), NetError> {
    let source = EgressSource::Configured(configured.named_by.clone());
    let egress = if configured.way.trim().eq_ignore_ascii_case("direct") {
        Egress::direct(source)
    } else {
        read_proxy(&configured.way, source)?
    };
    let list = (
        egress.source.clone(),
        Exceptions::parse(&configured.exceptions),
    );
    Ok((egress, vec![list]))
}

fn read_proxy(url: &str, source: EgressSource) -> Result<Egress, NetError> {
    let way = Way::Proxy(ProxyUrl::parse(url, &source)?);
    Ok(Egress { way, source })
}

#[cfg(test)]
mod tests;
