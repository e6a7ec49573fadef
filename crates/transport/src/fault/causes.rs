//! The causes, and what each of them means, in one table.
//!
//! Everything that is said about a cause is said here: who is to blame, what else it condemns, what
//! happened in plain words, and what the user can do. Fronts render these; nothing else describes a
//! cause, so no description can go stale.

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blame {
    /// This program.
    Us,
    /// This machine or its network.
    LocalNetwork,
    /// The proxy on the way.
    Proxy,
    /// The endpoint's edge: its load balancer or firewall.
    Edge,
    /// The service behind the edge.
    Origin,
    /// The model.
    Model,
    /// What the user configured or asked for.
    User,
}

/// What else a fault condemns, beside the attempt it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// That connection.
    Connection,
    /// That network address.
    Address,
    /// That way out of this machine.
    Egress,
    /// That route to the endpoint.
    Route,
    /// The endpoint.
    Endpoint,
    /// The account.
    Account,
    /// The model.
    Model,
    /// This request, wherever it goes.
    Request,
}

impl Blame {
    /// The name, as traces and `--json` spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::LocalNetwork => "local-network",
            Self::Proxy => "proxy",
            Self::Edge => "edge",
            Self::Origin => "origin",
            Self::Model => "model",
            Self::User => "user",
        }
    }
}

impl Scope {
    /// The name, as traces and `--json` spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Address => "address",
            Self::Egress => "egress",
            Self::Route => "route",
            Self::Endpoint => "endpoint",
            Self::Account => "account",
            Self::Model => "model",
            Self::Request => "request",
        }
    }
}

macro_rules! causes {
    ($($(#[$doc:meta])* $variant:ident $name:literal $blame:ident $scope:ident $meaning:literal $advice:literal)*) => {
        /// Why an attempt ended. The names are those of transport, "Vocabulary".
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Cause { $(#[doc = $meaning] $variant,)* }

        impl Cause {
            /// Every cause.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name, as traces, messages and `--json` spell it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The cause of this name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|cause| cause.as_str() == name)
            }

            /// Who is at fault.
            #[must_use]
            pub fn blame(self) -> Blame {
                match self { $(Self::$variant => Blame::$blame,)* }
            }

            /// What else it condemns.
            #[must_use]
            pub fn scope(self) -> Scope {
                match self { $(Self::$variant => Scope::$scope,)* }
            }

            /// What happened, as the end of a sentence that begins with the endpoint's name.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// What the user can do once it has ended a turn: what is done about it by itself was tried then.
            #[must_use]
            pub fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)* }
            }
        }
    };
}

