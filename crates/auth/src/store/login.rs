//! One sign-in, as it is kept: our own chain of tokens, or another program's that is borrowed.

use std::fmt;
use std::path::PathBuf;

use alipes_base::Secret;
use serde_json::{Map, Value, json};

use crate::Claims;
use crate::authority::one_line;

/// How long a token of unknown length is taken to last, in seconds (codex-protocol §5.5: 8 days).
const UNKNOWN_LIFETIME: u64 = 8 * 24 * 3_600;

/// A sign-in.
#[derive(Clone, Debug)]
pub(crate) enum Login {
    Own(Box<OwnLogin>),
    Borrowed(Borrowed),
}

/// What stands in the file is no sign-in of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoLogin {
    /// This is wrong with it.
    Damaged(String),
    /// It is what this version does not know.
    UnknownKind(String),
}

/// A chain of tokens that nobody but us refreshes.
#[derive(Clone, Debug)]
pub(crate) struct OwnLogin {
    pub(crate) access_token: Secret,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) id_token: Option<Secret>,
    /// Grows with every refresh and every new sign-in.
    pub(crate) generation: u64,
    /// When the access token came, by this machine's clock; as all times here in seconds since the
    /// Unix epoch.
    pub(crate) received_at: u64,
    /// When it ends, by this machine's clock.
    pub(crate) expires_at: u64,
    /// The issuer's last word, if there will be no refresh any more.
    pub(crate) ended: Option<Ending>,
    /// Where the account's workspace wants to be served, once that has been asked.
    pub(crate) workspace: Option<Workspace>,
    /// Fields of other versions.
    rest: Map<String, Value>,
}

/// A sign-in of the Codex CLI, read where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Borrowed {
    /// `$CODEX_HOME`.
    pub(crate) home: PathBuf,
}

/// Why a chain of tokens has ended (codex-protocol §5.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The refresh token was not used for too long.
    Expired,
    /// Another program used the refresh token before us.
    Reused,
    /// The sign-in was taken back, here or on another device.
    Revoked,
    /// The issuer answered for another account than the one that signed in.
    OtherAccount,
    /// Refused for good, under this code.
    Refused(String),
}

/// What the backend said about a workspace (`wham/accounts/check`, codex-protocol §6.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Workspace {
    /// Another origin than the usual one, such as `https://gov.chatgpt.com`.
    pub(crate) origin: Option<String>,
    /// The value for the header `x-openai-account-routing-override`.
    pub(crate) routing: Option<String>,
    /// When it was asked.
    pub(crate) asked_at: u64,
}

impl Login {
    /// Reads one from the file's JSON.
    pub(super) fn from_json(value: &Value) -> Result<Self, NoLogin> {
        let damaged = |problem: &str| NoLogin::Damaged(problem.to_owned());
        match text(value, "kind").as_deref() {
            Some("chatgpt") => {
                let login = OwnLogin::from_json(value)
                    .ok_or_else(|| damaged("a sign-in without an access token"))?;
                Ok(Self::Own(Box::new(login)))
            }
            Some("borrowed") => {
                let home = text(value, "home")
                    .ok_or_else(|| damaged("a borrowed sign-in names no home"))?;
                let home = PathBuf::from(home);
                Ok(Self::Borrowed(Borrowed { home }))
            }
            Some(kind) => Err(NoLogin::UnknownKind(one_line(kind))),
            None => Err(damaged("a sign-in of no kind")),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Own(login) => login.to_json(),
            Self::Borrowed(borrowed) => {
                json!({"kind": "borrowed", "program": "codex", "home": borrowed.home})
            }
        }
    }

    /// The generation that the next sign-in under this name has to exceed.
    pub(crate) fn generation(&self) -> u64 {
        match self {
            Self::Own(login) => login.generation,
            Self::Borrowed(_) => 0,
        }
    }
}

impl OwnLogin {
    /// A sign-in whose tokens came at `now`. `expires_in` is the answer's own field, in seconds.
    pub(crate) fn new(
        access_token: Secret,
        refresh_token: Option<Secret>,
        id_token: Option<Secret>,
        now: u64,
        expires_in: Option<u64>,
    ) -> Self {
        let claims = Claims::of(access_token.expose());
        Self {
            expires_at: local_expiry(now, expires_in, &claims),
            access_token,
            refresh_token,
            id_token,
            generation: 1,
            received_at: now,
            ended: None,
            workspace: None,
            rest: Map::new(),
        }
    }

    /// This sign-in with the tokens of a refresh; what the answer left out stays as it was.
    pub(crate) fn refreshed(&self, newer: Self) -> Self {
        Self {
            refresh_token: newer.refresh_token.or_else(|| self.refresh_token.clone()),
            id_token: newer.id_token.or_else(|| self.id_token.clone()),
            generation: self.generation + 1,
            workspace: self.workspace.clone(),
            rest: self.rest.clone(),
            ..newer
        }
    }

