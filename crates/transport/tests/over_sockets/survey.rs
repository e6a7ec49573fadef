//! What a survey shows, and to whom: each key goes where a turn with it would go.

use std::sync::Arc;

use alipes_base::{Clock, Environment};
use alipes_net::{Dialer, DialerOptions, EgressPolicy, PlatformProxy, Tls, TlsOptions};
use alipes_simulator::{Manner, Proxy, ProxyOptions};
use alipes_transport::Route;
use alipes_transport::probe::{Other, Plan, Standby, survey};

use crate::common::{RenewableKey, endpoint, simulator, transport_of};

/// What became of the second of two accounts, and whom the proxy was asked for, where every address but
/// this machine's own is reached by a proxy.
async fn second_of(first: &str, second: &str, proxy: &Proxy) -> (Standby, Vec<String>) {
    let before = proxy.asked().len();
    let variables = [("HTTP_PROXY", format!("http://{}", proxy.local_addr()))];
    let environment = Environment::new(variables, "/".into());
    let policy = EgressPolicy::new(None, &environment, &PlatformProxy).unwrap();
    let tls = Tls::new(TlsOptions::default()).unwrap();
    let dialer = Dialer::new(DialerOptions::of_this_machine(tls, Clock::system()));
    let at = |url: &str| Arc::new(endpoint(url, &[Route::Sse], |profile| profile));
    let plan = Plan {
        transport: transport_of(dialer.through(policy)),
        endpoint: at(first),
        credential: Arc::new(RenewableKey),
        others: vec![Other {
            name: "second".to_owned(),
            endpoint: at(second),
            credential: Arc::new(RenewableKey),
        }],
        doors: Vec::new(),
        models_path: None,
    };
    let mut seen = survey(&plan).await.unwrap();
    (seen.others.remove(0), proxy.asked().split_off(before))
}

#[tokio::test]
async fn each_accounts_key_goes_by_the_way_that_is_decided_for_its_own_address() {
    let simulator = simulator(&[]).await;
    let proxy = Proxy::start(ProxyOptions {
        origin: Some(simulator.local_addr()),
        ..ProxyOptions::local(Manner::Obliging)
    });
    let proxy = proxy.await.unwrap();
    let (here, there) = (&*simulator.base_url(), "http://there.test/v1");

    let (second, asked) = second_of(there, here, &proxy).await;
    assert!(second.look.passed(), "{:?}", second.look);
    assert!(!asked.is_empty(), "the first is reached by the proxy");
    assert!(
        asked.iter().all(|to| to.contains("there.test")),
        "{asked:?}"
    );

    let (second, asked) = second_of(here, there, &proxy).await;
    assert!(second.look.passed(), "{:?}", second.look);
    assert!(asked.iter().all(|to| to == "there.test:80") && !asked.is_empty());
}
