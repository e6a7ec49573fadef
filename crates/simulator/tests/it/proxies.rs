//! A proxy before the simulator does what its manner says, on sockets of this machine and within a network
//! in memory.

use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Environment, Rng};
use alipes_net::websocket::{self, Upgrade};
use alipes_net::{
    ConfiguredEgress, Dialer, DialerOptions, EgressPolicy, HttpClient, Limits, NetError,
    NetErrorKind, Phase, PlatformProxy, Sockets, SystemSockets, Tls, TlsOptions,
};
use alipes_simulator::{Manner, Network, Options, Proxy, ProxyOptions, Simulator};

use crate::client::{QUIET, call, deadline, options, prompt, text};

/// A simulator, a proxy before it, and a client that knows only the proxy.
struct Scene {
    simulator: Simulator,
    proxy: Proxy,
    dialer: Dialer,
}

impl Scene {
    async fn on_this_machine(manner: Manner) -> Self {
        let simulator = Simulator::start(options(&[])).await.unwrap();
        let proxy = Proxy::start(ProxyOptions::local(manner)).await.unwrap();
        Self::new(manner, simulator, proxy, Arc::new(SystemSockets::default()))
    }

    fn in_memory(manner: Manner) -> Self {
        let network = Network::new(Clock::system());
        let at = |address: &str| address.parse().unwrap();
        let simulator = Options {
            listen: at("192.0.2.1:80"),
            ..Options::local(Clock::system(), Rng::seeded(7))
        };
        let proxy = ProxyOptions {
            listen: at("192.0.2.2:3128"),
            ..ProxyOptions::local(manner)
        };
        let simulator = Simulator::within(&network, simulator).unwrap();
        let proxy = Proxy::within(&network, proxy).unwrap();
        Self::new(manner, simulator, proxy, Arc::new(network))
    }

    fn new(manner: Manner, simulator: Simulator, proxy: Proxy, sockets: Arc<dyn Sockets>) -> Self {
        let configured = ConfiguredEgress {
            way: format!("http://{}", proxy.local_addr()),
            named_by: "--proxy".to_owned(),
            exceptions: String::new(),
        };
        let nothing = Environment::default();
        let policy = EgressPolicy::new(Some(&configured), &nothing, &PlatformProxy).unwrap();
        let mut limits = Limits::default();
        if manner == Manner::SwallowsUpgrades {
            limits.upgrade = Duration::from_millis(300);
        }
        let dialer = Dialer::new(DialerOptions {
            sockets,
            tls: Tls::new(TlsOptions::default()).unwrap(),
            limits,
            clock: Clock::system(),
        });
        Self {
            simulator,
            proxy,
            dialer: dialer.through(policy),
        }
    }

    /// One answer over HTTP, as far as it came.
    async fn ask(&self) -> Result<String, NetError> {
        let body = prompt("hi").to_string();
        let call = call(&self.simulator, "POST", "/v1/responses", &[], body);
        let client = HttpClient::new(self.dialer.clone(), Clock::system());
        Ok(text(client.send(call, deadline()).await?).await)
    }

    async fn upgrade(&self) -> Result<(), NetError> {
        let url = format!("{}/responses", self.simulator.base_url()).replacen("http", "ws", 1);
        let upgrade = Upgrade::new(url.parse().unwrap());
        websocket::connect(&self.dialer, upgrade, deadline()).await?;
        Ok(())
    }
}

#[tokio::test]
async fn a_proxy_that_obliges_takes_us_there() {
    for scene in [
        Scene::on_this_machine(Manner::Obliging).await,
        Scene::in_memory(Manner::Obliging),
    ] {
        assert!(scene.ask().await.unwrap().contains("response.completed"));
        scene.upgrade().await.unwrap();
        let url: url::Url = scene.simulator.base_url().parse().unwrap();
        let asked = format!(
            "{}:{}",
            url.host_str().unwrap(),
            url.port_or_known_default().unwrap()
        );
        assert_eq!(scene.proxy.asked(), [asked.clone(), asked]);
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_says_so_itself() {
    for status in [403, 407, 502] {
        for scene in [
            Scene::on_this_machine(Manner::Refuses(status)).await,
            Scene::in_memory(Manner::Refuses(status)),
        ] {
            let error = scene.ask().await.unwrap_err();
            assert_eq!(error.phase, Phase::Proxy);
            match error.kind {
                NetErrorKind::ProxyAuth {
                    sent: false,
                    offered,
                } if status == 407 => {
                    assert_eq!(offered, "Basic");
                }
                NetErrorKind::ProxyRefused { status: told, .. } => assert_eq!(told, status),
                _ => panic!("{error}"),
            }
            assert!(scene.simulator.seen().is_empty());
        }
    }
}

#[tokio::test]
async fn a_proxy_can_swallow_upgrades_and_nothing_else() {
    for scene in [
        Scene::on_this_machine(Manner::SwallowsUpgrades).await,
        Scene::in_memory(Manner::SwallowsUpgrades),
    ] {
        assert!(scene.ask().await.unwrap().contains("response.completed"));
        let error = scene.upgrade().await.unwrap_err();
        assert_eq!(error.phase, Phase::Upgrade);
        assert!(
            matches!(
                error.kind,
                NetErrorKind::TimedOut {
                    limit: "upgrade",
                    ..
                }
            ),
            "{error}"
        );
        // The server has answered.
        assert_eq!(scene.simulator.seen().len(), 2);
    }
}

#[tokio::test]
async fn a_proxy_can_freeze_in_the_middle_of_an_answer() {
    for scene in [
        Scene::on_this_machine(Manner::FreezesAfter(1_500)).await,
        Scene::in_memory(Manner::FreezesAfter(1_500)),
    ] {
        let body = prompt("hi").to_string();
        let call = call(&scene.simulator, "POST", "/v1/responses", &[], body);
        let client = HttpClient::new(scene.dialer.clone(), Clock::system());
        let mut response = client.send(call, deadline()).await.unwrap();
        let mut came = 0;
        let wait = deadline();
        loop {
            match tokio::time::timeout(QUIET, response.body.chunk()).await {
                Ok(chunk) => came += chunk.unwrap().expect("it froze").len(),
                Err(_elapsed) if came > 0 => break,
                Err(_elapsed) => assert!(!wait.remaining(&Clock::system()).is_zero()),
            }
        }
        assert!((1..1_500).contains(&came), "{came}");
    }
}
