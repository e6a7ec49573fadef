//! One call as it is kept: who asked whom, what each attempt went through, and how it ended.
//!
//! Names are those of the transport's traces and of `--json`. Times within a call count in
//! microseconds from its beginning, so that attempts side by side can be drawn on one axis.

use alipes_wire::Usage;
use serde::{Deserialize, Serialize};

/// A request to a model, over as many attempts and providers as it took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallRecord {
    /// Its name: `call_` and 32 hexadecimal digits.
    pub id: String,
    /// When it began, in milliseconds since the Unix epoch.
    pub begun_ms: u64,
    /// How long it took, pauses included.
    pub took_us: u64,
    /// The front that asked: `exec`, `chat`, `serve`.
    pub front: String,
    /// The name of the client's key, where a client asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The conversation that it belongs to; empty where nobody said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub conversation: String,
    /// It was asked beside a turn, for what a turn can do without.
    pub auxiliary: bool,
    /// How it ended.
    pub end: CallEnd,
    /// Who was asked, in order.
    pub asked: Vec<AskedRecord>,
    /// What was tried, in the order of the beginnings.
    pub attempts: Vec<AttemptRecord>,
    /// Attempts that began after the last one that is kept.
    #[serde(skip_serializing_if = "is_zero")]
    pub attempts_left_out: u32,
    /// When the first sign of life came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_event_us: Option<u64>,
    /// When the first output of the answer came that was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_output_us: Option<u64>,
    /// Bytes of the answer's events, those of broken attempts included.
    pub bytes_received: u64,
    /// Tokens, where the provider told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// The fault that it ended in, where no attempt was made that could have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultRecord>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallEnd {
    /// With an answer.
    Answered,
    /// In a fault.
    Failed,
    /// Whoever asked went away first.
    #[default]
    Left,
}

/// Somebody who was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AskedRecord {
    /// The model, as `provider/name`.
    pub model: String,
    /// The account, as the configuration calls it; empty where there is only one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub account: String,
    /// The endpoint's name.
    pub endpoint: String,
    /// Where requests go; empty where none go anywhere.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
}

/// One attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AttemptRecord {
    /// Which of those who were asked, from 0.
    pub asked: usize,
    /// Its number with that one, from 1; 0 if it was not tried.
    pub number: u32,
    /// Its route.
    pub route: String,
    /// When it began.
    pub begun_us: u64,
    /// How long it took.
    pub took_us: u64,
    /// What it went through, in order.
    pub phases: Vec<PhaseSpan>,
    /// How long after its own beginning the first sign of life came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_event_us: Option<u64>,
    /// The connection, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionRecord>,
    /// The request, where it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<SentRecord>,
    /// The number of the attempt that it was sent beside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beside: Option<u32>,
    /// Its answer came all at once at the end: something on the way held it back.
    #[serde(skip_serializing_if = "is_false")]
    pub held_back: bool,
    /// How it ended.
    pub end: AttemptEnd,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultRecord>,
    /// What was done about that, by the name of the reaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reaction: Option<String>,
    /// The longest pause before what was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause_us: Option<u64>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptEnd {
    /// With an answer.
    Done,
    /// In a fault.
    Fault,
    /// Another one beside it was answered first, or was left to go on alone.
    Lost,
    /// It was not made, because of what is known.
    NotTried,
    /// It was under way when whoever asked went away.
    #[default]
    Left,
}

/// A phase of an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PhaseSpan {
    /// Its name, as faults spell it.
    pub phase: String,
    /// When it began.
    pub begun_us: u64,
    /// How long it took.
    pub took_us: u64,
}

/// A connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionRecord {
    /// Who was at the other end: the proxy, where there is one.
    pub remote_addr: String,
    /// The way out of this machine.
    pub egress: String,
    /// A proxy that this machine has and that was not used, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unused_proxy: Option<String>,
    /// `HTTP/1.1` or `HTTP/2`.
    pub protocol: String,
    /// The version of TLS; empty on a plain connection.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tls: String,
    /// What the keys were agreed on with.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key_exchange: String,
    /// Whether it had been used before.
    pub reused: bool,
}

/// A request that was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SentRecord {
    /// Its size in bytes, before compression.
    pub bytes: u64,
    /// Its size in bytes after compression by us, where there was any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compressed: Option<u64>,
    /// Whether only the new input was sent.
    pub delta: bool,
}

/// Why an attempt failed, with its evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FaultRecord {
    /// Where in the attempt.
    pub phase: String,
    /// Why.
    pub cause: String,
    /// Who is at fault.
    pub blame: String,
    /// What else it condemns.
    pub scope: String,
    /// The provider's own words, and why nothing more was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The limit that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// The length of that limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_us: Option<u64>,
    /// How long the server asked us to wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_us: Option<u64>,
    /// The HTTP status, or the status inside an error frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The provider's error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The `Server` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Cloudflare's id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cf_ray: Option<String>,
    /// Cloudflare's word for what it did instead of answering.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cf_mitigated: Option<String>,
    /// The provider's id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The WebSocket close code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub close_code: Option<u16>,
    /// The way out of this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress: Option<String>,
    /// A proxy that this machine has and that was not used, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unused_proxy: Option<String>,
    /// Who was at the other end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_addr: Option<String>,
    /// The error below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The beginning of an unexpected body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl CallRecord {
    /// Who was asked last, and so who answered if anybody did.
    #[must_use]
    pub fn last_asked(&self) -> Option<&AskedRecord> {
        self.asked.last()
    }

    /// The fault that it ended in; none if it did not.
    #[must_use]
    pub fn final_fault(&self) -> Option<&FaultRecord> {
        if self.end != CallEnd::Failed {
            return None;
        }
        let mut attempts = self.attempts.iter().rev();
        let last = attempts.find_map(|attempt| attempt.fault.as_ref());
        self.fault.as_ref().or(last)
    }

    /// Every fault, with the endpoint at which it happened.
    pub fn faults(&self) -> impl Iterator<Item = (&str, &FaultRecord)> {
        let faults = self.faults_by_asked();
        faults.map(|(asked, fault)| (asked.map_or("", |asked| &asked.endpoint), fault))
    }

    /// Every fault, with who was asked when it happened.
    pub fn faults_by_asked(&self) -> impl Iterator<Item = (Option<&AskedRecord>, &FaultRecord)> {
        let of_attempts = self.attempts.iter().filter_map(|attempt| {
            let fault = attempt.fault.as_ref()?;
            Some((self.asked.get(attempt.asked), fault))
        });
        let of_all = self.fault.iter().map(|fault| (self.last_asked(), fault));
        of_attempts.chain(of_all)
    }
}

impl CallEnd {
    /// The word, as the store and `--json` spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::Left => "left",
        }
    }
}

impl AttemptEnd {
    /// The word, as the store and `--json` spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Fault => "fault",
            Self::Lost => "lost",
            Self::NotTried => "not-tried",
            Self::Left => "left",
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks with a reference"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks with a reference"
)]
fn is_zero(count: &u32) -> bool {
    *count == 0
}
