//! A key that a user put somewhere: into a variable, or into a file.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use alipes_base::Secret;
use alipes_transport::{Credential, CredentialError, Token};
use futures_util::future::BoxFuture;

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
    /// A file that holds the key and nothing else; white space around it is ignored.
    File {
        /// Its path.
        path: PathBuf,
    },
}

/// A key read at use, with a generation that grows when it changes.
#[derive(Debug)]
pub struct ApiKey {
    source: KeySource,
    last: Mutex<Option<Token>>,
}

impl ApiKey {
    /// The key in `source`.
    #[must_use]
    pub fn new(source: KeySource) -> Self {
        Self {
            source,
            last: Mutex::new(None),
        }
    }

    async fn read(&self) -> Result<Token, CredentialError> {
        let key = match &self.source {
            KeySource::Variable { name, value } => value.clone().ok_or_else(|| {
                problem(format!(
                    "the variable {name} is not set; put the key into it"
                ))
            })?,
            KeySource::File { path } => {
                let shown = path.display().to_string();
                let path = path.clone();
                tokio::task::spawn_blocking(move || read_file(&path))
                    .await
                    .unwrap_or_else(|_| Err("reading it failed".to_owned()))
                    .map_err(|why| problem(format!("the key file {shown} cannot be used: {why}")))?
            }
        };
        Ok(self.number(key))
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

impl Credential for ApiKey {
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

fn problem(message: String) -> CredentialError {
    CredentialError { message }
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
