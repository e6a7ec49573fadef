//! What the issuer remembers: codes, tokens, devices.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How long an access token lasts, in seconds.
const LIFETIME: u64 = 3_600;

/// Most entries of each kind; beyond that all of the kind are forgotten.
const MOST: usize = 10_000;

/// The issuer's books.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) lifetime: u64,
    codes: BTreeMap<String, Code>,
    refresh: BTreeMap<String, Refresh>,
    access: BTreeMap<String, Access>,
    devices: BTreeMap<String, Device>,
    sign_ins: u64,
}

/// A code that waits to be exchanged.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) challenge: String,
    pub(super) redirect_uri: String,
}

#[derive(Debug)]
struct Refresh {
    sign_in: u64,
    state: State,
}

/// What became of a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Good,
    Used,
    Revoked,
}

#[derive(Debug)]
struct Access {
    sign_in: u64,
    expires_at: u64,
}

/// A device that waits for its code to be typed.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) user_code: String,
    /// Once it has been typed.
    pub(super) code: Option<String>,
    pub(super) verifier: String,
}

impl Default for Books {
    fn default() -> Self {
        Self {
            lifetime: LIFETIME,
            codes: BTreeMap::new(),
            refresh: BTreeMap::new(),
            access: BTreeMap::new(),
            devices: BTreeMap::new(),
            sign_ins: 0,
        }
    }
}

impl Books {
    pub(super) fn add_code(&mut self, code: &str, what: Code) {
        add(&mut self.codes, code, what);
    }

    /// The code's entry, which is used up by that.
    pub(super) fn take_code(&mut self, code: &str) -> Option<Code> {
        self.codes.remove(code)
    }

    /// The number of a new sign-in.
    pub(super) fn sign_in(&mut self) -> u64 {
        self.sign_ins += 1;
        self.sign_ins
    }

    /// Notes the tokens of a sign-in.
    pub(super) fn issue(&mut self, sign_in: u64, access: &str, refresh: &str, expires_at: u64) {
        let state = State::Good;
        add(&mut self.refresh, refresh, Refresh { sign_in, state });
        add(
            &mut self.access,
            access,
            Access {
                sign_in,
                expires_at,
            },
        );
    }

    /// Uses a refresh token up: the sign-in it belongs to, or what became of it before.
    pub(super) fn spend(&mut self, refresh: &str) -> Result<u64, Option<State>> {
        let known = self.refresh.get_mut(refresh).ok_or(None)?;
        match known.state {
            State::Good => {
                known.state = State::Used;
                Ok(known.sign_in)
            }
            gone => Err(Some(gone)),
        }
    }

    /// Ends the sign-in that a token of either kind belongs to; an unknown one is as good as ended.
    pub(super) fn revoke(&mut self, token: &str) {
        let by_refresh = self.refresh.get(token).map(|refresh| refresh.sign_in);
        let by_access = self.access.get(token).map(|access| access.sign_in);
        let Some(sign_in) = by_refresh.or(by_access) else {
            return;
        };
        let all = self.refresh.values_mut();
        all.filter(|refresh| refresh.sign_in == sign_in)
            .for_each(|refresh| refresh.state = State::Revoked);
        self.access.retain(|_, access| access.sign_in != sign_in);
    }

    /// Whether an access token is good at `now`.
    pub(crate) fn accepts(&self, access: &str, now: u64) -> bool {
        let known = self.access.get(access);
        known.is_some_and(|access| now < access.expires_at)
    }

    pub(super) fn add_device(&mut self, id: &str, device: Device) {
        add(&mut self.devices, id, device);
    }

    pub(super) fn device(&self, id: &str) -> Option<&Device> {
        self.devices.get(id)
    }

    /// A code has been typed: which device waits for it?
    pub(super) fn device_of(&mut self, user_code: &str) -> Option<&mut Device> {
        let mut devices = self.devices.values_mut();
        devices.find(|device| device.user_code == user_code)
    }
}

fn add<T>(entries: &mut BTreeMap<String, T>, key: &str, entry: T) {
    if entries.len() >= MOST {
        entries.clear();
    }
    entries.insert(key.to_owned(), entry);
}

/// What RFC 7636 calls S256.
pub(super) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}
