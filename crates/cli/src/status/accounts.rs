//! With which keys and sign-ins a provider is asked, and how each stands.

use alipes_auth::{Owner, Status, login_command};
use alipes_models::{AccountStanding, Catalog, Key, Provider};
use alipes_transport::Cause;

use crate::providers::key_state::KeyState;
use crate::providers::standing::{ago, length, to_account};
use crate::setup::Machine;

/// One account.
pub(super) struct Account {
    pub(super) standing: AccountStanding,
    pub(super) key: KeyState,
    /// Where its key is.
    place: String,
    pub(super) sign_in: Option<Status>,
}

/// Whether some account of a provider has its key.
pub(super) fn has_key(provider: &Provider, catalog: &Catalog, machine: &Machine) -> bool {
    let accounts = catalog.accounts(provider);
    let mut states = accounts
        .iter()
        .map(|account| KeyState::of(&account.key, catalog, machine));
    states.any(|state| state == KeyState::Set)
}

impl Account {
    pub(super) fn of(standing: AccountStanding, catalog: &Catalog, machine: &Machine) -> Self {
        let key = KeyState::of(&standing.key, catalog, machine);
        let sign_in = match (&standing.key, catalog.logins()) {
            (Key::Login(name), Some(logins)) => logins.status(name).ok().flatten(),
            _ => None,
        };
        Self {
            place: key.told(&standing.key, machine, false),
            standing,
            key,
            sign_in,
        }
    }

    /// Where its key is, without the key.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Its name behind a provider's, where there are several.
    pub(super) fn behind_the_providers_name(&self) -> String {
        match self.standing.name.as_str() {
            "" => String::new(),
            name => format!(" as {name}"),
        }
    }

    /// What keeps it from being asked, and the command that helps.
    pub(super) fn trouble(&self, provider: &str) -> Option<(String, String)> {
        if let Key::Login(name) = &self.standing.key {
            let command = login_command(name);
            let again = format!("sign in again with `{command}`");
            return match &self.sign_in {
                None => Some((
                    "is asked with a ChatGPT sign-in, and there is none".to_owned(),
                    format!("sign in with `{command}`"),
                )),
                Some(status) => match (&status.ended, &status.owner) {
                    (
                        _,
                        Owner::Codex {
                            problem: Some(problem),
                            ..
                        },
                    ) => Some((format!("has no sign-in: {problem}"), again)),
                    // Its token may work a little longer; there will be no other.
                    (Some(ending), _) => Some((format!("is signed out: {ending}"), again)),
                    (None, _) => None,
                },
            };
        }
        (self.key == KeyState::Missing).then(|| {
            let what = format!("has {}", self.place);
            let name = self.standing.name.as_str();
            let account = to_account(!name.is_empty(), name);
            (
                what,
                format!("save one with `alipes providers add {provider}{account}`"),
            )
        })
    }

    /// `work: plus, 26 % used (said 3 minutes ago), token came 2 hours ago`
    pub(super) fn in_words(&self) -> String {
        let standing = &self.standing;
        let mut facts = Vec::new();
        let plan = self
            .sign_in
            .as_ref()
            .and_then(|status| status.claims.plan.clone());
        facts.extend(plan.map(|plan| format!("plan {plan}")));
        if let Some(quota) = standing.quota {
            let used = 100 - quota.percent.min(100);
            let anew = standing.resets_in;
            let anew = anew.map(|left| format!(", anew within {}", length(left)));
            let anew = anew.unwrap_or_default();
            facts.push(format!("{used} % used (said {}{anew})", ago(quota.age)));
        }
        if let Some(rest) = standing.rest {
            let why = rest.cause.map_or("many faults", Cause::as_str);
            facts.push(format!("rests for {} ({why})", length(rest.remaining)));
        }
        facts.push(match &self.sign_in {
            Some(status) => token(status),
            None if self.key == KeyState::Set => format!("key in {}", self.place),
            None if self.key == KeyState::NotNeeded => "asked without a key".to_owned(),
            None => self.place.clone(),
        });
        let facts = facts.join(", ");
        match standing.name.as_str() {
            "" => facts,
            name => format!("{name}: {facts}"),
        }
    }
}

fn token(status: &Status) -> String {
    let left = match (&status.ended, status.works_for.is_zero()) {
        (Some(ending), true) => format!("signed out: {ending}"),
        (Some(ending), false) => format!(
            "works for {}, then no more: {ending}",
            length(status.works_for)
        ),
        (None, true) => "renewed when it is used".to_owned(),
        (None, false) => format!("works for {}", length(status.works_for)),
    };
    match status.age {
        Some(age) => format!("token came {}, {left}", ago(age)),
        None => format!("the Codex CLI's token, {left}"),
    }
}
