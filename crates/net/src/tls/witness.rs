//! Sees which certificate a server shows, also where it is not believed: whoever asks who intercepts
//! needs the name on it. It judges nothing by itself: the usual verifier decides.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, VerifierBuilderError, WebPkiServerVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::CertificateFacts;
use crate::error::{Failure, NetErrorKind};

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
        let provider = Arc::clone(config.crypto_provider());
        let judge = WebPkiServerVerifier::builder_with_provider(Arc::clone(roots), provider)
            .build()
            .map_err(|error: VerifierBuilderError| {
                Failure::new(NetErrorKind::NoRootCertificates).caused_by(error)
            })?;
        let mut config = config.clone();
        config.resumption = Resumption::disabled();
        let watched = Arc::new(Watched {
            judge,
            witness: self.clone(),
        });
        config.dangerous().set_certificate_verifier(watched);
        Ok(config)
    }

    fn see(&self, certificate: &CertificateDer<'_>) {
        let facts = CertificateFacts::read(certificate);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = facts;
    }
}

#[derive(Debug)]
struct Watched {
    judge: Arc<WebPkiServerVerifier>,
    witness: Witness,
}

impl ServerCertVerifier for Watched {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.witness.see(end_entity);
        self.judge
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}
