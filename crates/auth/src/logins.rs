//! The sign-ins of this machine's user, and everything that can be done with them.

use std::path::PathBuf;
use std::sync::Arc;

use alipes_base::{Clock, Environment, Redactor, Secret};
use alipes_net::HttpClient;
use alipes_transport::Credential;
use url::Url;

use crate::authority::Authority;
use crate::borrow::{BorrowedLogin, CodexFile};
use crate::credential::LoginCredential;
use crate::renewal::{Renewal, Renewals};
use crate::routing::{self, Routing};
use crate::sign_in::Desk;
use crate::store::{Borrowed, Keeping, Login, LoginStore, Permissions, Place, StoreError};
use crate::{AuthError, BrowserSignIn, Claims, DeviceSignIn, Issuer, Status};

/// What all sign-ins share.
pub struct LoginsOptions {
    /// The program's own folder, which holds `auth.json` or says that the keyring is in use.
    pub folder: PathBuf,
    /// Where they are kept.
    pub keeping: Keeping,
    /// Who issues tokens.
    pub issuer: Issuer,
    /// Who we say we are in requests, as against when signing in.
    pub originator: String,
    /// Product, version and platform.
    pub user_agent: String,
    /// Our version, for the Codex CLI's app server.
    pub version: &'static str,
    /// For the Codex CLI: where it lives and what it needs.
    pub environment: Environment,
    /// The way out, the same as every request's.
    pub http: HttpClient,
    /// The time.
    pub clock: Clock,
    /// Learns every token.
    pub redactor: Redactor,
    /// Where renewals run, for whoever ends the process.
    pub renewals: Renewals,
}

/// The sign-ins by name. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct Logins {
    store: LoginStore,
    options: Arc<LoginsOptions>,
}

impl std::fmt::Debug for Logins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Logins").field(&self.place()).finish()
    }
}

/// What became of a sign-in that was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedOut {
    /// There was none.
    Nobody,
    /// It was taken back and deleted.
    Revoked,
    /// It was deleted here; the issuer could not be told.
    OnlyHere,
    /// It was another program's, which keeps it.
    Returned,
}

impl Logins {
    /// The sign-ins in the options' folder. Touches nothing yet.
    #[must_use]
    pub fn new(options: LoginsOptions) -> Self {
        Self {
            store: LoginStore::beneath(&options.folder, options.keeping, &options.clock),
            options: Arc::new(options),
        }
    }

    /// The sign-in of this name as a credential for a provider at `base_url`, read at use.
    #[must_use]
    pub fn credential(&self, name: &str, base_url: &Url) -> Arc<dyn Credential> {
        let options = &self.options;
        let borrowed = BorrowedLogin::new(
            options.environment.clone(),
            options.clock.clone(),
            options.redactor.clone(),
            self.store.clone(),
            options.version,
        );
        let renewal = Renewal::new(self.store.clone(), name, self.authority());
        let routing = Routing::new(base_url, &options.originator);
        Arc::new(LoginCredential::new(
            renewal,
            options.renewals.clone(),
            borrowed,
            routing,
        ))
    }

    /// Where the sign-in's workspace wants its requests instead of `base_url`, as far as is known.
    #[must_use]
    pub fn routed(&self, name: &str, base_url: &Url) -> Option<Url> {
        match self.store.login(name) {
            Ok(Some(Login::Own(login))) => routing::moved(base_url, &login),
            _ => None,
        }
    }

    /// Begins to sign in with a browser, under this name.
    ///
    /// # Errors
    /// [`AuthError`], if no port is free, or a sign-in could not be kept.
    pub async fn with_browser(&self, name: &str) -> Result<BrowserSignIn, AuthError> {
        self.prepare().await?;
        BrowserSignIn::begin(self.desk(name)).await
    }

    /// Begins to sign in with a code on another device, under this name.
    ///
    /// # Errors
    /// [`AuthError`], if the issuer gives no code, or a sign-in could not be kept.
    pub async fn with_code(&self, name: &str) -> Result<DeviceSignIn, AuthError> {
        self.prepare().await?;
        DeviceSignIn::begin(self.desk(name)).await
    }

