//! `auth.json` of the Codex CLI, read only (codex-protocol §5.6).

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use alipes_base::Secret;
use serde_json::Value;

use super::BorrowError;
use crate::Claims;
use crate::store::{FileVault, local_expiry};

/// What is used of it. The refresh token is not.
#[derive(Clone, Debug)]
pub(crate) struct CodexFile {
    pub(crate) access_token: Secret,
    id_token: Option<Secret>,
    account_id: Option<String>,
    /// When the access token ends, by this machine's clock, in seconds since the Unix epoch.
    pub(crate) expires_at: u64,
}

impl CodexFile {
    pub(crate) fn path(home: &Path) -> PathBuf {
        home.join("auth.json")
    }

    pub(crate) fn read(home: &Path) -> Result<Self, BorrowError> {
        let path = Self::path(home);
        let none = |problem: &str| BorrowError::NoFile {
            path: path.clone(),
            problem: problem.to_owned(),
        };
        let read = FileVault::new(path.clone()).text();
        let text = read.map_err(|error| none(&error.to_string()))?;
        let text = text.ok_or_else(|| none("there is no such file"))?;
        let value: Value = serde_json::from_str(&text).map_err(|_| none("it is damaged"))?;
        let tokens = &value["tokens"];
        let secret = |name: &str| {
            let text = tokens[name].as_str().filter(|text| !text.is_empty())?;
            Some(Secret::new(text.to_owned()))
        };
        let Some(access_token) = secret("access_token") else {
            let mode = value["auth_mode"].as_str().unwrap_or("an API key");
            return Err(BorrowError::OtherMode(mode.chars().take(40).collect()));
        };
        // It was written when the token came, by the same clock that we read.
        let written = std::fs::metadata(&path).and_then(|facts| facts.modified());
        let claims = Claims::of(access_token.expose());
        Ok(Self {
            expires_at: local_expiry(written.map_or(0, seconds), None, &claims),
            access_token,
            id_token: secret("id_token"),
            account_id: tokens["account_id"].as_str().map(ToOwned::to_owned),
        })
    }

    pub(crate) fn claims(&self) -> Claims {
        let id_token = self.id_token.as_ref().map(Secret::expose);
        let claims = Claims::of_both(id_token, self.access_token.expose());
        Claims {
            account_id: claims.account_id.or_else(|| self.account_id.clone()),
            ..claims
        }
    }
}

fn seconds(date: SystemTime) -> u64 {
    date.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
