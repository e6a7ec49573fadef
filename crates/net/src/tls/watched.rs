//! The usual verifier of certificates, with somebody who looks on. Whatever is seen, the verdict is
//! the usual one's.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::refused::Refused;
use super::witness::Witness;
use crate::error::{Failure, NetErrorKind};

/// Who looks on.
#[derive(Debug)]
pub(super) enum Sight {
    /// At every certificate.
    Witness(Witness),
    /// At those that are not believed.
    Refused(Refused),
}

/// Verifies, and shows.
#[derive(Debug)]
pub(super) struct Watched {
    judge: Arc<WebPkiServerVerifier>,
    sight: Sight,
}

impl Watched {
    pub(super) fn new(
        provider: &Arc<CryptoProvider>,
        roots: &Arc<RootCertStore>,
        sight: Sight,
    ) -> Result<Self, Failure> {
        let (roots, provider) = (Arc::clone(roots), Arc::clone(provider));
        let judge = WebPkiServerVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(|error: VerifierBuilderError| {
                Failure::new(NetErrorKind::NoRootCertificates).caused_by(error)
            })?;
        Ok(Self { judge, sight })
    }
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
        let judge = &self.judge;
        let verdict =
            judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match &self.sight {
            Sight::Witness(witness) => witness.see(end_entity),
            Sight::Refused(refused) if verdict.is_err() => refused.see(server_name, end_entity),
            Sight::Refused(_) => {}
        }
        verdict
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
