//! The keyring of this operating system: the Secret Service of a Linux session (gnome-keyring, KWallet
//! and others), the Keychain of macOS, the Credential Manager of Windows.
//!
//! It is asked by a thread of its own, because it may ask somebody for a password and answers when
//! they do, or never. Nobody waits longer than [`LIMIT`]; a writing that ends later keeps the lock for
//! as long as it takes, so that it cannot overwrite what somebody else has written meanwhile. After
//! a failure it is left alone for a moment, so that one locked keyring is one question to its owner.
//!
//! Which session that is the platform's own library finds in the environment of this process.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alipes_base::Clock;
use keyring_core::api::CredentialStoreApi as _;
use keyring_core::{Entry, Error};
use tokio::time::Instant;

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store;
#[cfg(all(unix, not(target_os = "macos")))]
use dbus_secret_service_keyring_store::Store;
#[cfg(windows)]
use windows_native_keyring_store::Store;

use super::Entries;
use crate::authority::one_line;
use crate::store::KeyringError;
use crate::store::vault::Hold;

/// How long somebody may take to unlock it.
const LIMIT: Duration = Duration::from_secs(30);

/// How long it is left alone after a failure.
const REST: Duration = Duration::from_secs(10);

/// What a secret is filed under, beside the folder that it belongs to.
const SERVICE: &str = "alipes";

/// What fits into one secret of Windows (`CRED_MAX_CREDENTIAL_BLOB_SIZE`), in bytes. The others set no
/// limit that a sign-in could meet.
const LARGEST: usize = if cfg!(windows) { 2_560 } else { usize::MAX };

/// Something to do with the keyring; the connection is kept for the next.
type Job = Box<dyn FnOnce(&mut Option<Arc<Store>>) + Send>;

/// The secrets that belong to one folder.
pub(super) struct SystemKeyring {
    folder: PathBuf,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// To the thread, once there is one. It ends with the last sender.
    jobs: Option<Sender<Job>>,
    /// Is hung up when the job that nobody waits for any more has ended.
    late: Option<Receiver<()>>,
    failed: Option<(Instant, KeyringError)>,
}

impl SystemKeyring {
    pub(super) fn new(folder: &Path, clock: &Clock) -> Self {
        Self {
            // One folder has one name, whichever way it was named.
            folder: folder.canonicalize().unwrap_or_else(|_| folder.to_owned()),
            clock: clock.clone(),
            state: Mutex::default(),
        }
    }

    fn account(&self, name: &str) -> String {
        let folder = self.folder.display();
        match name {
            "" => folder.to_string(),
            name => format!("{folder} {name}"),
        }
    }

    /// Does something with the secret of this name. What `job` holds on to is let go of when it ends.
    fn with<T: Send + 'static>(
        &self,
        name: &str,
        job: impl Fn(&Entry) -> keyring_core::Result<T> + Send + 'static,
    ) -> Result<T, KeyringError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        if let Some((at, problem)) = &state.failed
            && now < *at + REST
        {
            return Err(problem.clone());
        }
        let account = self.account(name);
        let outcome = state.ask(LIMIT, move |connection| {
            through(connection, |store| {
                store
                    .build(SERVICE, &account, Some(&modifiers()))
                    .and_then(|entry| job(&entry))
            })
        });
        let lasts = matches!(
            outcome,
            Err(KeyringError::Absent(_) | KeyringError::Locked(_) | KeyringError::Silent(_))
        );
        let failed = outcome.as_ref().err().filter(|_| lasts);
        state.failed = failed.map(|problem| (self.clock.now(), problem.clone()));
        outcome
    }
}

impl State {
    /// Has the thread do it, and waits for what comes of it, at most so long.
    fn ask<T: Send + 'static>(
        &mut self,
        limit: Duration,
        job: impl FnOnce(&mut Option<Arc<Store>>) -> Result<T, KeyringError> + Send + 'static,
    ) -> Result<T, KeyringError> {
        let silent = || KeyringError::Silent(limit.as_secs());
        if let Some(late) = &self.late
            && late.try_recv() == Err(TryRecvError::Empty)
        {
            return Err(silent());
        }
        self.late = None;
        let (reply, answer) = mpsc::channel();
        let (ending, end) = mpsc::channel();
        let job: Job = Box::new(move |connection| {
            let _ending: Sender<()> = ending;
            let _nobody_waits = reply.send(job(connection));
        });
        self.jobs()?.send(job).map_err(|_| gone())?;
        answer
            .recv_timeout(limit)
            .unwrap_or_else(|error| match error {
                RecvTimeoutError::Timeout => {
                    self.late = Some(end);
                    Err(silent())
                }
                RecvTimeoutError::Disconnected => Err(gone()),
            })
    }

    fn jobs(&mut self) -> Result<&Sender<Job>, KeyringError> {
        if self.jobs.is_none() {
            let (sender, jobs) = mpsc::channel::<Job>();
            let work = move || {
                let mut connection = None;
                jobs.into_iter().for_each(|job| job(&mut connection));
            };
            let thread = std::thread::Builder::new().name("keyring".to_owned());
            thread
                .spawn(work)
                .map_err(|error| KeyringError::Refused(error.to_string()))?;
            self.jobs = Some(sender);
        }
        self.jobs.as_ref().ok_or_else(gone)
    }
}

