//! What a dialer remembers of better days, and how it says that there is no network at all.

use std::io;
use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_net::{Family, NetErrorKind, Phase, ResolveError};

use crate::forms::in_every_form;
use crate::network::{HOST, Network, V4, V6};

/// Both families known; IPv4 alone answers.
fn half_broken() -> Network {
    Network::default()
        .v4(0, Ok(&[V4]))
        .v6(0, Ok(&[V6]))
        .open(V4)
}

in_every_form! { paused:
    async fn the_family_that_won_goes_first_the_next_time(form) {
        let machine = half_broken().machine(form);
        let first = machine.dial().await;
        assert_eq!(first.took, Duration::from_millis(250));
        let second = machine.dial().await;
        assert_eq!(second.tried, [V4]);
        assert_eq!(second.took, Duration::ZERO);
    }

    async fn ipv6_that_says_nothing_beside_ipv4_is_remembered_until_it_answers(form) {
        let machine = half_broken().machine(form);
        let facts = machine.dial().await.outcome.unwrap();
        let memory = machine.dialer.memory();
        assert!(memory.is_ipv6_silent(HOST, &facts.egress_key));
        memory.hears_ipv6(HOST, &facts.egress_key);
        assert!(memory.silent_ipv6().is_empty());
        // IPv4 goes first now: nothing is found out about IPv6.
        machine.dial().await.outcome.unwrap();
        assert!(memory.silent_ipv6().is_empty());
    }

    async fn ipv6_that_answers_later_than_ipv4_goes_second_until_it_is_heard(form) {
        let machine = half_broken().opens(V6, 400).machine(form);
        let first = machine.dial().await;
        assert_eq!(first.address(), V4);
        let key = first.outcome.unwrap().egress_key;
        let memory = machine.dialer.memory();
        assert!(memory.is_ipv6_silent(HOST, &key));
        assert_eq!(machine.dial().await.tried, [V4]);
        // Whoever waits for it hears it.
        let deadline = Deadline::after(&Clock::system(), "test", Duration::from_secs(3));
        let waited = machine.dialer.reach(V6.parse().unwrap(), deadline).await;
        assert_eq!(waited.unwrap(), Duration::from_millis(400));
    }

    async fn what_another_process_knows_of_ipv6_spares_this_one_the_wait(form) {
        let other = half_broken().machine(form);
        let key = other.dial().await.outcome.unwrap().egress_key;
        let [((host, _), until)] = &other.dialer.memory().silent_ipv6()[..] else {
            panic!("one host was dialled");
        };
        let machine = half_broken().machine(form);
        machine.dialer.memory().make_ipv6_silent(host, &key, *until);
        assert_eq!(machine.dial().await.tried, [V4]);
    }

    async fn ipv6_that_is_refused_or_missing_is_not_called_silent(form) {
        for kind in [io::ErrorKind::ConnectionRefused, io::ErrorKind::NetworkUnreachable] {
            let machine = half_broken().fails(V6, kind).machine(form);
            machine.dial().await.outcome.unwrap();
            assert!(machine.dialer.memory().silent_ipv6().is_empty());
        }
    }

    async fn a_silent_resolver_costs_a_second_where_addresses_were_good(form) {
        let machine = half_broken().machine(form);
        machine.dial().await.outcome.unwrap();
        machine.resolver_says(None);
        let dialled = machine.dial().await;
        assert_eq!(dialled.address(), V4);
        assert_eq!(dialled.took, Duration::from_secs(1));
    }

    async fn a_resolver_that_fails_costs_nothing_where_addresses_were_good(form) {
        let machine = half_broken().machine(form);
        machine.dial().await.outcome.unwrap();
        machine.resolver_says(Some(ResolveError::Failed(-3)));
        let dialled = machine.dial().await;
        assert_eq!(dialled.address(), V4);
        assert_eq!(dialled.took, Duration::ZERO);
    }

    async fn a_name_that_is_gone_is_not_dialled_from_memory(form) {
        let machine = half_broken().machine(form);
        machine.dial().await.outcome.unwrap();
        machine.resolver_says(Some(ResolveError::NotFound));
        let error = machine.dial().await.error();
        assert!(matches!(error.kind, NetErrorKind::NameNotFound), "{error}");
        machine.resolver_says(Some(ResolveError::Failed(-3)));
        let error = machine.dial().await.error();
        assert!(matches!(error.kind, NetErrorKind::ResolverFailed(-3)), "{error}");
    }

    async fn ipv4_alone_is_asked_for_and_tried_when_told_so(form) {
        let mut machine = half_broken().open(V6).machine(form);
        machine.dialer = machine.dialer.ipv4_only(true);
        let dialled = machine.dial().await;
        assert_eq!(dialled.asked, [Family::V4]);
        assert_eq!(dialled.tried, [V4]);
    }

    async fn no_network_at_all_is_called_offline(form) {
        let unreachable = io::ErrorKind::NetworkUnreachable;
        let network = || half_broken().fails(V4, unreachable).fails(V6, unreachable);
        let error = network().without_local_address().dial(form).await.error();
        assert!(matches!(error.kind, NetErrorKind::Offline), "{error}");
        assert_eq!(error.phase, Phase::Connect);
        let error = network().dial(form).await.error();
        assert!(matches!(error.kind, NetErrorKind::Unreachable), "{error}");
    }

    async fn a_resolver_that_fails_without_a_network_is_called_offline(form) {
        let network = Network::default()
            .v4(0, Err(ResolveError::Failed(-3)))
            .v6(0, Err(ResolveError::Failed(-3)));
        let error = network.without_local_address().dial(form).await.error();
        assert!(matches!(error.kind, NetErrorKind::Offline), "{error}");
        assert_eq!(error.phase, Phase::Resolve);
    }

    async fn the_way_out_is_named_in_facts_and_errors(form) {
        let machine = half_broken().machine(form);
        let facts = machine.dial().await.outcome.unwrap();
        assert_eq!(facts.egress_key.as_str(), "direct 192.0.2.99");
        machine.resolver_says(Some(ResolveError::NotFound));
        let error = machine.dial().await.error();
        assert_eq!(error.facts.egress_key, Some(facts.egress_key));
    }
}
