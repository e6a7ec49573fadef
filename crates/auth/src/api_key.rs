//! A key that a user put somewhere: into a variable, or into a file.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use alipes_base::Secret;
use alipes_transport::{Credential, CredentialError, Token};
use futures_util::future::BoxFuture;

use crate::saved_key::{SavedKey, is_one_key};

/// Larger files are not keys.
const LARGEST: u64 = 64 * 1024;

/// Where a key is to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// An environment variable, as it was when the program started.
    Variable {
        /// Its name.
        name: String,
        /// Its value; `None` if it was not set.
        value: Option<Secret>,
    },
    /// A file that holds the key and nothing else, white space around it aside, or a
    /// [saved](crate::SavedKey) one.
    File {
        /// Its path.
        path: PathBuf,
    },
}

/// A key read at use, with a generation that grows when it changes.
#[derive(Debug)]
pub struct ApiKey {
    source: KeySource,
    /// Where it is sent to.
    origin: Option<String>,
    last: Mutex<Option<Token>>,
}

impl ApiKey {
    /// The key in `source`.
    #[must_use]
    pub fn new(source: KeySource) -> Self {
        Self {
            source,
            origin: None,
            last: Mutex::new(None),
        }
    }

    /// The same key on its way to this origin (`https://host`): one that was saved for another is
    /// not given out.
    #[must_use]
    pub fn sent_to(self, origin: String) -> Self {
        let origin = Some(origin);
        Self { origin, ..self }
    }

    async fn read(&self) -> Result<Token, CredentialError> {
        let key = match &self.source {
            // What a shell puts around it is no part of the key.
            KeySource::Variable { name, value } => {
                let key = value.as_ref().map(trimmed);
                key.ok_or_else(|| {
                    problem(format!(
                        "the variable {name} is not set; set {name} and start again"
                    ))
                })?
            }
            KeySource::File { path } => {
                let shown = path.display().to_string();
                let path = path.clone();
                let text = tokio::task::spawn_blocking(move || read_file(&path))
                    .await
                    .unwrap_or_else(|_| Err("reading it failed".to_owned()))
                    .map_err(|why| {
                        problem(format!("the key file {shown} cannot be used: {why}"))
                    })?;
                self.released(text)?
            }
        };
        if key.expose().is_empty() {
            return Err(problem(format!(
                "{} cannot be used: it is empty",
                self.source
            )));
        }
        if !is_one_key(key.expose()) {
            return Err(problem(format!(
                "{} cannot be used: it holds a line break, a space or another character that no key has",
                self.source
            )));
        }
        Ok(self.number(key))
    }

    /// The key in a file's text, if it may go where this one is sent to.
    fn released(&self, text: Secret) -> Result<Secret, CredentialError> {
        let Some(saved) = SavedKey::parse(text.expose()) else {
            return Ok(text);
        };
        match &self.origin {
            Some(origin) if origin == saved.origin() => Ok(saved.into_secret()),
            other => Err(problem(format!(
                "{} was saved for {} and is not sent to {}; set base_url back, or save a key for \
                 the new address with `alipes providers add NAME`",
                self.source,
                saved.origin(),
                other.as_deref().unwrap_or("another address"),
            ))),
        }
    }

    /// The token for this key: of the same generation as long as the key is the same.
    fn number(&self, key: Secret) -> Token {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = match last.as_ref() {
            Some(token) if token.secret == key => return token.clone(),
            Some(token) => token.generation + 1,
            None => 1,
        };
        let token = Token {
            secret: key,
            generation,
            headers: Vec::new(),
        };
        *last = Some(token.clone());
        token
    }
}

impl std::fmt::Display for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variable { name, .. } => write!(f, "the variable {name}"),
            Self::File { path } => write!(f, "the key file {}", path.display()),
        }
    }
}

impl Credential for ApiKey {
    fn identity(&self) -> String {
        match &self.source {
            KeySource::Variable { name, .. } => format!("variable {name}"),
            KeySource::File { path } => format!("file {}", path.display()),
        }
    }

    fn place(&self) -> Option<String> {
        Some(self.source.to_string())
    }

