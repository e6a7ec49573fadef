//! The one place that spends a refresh token.
//!
//! Whoever needs a newer token comes here, from fifty tasks or fifty processes at once. Inside the
//! process a gate lets one in at a time, between processes the file's lock does; whoever comes in
//! reads the file first, and finds what the one before has brought. So one storm is one request.
//!
//! Nothing is lost: the file is known to be writable before the token is spent; a renewal that is
//! under way ends in its own task, whoever stops waiting for it, and whoever ends the process can
//! wait for it ([`Renewals`]); what could not be saved is kept in memory; and only the issuer's own
//! last word ends a chain. That word is saved, so that a dead token is asked about once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::AuthError;
use crate::authority::{Authority, AuthorityError};
use crate::store::{Ending, Locked, Login, LoginStore, OwnLogin};

/// After a renewal that failed, a token that still works is used for this long before the next try.
const PAUSE: Duration = Duration::from_secs(30);

/// Whoever asks within this time of a failure asks for the same reason, and gets the same answer.
const STORM: Duration = Duration::from_millis(500);

/// The renewals under way in this process, whoever asked for them. Clones are the same list.
#[derive(Clone, Debug, Default)]
pub struct Renewals(Arc<Mutex<JoinSet<()>>>);

impl Renewals {
    /// A sign-in newer than `generation`, by a task of its own: whoever stops waiting for it does not
    /// lose the new token.
    pub(crate) async fn beyond(
        &self,
        renewal: &Arc<Renewal>,
        generation: u64,
    ) -> Result<OwnLogin, AuthError> {
        let (sender, receiver) = oneshot::channel();
        let renewal = Arc::clone(renewal);
        {
            let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            while tasks.try_join_next().is_some() {}
            tasks.spawn(async move {
                let _nobody_waits = sender.send(renewal.beyond(generation).await);
            });
        }
        receiver.await.map_err(|_gone| AuthError::Interrupted)?
    }

    /// Returns when none is under way any more: what a process has to wait for before it ends,
    /// because a token that was spent and not replaced is a sign-in lost. Each has its own limits.
    pub async fn settled(&self) {
        let mut tasks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        while tasks.join_next().await.is_some() {}
    }
}

/// A chain of tokens under one name of the file.
pub(crate) struct Renewal {
    pub(crate) store: LoginStore,
    pub(crate) name: String,
    pub(crate) authority: Authority,
    gate: tokio::sync::Mutex<()>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// A renewed sign-in that could not be saved.
    unsaved: Option<OwnLogin>,
    /// When a renewal last failed in a way that may pass, and how.
    failed: Option<(Instant, AuthorityError)>,
}

impl Renewal {
    pub(crate) fn new(store: LoginStore, name: &str, authority: Authority) -> Self {
        Self {
            store,
            name: name.to_owned(),
            authority,
            gate: tokio::sync::Mutex::default(),
            known: Mutex::default(),
        }
    }

    /// The sign-in as it is now: what is kept, or a newer one that could not be saved.
    pub(crate) fn login(&self) -> Result<Option<Login>, AuthError> {
        Ok(self.newest(self.store.login(&self.name)?))
    }

    fn newest(&self, saved: Option<Login>) -> Option<Login> {
        let unsaved = self.known().unsaved.clone();
        match (saved, unsaved) {
            (Some(Login::Own(saved)), Some(unsaved)) if unsaved.generation > saved.generation => {
                Some(Login::Own(Box::new(unsaved)))
            }
            (saved, _) => saved,
        }
    }

    /// Whether a renewal failed so lately that a working token is better used than renewed.
    pub(crate) fn is_resting(&self) -> bool {
        let now = self.authority.clock.now();
        let failed = self.known().failed.as_ref().map(|(at, _)| *at);
        failed.is_some_and(|at| now < at + PAUSE)
    }

    /// A sign-in newer than `generation`.
    pub(crate) async fn beyond(&self, generation: u64) -> Result<OwnLogin, AuthError> {
        let asked = self.authority.clock.now();
        let _in_turn = self.gate.lock().await;
        // Somebody has tried for us: after we had asked, or so shortly before that it is one storm.
        if let Some((at, error)) = self.known().failed.clone()
            && asked < at + STORM
        {
            return Err(error.into());
        }
        let locked = self.store.lock(&self.authority.clock).await?;
        let login = match self.newest(locked.login(&self.name)?) {
            Some(Login::Own(login)) => *login,
            Some(Login::Borrowed(_)) | None => {
                return Err(AuthError::NotSignedIn(self.name.clone()));
            }
        };
        if login.generation > generation {
            return Ok(login);
        }
        if let Some(ending) = login.ended {
            return Err(self.ended(ending));
        }
        self.renew(&login, &locked).await
    }

    async fn renew(&self, login: &OwnLogin, locked: &Locked) -> Result<OwnLogin, AuthError> {
        let refresh_token = login
            .refresh_token
            .as_ref()
            .ok_or_else(|| AuthError::NoRefreshToken(self.name.clone()))?;
        locked.check_writable()?;
        let newer = match self.authority.refresh(refresh_token).await {
            Ok(newer) => newer,
            Err(error) => return Err(self.failed(login, locked, error)),
        };
        let newer = login.refreshed(newer);
        // Tokens of somebody else's account would carry this conversation there.
        let (before, after) = (login.claims().account_id, newer.claims().account_id);
        if before.is_some() && after.is_some() && before != after {
            return Err(self.end(login, locked, Ending::OtherAccount));
        }
        self.known().failed = None;
        let saved = locked.save(&self.name, &Login::Own(Box::new(newer.clone())));
        self.known().unsaved = saved.is_err().then(|| newer.clone());
        Ok(newer)
    }

    fn failed(&self, login: &OwnLogin, locked: &Locked, error: AuthorityError) -> AuthError {
        if let Some(ending) = error.ending() {
            return self.end(login, locked, ending);
        }
        self.known().failed = Some((self.authority.clock.now(), error.clone()));
        error.into()
    }

    /// Remembers that this chain has ended. The access token stays: it may be good for a while.
    fn end(&self, login: &OwnLogin, locked: &Locked, ending: Ending) -> AuthError {
        let mut ended = login.clone();
        ended.ended = Some(ending.clone());
        // Where it cannot be saved, the next process asks once more.
        let _unsaved = locked.save(&self.name, &Login::Own(Box::new(ended)));
        self.ended(ending)
    }

    fn ended(&self, ending: Ending) -> AuthError {
        AuthError::Ended {
            name: self.name.clone(),
            ending,
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
