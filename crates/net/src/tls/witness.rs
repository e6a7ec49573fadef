//! Sees which certificate a server shows, also where it is not believed: whoever asks who intercepts
//! needs the name on it. It judges nothing by itself: the usual verifier decides.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use super::CertificateFacts;
use super::watched::{Sight, Watched};
use crate::error::Failure;

/// What was shown in the last handshake. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Witness(Arc<Mutex<Option<CertificateFacts>>>);

impl Witness {
    /// Nothing has been shown yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The server's own certificate, as far as it could be read; `None` if none was shown.
    #[must_use]
    pub fn shown(&self) -> Option<CertificateFacts> {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.clone()
    }

    /// The same configuration with this witness beside its verifier. Nothing is resumed: a server
    /// that is known already shows no certificate.
    pub(super) fn beside(
        &self,
        config: &ClientConfig,
        roots: &Arc<RootCertStore>,
    ) -> Result<ClientConfig, Failure> {
        let watched = Watched::new(
            config.crypto_provider(),
            roots,
            Sight::Witness(self.clone()),
        )?;
        let mut config = config.clone();
        config.resumption = Resumption::disabled();
        config
            .dangerous()
            .set_certificate_verifier(Arc::new(watched));
        Ok(config)
    }

    pub(super) fn see(&self, certificate: &CertificateDer<'_>) {
        let facts = CertificateFacts::read(certificate);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = facts;
    }
}
