//! TLS towards servers: rustls, the platform's authorities plus the user's extra ones.
//!
//! Authorities are read on the first encrypted dial and not before: a program that only prints
//! its help must not read hundreds of certificates. They are parsed once and shared.
//!
//! There are two ClientHellos: the usual one with a post-quantum key share, and a classical one
//! for networks that cannot bear the first (see `hello`).

mod certificate;
mod hello;
mod refused;
mod roots;
mod watched;
mod witness;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

pub use self::certificate::CertificateFacts;
pub(crate) use self::hello::Hello;
use self::refused::Refused;
use self::watched::{Sight, Watched};
pub use self::witness::Witness;
use crate::dialer::Alpn;
use crate::error::{Failure, NetError, NetErrorKind};
use crate::facts::{Protocol, TlsFacts};
use crate::phase::Phase;
use crate::sockets::BoxStream;

/// Whom to trust.
#[derive(Clone, Debug, Default)]
pub struct TlsOptions {
    /// Authorities to trust beside the platform's.
    pub extra_ca_files: Vec<CaFile>,
    /// PEM text of the only authorities to trust: for tests, which must not depend on a platform.
    pub only_these_roots: Option<Vec<u8>>,
}

/// A PEM file with authorities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaFile {
    /// The file.
    pub path: PathBuf,
    /// Who named it, for messages: the variable or setting.
    pub named_by: String,
    /// Whether it was meant for other programs too, so that without it the rest still works.
    pub is_optional: bool,
}

/// The client side of TLS. Cheap to clone; clones share authorities and resumed sessions.
#[derive(Clone)]
pub struct Tls(Arc<Shared>);

struct Shared {
    extra: Vec<CertificateDer<'static>>,
    left_out: Vec<NetError>,
    only: Option<Vec<CertificateDer<'static>>>,
    configs: OnceCell<Configs>,
}

struct Configs {
    usual: Offers,
    classical: Offers,
    roots: Arc<RootCertStore>,
    refused: Refused,
}

/// Which key shares a ClientHello offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyShares {
    /// A post-quantum one, unless that was met with silence on this way out.
    #[default]
    AsLearnt,
    /// A post-quantum one, whatever was learnt; what meets with silence fails.
    PostQuantum,
    /// None but those of before.
    Classical,
}

/// The configurations that differ in the HTTP versions they offer.
struct Offers {
    http1: Arc<ClientConfig>,
    http2_or_http1: Arc<ClientConfig>,
}

/// A TLS stream, and what the handshake agreed on.
pub(crate) struct Secured {
    pub(crate) stream: BoxStream,
    pub(crate) protocol: Protocol,
    pub(crate) facts: TlsFacts,
}

impl Tls {
    /// Reads the extra CA files; the platform's authorities wait for the first dial.
    ///
    /// # Errors
    /// [`NetErrorKind::CaFile`] if one that is not optional is missing, unreadable, or has no
    /// certificate.
    pub fn new(options: TlsOptions) -> Result<Self, NetError> {
        let during_tls = |failure: Failure| failure.during(Phase::Tls);
        let only = options
            .only_these_roots
            .as_deref()
            .map(roots::from_pem)
            .transpose();
        let (mut extra, mut left_out) = (Vec::new(), Vec::new());
        for file in &options.extra_ca_files {
            match roots::from_file(file).map_err(during_tls) {
                Ok(certificates) => extra.extend(certificates),
                Err(error) if file.is_optional => left_out.push(error),
                Err(error) => return Err(error),
            }
        }
        Ok(Self(Arc::new(Shared {
            extra,
            left_out,
            only: only.map_err(during_tls)?,
            configs: OnceCell::new(),
        })))
    }

    /// Why optional CA files were left out, for a warning.
    #[must_use]
    pub fn left_out(&self) -> &[NetError] {
        &self.0.left_out
    }

    /// Secures a connection to `host`, showing its certificate to the witness.
    pub(crate) async fn connect(
        &self,
        stream: BoxStream,
        (host, witness): (&str, Option<&Witness>),
        alpn: Alpn,
        hello: &Hello,
    ) -> Result<Secured, Failure> {
        let configs = self.0.configs.get_or_try_init(|| self.configure()).await?;
        let offers = if hello.is_classical() {
            &configs.classical
        } else {
            &configs.usual
        };
        let config = match alpn {
            Alpn::Http1 => &offers.http1,
            Alpn::Http2OrHttp1 => &offers.http2_or_http1,
        };
        let config = match witness {
            None => Arc::clone(config),
            Some(witness) => Arc::new(witness.beside(config, &configs.roots)?),
        };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|invalid| Failure::new(NetErrorKind::BadUrl).caused_by(invalid))?;
        let connecting = TlsConnector::from(config).connect(name.clone(), hello.listen(stream));
        let stream = connecting.await.map_err(|error| {
            let failure = Failure::from(error);
            match failure.kind().is_about_the_certificate() {
                true => failure.shown(configs.refused.of(&name)),
                false => failure,
            }
        })?;
        let session = stream.get_ref().1;
        Ok(Secured {
            protocol: match session.alpn_protocol() {
                Some(b"h2") => Protocol::Http2,
                _ => Protocol::Http1,
            },
            facts: facts(session, hello),
            stream: Box::new(stream),
        })
    }

    /// The platform's authorities are files, and many: a thread of its own reads them.
    async fn configure(&self) -> Result<Configs, Failure> {
        if self.0.only.is_some() {
            return self.0.configs();
        }
        let shared = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || shared.configs())
            .await
            .map_err(|ended| Failure::new(NetErrorKind::TlsOther).caused_by(ended))?
    }
}

impl Shared {
    fn configs(&self) -> Result<Configs, Failure> {
        let mut roots = RootCertStore::empty();
        match &self.only {
            Some(only) => roots.add_parsable_certificates(only.iter().cloned()),
            None => roots.add_parsable_certificates(roots::platform()),
        };
        roots.add_parsable_certificates(self.extra.iter().cloned());
        if roots.is_empty() {
            return Err(Failure::new(NetErrorKind::NoRootCertificates));
        }
        let (roots, refused) = (Arc::new(roots), Refused::default());
        let usual = rustls::crypto::aws_lc_rs::default_provider();
        Ok(Configs {
            classical: Offers::new(hello::classical(&usual), &roots, &refused)?,
            usual: Offers::new(usual, &roots, &refused)?,
            roots,
            refused,
        })
    }
}

impl Offers {
    fn new(
        provider: CryptoProvider,
        roots: &Arc<RootCertStore>,
        refused: &Refused,
    ) -> Result<Self, Failure> {
        let provider = Arc::new(provider);
        let judge = Watched::new(&provider, roots, Sight::Refused(refused.clone()))?;
        let mut http1 = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(judge))
            .with_no_client_auth();
        http1.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut http2_or_http1 = http1.clone();
        http2_or_http1.alpn_protocols.insert(0, b"h2".to_vec());
        Ok(Self {
            http1: Arc::new(http1),
            http2_or_http1: Arc::new(http2_or_http1),
        })
    }
}

fn facts(session: &ClientConnection, hello: &Hello) -> TlsFacts {
    let version = session
        .protocol_version()
        .and_then(|version| version.as_str());
    let group = session
        .negotiated_key_exchange_group()
        .and_then(|group| group.name().as_str());
    TlsFacts {
        version: version.unwrap_or("unknown"),
        key_exchange: group.unwrap_or("unknown"),
        classical: hello.is_classical(),
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}