    fn is_renewable(&self) -> bool {
        // A variable stays for this process as it was.
        matches!(self.source, KeySource::File { .. })
    }

    fn current(&self) -> BoxFuture<'_, Result<Option<Token>, CredentialError>> {
        Box::pin(async { self.read().await.map(Some) })
    }

    fn refresh(&self, generation: u64) -> BoxFuture<'_, Result<Option<Token>, CredentialError>> {
        Box::pin(async move {
            let token = self.read().await?;
            Ok((token.generation > generation).then_some(token))
        })
    }
}

fn read_file(path: &Path) -> Result<Secret, String> {
    // Asked before opening: opening a FIFO would wait for its writer.
    let facts = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !facts.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if facts.len() > LARGEST {
        return Err(format!("it is larger than {LARGEST} bytes"));
    }
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(LARGEST)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    match text.trim() {
        "" => Err("it is empty".to_owned()),
        key => Ok(Secret::new(key.to_owned())),
    }
}

fn trimmed(key: &Secret) -> Secret {
    Secret::new(key.expose().trim().to_owned())
}

fn problem(message: String) -> CredentialError {
    CredentialError::missing(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_rotated_file_counts_at_the_next_use() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "sk-one\n").unwrap();
        let key = ApiKey::new(KeySource::File { path: path.clone() });
        let first = key.current().await.unwrap().unwrap();
        assert_eq!((first.secret.expose(), first.generation), ("sk-one", 1));
        assert!(key.refresh(1).await.unwrap().is_none());
        std::fs::write(&path, "sk-two").unwrap();
        let second = key.refresh(1).await.unwrap().unwrap();
        assert_eq!((second.secret.expose(), second.generation), ("sk-two", 2));
        assert_eq!(key.current().await.unwrap().unwrap().generation, 2);
    }

    #[tokio::test]
    async fn a_key_with_a_newline_is_named_and_one_around_it_is_not_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let variable = |value: &str| KeySource::Variable {
            name: "SOME_KEY".to_owned(),
            value: Some(Secret::new(value.to_owned())),
        };
        std::fs::write(&path, "sk-one\nsk-two\n").unwrap();
        for source in [
            KeySource::File { path },
            variable("sk-one\r\nx-evil: sk-two"),
        ] {
            let message = ApiKey::new(source).current().await.unwrap_err().message;
            assert!(message.contains("line break"), "{message}");
            assert!(!message.contains("sk-"), "{message}");
        }
        let token = ApiKey::new(variable("sk-one\n")).current().await.unwrap();
        assert_eq!(token.unwrap().secret.expose(), "sk-one");
    }

    #[tokio::test]
    async fn a_saved_key_is_given_out_for_its_own_origin_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let saved = SavedKey::new("sk-canary", "https://one.example".to_owned()).unwrap();
        saved.write(&path).unwrap();
        let key = || ApiKey::new(KeySource::File { path: path.clone() });
        let own = key().sent_to("https://one.example".to_owned());
        let token = own.current().await.unwrap().unwrap();
        assert_eq!(token.secret.expose(), "sk-canary");
        for other in [
            key(),
            key().sent_to("https://two.example".to_owned()),
            key().sent_to("http://one.example".to_owned()),
            key().sent_to("https://one.example:8443".to_owned()),
        ] {
            let message = other.current().await.unwrap_err().message;
            assert!(
                message.contains("saved for https://one.example"),
                "{message}"
            );
            assert!(!message.contains("canary"), "{message}");
        }
    }

    #[tokio::test]
    async fn what_is_no_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty");
        std::fs::write(&empty, " \n").unwrap();
        for (path, word) in [(empty, "empty"), (folder.path().to_owned(), "regular file")] {
            let error = ApiKey::new(KeySource::File { path })
                .current()
                .await
                .unwrap_err();
            assert!(error.message.contains(word), "{error}");
        }
        let unset = KeySource::Variable {
            name: "SOME_KEY".to_owned(),
            value: None,
        };
        let error = ApiKey::new(unset).current().await.unwrap_err();
        assert!(error.message.contains("SOME_KEY"), "{error}");
    }
}
