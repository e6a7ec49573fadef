//! How a dial leaves this machine: the first suspect whenever one client fails where another works.
//!
//! A client that ignores the machine's proxy leaves by another door, and is reset or challenged
//! there. So the way out is decided once per dial, in one place ([`EgressPolicy`]), for every call
//! of the program; who decided it is part of every fact and error; and a dial that goes direct
//! although a proxy is configured somewhere can say so and why ([`UnusedProxy`]).

mod doors;
mod exceptions;
mod key;
mod local_keys;
mod policy;
mod proxy_url;
mod system;

use std::fmt;

pub use self::doors::Doors;
pub use self::key::EgressKey;
pub(crate) use self::key::is_offline;
pub(crate) use self::local_keys::LocalKeys;
pub use self::policy::{ConfiguredEgress, EgressPolicy};
pub(crate) use self::proxy_url::{Login, ProxyScheme};
pub use self::proxy_url::{ProxyProblem, ProxyUrl};
pub use self::system::{PlatformProxy, SystemProxy, SystemProxySettings};

/// The way out of this machine, and who chose it. Shows no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Egress {
    /// The way.
    pub way: Way,
    /// Who chose it.
    pub source: EgressSource,
}

/// A way out of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// Straight to the server.
    Direct,
    /// Through a proxy.
    Proxy(ProxyUrl),
}

/// Who chose a way out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EgressSource {
    /// The user of this program: the flag's or setting's name.
    Configured(String),
    /// The environment: the variable's name.
    Environment(&'static str),
    /// The operating system's settings.
    System,
    /// Nobody chose anything.
    Default,
}

/// A decision for one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// The way to take.
    pub egress: Egress,
    /// A proxy that this way passes by, if the machine has one.
    pub unused: Option<UnusedProxy>,
}

/// A proxy that is configured on this machine, and was not used. Its `Display` is a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedProxy {
    /// Where it is configured.
    pub source: EgressSource,
    /// Why it was not used.
    pub reason: UnusedReason,
}

/// Why a proxy was not used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnusedReason {
    /// An exception list has the target.
    Exception {
        /// Whose list.
        list: EgressSource,
        /// The entry that matched, as written.
        entry: String,
    },
    /// It is for the other of `http` and `https`.
    OtherScheme,
    /// The user asked for a direct connection.
    ConfiguredDirect {
        /// The flag's or setting's name.
        by: String,
    },
    /// It is chosen by a script (PAC or WPAD), which this program does not run.
    AutoConfiguration,
    /// `HTTP_PROXY` in a CGI program is a header of the request that started it.
    Cgi,
}

impl Egress {
    pub(crate) fn direct(source: EgressSource) -> Self {
        let way = Way::Direct;
        Self { way, source }
    }
}

impl fmt::Display for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.way {
            Way::Direct => f.write_str("direct")?,
            Way::Proxy(proxy) => proxy.fmt(f)?,
        }
        match &self.source {
            EgressSource::Default => Ok(()),
            source => write!(f, " from {source}"),
        }
    }
}

impl fmt::Display for EgressSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configured(name) => f.write_str(name),
            Self::Environment(name) => f.write_str(name),
            Self::System => f.write_str("the system settings"),
            Self::Default => f.write_str("nobody"),
        }
    }
}

impl fmt::Display for UnusedProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = &self.source;
        write!(
            f,
            "this machine has a proxy ({source}) that was not used, because {}",
            self.reason
        )
    }
}

impl fmt::Display for UnusedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exception { list, entry } => write!(f, "{entry} is excepted by {list}"),
            Self::OtherScheme => f.write_str("it is set for another scheme"),
            Self::ConfiguredDirect { by } => write!(f, "{by} says direct"),
            Self::AutoConfiguration => {
                f.write_str("it is chosen by a script (PAC), which alipes does not run")
            }
            Self::Cgi => f.write_str("REQUEST_METHOD is set, so a web request may have named it"),
        }
    }
}
