//! A machine with a home of its own, an issuer, and the browser that a person would use.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use alipes_auth::{Issuer, Keeping, Logins, LoginsOptions, Renewals};
use alipes_base::{Clock, Deadline, Environment, Redactor, Rng};
use alipes_net::{Call, Dialer, DialerOptions, HttpClient, Response, Tls, TlsOptions};
use alipes_simulator::{Options, Route, Scenario, Seen, Simulator};
use alipes_transport::Credential;
use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;
use url::Url;

/// The name under which everything here signs in.
pub(crate) const NAME: &str = "openai-codex";

/// Nothing on loopback takes that long; a test that waits for it has failed.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// A client's machine and the services that it talks to.
pub(crate) struct Machine {
    pub(crate) simulator: Simulator,
    pub(crate) home: tempfile::TempDir,
    pub(crate) redactor: Redactor,
    pub(crate) clock: Clock,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) renewals: Renewals,
}

impl Machine {
    pub(crate) async fn new(faults: &[&str]) -> Self {
        let options = Options {
            scenario: Scenario::from_flags(faults).unwrap(),
            ..Options::local(Clock::system(), Rng::from_entropy())
        };
        Self {
            simulator: Simulator::start(options).await.unwrap(),
            home: tempfile::tempdir().unwrap(),
            redactor: Redactor::new(),
            clock: Clock::system(),
            variables: Vec::new(),
            renewals: Renewals::default(),
        }
    }

    /// A machine on which somebody has signed in, with tokens that last so long.
    pub(crate) async fn signed_in(lifetime: Duration) -> Self {
        let machine = Self::new(&[]).await;
        machine.simulator.set_token_lifetime(lifetime);
        machine.sign_in().await;
        machine
    }

    /// This machine with its clock set `by` so much, forwards or back.
    pub(crate) fn with_clock(mut self, by: i64) -> Self {
        let length = Duration::from_secs(by.unsigned_abs());
        let now = Clock::system().wall();
        let date: SystemTime = if by < 0 { now - length } else { now + length };
        self.clock = Clock::anchored(date);
        self
    }

    pub(crate) fn set_faults(&self, faults: &[&str]) {
        self.simulator
            .set_scenario(Scenario::from_flags(faults).unwrap());
    }

    /// The sign-ins as one process sees them.
    pub(crate) fn logins(&self) -> Logins {
        self.logins_on(vec![0])
    }

    /// The same, with these ports for a browser to come back to.
    pub(crate) fn logins_on(&self, callback_ports: Vec<u16>) -> Logins {
        let mut issuer = Issuer::at(&self.simulator.issuer_url()).unwrap();
        issuer.callback_ports = callback_ports;
        let variables = self.variables.iter().cloned();
        logins(Setting {
            folder: self.home.path().to_owned(),
            issuer,
            clock: self.clock.clone(),
            redactor: self.redactor.clone(),
            environment: Environment::new(variables, self.home.path().to_owned()),
            renewals: self.renewals.clone(),
        })
    }

    /// The provider that the sign-in is for.
    pub(crate) fn base_url(&self) -> Url {
        let base = format!("{}/backend-api/codex", self.simulator.issuer_url());
        base.parse().unwrap()
    }

    pub(crate) fn credential(&self) -> Arc<dyn Credential> {
        self.logins().credential(NAME, &self.base_url())
    }

    /// Signs in with a browser.
    pub(crate) async fn sign_in(&self) {
        let sign_in = self.logins().with_browser(NAME).await.unwrap();
        let url = sign_in.url().clone();
        let (signed_in, page) = tokio::join!(sign_in.finish(), browse(url));
        signed_in.unwrap();
        assert!(page.contains("Signed in"), "{page}");
    }

    /// The requests on one of the issuer's routes since its start.
    pub(crate) fn seen(&self, route: Route) -> Vec<Seen> {
        let seen = self.simulator.seen().into_iter();
        seen.filter(|seen| seen.route == route).collect()
    }

    /// How many refreshes there have been, successful or not.
    pub(crate) fn refreshes(&self) -> usize {
        let is_refresh = |seen: &Seen| {
            let body = seen.body.as_ref();
            body.is_some_and(|body| body["grant_type"] == "refresh_token")
        };
        let seen = self.seen(Route::Token).into_iter();
        seen.filter(is_refresh).count()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.home.path().join("auth.json")
    }

    pub(crate) fn saved(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.file()).unwrap()).unwrap()
    }

    /// The sign-in as it is kept.
    pub(crate) fn login(&self) -> Value {
        self.saved()["logins"][NAME].clone()
    }
}

/// What a process of ours is made with.
pub(crate) struct Setting {
    pub(crate) folder: PathBuf,
    pub(crate) issuer: Issuer,
    pub(crate) clock: Clock,
    pub(crate) redactor: Redactor,
    pub(crate) environment: Environment,
    pub(crate) renewals: Renewals,
}

pub(crate) fn logins(setting: Setting) -> Logins {
    Logins::new(LoginsOptions {
        folder: setting.folder,
        keeping: Keeping::File,
        issuer: setting.issuer,
        originator: "alipes-requests".to_owned(),
        user_agent: "alipes/0.0.0 (test)".to_owned(),
        version: "0.0.0",
        environment: setting.environment,
        http: http(),
        clock: setting.clock,
        redactor: setting.redactor,
        renewals: setting.renewals,
    })
}

pub(crate) fn http() -> HttpClient {
    let clock = Clock::system();
    let dialer = Dialer::new(DialerOptions::of_this_machine(
        Tls::new(TlsOptions::default()).unwrap(),
        clock.clone(),
    ));
    HttpClient::new(dialer, clock)
}

/// Plays the browser: goes where it is sent, and tells the last page.
pub(crate) async fn browse(mut url: Url) -> String {
    loop {
        let answer = get(url.clone(), HeaderMap::new()).await;
        match answer.headers.get("location") {
            Some(location) => url = url.join(location.to_str().unwrap()).unwrap(),
            None => return text(answer).await,
        }
    }
}

/// Where the issuer sends the browser, without going there.
pub(crate) async fn sent_back(url: Url) -> Url {
    let answer = get(url, HeaderMap::new()).await;
    let location = answer.headers["location"].to_str().unwrap();
    location.parse().unwrap()
}

pub(crate) async fn get(url: Url, headers: HeaderMap) -> Response {
    send(Method::GET, url, headers, Bytes::new()).await
}

pub(crate) async fn send(method: Method, url: Url, headers: HeaderMap, body: Bytes) -> Response {
    let call = Call {
        method,
        url,
        headers,
        body,
        partition: String::new(),
        fresh: true,
    };
    http().send(call, deadline()).await.unwrap()
}

pub(crate) async fn text(answer: Response) -> String {
    let body = answer.body.read_prefix(1 << 20, deadline()).await;
    String::from_utf8(body.to_vec()).unwrap()
}

/// Waits until it is so.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    deadline().run(waiting).await.unwrap();
}

pub(crate) fn deadline() -> Deadline {
    Deadline::after(&Clock::system(), "test", LONG)
}
