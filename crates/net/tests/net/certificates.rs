//! TLS: whom we trust, and what we say when we do not.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use alipes_net::{
    Alpn, CaFile, CaFileProblem, Limits, NetError, NetErrorKind, Phase, Protocol, Tls, TlsOptions,
};
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::forms::Form;
use crate::support::{Authority, Server, deadline, dialer};

async fn dial(server: &Server, tls: Tls) -> Result<alipes_net::Connection, NetError> {
    let mut target = server.target(true);
    target.host = "localhost".to_owned();
    dialer(tls, Limits::default())
        .dial(&target, Alpn::Http2OrHttp1, deadline())
        .await
}

/// How a server with this certificate fails, which must be the same in every form.
async fn failure(config: ServerConfig, tls: Tls) -> NetErrorKind {
    let server = Server::start_tls(config, |_stream| async {}).await;
    let dialer = dialer(tls, Limits::default());
    let mut kinds = Vec::new();
    for form in [Form::Http1Tls, Form::Http2Tls, Form::WebSocketTls] {
        let port = server.address.port();
        let error = form.talk(&dialer, "localhost", port).await.unwrap_err();
        assert_eq!(error.phase, Phase::Tls, "{error}");
        assert_eq!(error.facts.remote_addr, Some(server.address));
        kinds.push(error.kind);
    }
    let last = kinds.pop().unwrap();
    for kind in kinds {
        assert_eq!(kind.to_string(), last.to_string());
    }
    last
}

#[tokio::test]
async fn a_trusted_server_is_reached_and_the_handshake_described() {
    let authority = Authority::new();
    let config = authority.localhost(&["h2", "http/1.1"]);
    let server = Server::start_tls(config, |_stream| std::future::pending()).await;
    let facts = dial(&server, authority.trusted()).await.unwrap().facts;
    assert_eq!(facts.protocol, Protocol::Http2);
    let tls = facts.tls.unwrap();
    assert_eq!(
        (tls.version, tls.key_exchange),
        ("TLSv1_3", "X25519MLKEM768")
    );
    assert!(facts.timings.of(Phase::Tls).is_some());
}

#[tokio::test]
async fn a_websocket_dial_never_ends_up_on_http2() {
    let authority = Authority::new();
    let config = authority.localhost(&["h2", "http/1.1"]);
    let server = Server::start_tls(config, |_stream| std::future::pending()).await;
    let mut target = server.target(true);
    target.host = "localhost".to_owned();
    let connection = authority
        .dialer()
        .dial(&target, Alpn::Http1, deadline())
        .await
        .unwrap();
    assert_eq!(connection.facts.protocol, Protocol::Http1);
}

#[tokio::test]
async fn an_unknown_issuer_is_named() {
    let kind = failure(Authority::new().localhost(&[]), Authority::new().trusted()).await;
    assert!(
        matches!(kind, NetErrorKind::CertificateUnknownIssuer),
        "{kind}"
    );
}

#[tokio::test]
async fn whose_a_certificate_is_that_is_not_believed_is_told_and_each_host_has_its_own() {
    let shown = async |host: &str, trusted: Tls| {
        let config = Authority::new().server(host, &[], |_| {});
        let server = Server::start_tls(config, |_stream| async {}).await;
        let error = dial(&server, trusted).await.err().unwrap();
        error.facts.certificate.unwrap()
    };
    let strangers = Authority::new().trusted();
    let first = shown("localhost", strangers.clone()).await;
    assert!(!first.issuer.is_empty(), "{first:?}");
    // The same configuration of TLS sees another one of the same host.
    let second = shown("elsewhere.example", strangers).await;
    assert_ne!(first.issuer, second.issuer);
}

#[tokio::test]
async fn a_certificate_for_another_host_is_named() {
    let authority = Authority::new();
    let config = authority.server("elsewhere.example", &[], |_| {});
    let kind = failure(config, authority.trusted()).await;
    assert!(matches!(kind, NetErrorKind::CertificateWrongHost), "{kind}");
}

