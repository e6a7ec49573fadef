//! What comes back of a call beside the turn, or why nothing does. Faults are a type of their own, so
//! that no signature lets them sign anybody out.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use super::PATH_CLASS;
use crate::{Cause, Fault, Phase};

/// What came back.
#[derive(Clone, Debug)]
pub struct AuxiliaryAnswer {
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// What the caller knows already still holds, and the body is empty (RFC 9110, section 15.4.5).
    pub is_unchanged: bool,
    pub(super) endpoint: Arc<str>,
}

/// Why nothing came back. It says nothing about the turn's own way, account or key.
#[derive(Clone, Debug)]
pub struct AuxiliaryFault(pub(super) Box<Fault>);

impl AuxiliaryFault {
    /// Why.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.0.cause
    }

    /// All that is known of it, for the record.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.0
    }

    /// The status it was answered with, if it was.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.evidence.status
    }

    /// The error's code, where the provider gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.evidence.code.as_deref()
    }

    /// After how long it may be asked again, where the provider said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Where in the call.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.0.phase
    }
}

impl fmt::Display for AuxiliaryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.tell(f, PATH_CLASS)
    }
}

impl std::error::Error for AuxiliaryFault {}

impl AuxiliaryAnswer {
    /// The fault of an answer that is not what it should be.
    #[must_use]
    pub fn malformed(&self, why: &str) -> AuxiliaryFault {
        let mut fault = Fault::new(Phase::Stream, Cause::Malformed).because(why);
        fault.endpoint = Arc::clone(&self.endpoint);
        AuxiliaryFault(Box::new(fault))
    }
}
