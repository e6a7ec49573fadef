//! A proxy's URL, taken apart once: where it is, how to speak to it, and whom to be.
//!
//! Credentials live in [`Secret`]s from here on; `Display` and `Debug` cannot show them.

use std::fmt;

use alipes_base::Secret;
use percent_encoding::percent_decode_str;
use thiserror::Error;
use url::{Host, Url};

use super::EgressSource;
use crate::error::{Failure, NetError, NetErrorKind};
use crate::phase::Phase;
use crate::target::bracketed;

/// The longest user name and the longest password (RFC 1929, section 2).
const LONGEST_LOGIN: usize = 255;

/// Where a proxy is and how to speak to it. Shows no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyUrl {
    pub(crate) scheme: ProxyScheme,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) login: Option<Login>,
}

/// How to speak to a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyScheme {
    /// HTTP CONNECT.
    Http,
    /// HTTP CONNECT, inside TLS to the proxy.
    Https,
    /// SOCKS5; names are looked up here.
    Socks5,
    /// SOCKS5; names are looked up by the proxy.
    Socks5h,
}

/// Whom to be at a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) user: Secret,
    pub(crate) password: Secret,
}

/// Why a text is not a proxy's URL; the source of [`NetErrorKind::BadProxy`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProxyProblem {
    /// Not a URL.
    #[error("it is not a URL such as http://proxy.example:3128")]
    NotAUrl(#[source] url::ParseError),
    /// Not a way to speak to a proxy that we know.
    #[error("its scheme is {0}; known are http, https, socks5 and socks5h")]
    UnknownScheme(String),
    /// No host in it.
    #[error("it names no host")]
    NoHost,
    /// A user name or password that is not UTF-8 or longer than 255 bytes.
    #[error("its user name or password is too long or not UTF-8")]
    BadLogin,
}

impl ProxyUrl {
    /// Reads a URL, or `host:port`, which means `http`. `source` is who named it.
    ///
    /// # Errors
    /// [`NetErrorKind::BadProxy`] with a [`ProxyProblem`] as its source. The text itself is not
    /// repeated: it may carry a password.
    pub fn parse(text: &str, source: &EgressSource) -> Result<Self, NetError> {
        parse(text.trim()).map_err(|problem| {
            let named_by = source.clone();
            Failure::new(NetErrorKind::BadProxy { named_by })
                .caused_by(problem)
                .during(Phase::Proxy)
        })
    }
}

fn parse(text: &str) -> Result<ProxyUrl, ProxyProblem> {
    let url = if text.contains("://") {
        Url::parse(text)
    } else {
        Url::parse(&format!("http://{text}"))
    };
    let url = url.map_err(|error| match error {
        url::ParseError::EmptyHost => ProxyProblem::NoHost,
        error => ProxyProblem::NotAUrl(error),
    })?;
    let (scheme, default_port) = match url.scheme() {
        "http" => (ProxyScheme::Http, 80),
        "https" => (ProxyScheme::Https, 443),
        "socks5" => (ProxyScheme::Socks5, 1080),
        "socks5h" => (ProxyScheme::Socks5h, 1080),
        other => return Err(ProxyProblem::UnknownScheme(other.to_owned())),
    };
    let host = match url.host() {
        Some(Host::Domain(name)) if !name.is_empty() => name.to_ascii_lowercase(),
        Some(Host::Ipv4(ip)) => ip.to_string(),
        Some(Host::Ipv6(ip)) => ip.to_string(),
        _ => return Err(ProxyProblem::NoHost),
    };
    Ok(ProxyUrl {
        scheme,
        host,
        port: url.port().unwrap_or(default_port),
        login: login(&url)?,
    })
}

fn login(url: &Url) -> Result<Option<Login>, ProxyProblem> {
    let password = url.password();
    if url.username().is_empty() && password.is_none() {
        return Ok(None);
    }
    Ok(Some(Login {
        user: decoded(url.username())?,
        password: decoded(password.unwrap_or_default())?,
    }))
}

fn decoded(text: &str) -> Result<Secret, ProxyProblem> {
    let decoded = percent_decode_str(text).decode_utf8();
    match decoded {
        Ok(text) if text.len() <= LONGEST_LOGIN => Ok(Secret::new(text.into_owned())),
        _ => Err(ProxyProblem::BadLogin),
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            ProxyScheme::Http => "http",
            ProxyScheme::Https => "https",
            ProxyScheme::Socks5 => "socks5",
            ProxyScheme::Socks5h => "socks5h",
        };
        write!(f, "{scheme}://{}:{}", bracketed(&self.host), self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_ports_and_bare_hosts_are_understood() {
        for (text, shown) in [
            ("http://proxy.example:3128/", "http://proxy.example:3128"),
            ("proxy.example:3128", "http://proxy.example:3128"),
            ("Proxy.Example", "http://proxy.example:80"),
            ("https://proxy.example", "https://proxy.example:443"),
            ("SOCKS5://Proxy.Example", "socks5://proxy.example:1080"),
            ("socks5h://[::1]:9050", "socks5h://[::1]:9050"),
            ("10.0.0.1:8080", "http://10.0.0.1:8080"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        let proxy = parse("http://us%40er:pa%3Ass@proxy:3128").unwrap();
        let login = proxy.login.as_ref().unwrap();
        assert_eq!(
            (login.user.expose(), login.password.expose()),
            ("us@er", "pa:ss")
        );
        let shown = format!("{proxy} {proxy:?}");
        for secret in ["us@er", "pa:ss", "us%40er", "pa%3Ass"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn a_broken_url_is_named_with_its_source_and_without_its_text() {
        let source = EgressSource::Environment("HTTPS_PROXY");
        let long = format!("http://u:{}@proxy", "hunter22".repeat(40));
        for (text, problem) in [
            ("http://", "it names no host"),
            (
                "http://hunter22:@proxy:99999",
                "it is not a URL such as http://proxy.example:3128",
            ),
            (
                "ftp://hunter22@proxy",
                "its scheme is ftp; known are http, https, socks5 and socks5h",
            ),
            (&long, "its user name or password is too long or not UTF-8"),
            (
                "http://hunter22%ff@proxy",
                "its user name or password is too long or not UTF-8",
            ),
        ] {
            let error = ProxyUrl::parse(text, &source).unwrap_err();
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert_eq!(cause, problem, "{text}");
            assert_eq!(
                error.to_string(),
                "the proxy from HTTPS_PROXY cannot be used"
            );
            assert!(!format!("{error:?}").contains("hunter22"));
        }
    }
}