    /// Who it is, and where.
    pub(crate) fn claims(&self) -> Claims {
        let id_token = self.id_token.as_ref().map(Secret::expose);
        Claims::of_both(id_token, self.access_token.expose())
    }

    /// Every text of it that must not be shown.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        [
            Some(&self.access_token),
            self.refresh_token.as_ref(),
            self.id_token.as_ref(),
        ]
        .into_iter()
        .flatten()
    }

    fn from_json(value: &Value) -> Option<Self> {
        let secret = |name| text(value, name).map(Secret::new);
        let access_token = secret("access_token")?;
        let number = |name: &str| value[name].as_u64();
        let received_at = number("received_at").unwrap_or(0);
        let rest = value.as_object().cloned().unwrap_or_default();
        let rest = rest
            .into_iter()
            .filter(|(name, _)| !FIELDS.contains(&name.as_str()));
        Some(Self {
            refresh_token: secret("refresh_token"),
            id_token: secret("id_token"),
            generation: number("generation").unwrap_or(1),
            received_at,
            expires_at: number("expires_at").unwrap_or_else(|| {
                local_expiry(received_at, None, &Claims::of(access_token.expose()))
            }),
            access_token,
            ended: text(&value["ended"], "code").map(|code| Ending::of(&code)),
            workspace: Workspace::from_json(&value["workspace"]),
            rest: rest.collect(),
        })
    }

    fn to_json(&self) -> Value {
        let shown = |secret: &Option<Secret>| secret.as_ref().map(|secret| json!(secret.expose()));
        let workspace = self.workspace.as_ref();
        let fields = [
            Some(json!("chatgpt")),
            Some(json!(self.access_token.expose())),
            shown(&self.refresh_token),
            shown(&self.id_token),
            Some(json!(self.generation)),
            Some(json!(self.received_at)),
            Some(json!(self.expires_at)),
            self.ended.as_ref().map(|end| json!({"code": end.code()})),
            workspace.map(Workspace::to_json),
        ];
        let known = FIELDS.into_iter().map(ToOwned::to_owned).zip(fields);
        let known = known.filter_map(|(name, value)| Some((name, value?)));
        known.chain(self.rest.clone()).collect()
    }
}

/// The fields of an own sign-in, in the order in which they are written.
const FIELDS: [&str; 9] = [
    "kind",
    "access_token",
    "refresh_token",
    "id_token",
    "generation",
    "received_at",
    "expires_at",
    "ended",
    "workspace",
];

/// When a token that came at `now` ends, by the clock that says it is `now`. The length of its life
/// is the same on every clock, so one that is a day off does no harm; its date is the last resort.
pub(crate) fn local_expiry(now: u64, expires_in: Option<u64>, claims: &Claims) -> u64 {
    let lifetime = expires_in
        .filter(|length| *length > 0)
        .or(claims.lifetime());
    match (lifetime, claims.expires_at) {
        (Some(length), _) => now.saturating_add(length),
        (None, Some(date)) => date,
        (None, None) => now.saturating_add(UNKNOWN_LIFETIME),
    }
}

impl Ending {
    /// The ending that the issuer names by this code.
    #[must_use]
    pub fn of(code: &str) -> Self {
        match code {
            "refresh_token_expired" => Self::Expired,
            "refresh_token_reused" => Self::Reused,
            "refresh_token_invalidated" => Self::Revoked,
            OTHER_ACCOUNT => Self::OtherAccount,
            other => Self::Refused(other.chars().take(80).collect()),
        }
    }

    fn code(&self) -> &str {
        match self {
            Self::Expired => "refresh_token_expired",
            Self::Reused => "refresh_token_reused",
            Self::Revoked => "refresh_token_invalidated",
            Self::OtherAccount => OTHER_ACCOUNT,
            Self::Refused(code) => code,
        }
    }
}

/// Not the issuer's code but ours.
const OTHER_ACCOUNT: &str = "other_account";

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => f.write_str("the sign-in was not used for too long and has expired"),
            Self::Reused => f.write_str("another program has used this sign-in's refresh token"),
            Self::Revoked => f.write_str("the sign-in was revoked"),
            Self::OtherAccount => f.write_str("the issuer answered for another account"),
            Self::Refused(code) => write!(f, "the issuer refuses to renew the sign-in ({code})"),
        }
    }
}

impl Workspace {
    fn from_json(value: &Value) -> Option<Self> {
        Some(Self {
            asked_at: value["asked_at"].as_u64()?,
            origin: text(value, "origin"),
            routing: text(value, "routing"),
        })
    }

    fn to_json(&self) -> Value {
        json!({"asked_at": self.asked_at, "origin": self.origin, "routing": self.routing})
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    let text = value[name].as_str().filter(|text| !text.is_empty())?;
    Some(text.to_owned())
}
