//! TLS with a certificate authority that is made at start and thrown away at the end, and the
//! certificates that a fault can show in place of the good one.

use std::net::IpAddr;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;

use crate::SimulatorError;

/// The simulator's name in a network in memory.
pub(crate) const HOST: &str = "simulator.test";

/// What can be wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// It is for another name.
    WrongHost,
    /// An authority that nobody knows signed it, as a middlebox that looks inside does.
    Stranger,
}

/// What is needed to serve TLS, and to trust it.
pub(crate) struct Tls {
    names: Vec<String>,
    authority: Authority,
    good: Arc<ServerConfig>,
}

impl Tls {
    /// A new authority, and a certificate for loopback, [`HOST`] and `address` signed by it.
    pub(crate) fn throw_away(address: IpAddr) -> Result<Self, SimulatorError> {
        let mut names = vec![
            HOST.to_owned(),
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "::1".to_owned(),
        ];
        if !address.is_unspecified() {
            names.push(address.to_string());
        }
        let authority = Authority::new("alipes simulator, throw-away authority")?;
        let good = authority.server(CertificateParams::new(names.clone())?)?;
        Ok(Self {
            names,
            authority,
            good,
        })
    }

    /// The authority's certificate, for clients.
    pub(crate) fn ca_pem(&self) -> &str {
        &self.authority.pem
    }

    /// How a handshake is answered.
    pub(crate) fn config(&self, flaw: Option<Flaw>) -> Result<Arc<ServerConfig>, SimulatorError> {
        let Some(flaw) = flaw else {
            return Ok(Arc::clone(&self.good));
        };
        let mut params = CertificateParams::new(self.names.clone())?;
        match flaw {
            Flaw::Expired => params.not_after = date_time_ymd(2020, 1, 1),
            Flaw::NotYetValid => params.not_before = date_time_ymd(2999, 1, 1),
            Flaw::WrongHost => params = CertificateParams::new(["elsewhere.invalid".to_owned()])?,
            Flaw::Stranger => return Authority::new("nobody knows this authority")?.server(params),
        }
        self.authority.server(params)
    }
}

/// Signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Result<Self, SimulatorError> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Self {
            issuer: Issuer::new(params, key),
            pem,
        })
    }

    /// A server with a certificate of its own.
    fn server(&self, params: CertificateParams) -> Result<Arc<ServerConfig>, SimulatorError> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let secret = PrivatePkcs8KeyDer::from(key.serialize_der());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], secret.into())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
