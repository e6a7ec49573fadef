//! Steps of a dial by themselves, and certificates that are seen without being believed.

use alipes_net::{Alpn, Family, KeyShares, Limits, NetErrorKind, Phase, Tls, TlsOptions, Witness};
use alipes_simulator::{Options, Scenario, Simulator};

use crate::support::{Authority, Server, deadline, dialer};

#[tokio::test]
async fn a_witness_sees_the_certificate_whether_or_not_it_is_believed() {
    let authority = Authority::new();
    let config = authority.localhost(&["http/1.1"]);
    let server = Server::start_tls(config, |_stream| std::future::pending()).await;
    let mut target = server.target(true);
    target.host = "localhost".to_owned();
    let stranger = Authority::new().trusted();
    for (tls, is_believed) in [(authority.trusted(), true), (stranger, false)] {
        let witness = Witness::new();
        assert_eq!(witness.shown(), None);
        let dialer = dialer(tls, Limits::default()).witnessed(witness.clone());
        for _resumed in 0..2 {
            let dialled = dialer.dial(&target, Alpn::Http1, deadline()).await;
            assert_eq!(dialled.is_ok(), is_believed);
            if let Err(error) = dialled {
                assert!(matches!(error.kind, NetErrorKind::CertificateUnknownIssuer));
            }
        }
        let shown = witness.shown().unwrap();
        assert!(!shown.issuer.is_empty());
        assert!(shown.not_before < shown.not_after);
    }
}

#[tokio::test]
async fn key_shares_that_were_asked_for_are_used_without_a_second_try() {
    let authority = Authority::new();
    let config = authority.localhost(&["http/1.1"]);
    let server = Server::start_tls(config, |_stream| std::future::pending()).await;
    let mut target = server.target(true);
    target.host = "localhost".to_owned();
    for (shares, exchange) in [
        (KeyShares::PostQuantum, "X25519MLKEM768"),
        (KeyShares::Classical, "X25519"),
    ] {
        let dialer = authority.dialer().with_key_shares(shares);
        let facts = dialer
            .dial(&target, Alpn::Http1, deadline())
            .await
            .unwrap()
            .facts;
        assert_eq!(facts.tls.unwrap().key_exchange, exchange);
    }
    // A server that resets the long one: the usual way mends that, the one that is asked for tells it.
    let simulator = Simulator::start(Options {
        tls: true,
        scenario: Scenario::from_flags(["tls-reset-large-hello"]).unwrap(),
        ..Options::local(alipes_base::Clock::system(), alipes_base::Rng::seeded(1))
    });
    let simulator = simulator.await.unwrap();
    let trusting = Tls::new(TlsOptions {
        only_these_roots: simulator.ca_pem().map(|pem| pem.as_bytes().to_vec()),
        ..TlsOptions::default()
    });
    let usual = dialer(trusting.unwrap(), Limits::default());
    let url = simulator.base_url().parse().unwrap();
    let target = alipes_net::Target::from_url(&url).unwrap();
    let alone = usual.with_key_shares(KeyShares::PostQuantum);
    let error = alone.dial(&target, Alpn::Http1, deadline()).await;
    assert_eq!(error.err().unwrap().phase, Phase::Tls);
    let mended = usual.dial(&target, Alpn::Http1, deadline()).await.unwrap();
    assert!(mended.facts.tls.unwrap().classical);
}

#[tokio::test]
async fn each_family_is_looked_up_and_reached_alone() {
    let server = Server::start(|_stream| std::future::pending()).await;
    let dialer = Authority::new().dialer();
    let v4 = dialer.look_up("127.0.0.1", Family::V4, deadline()).await;
    assert_eq!(v4.unwrap(), [server.address.ip()]);
    let v6 = dialer.look_up("127.0.0.1", Family::V6, deadline()).await;
    assert!(v6.unwrap().is_empty());
    assert!(dialer.reach(server.address, deadline()).await.is_ok());
    let closed = "127.0.0.1:1".parse().unwrap();
    let refused = dialer.reach(closed, deadline()).await.unwrap_err();
    assert!(matches!(refused.kind, NetErrorKind::Refused), "{refused}");
    assert_eq!(refused.facts.remote_addr, Some(closed));
}
