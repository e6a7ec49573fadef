//! TLS with a certificate authority that is made at start and thrown away at the end.

use std::net::IpAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::TlsAcceptor;

use crate::SimulatorError;

/// The simulator's name in a network in memory.
pub(crate) const HOST: &str = "simulator.test";

/// What is needed to serve TLS, and to trust it.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    /// The authority's certificate, for clients.
    pub(crate) ca_pem: String,
}

/// A new authority, and a certificate for loopback, [`HOST`] and `address` signed by it.
pub(crate) fn throw_away(address: IpAddr) -> Result<Tls, SimulatorError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
        .distinguished_name
        .push(DnType::CommonName, "alipes simulator, throw-away authority");
    let key = KeyPair::generate()?;
    let ca_pem = params.self_signed(&key)?.pem();
    let authority = Issuer::new(params, key);

    let mut names = vec![
        HOST.to_owned(),
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    if !address.is_unspecified() {
        names.push(address.to_string());
    }
    let leaf_key = KeyPair::generate()?;
    let leaf = CertificateParams::new(names)?.signed_by(&leaf_key, &authority)?;
    let secret = PrivatePkcs8KeyDer::from(leaf_key.serialize_der());

    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], secret.into())?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Tls {
        acceptor: TlsAcceptor::from(Arc::new(config)),
        ca_pem,
    })
}
