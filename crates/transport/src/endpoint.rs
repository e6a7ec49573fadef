//! Where a request goes: a base URL and the profile of what answers there.

use std::sync::Arc;

use alipes_wire::Dialect;
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::{EndpointKey, KeyHeader, Profile, Route, Token, UnusableKey};

/// A base URL with a profile.
#[derive(Clone, Debug)]
pub struct Endpoint {
    name: Arc<str>,
    base_url: Url,
    /// Where its requests for answers go.
    request_url: Url,
    /// What is remembered of it is found by this; every request asks many times.
    key: EndpointKey,
    profile: Profile,
    routes: Vec<Route>,
    dialect: Dialect,
    key_header: KeyHeader,
    /// What every request to it carries beside.
    headers: HeaderMap,
}

/// The base URL cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// It is not a URL.
    #[error("base URL {text:?} is not a URL; it looks like https://host/v1")]
    NotAUrl {
        /// What was given.
        text: String,
        /// What the parser says.
        source: url::ParseError,
    },
    /// It is a URL of something else.
    #[error("base URL {text:?} has the scheme {scheme:?}; use http, https, ws or wss")]
    Scheme {
        /// What was given.
        text: String,
        /// Its scheme.
        scheme: String,
    },
    /// It has no host.
    #[error("base URL {text:?} names no host; it looks like https://host/v1")]
    NoHost {
        /// What was given.
        text: String,
    },
    /// It holds a user name or password, which would end up in messages and logs.
    #[error("base URL for {host:?} holds credentials; put the key into api_key instead")]
    Credentials {
        /// Its host.
        host: String,
    },
}

impl Endpoint {
    /// An endpoint known as `name`. Without routes, the profile's are used. `ws` and `wss` mean the
    /// same as `http` and `https`.
    ///
    /// # Errors
    /// [`EndpointError`] if `base_url` is not an absolute http(s) or ws(s) URL without credentials.
    pub fn new(
        name: &str,
        base_url: &str,
        profile: Profile,
        routes: Option<Vec<Route>>,
    ) -> Result<Self, EndpointError> {
        let base_url = parse(base_url)?;
        let routes = routes
            .filter(|routes| !routes.is_empty())
            .unwrap_or_else(|| profile.routes.clone());
        let dialect = Dialect::Responses;
        Ok(Self {
            name: name.into(),
            key: EndpointKey::of(&base_url),
            request_url: beneath(&base_url, dialect.path()),
            base_url,
            profile,
            routes,
            dialect,
            key_header: KeyHeader::default(),
            headers: HeaderMap::new(),
        })
    }

    /// The same endpoint, speaking this dialect. Only Responses has the WebSocket route.
    #[must_use]
    pub fn with_dialect(mut self, dialect: Dialect) -> Self {
        if dialect != Dialect::Responses {
            self.routes = vec![Route::Sse];
        }
        Self {
            dialect,
            request_url: beneath(&self.base_url, dialect.path()),
            ..self
        }
    }

    /// The dialect.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Where requests for answers go.
    #[must_use]
    pub fn request_url(&self) -> &Url {
        &self.request_url
    }

    /// The same endpoint, wanting its key in this header.
    #[must_use]
    pub fn with_key_header(self, key_header: KeyHeader) -> Self {
        Self { key_header, ..self }
    }

    /// The same endpoint, wanting this header with every request.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Writes what this endpoint wants with every request, and what proves who asks.
    ///
    /// # Errors
    /// [`UnusableKey`] if no header can carry the token.
    pub fn sign(&self, headers: &mut HeaderMap, token: Option<&Token>) -> Result<(), UnusableKey> {
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        match token {
            Some(token) => self.key_header.write(headers, token),
            None => Ok(()),
        }
    }

    /// The origin of a base URL, as [`Endpoint::origin`] gives it.
    ///
    /// # Errors
    /// [`EndpointError`] as for [`Endpoint::new`].
    pub fn origin_of(base_url: &str) -> Result<String, EndpointError> {
        Ok(parse(base_url)?.origin().ascii_serialization())
    }

    /// The host of a base URL, which chooses the profile where none is named.
    ///
    /// # Errors
    /// [`EndpointError`] as for [`Endpoint::new`].
    pub fn host_of(base_url: &str) -> Result<String, EndpointError> {
        let url = parse(base_url)?;
        Ok(url.host_str().unwrap_or_default().to_owned())
    }

    /// The name, as messages and traces show it.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The profile.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Scheme, host and port: who a key may be shown to.
    #[must_use]
    pub fn origin(&self) -> String {
        self.base_url.origin().ascii_serialization()
    }

    /// The routes, best first; never empty.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The base URL, for messages.
    #[must_use]
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// What it is remembered by.
    #[must_use]
    pub fn key(&self) -> &EndpointKey {
        &self.key
    }

    /// Whether it is on this machine, by its address.
    #[must_use]
    pub fn is_on_this_machine(&self) -> bool {
        crate::reachability::domain(&self.base_url).is_none()
    }

    /// The URL of `path` beneath the base, with the base's query and its own; `../` leads out of the
    /// base's last part, and nothing leads to another server.
    #[must_use]
    pub fn url(&self, path: &str) -> Url {
        beneath(&self.base_url, path)
    }
}