impl Entries for SystemKeyring {
    fn largest(&self) -> usize {
        LARGEST
    }

    fn get(&self, name: &str) -> Result<Option<String>, KeyringError> {
        let secret = self.with(name, |entry| match entry.get_secret() {
            Err(Error::NoEntry) => Ok(None),
            secret => secret.map(Some),
        })?;
        let text = secret.map(String::from_utf8).transpose();
        text.map_err(|_| KeyringError::Refused("what is there is not text".to_owned()))
    }

    fn set(&self, name: &str, text: &str, hold: &Hold) -> Result<(), KeyringError> {
        let (text, hold) = (text.to_owned(), hold.clone());
        self.with(name, move |entry| {
            let _until_it_is_done = &hold;
            entry.set_secret(text.as_bytes())
        })
    }

    fn delete(&self, name: &str, hold: &Hold) -> Result<(), KeyringError> {
        let hold = hold.clone();
        self.with(name, move |entry| {
            let _until_it_is_done = &hold;
            match entry.delete_credential() {
                Err(Error::NoEntry) => Ok(()),
                deleted => deleted,
            }
        })
    }
}

/// Does it through the connection that there is. One that fails may be to a keyring that was restarted
/// since; doing it again through a new one does no harm.
fn through<T>(
    connection: &mut Option<Arc<Store>>,
    job: impl Fn(&Store) -> keyring_core::Result<T>,
) -> Result<T, KeyringError> {
    if let Some(store) = connection.take() {
        let outcome = job(&store);
        if !matches!(outcome, Err(Error::PlatformFailure(_))) {
            *connection = Some(store);
            return outcome.map_err(named);
        }
    }
    let absent = |error: Error| KeyringError::Absent(one_line(&source(&error)));
    let store = Store::new().map_err(absent)?;
    let outcome = job(&store);
    *connection = Some(store);
    outcome.map_err(named)
}

/// What a person sees where the keyring is listed.
#[cfg(all(unix, not(target_os = "macos")))]
fn modifiers() -> std::collections::HashMap<&'static str, &'static str> {
    [("label", "alipes: sign-ins")].into()
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn modifiers() -> std::collections::HashMap<&'static str, &'static str> {
    std::collections::HashMap::new()
}

fn named(error: Error) -> KeyringError {
    let told = one_line(&source(&error));
    match error {
        Error::NoStorageAccess(_) => KeyringError::Locked(told),
        _ => KeyringError::Refused(told),
    }
}

/// The platform's own words, without the library's before them.
fn source(error: &Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), ToString::to_string)
}

fn gone() -> KeyringError {
    KeyringError::Refused("the thread that asks it has ended".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyring_that_asks_somebody_is_not_waited_for_and_keeps_the_lock_until_it_is_answered() {
        let mut state = State::default();
        let (answer, somebody) = mpsc::channel::<()>();
        let (lock, is_held) = mpsc::channel::<()>();
        let short = Duration::from_millis(1);
        let written = state.ask(short, move |_| {
            let _until_it_is_done = lock;
            somebody.recv().map_err(|_| gone())
        });
        assert_eq!(written, Err(KeyringError::Silent(0)));
        assert_eq!(is_held.try_recv(), Err(TryRecvError::Empty));
        // Nobody else queues behind it, however long they would wait.
        assert_eq!(
            state.ask(LIMIT, |_| Ok(())),
            Err(KeyringError::Silent(LIMIT.as_secs()))
        );

        answer.send(()).unwrap();
        assert!(is_held.recv().is_err());
        let late = state.late.as_ref().unwrap();
        assert!(late.recv().is_err());
        assert_eq!(state.ask(LIMIT, |_| Ok(7)), Ok(7));
    }
}
