//! Clients that come over TLS.

use std::path::Path;
use std::sync::Arc;

use alipes_server::TlsFiles;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsConnector;

use crate::client::{Reply, connect, read};
use crate::stage::{ASK, Stage, config, simulator};

/// Writes a new certificate for loopback; the client that trusts it alone.
fn write_certificate(folder: &Path) -> TlsConnector {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from(made.cert.der().to_vec());
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(client))
}

/// Asks over TLS; `None` if the certificate is not the trusted one.
async fn ask(stage: &Stage, trusting: &TlsConnector) -> Option<Reply> {
    let name = "127.0.0.1".try_into().unwrap();
    let stream = connect(stage.address()).await;
    let mut stream = trusting.connect(name, stream).await.ok()?;
    let request = stage.request("POST", "/v1/responses", ASK);
    stream.write_all(request.as_bytes()).await.unwrap();
    Some(read(&mut stream).await)
}

#[tokio::test]
async fn a_certificate_is_shown_and_a_renewed_one_as_soon_as_it_is_read() {
    let model = simulator(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    let old = write_certificate(folder.path());
    let files = TlsFiles {
        certificate: folder.path().join("cert.pem"),
        key: folder.path().join("key.pem"),
    };
    let config = config(&[&model], "");
    let stage = Stage::showing(Some(files), &config).await;
    assert!(stage.server.base_url().starts_with("https://"));
    assert_eq!(ask(&stage, &old).await.unwrap().status, 200);
    let new = write_certificate(folder.path());
    stage.reload(&config);
    assert_eq!(ask(&stage, &new).await.unwrap().status, 200);
    assert!(ask(&stage, &old).await.is_none());
}

#[tokio::test]
async fn what_is_no_tls_gets_no_answer_and_keeps_nobody_out() {
    let model = simulator(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    let trusted = write_certificate(folder.path());
    let files = TlsFiles {
        certificate: folder.path().join("cert.pem"),
        key: folder.path().join("key.pem"),
    };
    let stage = Stage::showing(Some(files), &config(&[&model], "")).await;
    let mut plain = connect(stage.address()).await;
    let request = stage.request("GET", "/v1/models", "");
    plain.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _reset = tokio::io::AsyncReadExt::read_to_end(&mut plain, &mut answer).await;
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
    assert_eq!(ask(&stage, &trusted).await.unwrap().status, 200);
}
