//! Why a model cannot be had.

use alipes_config::ConfigError;
use alipes_transport::{EndpointError, UnknownProfile};

/// A model cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelsError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] Box<ConfigError>),
    /// No model was named.
    #[error(
        "no model is configured; name one with --model PROVIDER/NAME (`alipes providers --all` \
         lists the providers), or set default under [model] in {config}"
    )]
    NoModel {
        /// The configuration file.
        config: String,
    },
    /// No model was named, and the configuration names none of its providers' as the default.
    #[error("no model is chosen; {hint}; default under [model] in {config} chooses one")]
    NoneChosen {
        /// Who can be asked, and how.
        hint: String,
        /// The configuration file.
        config: String,
    },
    /// No provider was named, and the configuration does not say which one is meant.
    #[error("name a provider{hint}")]
    WhichProvider {
        /// Those that are configured.
        hint: String,
    },
    /// The name has not the form of one.
    #[error(
        "{text:?} is not a model's name; a model is named PROVIDER/NAME, for example work/gpt-x"
    )]
    NotAModelName {
        /// What was given.
        text: String,
    },
    /// A provider was named alone that has no default model.
    #[error(
        "{provider} has no default model; name one of those that `alipes models {provider}` lists, as \
         {provider}/NAME"
    )]
    NoDefaultModel {
        /// The provider.
        provider: String,
    },
    /// No provider of that name is configured or known.
    #[error("there is no provider {name:?}{asked}{hint}")]
    UnknownProvider {
        /// Where it was asked for, if in a file.
        asked: String,
        /// What was asked for.
        name: String,
        /// What to do.
        hint: String,
    },
    /// The provider's list does not hold the model.
    #[error("the provider {provider:?} has no model {name:?}{asked}{hint}")]
    UnknownModel {
        /// Where it was asked for, if in a file.
        asked: String,
        /// The provider.
        provider: String,
        /// What was asked for.
        name: String,
        /// What to do.
        hint: String,
    },
    /// The provider's address is different for every user, and this one's was not given.
    #[error(
        "{provider} has no address of its own; set base_url under [providers.{provider}], or give \
         --base-url URL"
    )]
    NoAddress {
        /// The provider.
        provider: String,
    },
    /// It is no address, but a program with settings of its own.
    #[error(
        "{provider} is the installed Codex CLI: it has no address, key, route or list of models here; \
         sign in with `codex login`, and set what it uses in its own configuration"
    )]
    OfficialClient {
        /// The provider.
        provider: String,
    },
    /// A sign-in is asked for where none can be kept.
    #[error("a sign-in needs a folder to be kept in; set ALIPES_HOME")]
    NoLogins,
    /// The base URL cannot be used.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// There is no such endpoint profile.
    #[error(transparent)]
    Profile(#[from] UnknownProfile),
    /// The dialect has no such route.
    #[error("the dialect {dialect:?} has no WebSocket; use the route \"sse\", or \"auto\"")]
    NoWebSocket {
        /// Its name.
        dialect: &'static str,
    },
}
