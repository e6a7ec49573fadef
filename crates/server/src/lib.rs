//! The HTTP front: a local base URL behind which transport, accounts and fallbacks work for clients
//! that were written for a provider.
//!
//! A request goes through the door (`door`: Host, Origin, key, limits), its body is read within
//! bounds, the model's name is looked up (`routing`), and [`alipes_models::Relay`] asks. Every dialect goes
//! the same way (`respond`); what its answers look like is [`alipes_wire::AnswerOut`]'s to know.
//!
//! Nothing runs beside a request: its attempts run inside the polling of its answer's body. So a
//! client that reads slowly slows its provider down, and one that goes away cancels everything, because
//! there is nothing else that could live on.
//!
//! Invariants:
//! - every request but `GET /healthz` needs a key, wherever it comes from: loopback is no proof of
//!   who asks; a page in a browser is turned away whatever it knows;
//! - keys are looked at when they are used, so that a change counts from the next request on;
//! - a client sees our ids and our numbers, one whole answer, and never the same text twice;
//! - everything that a client can make grow has a bound with a name.
//!
//! It fails by [`ServerError`] at start, and towards clients in the error shape of their dialect.

mod answer;
mod aside;
mod body;
mod call;
mod clients;
mod connection;
mod continuations;
mod conversations;
mod door;
mod drain;
mod error;
mod fault_answer;
mod fronts;
mod handover;
mod health;
mod key_file;
mod left_out;
mod listener;
mod metrics;
mod models_list;
mod names;
mod rate;
mod refusal;
mod respond;
mod routing;
mod section;
mod server;
mod serving;
mod stream;
mod tls;
mod unread;
mod watched_key;
mod websocket;

pub use error::ServerError;
pub use key_file::KeyFile;
pub use section::{ClientKey, ClientSection, ServeSection};
pub use server::{Server, ServerOptions};
pub use serving::Serving;
pub use tls::TlsFiles;
