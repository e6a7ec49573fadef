//! The issuer of tokens, and what it is asked.
//!
//! Every call goes over the same HTTP client as a model request, and so by the same way out, and
//! every call has a limit. Nothing is sent twice: a refresh token works once, and what became of a
//! request that was cut off is not known.

mod error;
mod issuer;
mod post;
mod tokens;

use std::time::Duration;

use alipes_base::{Clock, Redactor, Secret};
use alipes_net::HttpClient;
use serde_json::json;

pub use error::{AuthorityError, Refusal};
pub(crate) use issuer::is_loopback;
pub use issuer::{Issuer, UnsafeIssuer};
pub(crate) use post::{Form, one_line};

use crate::store::OwnLogin;

/// How long the issuer may take to make tokens.
const TOKEN_LIMIT: Duration = Duration::from_secs(15);

/// How long it may take to take them back (codex-protocol §5.9).
const REVOKE_LIMIT: Duration = Duration::from_secs(10);

/// The issuer, and the way to it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Authority {
    pub(crate) issuer: Issuer,
    pub(crate) http: HttpClient,
    pub(crate) clock: Clock,
    pub(crate) redactor: Redactor,
    /// Product, version and platform.
    pub(crate) user_agent: String,
}

/// A code that can be exchanged for tokens, once.
pub(crate) struct Grant<'g> {
    pub(crate) code: &'g str,
    /// Proves that we are who asked for it (RFC 7636).
    pub(crate) verifier: &'g str,
    /// Where the code was sent to.
    pub(crate) redirect_uri: &'g str,
}

impl Authority {
    /// The tokens for a code (codex-protocol §5.3).
    pub(crate) async fn exchange(&self, grant: Grant<'_>) -> Result<OwnLogin, AuthorityError> {
        let form = Form::Urlencoded(vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", grant.code.to_owned()),
            ("redirect_uri", grant.redirect_uri.to_owned()),
            ("client_id", self.issuer.client_id.clone()),
            ("code_verifier", grant.verifier.to_owned()),
        ]);
        let answer = self
            .post("oauth/token", form, ("exchange", TOKEN_LIMIT))
            .await?;
        self.tokens(&answer.accepted()?)
    }

    /// Newer tokens (§5.5).
    pub(crate) async fn refresh(&self, refresh_token: &Secret) -> Result<OwnLogin, AuthorityError> {
        let form = Form::Json(json!({
            "client_id": self.issuer.client_id,
            "grant_type": "refresh_token",
            "refresh_token": refresh_token.expose(),
        }));
        let answer = self
            .post("oauth/token", form, ("refresh", TOKEN_LIMIT))
            .await?;
        self.tokens(&answer.accepted()?)
    }

    /// Takes a sign-in back: by its refresh token, which takes the others along (§5.9).
    pub(crate) async fn revoke(&self, login: &OwnLogin) -> Result<(), AuthorityError> {
        let body = match &login.refresh_token {
            Some(token) => json!({
                "token": token.expose(), "token_type_hint": "refresh_token",
                "client_id": self.issuer.client_id,
            }),
            None => json!({
                "token": login.access_token.expose(), "token_type_hint": "access_token",
            }),
        };
        let limit = ("revoke", REVOKE_LIMIT);
        let answer = self.post("oauth/revoke", Form::Json(body), limit).await?;
        // RFC 7009 §2.2: the body of a success says nothing.
        match answer.status {
            200..300 => Ok(()),
            _ => answer.accepted().map(drop),
        }
    }

    /// Seconds since the Unix epoch.
    pub(crate) fn now(&self) -> u64 {
        self.clock.unix_ms() / 1_000
    }
}
