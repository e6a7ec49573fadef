//! Who issues tokens, and as whom we ask: data, because every value of it may have to change.

use std::net::IpAddr;

use url::{Host, Url};

/// An issuer of tokens (codex-protocol §5.1).
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Where it is, without a slash at the end.
    pub(crate) base: Url,
    /// The public client that everybody signs in as.
    pub client_id: String,
    /// What is asked for.
    pub scope: String,
    /// Who we say we are when signing in. Requests have their own: servers have been seen to judge
    /// the two apart (codex-protocol §9.2).
    pub originator: String,
    /// The ports that a browser may be sent back to, first to last; 0 takes any.
    pub callback_ports: Vec<u16>,
}

/// The address is not one to hand a token to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the issuer must be an https address, or http on this machine, without credentials or query"
)]
pub struct UnsafeIssuer;

impl Issuer {
    /// Where ChatGPT sign-ins are issued.
    pub const CHATGPT: &str = "https://auth.openai.com";

    /// The issuer at this address.
    ///
    /// # Errors
    /// [`UnsafeIssuer`], if a token would travel in the clear.
    pub fn at(base: &str) -> Result<Self, UnsafeIssuer> {
        let base = Url::parse(base.trim().trim_end_matches('/')).map_err(|_| UnsafeIssuer)?;
        let bare =
            base.username().is_empty() && base.password().is_none() && base.query().is_none();
        let private = base.scheme() == "https" || (base.scheme() == "http" && is_loopback(&base));
        if !bare || !private {
            return Err(UnsafeIssuer);
        }
        Ok(Self {
            base,
            client_id: "app_EMoamEEZ73f0CkXaXp7hrann".to_owned(),
            scope: "openid profile email offline_access".to_owned(),
            originator: "alipes".to_owned(),
            callback_ports: vec![1455, 1457],
        })
    }

    /// The address of `path` there.
    #[must_use]
    pub fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let base = self.base.path().trim_end_matches('/');
        url.set_path(&format!("{base}/{path}"));
        url
    }
}

/// Whether an address is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_appended() {
        let token = Issuer::at(Issuer::CHATGPT).unwrap().url("oauth/token");
        assert_eq!(token.as_str(), "https://auth.openai.com/oauth/token");
        let local = Issuer::at("http://127.0.0.1:8900/a/").unwrap();
        assert_eq!(local.url("x").as_str(), "http://127.0.0.1:8900/a/x");
    }

    #[test]
    fn tokens_do_not_travel_in_the_clear() {
        for base in [
            "http://issuer.example",
            "http://localhost.evil.example",
            "ftp://127.0.0.1",
            "https://u:p@issuer.example",
            "https://issuer.example?x=1",
            "issuer.example",
            "",
        ] {
            assert_eq!(Issuer::at(base).err(), Some(UnsafeIssuer), "{base}");
        }
    }
}
