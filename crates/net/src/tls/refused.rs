//! Certificates that were not believed, the latest of each host: whose they are and who signed them is
//! what a person needs to know, and the verdict does not say it.
//!
//! They are remembered beside the handshake, because a configuration is shared by all of them and its
//! verifier is told of no connection. Two handshakes with one host at once see the same certificate.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::{CertificateDer, ServerName};

use super::CertificateFacts;

/// Of how many hosts.
const MOST: usize = 16;

/// The latest of each host, the newest last. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Refused(Arc<Mutex<VecDeque<(ServerName<'static>, CertificateFacts)>>>);

impl Refused {
    pub(super) fn see(&self, host: &ServerName<'_>, certificate: &CertificateDer<'_>) {
        let Some(facts) = CertificateFacts::read(certificate) else {
            return;
        };
        let host = host.to_owned();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|(known, _)| *known != host);
        if seen.len() == MOST {
            seen.pop_front();
        }
        seen.push_back((host, facts));
    }

    /// What that host has shown last, if it was not believed.
    pub(super) fn of(&self, host: &ServerName<'_>) -> Option<CertificateFacts> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = seen.iter();
        let found = seen.find(|(known, _)| known == host)?;
        Some(found.1.clone())
    }
}