    /// Borrows the Codex CLI's sign-in under this name, and tells whose it is. Our own sign-in of
    /// that name is taken back.
    ///
    /// # Errors
    /// [`AuthError::Borrow`], if there is none.
    pub async fn borrow_codex(&self, name: &str) -> Result<Claims, AuthError> {
        let home = self.codex_home();
        let claims = CodexFile::read(&home)?.claims();
        let desk = self.desk(name);
        let before = desk.keep(Login::Borrowed(Borrowed { home })).await?;
        if let Some(before) = before {
            // Whoever asked has what they asked for; the issuer forgets in time by itself.
            let _unreached = desk.authority.revoke(&before).await;
        }
        Ok(claims)
    }

    /// Takes the sign-in of this name back, within 10 s, and deletes it in any case.
    ///
    /// # Errors
    /// [`AuthError::Store`], if it cannot be deleted.
    pub async fn sign_out(&self, name: &str) -> Result<SignedOut, AuthError> {
        let locked = self.store.lock(&self.options.clock).await?;
        let login = match locked.login(name) {
            Err(StoreError::Damaged { .. }) => Ok(None),
            // How it would be taken back, a later version knows.
            Err(StoreError::UnknownKind { .. }) => Err(SignedOut::OnlyHere),
            read => Ok(read?),
        };
        let mut document = locked.document_or_anew()?;
        document.remove(name);
        locked.write(&document)?;
        drop(locked);
        Ok(match login {
            Err(unknown) => unknown,
            Ok(None) => SignedOut::Nobody,
            Ok(Some(Login::Borrowed(_))) => SignedOut::Returned,
            Ok(Some(Login::Own(login))) => match self.authority().revoke(&login).await {
                Ok(()) => SignedOut::Revoked,
                Err(_unreached) => SignedOut::OnlyHere,
            },
        })
    }

    /// What is known of the sign-in of this name; `None` if there is none.
    ///
    /// # Errors
    /// [`AuthError::Store`], if they cannot be read.
    pub fn status(&self, name: &str) -> Result<Option<Status>, AuthError> {
        let login = self.store.login(name)?;
        let now = self.options.clock.unix_ms() / 1_000;
        Ok(login.map(|login| Status::of(&login, now)))
    }

    /// The names of all sign-ins, in the order in which people signed in; none where they cannot
    /// be read, which whoever uses one is told.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let document = self.store.document().unwrap_or_default();
        document.names().map(ToOwned::to_owned).collect()
    }

    /// Who else could read them until now; mends it where it can.
    #[must_use]
    pub fn guard(&self) -> Permissions {
        self.store.guard()
    }

    /// Moves the sign-ins to where they are to be kept now; tells from where, if there were any.
    ///
    /// # Errors
    /// [`AuthError::Store`], if some are left where nobody looks for them any more. What else goes
    /// wrong is told by whoever needs one.
    pub fn settle(&self) -> Result<Option<Place>, AuthError> {
        Ok(self.store.settle()?)
    }

    /// Where the sign-ins are kept.
    #[must_use]
    pub fn place(&self) -> Place {
        self.store.place()
    }

    /// The tokens that are known without asking anybody.
    #[must_use]
    pub fn secrets(&self, name: &str) -> Vec<Secret> {
        match self.store.login(name) {
            Ok(Some(Login::Own(login))) => login.secrets().cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// The file of the Codex CLI that may be borrowed, which tools have to leave alone.
    #[must_use]
    pub fn codex_file(&self) -> PathBuf {
        CodexFile::path(&self.codex_home())
    }

    /// What would keep a sign-in from being kept is better told before somebody has signed in.
    async fn prepare(&self) -> Result<(), AuthError> {
        let locked = self.store.lock(&self.options.clock).await?;
        locked.document_or_anew()?;
        Ok(locked.check_writable()?)
    }

    /// `$CODEX_HOME`, else `~/.codex` (codex-protocol §5.6).
    fn codex_home(&self) -> PathBuf {
        let environment = &self.options.environment;
        let current = environment.current_dir();
        let user = ["HOME", "USERPROFILE"]
            .into_iter()
            .find_map(|name| environment.path(name));
        let conventional = || user.unwrap_or_default().join(".codex");
        current.join(environment.path("CODEX_HOME").unwrap_or_else(conventional))
    }

    fn desk(&self, name: &str) -> Desk {
        Desk {
            store: self.store.clone(),
            name: name.to_owned(),
            authority: self.authority(),
        }
    }

    fn authority(&self) -> Authority {
        let options = &self.options;
        Authority {
            issuer: options.issuer.clone(),
            http: options.http.clone(),
            clock: options.clock.clone(),
            redactor: options.redactor.clone(),
            user_agent: options.user_agent.clone(),
        }
    }
}
