//! A ChatGPT sign-in as a credential: its token at use, renewed ahead of its end.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use alipes_base::{Deadline, Expired};
use alipes_net::NetErrorKind;
use alipes_transport::{Cause, Credential, CredentialError, Token};
use futures_util::future::BoxFuture;
use tokio::task::JoinSet;

use crate::authority::AuthorityError;
use crate::borrow::BorrowedLogin;
use crate::renewal::{Renewal, Renewals};
use crate::routing::Routing;
use crate::store::{Login, OwnLogin};
use crate::{AuthError, Claims};

/// How long before its end a token is renewed, in seconds (codex-protocol §5.5).
const AHEAD: u64 = 5 * 60;

/// How long a request waits for a renewal while the old token still works.
const PATIENCE: Duration = Duration::from_secs(1);

/// The sign-in of one name. It may be our own or borrowed, and change from one to the other; it does
/// not change its account under a conversation.
pub(crate) struct LoginCredential {
    renewal: Arc<Renewal>,
    borrowed: BorrowedLogin,
    routing: Routing,
    /// The account of the first token that was given out and named one.
    account: OnceLock<String>,
    /// Whose it was when somebody first asked.
    identity: OnceLock<String>,
    renewals: Renewals,
    /// Questions that nobody waits for, and that end with the conversation.
    questions: Mutex<JoinSet<()>>,
}

impl LoginCredential {
    pub(crate) fn new(
        renewal: Renewal,
        renewals: Renewals,
        borrowed: BorrowedLogin,
        routing: Routing,
    ) -> Self {
        Self {
            renewal: Arc::new(renewal),
            borrowed,
            routing,
            account: OnceLock::new(),
            identity: OnceLock::new(),
            renewals,
            questions: Mutex::default(),
        }
    }

    fn login(&self) -> Result<Login, AuthError> {
        let login = self.renewal.login()?;
        login.ok_or_else(|| AuthError::NotSignedIn(self.renewal.name.clone()))
    }

    async fn token(&self) -> Result<Token, AuthError> {
        match self.login()? {
            Login::Own(login) => self.own(*login).await,
            Login::Borrowed(borrowed) => {
                let (claims, token) = self.borrowed.token(&borrowed).await?;
                self.same_account(&claims)?;
                Ok(token)
            }
        }
    }

    async fn own(&self, login: OwnLogin) -> Result<Token, AuthError> {
        let now = self.renewal.authority.now();
        if now.saturating_add(AHEAD) < login.expires_at {
            return self.give(&login);
        }
        let works = now < login.expires_at;
        if works && (login.ended.is_some() || self.renewal.is_resting()) {
            return self.give(&login);
        }
        let renewed = self.renewed(login.generation);
        if !works {
            return self.give(&renewed.await?);
        }
        // The old one still works: a renewal that fails or dawdles is not this request's problem.
        let limit = Deadline::after(&self.renewal.authority.clock, "refresh", PATIENCE);
        match limit.run(renewed).await {
            Ok(Ok(newer)) => self.give(&newer),
            Ok(Err(_)) | Err(_) => self.give(&login),
        }
    }

    async fn newer(&self, refused: u64) -> Result<Option<Token>, AuthError> {
        match self.login()? {
            Login::Own(login) if login.generation > refused => self.give(&login).map(Some),
            Login::Own(_) => self.give(&self.renewed(refused).await?).map(Some),
            Login::Borrowed(borrowed) => {
                let (claims, token) = self.borrowed.newer(&borrowed, refused).await?;
                self.same_account(&claims)?;
                Ok(Some(token))
            }
        }
    }

    async fn renewed(&self, generation: u64) -> Result<OwnLogin, AuthError> {
        self.renewals.beyond(&self.renewal, generation).await
    }

    fn give(&self, login: &OwnLogin) -> Result<Token, AuthError> {
        let claims = login.claims();
        self.same_account(&claims)?;
        let redactor = &self.renewal.authority.redactor;
        login.secrets().for_each(|secret| redactor.learn(secret));
        let mut headers = account_headers(&claims);
        headers.extend(self.routing.headers(login));
        let token = Token {
            secret: login.access_token.clone(),
            generation: login.generation,
            headers,
        };
        self.routing
            .ask_in_background(&self.renewal, login, &token, &self.questions);
        Ok(token)
    }

    /// The account, or else the sign-in's name.
    fn who(&self) -> String {
        let claims = match self.renewal.login() {
            Ok(Some(Login::Own(login))) => login.claims(),
            Ok(Some(Login::Borrowed(borrowed))) => borrowed.claims(),
            Ok(None) | Err(_) => Claims::default(),
        };
        claims
            .account_id
            .unwrap_or_else(|| self.renewal.name.clone())
    }

    /// What was encrypted for one account is of no use to another, and none of its business.
    fn same_account(&self, claims: &Claims) -> Result<(), AuthError> {
        let Some(account) = &claims.account_id else {
            return Ok(());
        };
        let first = self.account.get_or_init(|| account.clone());
        match first == account {
            true => Ok(()),
            false => Err(AuthError::AnotherAccount),
        }
    }
}

/// The headers by which the backend knows the account (codex-protocol §1.2).
pub(crate) fn account_headers(claims: &Claims) -> Vec<(String, String)> {
    let fedramp = claims.fedramp.then(|| "true".to_owned());
    let headers = [
        ("chatgpt-account-id", claims.account_id.clone()),
        (
            "x-openai-internal-codex-residency",
            claims.residency.clone(),
        ),
        ("x-openai-fedramp", fedramp),
    ];
    headers
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

impl Credential for LoginCredential {
    fn identity(&self) -> String {
        self.identity.get_or_init(|| self.who()).clone()
    }

    fn current(&self) -> BoxFuture<'_, Result<Option<Token>, CredentialError>> {
        Box::pin(async { self.token().await.map(Some).map_err(told) })
    }

    fn refresh(&self, generation: u64) -> BoxFuture<'_, Result<Option<Token>, CredentialError>> {
        Box::pin(async move { self.newer(generation).await.map_err(told) })
    }
}

/// What may pass is told apart from what only a person mends: a token ends while nobody uses it, and the
/// next use comes when a lid is opened, before there is a network.
fn told(error: AuthError) -> CredentialError {
    let message = error.to_string();
    let AuthError::Authority(trouble) = error else {
        return CredentialError::missing(message);
    };
    if !trouble.may_pass() {
        return CredentialError::missing(message);
    }
    let (cause, limit) = match &trouble {
        AuthorityError::Unreachable(error) => match error.kind {
            NetErrorKind::Offline => (Cause::Offline, None),
            NetErrorKind::TimedOut { limit, length } => {
                (Cause::SignInUnavailable, Some(Expired { limit, length }))
            }
            _ => (Cause::SignInUnavailable, None),
        },
        _ => (Cause::SignInUnavailable, None),
    };
    CredentialError {
        message,
        cause,
        limit,
    }
}