fn beneath(base_url: &Url, path: &str) -> Url {
    let mut url = base_url.clone();
    let base = base_url.path().trim_end_matches('/');
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    url.set_path(&format!("{base}/{path}"));
    let queries: Vec<&str> = base_url.query().into_iter().chain(query).collect();
    if !queries.is_empty() {
        url.set_query(Some(&queries.join("&")));
    }
    url
}

fn parse(text: &str) -> Result<Url, EndpointError> {
    let text = text.trim();
    let url = Url::parse(text).map_err(|source| EndpointError::NotAUrl {
        text: shown(text),
        source,
    })?;
    let scheme = match url.scheme() {
        "http" | "ws" => "http",
        "https" | "wss" => "https",
        other => {
            return Err(EndpointError::Scheme {
                text: shown(text),
                scheme: other.to_owned(),
            });
        }
    };
    let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
        return Err(EndpointError::NoHost { text: shown(text) });
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EndpointError::Credentials {
            host: host.to_owned(),
        });
    }
    let rest = url.as_str().split_once(':').map_or("", |(_, rest)| rest);
    Url::parse(&format!("{scheme}:{rest}")).map_err(|source| EndpointError::NotAUrl {
        text: shown(text),
        source,
    })
}

/// The text without what may be a password: everything between `//` and the last `@`.
fn shown(text: &str) -> String {
    let start = text.find("//").map_or(0, |slashes| slashes + 2);
    match text.rfind('@').filter(|at| *at >= start) {
        Some(at) => format!("{}…{}", &text[..start], &text[at..]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base_url: &str) -> Result<Endpoint, EndpointError> {
        let profile = Profile::named(Profile::name_for_host(&Endpoint::host_of(base_url)?));
        Endpoint::new("test", base_url, profile.unwrap(), None)
    }

    #[test]
    fn paths_are_appended_whatever_the_base_ends_with() {
        for base in ["http://h:1/v1", "http://h:1/v1/", "ws://h:1/v1"] {
            let url = endpoint(base).unwrap().url("responses");
            assert_eq!(url.as_str(), "http://h:1/v1/responses", "{base}");
        }
        let azure = endpoint("https://h/openai?api-version=1")
            .unwrap()
            .url("responses");
        assert_eq!(azure.as_str(), "https://h/openai/responses?api-version=1");
    }

    #[test]
    fn a_path_may_have_a_query_and_leave_the_base_but_not_the_server() {
        let codex = endpoint("https://chatgpt.com/backend-api/codex?a=1").unwrap();
        for (path, url) in [
            (
                "models?v=2",
                "https://chatgpt.com/backend-api/codex/models?a=1&v=2",
            ),
            (
                "../wham/usage",
                "https://chatgpt.com/backend-api/wham/usage?a=1",
            ),
            ("../../../../x", "https://chatgpt.com/x?a=1"),
        ] {
            assert_eq!(codex.url(path).as_str(), url);
        }
        for elsewhere in ["https://evil.example/", "//evil.example/", "@evil.example"] {
            let url = codex.url(elsewhere);
            assert_eq!(url.host_str(), Some("chatgpt.com"), "{url}");
        }
    }

    #[test]
    fn what_is_no_usable_url_is_named() {
        assert!(matches!(endpoint(""), Err(EndpointError::NotAUrl { .. })));
        assert!(matches!(
            endpoint("example.org/v1"),
            Err(EndpointError::NotAUrl { .. })
        ));
        assert!(matches!(
            endpoint("ftp://h/v1"),
            Err(EndpointError::Scheme { .. })
        ));
        assert!(matches!(
            endpoint("localhost:8080"),
            Err(EndpointError::Scheme { .. })
        ));
        let urls = [
            "https://user:hunter2@h/v1",
            "htps://user:hunter2@h",
            "https://u:hunter2@h:99999/v1",
            "u:hunter2@h",
        ];
        for url in urls {
            let error = endpoint(url).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn what_an_endpoint_wants_with_every_request_is_written_without_a_key_too() {
        let (name, value) = (
            HeaderName::from_static("x-version"),
            HeaderValue::from_static("1"),
        );
        let endpoint = endpoint("https://h/v1").unwrap().with_header(name, value);
        let mut headers = HeaderMap::new();
        endpoint.sign(&mut headers, None).unwrap();
        assert_eq!(
            (headers.len(), &headers["x-version"]),
            (1, &"1".parse().unwrap())
        );
    }

    #[test]
    fn an_origin_tells_scheme_host_and_port_apart() {
        let table = [
            ("https://h/v1", "https://h"),
            ("wss://H:443/other", "https://h"),
            ("http://h/v1", "http://h"),
            ("https://h:8443", "https://h:8443"),
        ];
        for (url, origin) in table {
            assert_eq!(Endpoint::origin_of(url).unwrap(), origin, "{url}");
        }
    }

    #[test]
    fn routes_come_from_the_profile_unless_given() {
        let codex = endpoint("https://chatgpt.com/backend-api/codex").unwrap();
        assert_eq!(codex.routes(), [Route::WebSocket, Route::Sse]);
        let profile = Profile::named("openai-codex").unwrap();
        let only = Endpoint::new("t", "https://h/x", profile, Some(vec![Route::Sse]));
        assert_eq!(only.unwrap().routes(), [Route::Sse]);
    }
}
