//! How a provider's accounts stand, for people: who is asked next, who rests and why, what is left.

use std::time::Duration;

use alipes_transport::{AccountRest, QuotaLeft, RouteStanding};

use super::key::{Key, NamedKey};
use super::provider::Provider;
use super::reach::effective_profile;
use super::{Catalog, Making};
use crate::strategy::AccountRecord;
use crate::{ModelsError, usage};

/// One account, as a new conversation would find it.
#[derive(Clone, Debug)]
pub struct AccountStanding {
    /// Its name; empty where a provider has only one.
    pub name: String,
    /// Where its key is.
    pub key: Key,
    /// A new conversation begins with it.
    pub is_next: bool,
    /// Why it is better not asked for now, and for how long.
    pub rest: Option<AccountRest>,
    /// How often it was asked in the last week; counted where there are several.
    pub times_asked: usize,
    /// What is left of its plan, where that was said.
    pub quota: Option<QuotaLeft>,
    /// Within how long it has all of its plan again, where that was said.
    pub resets_in: Option<Duration>,
}

impl Catalog {
    /// The accounts of a provider, as they are listed.
    ///
    /// # Errors
    /// [`ModelsError`], if it has no usable address or key.
    pub fn standings(
        &self,
        provider: &Provider,
        making: Making<'_>,
    ) -> Result<Vec<AccountStanding>, ModelsError> {
        let profile = effective_profile(provider)?;
        let experience = &making.transport.experience;
        let (mut standings, mut records) = (Vec::new(), Vec::new());
        for NamedKey { name, key } in self.accounts(provider) {
            let session = self.session(&provider.with_key(key.clone()), &profile, making)?;
            let account = session.account();
            let (asked, quota) = (
                experience.times_asked(&account),
                experience.quota_left(&account),
            );
            records.push(AccountRecord {
                answered_last: false,
                times_asked: asked.map_or(0, |asked| asked.times),
                last_asked: asked.map(|asked| asked.last),
                quota_left: quota.map(|quota| quota.percent),
            });
            standings.push(AccountStanding {
                name,
                key,
                is_next: false,
                rest: session.account_rest(),
                times_asked: asked.map_or(0, |asked| asked.times),
                quota,
                resets_in: quota.and_then(usage::resets_in),
            });
        }
        let order = provider.strategy.order(&records);
        let rested = |at: &&usize| standings[**at].rest.is_none();
        let next = order.iter().find(rested).or(order.first()).copied();
        if let Some(next) = next {
            standings[next].is_next = true;
        }
        Ok(standings)
    }

    /// The routes to a provider, best first, as its first account would find them.
    ///
    /// # Errors
    /// [`ModelsError`], if it has no usable address or key.
    pub fn routes(
        &self,
        provider: &Provider,
        making: Making<'_>,
    ) -> Result<Vec<RouteStanding>, ModelsError> {
        let profile = effective_profile(provider)?;
        let key = self.accounts(provider).into_iter().next();
        let key = key.map_or_else(|| provider.key.clone(), |first| first.key);
        let session = self.session(&provider.with_key(key), &profile, making)?;
        Ok(session.routes())
    }
}
