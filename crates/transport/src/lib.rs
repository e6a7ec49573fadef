//! One request to one endpoint, made to succeed or to end in a named [`Fault`].
//!
//! The rooms above hand down an encoded request, a credential and a deadline, and read events as
//! they come. What happens between, on which route, in how many attempts, after which waits, is
//! decided here, and every step of it is told as a [`Trace`]. This room knows nothing of
//! conversations, tools, or a provider's business.
//!
//! The way down, in the order of the files: a [`Session`] holds the socket and the delta base of
//! one conversation; [`Session::stream`] runs attempts until one is done (`exchange`); an attempt
//! takes one route (`attempt::sse`, `attempt::websocket`), feeds what arrives through one intake,
//! and ends in `Done` or in a [`Fault`]; [`react`] says what to try next.
//!
//! Invariants:
//! - every wait has a limit, and a fault names the limit that ended it;
//! - nothing is replayed in silence: each attempt and each reaction is traced;
//! - what the reader has seen is never repeated: a replay announces itself as a restart, and only
//!   to a consumer that can take it;
//! - a socket that carried anything but a completed response is not used again.

mod attempt;
mod auxiliary;
mod breaker;
mod compression;
mod conversation;
mod credential;
mod edge_cookies;
mod endpoint;
mod exchange;
mod experience;
pub mod fault;
mod hedge;
mod history;
mod identity;
mod key;
mod key_header;
mod leave;
mod liveness;
mod memory;
mod outage;
mod patience;
mod permits;
pub mod probe;
mod profile;
mod queue;
mod reachability;
mod react;
mod reason;
mod request;
mod retry_share;
mod route;
mod session;
mod shown;
mod standing;
mod step;
mod stream;
mod trace;
mod transport;

pub use auxiliary::{AuxiliaryAnswer, AuxiliaryFault, SideCalls};
pub use credential::{Credential, CredentialError, NoCredential, Token};
pub use endpoint::{Endpoint, EndpointError};
pub use experience::{AccountRest, Experience, QuotaLeft, TimesAsked};
pub use fault::{Blame, Cause, Evidence, Fault, Phase, Replay, Scope};
pub use history::AttemptHistory;
pub use identity::Identity;
pub use key::{AccountKey, EndpointKey, PathClass};
pub use key_header::{KeyHeader, UnusableKey};
pub use memory::{FormerMemory, KnownFact, MemoryRow, MemoryStore, MemoryWarning, Snapshot};
pub use patience::Patience;
pub use permits::Priority;
pub use profile::{
    BUILTIN as BUILTIN_PROFILES, Profile, ProfileField, ProfileLayer, UnknownProfile,
};
pub use react::{Budget, Reaction, may_help, react, remedies};
pub use request::{Alternatives, Request};
pub use route::Route;
pub use session::Session;
pub use shown::Reader;
pub use standing::{RouteRest, RouteStanding};
pub use stream::{Done, ResponseStream, Update, Updates};
pub use trace::Trace;
pub use transport::Transport;
