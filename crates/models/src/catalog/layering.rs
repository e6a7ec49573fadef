//! How what is said of a provider lies in layers: the user's section, a bundled one, and `custom` below all.

use alipes_transport::Endpoint;

use crate::section::{AuthKind, ProviderSection};

impl ProviderSection {
    /// These fields, and below them those of `other`.
    pub(super) fn over(self, other: Self) -> Self {
        Self {
            like: self.like.or(other.like),
            base_url: self.base_url.or(other.base_url),
            dialect: self.dialect.or(other.dialect),
            auth: self.auth.or(other.auth),
            key_variable: self.key_variable.or(other.key_variable),
            profile: self.profile.or(other.profile),
            quirks: self.quirks.over(other.quirks),
            endpoint: self.endpoint.over(other.endpoint),
            routes: self.routes.or(other.routes),
            api_key: self.api_key.or(other.api_key),
            accounts: self.accounts,
            strategy: self.strategy.or(other.strategy),
            models: self.models.or(other.models),
            default_model: self.default_model.or(other.default_model),
            reasoning: self.reasoning.or(other.reasoning),
            models_path: self.models_path.or(other.models_path),
            check_path: self.check_path.or(other.check_path),
            models_are_a_bare_list: self.models_are_a_bare_list.or(other.models_are_a_bare_list),
            anthropic_version: self.anthropic_version.or(other.anthropic_version),
            prices: [self.prices, other.prices].concat(),
            usage: self.usage.or(other.usage),
            local: self.local.or(other.local),
            app_server: self.app_server.or(other.app_server),
            bundled_models: match self.bundled_models.is_empty() {
                true => other.bundled_models,
                false => self.bundled_models,
            },
        }
    }

    /// What `user` may take over from this bundled provider: with another address not its key, and
    /// no sign-in.
    pub(super) fn kept_from(self, user: &Self) -> Self {
        let origin = |section: &Self| Endpoint::origin_of(section.base_url.as_deref()?).ok();
        let same_address = match (origin(user), origin(&self)) {
            (Some(users), Some(own)) => users == own,
            // It has no address of its own, so its variable is for whichever its user gives it.
            _ => true,
        };
        if same_address {
            return self;
        }
        Self {
            auth: self.auth.filter(|auth| *auth != AuthKind::SignIn),
            key_variable: None,
            ..self
        }
    }
}
