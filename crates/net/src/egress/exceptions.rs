//! Lists of targets that a proxy is not for: `NO_PROXY` and what operating systems keep.
//!
//! There is no standard, so this is the union of what curl, Go and the systems understand:
//! `example.com` and `.example.com` (the domain and everything below it), `*.local`, `*`,
//! addresses, networks (`10.0.0.0/8`, and Apple's `169.254/16`), `<local>` (names without a dot,
//! from Windows), and a port behind any of them. What cannot be read matches nothing, as
//! everywhere else.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::target::Target;

/// Targets that a proxy is not for.
#[derive(Clone, Debug, Default)]
pub(super) struct Exceptions(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    text: String,
    pattern: Pattern,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    /// These addresses.
    Network(IpNet),
    /// This domain and everything below it.
    Domain(String),
    /// A text with `*` in it.
    Glob(String),
    /// Names without a dot.
    Undotted,
}

impl Exceptions {
    /// Entries between commas, semicolons or blanks.
    pub(super) fn parse(list: &str) -> Self {
        let separators = |c: char| c == ',' || c == ';' || c.is_whitespace();
        let texts = list.split(separators).filter(|text| !text.is_empty());
        Self(texts.map(Entry::parse).collect())
    }

    /// The first entry that has this target.
    pub(super) fn matching(&self, target: &Target) -> Option<&str> {
        let entry = self.0.iter().find(|entry| entry.has(target))?;
        Some(&entry.text)
    }
}

impl Entry {
    fn parse(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let whole = network(&lower).map(|network| (Pattern::Network(network), None));
        let (pattern, port) = whole.unwrap_or_else(|| {
            let (name, port) = split_port(&lower);
            (Pattern::parse(name), port)
        });
        let text = text.to_owned();
        Self {
            text,
            pattern,
            port,
        }
    }

    fn has(&self, target: &Target) -> bool {
        self.port.is_none_or(|port| port == target.port) && self.pattern.has(&target.host)
    }
}

impl Pattern {
    fn parse(name: &str) -> Self {
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        if name == "<local>" {
            return Self::Undotted;
        }
        if let Some(network) = network(bare) {
            return Self::Network(network);
        }
        let domain = name.strip_prefix('*').filter(|rest| rest.starts_with('.'));
        let domain = domain.unwrap_or(name).trim_matches('.');
        if domain.contains('*') {
            Self::Glob(name.to_owned())
        } else {
            Self::Domain(domain.to_owned())
        }
    }

    fn has(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let ip = host.parse::<IpAddr>().ok().map(|ip| ip.to_canonical());
        match self {
            Self::Network(network) => ip.is_some_and(|ip| network.contains(&ip)),
            Self::Domain(domain) => ip.is_none() && is_within(&host, domain),
            Self::Glob(pattern) => is_like(&host, pattern),
            Self::Undotted => ip.is_none() && !host.contains('.'),
        }
    }
}

/// An address or a network; the missing bytes of a short IPv4 network are zero.
fn network(text: &str) -> Option<IpNet> {
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(ip.to_canonical().into());
    }
    if let Ok(network) = text.parse() {
        return Some(network);
    }
    let (address, length) = text.split_once('/')?;
    let missing = 3usize.checked_sub(address.matches('.').count())?;
    format!("{address}{}/{length}", ".0".repeat(missing))
        .parse()
        .ok()
}

fn split_port(text: &str) -> (&str, Option<u16>) {
    match text.rsplit_once(':') {
        Some((name, port)) => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (text, None),
        },
        None => (text, None),
    }
}

fn is_within(host: &str, domain: &str) -> bool {
    !domain.is_empty()
        && host
            .strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether a text matches a pattern in which every `*` stands for anything.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let mut last = "";
    for piece in pieces {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        last = piece;
        rest = &rest[at + piece.len()..];
    }
    rest.is_empty() || last.is_empty() || text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(entry: &str, host: &str) -> bool {
        let target = Target {
            tls: true,
            host: host.to_owned(),
            port: 443,
        };
        Exceptions::parse(entry).matching(&target).is_some()
    }

    #[test]
    fn every_kind_of_entry_matches_what_it_says() {
        for (entry, yes, no) in [
            ("example.com", "example.com", "badexample.com"),
            ("example.com", "a.b.Example.com.", "example.com.evil.org"),
            (".example.com", "a.example.com", "example.org"),
            (".example.com", "example.com", "10.0.0.1"),
            ("*.local", "printer.local", "local.example"),
            ("*", "anything.example", ""),
            ("*", "2001:db8::1", ""),
            ("10.*", "10.1.2.3", "110.1.2.3"),
            ("*internal*", "a.internal.example", "a.external.example"),
            ("a*z.example", "abcz.example", "abcz.example.org"),
            ("10.1.2.3", "10.1.2.3", "10.1.2.4"),
            ("10.0.0.0/8", "10.200.0.1", "11.0.0.1"),
            ("10.0.0.0/8", "::ffff:10.1.1.1", "example.com"),
            ("169.254/16", "169.254.9.9", "169.255.0.1"),
            ("2001:db8::/32", "2001:db8::5", "2001:db9::5"),
            ("::1", "::1", "::2"),
            ("[2001:db8::1]:443", "2001:db8::1", "2001:db8::2"),
            ("example.com:443", "example.com", "example.org"),
            ("10.0.0.0/8:443", "10.1.1.1", "11.1.1.1"),
            ("<local>", "intranet", "intranet.example"),
            ("a.example, b.example", "b.example", "c.example"),
            ("a.example;b.example c.example", "c.example", "d.example"),
        ] {
            assert!(has(entry, yes), "{entry} has {yes}");
            assert!(no.is_empty() || !has(entry, no), "{entry} has not {no}");
        }
    }

    #[test]
    fn what_cannot_be_read_matches_nothing() {
        for entry in [
            "10.0.0.0/99",
            "example.com:80",
            ".",
            ",,",
            "::/200",
            "1/2/3",
        ] {
            for host in ["example.com", "10.0.0.1", "::1"] {
                assert!(!has(entry, host), "{entry} has not {host}");
            }
        }
    }
}
