//! Providers and models: which endpoint a name means, with which key, in which dialect.
//!
//! The room between the agent and the transport. Down: it turns a model request into an endpoint's
//! dialect. Up: it assembles that dialect's raw events into what the agent reads. So the agent never
//! sees a provider's JSON, and the transport never sees a conversation.
//!
//! A [`Catalog`] knows the providers: each is data, a bundled file with the user's section above it. A
//! [`Chain`] holds those that one model name stands for, and what a fault of one account or provider
//! means to the next is decided here (`walk`, `rests`), because it is what the transport cannot mend. The
//! agent asks it for a [`Step`]; a server hands its clients' own words to a [`Relay`], which asks the same
//! chain. Either is one call, and one call is one record ([`Records`]). The installed official client is a
//! provider as well (`app_server`): it is a program and not an endpoint, and speaks through the same events.
//!
//! Invariants: no socket is opened here; a provider's key goes to that provider's base URL and nowhere else;
//! a conversation stays with its account while that can answer, and reasoning that only one account can read
//! goes to no other.
//!
//! It fails by [`ModelsError`] before a request, and by the transport's `Fault` during one.

mod app_server;
mod catalog;
mod chain;
mod compaction;
mod effort;
mod error;
mod link;
mod listing;
mod lists;
mod makers;
mod model;
mod name;
mod readable;
mod recording;
mod relay;
mod rests;
mod section;
mod step;
mod strategy;
mod usage;
mod walk;

pub use alipes_wire::Dialect;
pub use catalog::key::{Key, NamedKey};
pub use catalog::provider::Provider;
pub use catalog::standing::AccountStanding;
pub use catalog::{Catalog, Examined, ExaminedAccount, Making, OPENAI_CODEX, Overrides};
pub use chain::Chain;
pub use compaction::{CompactionQuestion, Sealed};
pub use effort::Effort;
pub use error::ModelsError;
pub use listing::{ListSource, Listed, Listing, NoList};
pub use lists::ModelLists;
pub use model::{Model, Prompt};
pub use name::{ModelName, NotAModelName};
pub use recording::{Asker, Records};
pub use relay::{AsideError, Continued, Relay, RelayRequest, RelayStream, RelayUpdate};
pub use section::{
    AccountSetting, AuthKind, KeySetting, ModelSection, ProviderSection, ProvidersSection,
    is_plain_name,
};
pub use step::{Addressee, Step, StepStream, StepUpdate};
pub use strategy::Strategy;
pub use usage::{UsageQuestion, UsageSource};
