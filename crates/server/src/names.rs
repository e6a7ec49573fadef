//! By what name a request calls this server, and which page it comes from.
//!
//! A web page can make a browser send requests to loopback, also under a name of its own that leads
//! there (DNS rebinding). It cannot choose the Host that the browser writes, nor leave out the Origin
//! of a request to somewhere else. So a Host must be one of ours, and an Origin one that is allowed.

use std::net::IpAddr;

use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Uri};

/// Names that lead to this machine wherever they are looked up (RFC 6761, section 6.3).
const LOCAL: &str = "localhost";

/// What requests may call this server by, and which pages may ask.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) hosts: Vec<String>,
    pub(crate) origins: Vec<String>,
}

/// Why a request is turned away before anything else is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// It has no Host, or more than one.
    NoHost,
    /// Its Host is none of ours.
    OtherHost,
    /// It comes from a page.
    Page,
}

impl Names {
    /// Judges a request that came in on an address of ours.
    pub(crate) fn judge(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        came_in_on: IpAddr,
    ) -> Result<(), Stranger> {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err(Stranger::NoHost);
        };
        let host = host.to_str().ok().and_then(|host| host.parse().ok());
        let host: Authority = host.ok_or(Stranger::OtherHost)?;
        let named = [Some(&host), uri.authority()];
        if !named
            .into_iter()
            .flatten()
            .all(|name| self.is_ours(name, came_in_on))
        {
            return Err(Stranger::OtherHost);
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        let is_allowed = |origin: &http::HeaderValue| {
            let allowed = |known: &String| known.as_bytes() == origin.as_bytes();
            self.origins.iter().any(allowed)
        };
        match origins.all(is_allowed) {
            true => Ok(()),
            false => Err(Stranger::Page),
        }
    }

    fn is_ours(&self, named: &Authority, came_in_on: IpAddr) -> bool {
        if named.as_str().contains('@') {
            return false;
        }
        let host = named.host();
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(host).parse::<IpAddr>() {
            // An address cannot be bound to another name; it has to be the one that was dialled.
            return address.to_canonical() == came_in_on.to_canonical();
        }
        let known = |known: &String| known.eq_ignore_ascii_case(host);
        let local = came_in_on.to_canonical().is_loopback() && host.eq_ignore_ascii_case(LOCAL);
        local || self.hosts.iter().any(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(host: &str, origin: Option<&str>) -> Result<(), Stranger> {
        let names = Names {
            hosts: vec!["box.example".to_owned()],
            origins: vec!["https://chat.example".to_owned()],
        };
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        names.judge(
            &Uri::from_static("/v1/models"),
            &headers,
            [127, 0, 0, 1].into(),
        )
    }

    #[test]
    fn only_our_own_names_are_answered() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:8791",
            "localhost:8791",
            "LOCALHOST",
            "Box.Example",
        ] {
            assert_eq!(judged(host, None), Ok(()), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.0.0.2",
            "192.168.1.2:8791",
            "2130706433",
            "0x7f.1",
            "user@localhost",
            "localhost,evil.example",
            "",
        ] {
            assert_eq!(judged(host, None), Err(Stranger::OtherHost), "{host}");
        }
    }

    #[test]
    fn no_page_may_ask_unless_it_is_allowed_to() {
        let host = "localhost:8791";
        assert_eq!(judged(host, Some("https://chat.example")), Ok(()));
        for origin in [
            "null",
            "",
            "http://localhost:8791",
            "http://127.0.0.1:8791",
            "http://localhost.evil.example",
            "https://chat.example.evil.example",
            "https://chat.example/",
        ] {
            assert_eq!(judged(host, Some(origin)), Err(Stranger::Page), "{origin}");
        }
    }

    #[test]
    fn two_hosts_are_none() {
        let mut headers = HeaderMap::new();
        let come_in_on = IpAddr::from([127, 0, 0, 1]);
        let uri = Uri::from_static("/");
        let judged = |headers: &HeaderMap| Names::default().judge(&uri, headers, come_in_on);
        assert_eq!(judged(&headers), Err(Stranger::NoHost));
        headers.append(HOST, "localhost".parse().unwrap());
        assert_eq!(judged(&headers), Ok(()));
        headers.append(HOST, "evil.example".parse().unwrap());
        assert_eq!(judged(&headers), Err(Stranger::NoHost));
        let uri = Uri::from_static("http://evil.example/v1/models");
        headers.remove(HOST);
        headers.append(HOST, "localhost".parse().unwrap());
        let absolute = Names::default().judge(&uri, &headers, come_in_on);
        assert_eq!(absolute, Err(Stranger::OtherHost));
    }
}
