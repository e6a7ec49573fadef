//! Names, addresses and limits: on a network made of paused time, then on this machine.

use std::io;
use std::time::Duration;

use alipes_net::{Alpn, NetErrorKind, Phase, Protocol, ResolveError, Target};

use crate::forms::in_every_form;
use crate::network::{Network, V4, V4_TOO, V6};
use crate::support::{Server, deadline, listen, plain_dialer, within};

in_every_form! { paused:
    async fn a_lookup_that_never_answers_aaaa_costs_its_grace_only(form) {
        let dialled = Network::default().v4(10, Ok(&[V4])).open(V4).dial(form).await;
        assert_eq!(dialled.address(), V4);
        assert_eq!(dialled.took, Duration::from_millis(60));
    }

    async fn aaaa_is_preferred_if_it_comes_within_its_grace(form) {
        let network = Network::default().v4(10, Ok(&[V4])).v6(40, Ok(&[V6]));
        let dialled = network.open(V4).open(V6).dial(form).await;
        assert_eq!(dialled.tried, [V6]);
    }

    async fn a_dead_ipv6_path_costs_a_quarter_of_a_second(form) {
        let network = Network::default().v4(0, Ok(&[V4])).v6(0, Ok(&[V6]));
        let dialled = network.open(V4).dial(form).await;
        assert_eq!(dialled.address(), V4);
        assert_eq!(dialled.tried, [V6, V4]);
        assert_eq!(dialled.took, Duration::from_millis(250));
    }

    async fn a_refused_address_is_followed_by_the_next_at_once(form) {
        let network = Network::default()
            .v4(0, Ok(&[V4, V4_TOO]))
            .v6(0, Err(ResolveError::NotFound));
        let dialled = network
            .fails(V4, io::ErrorKind::ConnectionRefused)
            .open(V4_TOO)
            .dial(form)
            .await;
        assert_eq!(dialled.tried, [V4, V4_TOO]);
        assert_eq!(dialled.took, Duration::ZERO);
    }

    async fn the_slower_family_joins_when_the_faster_one_leads_nowhere(form) {
        let network = Network::default().v6(0, Ok(&[V6])).v4(3_000, Ok(&[V4]));
        let dialled = network
            .fails(V6, io::ErrorKind::NetworkUnreachable)
            .open(V4)
            .dial(form)
            .await;
        assert_eq!(dialled.address(), V4);
        assert_eq!(dialled.took, Duration::from_secs(3));
    }

    async fn a_missing_family_does_not_hide_why_the_other_failed(form) {
        let network = Network::default().v4(0, Ok(&[V4])).v6(0, Ok(&[V6]));
        let network = network.fails(V6, io::ErrorKind::NetworkUnreachable);
        let error = network
            .fails(V4, io::ErrorKind::ConnectionRefused)
            .dial(form)
            .await
            .error();
        assert!(matches!(error.kind, NetErrorKind::Refused), "{error}");
        assert_eq!(error.facts.remote_addr, Some(V4.parse().unwrap()));
    }

    async fn no_such_name_needs_both_families_word(form) {
        let sure = Network::default()
            .v4(0, Err(ResolveError::NotFound))
            .v6(0, Err(ResolveError::NotFound));
        let error = sure.dial(form).await.error();
        assert!(matches!(error.kind, NetErrorKind::NameNotFound), "{error}");
        assert_eq!(error.phase, Phase::Resolve);

        let unsure = Network::default()
            .v4(0, Err(ResolveError::Failed(-3)))
            .v6(0, Err(ResolveError::NotFound));
        let error = unsure.dial(form).await.error();
        assert!(
            matches!(error.kind, NetErrorKind::ResolverFailed(-3)),
            "{error}"
        );
    }

    async fn a_silent_resolver_ends_by_its_limit(form) {
        let dialled = Network::default().dial(form).await;
        assert_eq!(dialled.took, Duration::from_secs(12));
        let error = dialled.error();
        assert!(
            matches!(
                error.kind,
                NetErrorKind::TimedOut {
                    limit: "resolve",
                    ..
                }
            ),
            "{error}"
        );
        assert!(!error.facts.written);
    }

    async fn addresses_that_swallow_everything_end_by_the_connect_limit(form) {
        let network = Network::default().v4(0, Ok(&[V4])).v6(0, Ok(&[V6]));
        let error = network.dial(form).await.error();
        assert_eq!(error.phase, Phase::Connect);
        assert!(
            matches!(
                error.kind,
                NetErrorKind::TimedOut {
                    limit: "connect",
                    ..
                }
            ),
            "{error}"
        );
        assert_eq!(
            error.facts.timings.of(Phase::Connect),
            Some(Duration::from_secs(10))
        );
    }
}

#[tokio::test]
async fn an_earlier_deadline_ends_a_phase_and_is_named() {
    let target = Target {
        tls: false,
        host: "127.0.0.1".to_owned(),
        port: 9,
    };
    let outcome = plain_dialer()
        .dial(&target, Alpn::Http1, within(Duration::ZERO))
        .await;
    let error = outcome.err().unwrap();
    assert!(
        matches!(
            error.kind,
            NetErrorKind::Refused | NetErrorKind::TimedOut { limit: "test", .. }
        ),
        "{error}"
    );
}

in_every_form! {
    async fn a_refused_port_is_named_with_its_address(form) {
        let address = listen().await.local_addr().unwrap();
        let error = form.talk(&plain_dialer(), "127.0.0.1", address.port()).await.unwrap_err();
        assert!(matches!(error.kind, NetErrorKind::Refused), "{error}");
        assert_eq!(
            (error.phase, error.facts.remote_addr),
            (Phase::Connect, Some(address))
        );
        let told = format!("connection refused while connecting to {address} ({address}, direct)");
        assert_eq!(error.to_string(), told);
    }
}

#[tokio::test]
async fn localhost_is_found_and_the_connection_describes_itself() {
    let server = Server::start(|_stream| std::future::pending()).await;
    let target = Target {
        tls: false,
        host: "localhost".to_owned(),
        port: server.address.port(),
    };
    let connection = plain_dialer()
        .dial(&target, Alpn::Http2OrHttp1, deadline())
        .await
        .unwrap();
    let facts = connection.facts;
    assert_eq!(
        (facts.egress.to_string().as_str(), facts.remote_addr),
        ("direct", server.address)
    );
    assert_eq!(
        (facts.protocol, facts.tls, facts.reused),
        (Protocol::Http1, None, false)
    );
    let phases: Vec<_> = facts.timings.iter().map(|(phase, _)| phase).collect();
    assert_eq!(phases, [Phase::Resolve, Phase::Connect]);
}

#[tokio::test]
async fn a_name_that_does_not_exist_fails_while_it_is_looked_up() {
    let target = Target {
        tls: false,
        host: "no-such-host.invalid".to_owned(),
        port: 443,
    };
    let error = plain_dialer()
        .dial(&target, Alpn::Http1, deadline())
        .await
        .err()
        .unwrap();
    assert_eq!(error.phase, Phase::Resolve);
    // A machine without a resolver cannot be sure, and says so.
    assert!(
        matches!(
            error.kind,
            NetErrorKind::NameNotFound | NetErrorKind::ResolverFailed(_) | NetErrorKind::Offline
        ),
        "{error}"
    );
}