causes! {
    NameNotFound "name-not-found" User Endpoint
        "has a host name that does not exist" "check the host in base_url"
    ResolverFailed "resolver-failed" LocalNetwork Egress
        "could not be looked up: the name resolver did not answer" "check this machine's DNS, then try again"
    Offline "offline" LocalNetwork Egress
        "cannot be reached: this machine has no network" "connect to a network, then try again"
    Refused "refused" Origin Address
        "refused the connection: nothing listens there" "check that the server runs, and the host and port in base_url"
    Unreachable "unreachable" LocalNetwork Address
        "cannot be reached from this network" "check the network, a VPN or a firewall"
    TimedOut "timed-out" LocalNetwork Address
        "did not answer in time" "check the network, a proxy that should have been used, or a firewall"
    Reset "reset" LocalNetwork Connection
        "had its connection reset" "check the network, a proxy that should have been used, or a firewall"
    Certificate "certificate" User Endpoint
        "showed a certificate that does not fit it" "check the host in base_url, or name the certificate authority's file in ALIPES_CA_FILE"
    Intercepted "intercepted" LocalNetwork Egress
        "showed a certificate of an authority that nobody here knows: somebody looks inside TLS, or the server has its own" "name that authority's file in ALIPES_CA_FILE if you trust it, or use another network"
    ClockSkew "clock-skew" LocalNetwork Egress
        "showed a certificate that is not valid at this machine's date" "set this machine's clock"
    ProxyRefused "proxy-refused" Proxy Egress
        "cannot be reached through the proxy" "check the proxy, ask whoever runs it to allow this host, or go without it: `--proxy direct`"
    ProxyAuth "proxy-auth" Proxy Egress
        "needs a name and password at the proxy" "put them into the proxy's URL"
    CaptivePortal "captive-portal" LocalNetwork Egress
        "is hidden behind this network's login page" "open a browser and log in to the network"
    NotAnApi "not-an-api" User Endpoint
        "answered with a web page instead of an API" "check base_url: it often ends in /v1; on a guest network open a browser first: its login page answers like that"
    NoSuchEndpoint "no-such-endpoint" User Endpoint
        "has no such address" "check base_url and dialect: the server does not know this path"
    ClientMissing "client-missing" Us Endpoint
        "does not accept this client" "choose another provider"
    ClientUnavailable "client-unavailable" User Endpoint
        "is asked by another program of this machine, which cannot be used" "install or update the Codex CLI (`npm install -g @openai/codex@latest`), then `codex login`"
    Redirected "redirected" User Endpoint
        "wants to redirect the request elsewhere; credentials do not follow" "put the new address into base_url if you trust it; on a guest network open a browser first: its login page answers like that"
    Challenge "challenge" Edge Egress
        "asked for a browser challenge instead of answering" "this network address is being challenged; use another network or another provider"
    Blocked "blocked" Edge Egress
        "blocked this network address" "use another network or another provider"
    Region "region" Edge Egress
        "does not serve this region" "use another provider"
    UpgradeRefused "upgrade-refused" Edge Route
        "refused the WebSocket" "let the request go by SSE: `--route auto`, or \"sse\" among the provider's routes"
    Unauthorized "unauthorized" User Account
        "does not accept the key" "put a good key where this one is kept, or save one with `alipes providers add NAME`"
    Forbidden "forbidden" User Account
        "does not let this account do that" "check what the account may use"
    RateLimited "rate-limited" User Account
        "takes no more requests from this account for now" "wait, or configure another provider"
    UsageLimit "usage-limit" User Account
        "has reached the plan's usage limit" "wait for the reset, or configure another provider"
    Quota "quota" User Account
        "has no credit left on this account" "top up the account, or configure another provider"
    Overloaded "overloaded" Origin Model
        "is overloaded" "try again later, or choose another model or provider"
    ServerError "server-error" Origin Endpoint
        "failed inside" "try again later, or configure another provider"
    EdgeTimeout "edge-timeout" Edge Endpoint
        "did not get an answer from its own backend in time" "try again later, or configure another provider"
    InvalidRequest "invalid-request" Us Request
        "did not accept the request" "check the model's name and the configuration; if both are right, report this as a bug"
    EncodingRefused "encoding-refused" Edge Endpoint
        "could not read the compressed request" "try again; if it repeats, put `compress = false` under the provider's endpoint"
    InvalidEncryptedContent "invalid-encrypted-content" Us Request
        "cannot read reasoning that another account made" "try again; if it repeats, start a new conversation"
    ContextTooLong "context-too-long" User Request
        "cannot take a conversation this long" "start a new conversation, or choose a model with a larger context"
    ModelUnavailable "model-unavailable" User Model
        "does not offer this model" "check the model's name"
    Policy "policy" User Request
        "declined the request by policy" "change the request"
    Silent "silent" Origin Connection
        "took the request and said nothing" "try again, or configure another provider"
    Stalled "stalled" Origin Connection
        "stopped in the middle of the answer" "try again, or configure another provider"
    Cut "cut" Edge Connection
        "cut the answer off before its end" "try again; if it repeats, look for a proxy or firewall that cuts long answers"
    EdgeDead "edge-dead" Edge Connection
        "does not answer on an open connection" "try again"
    StaleConnection "stale-connection" Us Connection
        "had closed the connection while it was idle" "try again: a fresh one is used"
    Unprocessed "unprocessed" Edge Connection
        "turned the request away without looking at it" "try again later, or configure another provider"
    ConnectionExpired "connection-expired" Origin Connection
        "closes connections of this age" "try again: a fresh one is used"
    UnknownPreviousResponse "unknown-previous-response" Origin Connection
        "no longer knows the previous response" "try again: the whole conversation is sent"
    Malformed "malformed" Origin Connection
        "sent something that is not the protocol" "check base_url and dialect; if both are right, report it to the provider"
    WholeAnswer "whole-answer" Origin Endpoint
        "answered in one piece instead of a stream" "check base_url and dialect; if both are right, the server, or a proxy before it, cannot stream"
    EncodedAnswer "encoded-answer" Edge Endpoint
        "sent its answer compressed, which nobody had asked for" "look for a proxy or firewall that compresses, and have it leave `text/event-stream` alone"
    Incomplete "incomplete" Model Request
        "stopped before the end of the answer" "ask it to go on, or for less"
    TooLarge "too-large" User Request
        "cannot take a request this large" "ask for less, or start a new conversation"
    AnswerTooLarge "answer-too-large" Origin Request
        "sent an answer larger than any should be" "try again; if it repeats, ask for less, or report it to the provider"
    BufferedPath "buffered-path" LocalNetwork Egress
        "is reached through something that holds answers back" "look for antivirus or an inspecting proxy"
    NoCredential "no-credential" User Account
        "has no usable key" "save a key with `alipes providers add NAME`, or sign in to ChatGPT with `alipes login`"
    SignInUnavailable "sign-in-unavailable" Origin Account
        "needs a newer token, and the sign-in service gives none just now" "try again later, or configure another provider"
    Cancelled "cancelled" User Request
        "was not asked to the end: cancelled" "nothing to do"
    Deadline "deadline" User Request
        "did not answer within the time allowed" "allow more with --timeout"
}

impl Cause {
    /// Whether leaving by another door may have avoided it: then a proxy that was not used is the
    /// first suspect (transport, "Egress").
    #[must_use]
    pub fn may_be_the_way_out(self) -> bool {
        matches!(
            self,
            Self::Reset
                | Self::TimedOut
                | Self::Unreachable
                | Self::Offline
                | Self::Challenge
                | Self::Blocked
                | Self::Intercepted
                | Self::NameNotFound
                | Self::ResolverFailed
                | Self::Cut
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_its_own_name() {
        let mut names: Vec<&str> = Cause::ALL.iter().map(|cause| cause.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Cause::ALL.len());
        for cause in Cause::ALL {
            assert!(!cause.meaning().ends_with('.') && !cause.advice().ends_with('.'));
        }
    }

    #[test]
    fn whatever_ends_a_turn_has_advice_that_leads_on_unless_its_person_ended_it() {
        for cause in Cause::ALL {
            let leads_nowhere = cause.advice().starts_with("nothing to do");
            assert_eq!(leads_nowhere, *cause == Cause::Cancelled, "{cause:?}");
        }
    }
}
