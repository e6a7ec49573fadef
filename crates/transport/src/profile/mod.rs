//! What an endpoint offers and tolerates, as data.
//!
//! A profile is a small commented TOML file in the binary; the fields it does not name come from
//! `openai-compatible`, and a user's configuration overrides single fields. Every value knows where
//! it came from, so that "why does it wait 20 seconds?" has an answer.

mod builtin;
mod setting;

use std::time::Duration;

use alipes_config::{Checked, Origin, Reader, Section, Value};
use alipes_net::SocketOptions;

use crate::{Patience, Route};
use setting::Setting;

pub(crate) use builtin::is_near;
pub use builtin::{BUILTIN, UnknownProfile};

/// One field of a profile, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileField {
    /// The field's name.
    pub name: &'static str,
    /// Its value, as TOML would spell it.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

macro_rules! profile {
    ($($(#[$doc:meta])* $field:ident: $kind:ty,)*) => {
        /// What an endpoint offers and tolerates. Each field's reason stands beside it in
        /// `profiles/openai-compatible.toml`.
        #[derive(Clone, Debug)]
        pub struct Profile {
            /// The profile's name.
            pub name: String,
            $($(#[$doc])* pub $field: $kind,)*
            fields: Vec<ProfileField>,
        }

        /// Some fields of a profile: those that a file names.
        #[derive(Clone, Debug, Default)]
        pub struct ProfileLayer {
            $($field: Option<Value<$kind>>,)*
        }

        impl Section for ProfileLayer {
            const NAME: &'static str = "endpoint";

            fn read(mut reader: Reader<'_>) -> Checked<Self> {
                $(let $field = reader.optional(stringify!($field)).with_origin(Setting::read);)*
                let layer = Self { $($field,)* };
                if let Some(flaw) = layer.flaw() {
                    reader.refuse(flaw);
                }
                reader.finish(|| Some(layer))
            }
        }

        impl ProfileLayer {
            /// These fields, and below them those of `other`.
            #[must_use]
            pub fn over(self, other: Self) -> Self {
                Self { $($field: self.$field.or(other.$field),)* }
            }

            /// The whole profile, if no field is missing.
            fn complete(self, name: &str) -> Option<Profile> {
                let mut fields = Vec::new();
                $(
                    let Value { value: $field, origin } = self.$field?;
                    fields.push(ProfileField {
                        name: stringify!($field),
                        value: Setting::show(&$field),
                        origin,
                    });
                )*
                Some(Profile { name: name.to_owned(), $($field,)* fields })
            }

            /// The same fields, said to come from the built-in profile `name`.
            fn shipped_as(self, name: &str) -> Self {
                let origin = || Origin::Builtin(name.to_owned());
                Self { $($field: self.$field.map(|known| Value { origin: origin(), ..known }),)* }
            }
        }
    };
}

profile! {
    /// The routes, best first.
    routes: Vec<Route>,
    /// From the request to headers or the first event.
    first_event_timeout: Duration,
    /// From there to the first output, without reasoning.
    first_output_timeout: Duration,
    /// The same with reasoning.
    first_output_timeout_reasoning: Duration,
    /// Between two signs of progress while the model reasons.
    reasoning_timeout: Duration,
    /// Between two pieces of text or arguments.
    output_timeout: Duration,
    /// What learning may shorten a limit to at least, in percent of the value here.
    least_patience_percent: usize,
    /// How many requests may run at once with one account.
    concurrency: usize,
    /// The longest that a request may take to leave this machine.
    send_timeout: Duration,
    /// How often one step may be sent again.
    replays: usize,
    /// How often of these after an answer that was cut off.
    replays_after_cut: usize,
    /// After how long a silent WebSocket upgrade is raced by the other route.
    upgrade_race_after: Duration,
    /// Whether request bodies are compressed with zstd over SSE.
    compress: bool,
    /// The largest WebSocket frame in bytes, uncompressed.
    max_frame: usize,
    /// After what age a socket is replaced before it is used again.
    max_socket_age: Duration,
    /// After what silence the edge is pinged while an answer is awaited.
    ping_after: Duration,
    /// How often it is pinged in that silence.
    ping_every: Duration,
    /// How long a pong may take, at least.
    pong_timeout: Duration,
    /// Whether a silent request may be sent a second time, beside the first.
    hedge: bool,
    /// Whether every token is paid for.
    metered: bool,
    /// After what idleness the operating system asks whether the other end is there, and how often.
    keepalive: Option<Duration>,
    /// For how long what it sent may stay unacknowledged.
    user_timeout: Option<Duration>,
    /// How long a call beside the turn may take.
    auxiliary_timeout: Duration,
    /// Where the list of models is, beneath the base URL.
    models_path: String,
    /// What it can be asked for beside answers, as paths beneath the base URL.
    side_calls: Vec<String>,
    /// The cookies of the edge that are said back to it.
    edge_cookies: Vec<String>,
    /// Error codes with which a 403 speaks of the account.
    account_codes: Vec<String>,
}

impl ProfileLayer {
    /// What is wrong although each field by itself can be read.
    fn flaw(&self) -> Option<&'static str> {
        let routes = self.routes.as_ref();
        let none = routes.is_some_and(|routes| routes.value.is_empty());
        none.then_some("needs at least one route, or no `routes` at all")
    }
}

impl Profile {
    /// A built-in profile by name.
    ///
    /// # Errors
    /// [`UnknownProfile`] with the nearest right name.
    pub fn named(name: &str) -> Result<Self, UnknownProfile> {
        builtin::profile(name, ProfileLayer::default())
    }

    /// A built-in profile with single fields replaced.
    ///
    /// # Errors
    /// [`UnknownProfile`] with the nearest right name.
    pub fn with(name: &str, overrides: ProfileLayer) -> Result<Self, UnknownProfile> {
        builtin::profile(name, overrides)
    }

    /// The name of the profile for a host that names none.
    #[must_use]
    pub fn name_for_host(host: &str) -> &'static str {
        builtin::for_host(host)
    }

    /// All fields with where they came from, in the order of the file.
    #[must_use]
    pub fn fields(&self) -> &[ProfileField] {
        &self.fields
    }

    /// What is asked of the operating system for every connection.
    #[must_use]
    pub fn socket_options(&self) -> SocketOptions {
        SocketOptions {
            keepalive: self.keepalive,
            user_timeout: self.user_timeout,
        }
    }

    /// How long to wait for what.
    #[must_use]
    pub fn patience(&self) -> Patience {
        Patience {
            first_event: self.first_event_timeout,
            first_output: self.first_output_timeout,
            first_output_reasoning: self.first_output_timeout_reasoning,
            reasoning: self.reasoning_timeout,
            output: self.output_timeout,
        }
    }

    /// The same profile with other pings: for tests and demonstrations.
    #[must_use]
    pub fn with_pings(self, ping_after: Duration, pong_timeout: Duration) -> Self {
        Self {
            ping_after,
            pong_timeout,
            ..self
        }
    }

    /// The same profile with one limit for every silence: for tests and demonstrations.
    #[must_use]
    pub fn with_patience(self, limit: Duration) -> Self {
        Self {
            first_event_timeout: limit,
            first_output_timeout: limit,
            first_output_timeout_reasoning: limit,
            reasoning_timeout: limit,
            output_timeout: limit,
            ..self
        }
    }
}
