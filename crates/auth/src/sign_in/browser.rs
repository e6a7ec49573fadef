//! Signing in with a browser on this machine (codex-protocol §5.2, RFC 8252).

use std::time::Duration;

use alipes_base::Deadline;
use tokio::sync::oneshot;
use url::Url;

use super::callback::{Arrival, Callback, News};
use super::page::Page;
use super::pkce::Pkce;
use super::{Desk, SignInError, SignedIn};
use crate::AuthError;
use crate::authority::{Grant, Issuer, Refusal};

/// How long somebody may take to sign in.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// A sign-in that waits for the browser.
pub struct BrowserSignIn {
    desk: Desk,
    callback: Callback,
    pkce: Pkce,
    redirect_uri: String,
    url: Url,
}

impl BrowserSignIn {
    pub(crate) async fn begin(desk: Desk) -> Result<Self, AuthError> {
        let pkce = Pkce::new()?;
        let ports = &desk.authority.issuer.callback_ports;
        let callback = Callback::listen(ports, &pkce.state).await?;
        let redirect_uri = callback.redirect_uri();
        let url = authorize(&desk.authority.issuer, &pkce, &redirect_uri);
        Ok(Self {
            desk,
            callback,
            pkce,
            redirect_uri,
            url,
        })
    }

    /// The page to open. It is bound to this sign-in and no secret by itself.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Waits until the browser comes back, and keeps the sign-in. Dropping it calls it off.
    ///
    /// # Errors
    /// [`AuthError`]; the browser shows the same.
    pub async fn finish(mut self) -> Result<SignedIn, AuthError> {
        let limit = Deadline::after(&self.desk.authority.clock, "sign-in", LIMIT);
        let arrived = limit.run(self.callback.next()).await;
        let Arrival { news, reply } = arrived.map_err(|expired| SignInError::TimedOut {
            expired,
            hint: match self.callback.has_seen_stranger() {
                true => {
                    "; a browser came back from another sign-in: use the page that was opened last"
                }
                false => "",
            },
        })?;
        let outcome = self.settle(news).await;
        show(reply, &outcome);
        self.callback.close().await;
        outcome
    }

    async fn settle(&self, news: News) -> Result<SignedIn, AuthError> {
        match news {
            News::Cancelled => Err(SignInError::Cancelled.into()),
            News::Refused(refusal) => Err(refused(refusal).into()),
            News::Code(code) => {
                let grant = Grant {
                    code: &code,
                    verifier: &self.pkce.verifier,
                    redirect_uri: &self.redirect_uri,
                };
                self.desk.finish(grant).await
            }
        }
    }
}

fn show(reply: oneshot::Sender<Page>, outcome: &Result<SignedIn, AuthError>) {
    let page = match outcome {
        Ok(signed_in) => Page::signed_in(signed_in.claims.email.as_deref()),
        Err(AuthError::SignIn(SignInError::Cancelled)) => Page::cancelled(),
        Err(error) => Page::failed(&error.to_string()),
    };
    // A browser that has gone away needs no page.
    let _gone = reply.send(page);
}

/// What the error of a redirect means (RFC 6749 §4.1.2.1, codex-protocol §5.2).
fn refused(refusal: Refusal) -> SignInError {
    let says = |word: &str| {
        let texts = [&refusal.code, &refusal.description];
        texts.into_iter().flatten().any(|text| text.contains(word))
    };
    if says("missing_codex_entitlement") {
        SignInError::NoEntitlement
    } else if refusal.code.as_deref() == Some("access_denied") {
        SignInError::Cancelled
    } else {
        SignInError::Refused(refusal)
    }
}

fn authorize(issuer: &Issuer, pkce: &Pkce, redirect_uri: &str) -> Url {
    let mut url = issuer.url("oauth/authorize");
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", &issuer.client_id),
        ("redirect_uri", redirect_uri),
        ("scope", &issuer.scope),
        ("code_challenge", &pkce.challenge()),
        ("code_challenge_method", "S256"),
        ("id_token_add_organizations", "true"),
        ("codex_cli_simplified_flow", "true"),
        ("state", &pkce.state),
        ("originator", &issuer.originator),
    ]);
    url
}