#[tokio::test]
async fn a_certificate_out_of_its_time_is_named() {
    let authority = Authority::new();
    let expired = authority.server("localhost", &[], |params| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let kind = failure(expired, authority.trusted()).await;
    assert!(matches!(kind, NetErrorKind::CertificateExpired), "{kind}");

    let early = authority.server("localhost", &[], |params| {
        params.not_before = rcgen::date_time_ymd(2999, 1, 1);
    });
    let kind = failure(early, authority.trusted()).await;
    assert!(
        matches!(kind, NetErrorKind::CertificateNotYetValid),
        "{kind}"
    );
}

#[tokio::test]
async fn a_refusal_by_alert_keeps_the_alert() {
    let authority = Authority::new();
    // no_application_protocol: the server speaks neither of ours.
    let kind = failure(authority.localhost(&["spdy/3"]), authority.trusted()).await;
    assert!(matches!(kind, NetErrorKind::TlsAlert(120)), "{kind}");
}

#[tokio::test]
async fn a_peer_that_swallows_the_handshake_ends_by_the_tls_limit() {
    let server = Server::start(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let limits = Limits {
        tls: Duration::from_millis(20),
        ..Limits::default()
    };
    let dialer = dialer(Authority::new().trusted(), limits);
    let outcome = dialer
        .dial(&server.target(true), Alpn::Http1, deadline())
        .await;
    let error = outcome.err().unwrap();
    assert!(
        matches!(error.kind, NetErrorKind::TimedOut { limit: "tls", .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_peer_that_is_not_tls_or_hangs_up_is_told_apart() {
    let tls = Authority::new().trusted();
    let chatty = Server::start(|mut stream| async move {
        let _ = stream.write_all(b"220 mail.example ESMTP ready\r\n").await;
        let _ = stream.read(&mut [0; 4_096]).await;
    })
    .await;
    let error = dial(&chatty, tls.clone()).await.err().unwrap();
    assert!(matches!(error.kind, NetErrorKind::TlsOther), "{error}");

    let rude = Server::start(|mut stream| async move {
        let _ = stream.read(&mut [0; 4_096]).await;
    })
    .await;
    let error = dial(&rude, tls).await.err().unwrap();
    assert!(matches!(error.kind, NetErrorKind::Closed), "{error}");
}

#[tokio::test]
async fn an_extra_ca_file_adds_to_the_others() {
    let (platform, company) = (Authority::new(), Authority::new());
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(company.pem()).unwrap();
    let tls = Tls::new(TlsOptions {
        extra_ca_files: vec![ca_file(file.path(), false)],
        only_these_roots: Some(platform.pem().to_vec()),
    })
    .unwrap();
    for authority in [platform, company] {
        let config = authority.localhost(&[]);
        let server = Server::start_tls(config, |_stream| std::future::pending()).await;
        dial(&server, tls.clone()).await.unwrap();
    }
}

fn ca_file(path: &Path, is_optional: bool) -> CaFile {
    CaFile {
        path: path.to_owned(),
        named_by: "THE_VARIABLE".to_owned(),
        is_optional,
    }
}

#[test]
fn an_optional_ca_file_that_cannot_serve_is_left_out_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let (missing, mixed) = (folder.path().join("missing"), folder.path().join("mixed"));
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    std::fs::write(&mixed, [broken, Authority::new().pem()].concat()).unwrap();
    let tls = Tls::new(TlsOptions {
        extra_ca_files: vec![ca_file(&missing, true), ca_file(&mixed, true)],
        only_these_roots: None,
    })
    .unwrap();
    let told: Vec<String> = tls.left_out().iter().map(ToString::to_string).collect();
    let (first, variable) = (missing.display().to_string(), "THE_VARIABLE");
    assert_eq!(
        told.len(),
        1,
        "some certificates of a bundle are enough: {told:?}"
    );
    assert!(
        told[0].contains(&first) && told[0].contains(variable),
        "{told:?}"
    );
}

#[test]
fn a_ca_file_that_cannot_serve_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let problem = |name: &str, content: Option<&str>| {
        let path = folder.path().join(name);
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let extra_ca_files = vec![ca_file(&path, false)];
        let error = Tls::new(TlsOptions {
            extra_ca_files,
            only_these_roots: None,
        })
        .unwrap_err();
        assert!(matches!(&error.kind, NetErrorKind::CaFile { path: named, .. } if *named == path));
        error
    };
    let cause = |error: &NetError| {
        let source = std::error::Error::source(error).unwrap();
        source.downcast_ref::<CaFileProblem>().unwrap().to_string()
    };
    let missing = problem("missing.pem", None);
    assert_eq!(
        cause(&missing),
        CaFileProblem::Unreadable(std::io::ErrorKind::NotFound.into()).to_string()
    );
    let empty = problem("empty.pem", Some(" \n"));
    assert_eq!(cause(&empty), CaFileProblem::Empty.to_string());
    let words = problem("words.pem", Some("no certificate here"));
    assert_eq!(cause(&words), CaFileProblem::NoCertificate.to_string());
    let broken = problem("broken.pem", Some(broken));
    assert_eq!(cause(&broken), CaFileProblem::BadCertificate.to_string());
}

/// Only where this machine has authorities: a bare container has none, and says so.
#[tokio::test]
async fn the_platforms_authorities_do_not_trust_ours() {
    let tls = Tls::new(TlsOptions::default()).unwrap();
    let kind = failure(Authority::new().localhost(&[]), tls).await;
    assert!(
        matches!(
            kind,
            NetErrorKind::CertificateUnknownIssuer | NetErrorKind::NoRootCertificates
        ),
        "{kind}"
    );
}
