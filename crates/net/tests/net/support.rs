//! Servers that do what they are told, a throw-away authority, and a client that trusts it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_net::{
    Call, Dialer, DialerOptions, HttpClient, Limits, NetError, Response, SystemSockets, Target,
    Tls, TlsOptions,
};
use bytes::Bytes;
use http::{HeaderMap, Method};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A listener that hands each connection to a script; stops when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start<F, Work>(script: F) -> Self
    where
        F: Fn(TcpStream) -> Work + Send + 'static,
        Work: Future<Output = ()> + Send + 'static,
    {
        let listener = listen().await;
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                connections.spawn(script(stream));
            }
        });
        Self {
            address,
            _tasks: tasks,
        }
    }

    pub(crate) async fn start_tls<F, Work>(config: ServerConfig, script: F) -> Self
    where
        F: Fn(TlsStream<TcpStream>) -> Work + Clone + Send + Sync + 'static,
        Work: Future<Output = ()> + Send + 'static,
    {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::start(move |stream| {
            let (acceptor, script) = (acceptor.clone(), script.clone());
            async move {
                // A client that does not like us hangs up; that is its test's business.
                if let Ok(stream) = acceptor.accept(stream).await {
                    script(stream).await;
                }
            }
        })
        .await
    }

    /// A URL of this server, by a name that its certificates are for.
    pub(crate) fn url(&self, scheme: &str, path: &str) -> url::Url {
        format!("{scheme}://localhost:{}{path}", self.address.port())
            .parse()
            .unwrap()
    }

    pub(crate) fn target(&self, tls: bool) -> Target {
        Target {
            tls,
            host: "127.0.0.1".to_owned(),
            port: self.address.port(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "tests need servers")]
pub(crate) async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// A certificate authority of this test run.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Two authorities of one name would be told apart by their signatures only.
        let name = format!("test authority {:02x?}", params.key_identifier(&key));
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    pub(crate) fn pem(&self) -> &[u8] {
        self.pem.as_bytes()
    }

    /// A server's configuration with a certificate for `name`, changed as the test wants it.
    pub(crate) fn server(
        &self,
        name: &str,
        alpn: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }

    pub(crate) fn localhost(&self, alpn: &[&str]) -> ServerConfig {
        self.server("localhost", alpn, |_| {})
    }

    pub(crate) fn dialer(&self) -> Dialer {
        dialer(self.trusted(), Limits::default())
    }

    pub(crate) fn client(&self) -> HttpClient {
        HttpClient::new(self.dialer(), Clock::system())
    }

    pub(crate) fn trusted(&self) -> Tls {
        let only_these_roots = Some(self.pem().to_vec());
        Tls::new(TlsOptions {
            only_these_roots,
            ..TlsOptions::default()
        })
        .unwrap()
    }
}

pub(crate) fn dialer(tls: Tls, limits: Limits) -> Dialer {
    Dialer::new(DialerOptions {
        sockets: Arc::new(SystemSockets::new()),
        tls,
        limits,
        clock: Clock::system(),
    })
}

/// A dialer for servers without TLS.
pub(crate) fn plain_dialer() -> Dialer {
    dialer(Tls::new(TlsOptions::default()).unwrap(), Limits::default())
}

pub(crate) fn plain_client() -> HttpClient {
    HttpClient::new(plain_dialer(), Clock::system())
}

/// Long enough never to end a test that works.
pub(crate) fn deadline() -> Deadline {
    within(Duration::from_secs(30))
}

pub(crate) fn within(length: Duration) -> Deadline {
    Deadline::after(&Clock::system(), "test", length)
}

pub(crate) fn get(url: url::Url) -> Call {
    Call {
        method: Method::GET,
        url,
        headers: HeaderMap::new(),
        body: Bytes::new(),
        partition: String::new(),
        fresh: false,
    }
}

pub(crate) fn post(url: url::Url, body: impl Into<Bytes>) -> Call {
    Call {
        method: Method::POST,
        body: body.into(),
        ..get(url)
    }
}

pub(crate) async fn read_all(mut response: Response) -> Result<Vec<u8>, NetError> {
    let mut all = Vec::new();
    while let Some(chunk) = response.body.chunk().await? {
        all.extend_from_slice(&chunk);
    }
    Ok(all)
}

/// Reads an HTTP/1.1 request's head; empty if the client hung up.
pub(crate) async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).await.unwrap_or(0) == 0 {
            break;
        }
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}
