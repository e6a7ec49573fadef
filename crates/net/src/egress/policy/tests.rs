//! The decision as a table: what is set, where to, which way, and what was passed by.

use std::path::PathBuf;

use super::*;
use crate::egress::SystemProxySettings;
use crate::error::NetErrorKind;

/// A system whose settings the test chose.
struct Fixed(SystemProxySettings);

impl SystemProxy for Fixed {
    fn settings(&self) -> SystemProxySettings {
        self.0.clone()
    }
}

#[derive(Default)]
struct Machine<'a> {
    configured: Option<(&'a str, &'a str)>,
    environment: &'a [(&'a str, &'a str)],
    system: SystemProxySettings,
}

impl Machine<'_> {
    fn policy(self) -> Result<EgressPolicy, NetError> {
        let configured = self.configured.map(|(way, exceptions)| ConfiguredEgress {
            way: way.to_owned(),
            named_by: "--proxy".to_owned(),
            exceptions: exceptions.to_owned(),
        });
        let environment = Environment::new(self.environment.to_vec(), PathBuf::new());
        EgressPolicy::new(configured.as_ref(), &environment, &Fixed(self.system))
    }

    /// The way to `url`, and the proxy that it passes by.
    fn way(self, url: &str) -> (String, String) {
        let target = Target::from_url(&url.parse().unwrap()).unwrap();
        let departure = self.policy().unwrap().decide(&target);
        let unused = departure.unused.map(|unused| unused.to_string());
        (departure.egress.to_string(), unused.unwrap_or_default())
    }
}

fn environment(variables: &[(&str, &str)], url: &str) -> (String, String) {
    let machine = Machine {
        environment: variables,
        ..Machine::default()
    };
    machine.way(url)
}

const API: &str = "https://api.example/v1";
const SOCKET: &str = "wss://api.example/v1";
const PLAIN: &str = "http://api.example/v1";
const HTTPS: (&str, &str) = ("HTTPS_PROXY", "http://user:hunter22@proxy:3128");
const HTTP: (&str, &str) = ("HTTP_PROXY", "http://plain:3128");
const ALL: (&str, &str) = ("ALL_PROXY", "socks5h://all:1080");

fn system() -> SystemProxySettings {
    SystemProxySettings {
        https: Some("http://office:8080".to_owned()),
        exceptions: vec!["*.local".to_owned(), "10/8".to_owned()],
        ..SystemProxySettings::default()
    }
}

fn unused(source: &str, why: &str) -> String {
    format!("this machine has a proxy ({source}) that was not used, because {why}")
}

#[test]
fn the_environment_names_a_proxy_for_each_scheme() {
    for (variables, url, expected) in [
        (
            &[HTTPS, HTTP, ALL][..],
            API,
            "http://proxy:3128 from HTTPS_PROXY",
        ),
        (
            &[HTTPS, HTTP, ALL],
            SOCKET,
            "http://proxy:3128 from HTTPS_PROXY",
        ),
        (
            &[HTTPS, HTTP, ALL],
            PLAIN,
            "http://plain:3128 from HTTP_PROXY",
        ),
        (&[HTTP, ALL], API, "socks5h://all:1080 from ALL_PROXY"),
        (&[HTTPS, ALL], PLAIN, "socks5h://all:1080 from ALL_PROXY"),
        (
            &[("https_proxy", "low:1")],
            API,
            "http://low:1 from https_proxy",
        ),
        (
            &[("all_proxy", "low:1")],
            PLAIN,
            "http://low:1 from all_proxy",
        ),
        (
            &[("https_proxy", "low:1"), HTTPS],
            API,
            "http://proxy:3128 from HTTPS_PROXY",
        ),
        (&[], API, "direct"),
    ] {
        let (way, passed_by) = environment(variables, url);
        assert_eq!((way.as_str(), passed_by.as_str()), (expected, ""), "{url}");
    }
}

#[test]
fn a_proxy_that_was_not_used_is_told_with_the_reason() {
    for (variables, url, way, why) in [
        (
            &[HTTPS, ("NO_PROXY", "a.example,.Example")][..],
            API,
            "direct from NO_PROXY",
            unused("HTTPS_PROXY", ".Example is excepted by NO_PROXY"),
        ),
        (
            &[HTTPS, ("no_proxy", "*")],
            API,
            "direct from no_proxy",
            unused("HTTPS_PROXY", "* is excepted by no_proxy"),
        ),
        (
            &[HTTP],
            API,
            "direct",
            unused("HTTP_PROXY", "it is set for another scheme"),
        ),
        (
            &[HTTP, ("REQUEST_METHOD", "GET")],
            PLAIN,
            "direct",
            unused(
                "HTTP_PROXY",
                "REQUEST_METHOD is set, so a web request may have named it",
            ),
        ),
    ] {
        let (direct, passed_by) = environment(variables, url);
        assert_eq!((direct.as_str(), passed_by), (way, why));
    }
}

#[test]
fn a_cgi_program_still_has_its_lower_case_proxy() {
    let variables = [HTTP, ("REQUEST_METHOD", "GET"), ("http_proxy", "low:1")];
    assert_eq!(
        environment(&variables, PLAIN).0,
        "http://low:1 from http_proxy"
    );
}

#[test]
fn loopback_is_proxied_only_on_explicit_wish() {
    for host in [
        "localhost",
        "a.localhost",
        "127.0.0.9",
        "[::1]",
        "[::ffff:127.0.0.1]",
    ] {
        let url = format!("https://{host}:1234/");
        let (way, passed_by) = environment(&[HTTPS, ALL], &url);
        assert_eq!((way.as_str(), passed_by.as_str()), ("direct", ""), "{host}");
        let asked = Machine {
            configured: Some(("http://mine:1", "")),
            ..Machine::default()
        };
        assert_eq!(asked.way(&url).0, "http://mine:1 from --proxy", "{host}");
    }
}

#[test]
fn what_the_user_configured_comes_first() {
    let machine = |way, exceptions| Machine {
        configured: Some((way, exceptions)),
        environment: &[HTTPS, ("NO_PROXY", "*")],
        system: system(),
    };
    let (way, passed_by) = machine("socks5://mine", "").way(API);
    assert_eq!(
        (way.as_str(), passed_by.as_str()),
        ("socks5://mine:1080 from --proxy", "")
    );
    let (way, passed_by) = machine("socks5://mine", "api.example").way(API);
    assert_eq!(way, "direct from --proxy");
    assert_eq!(
        passed_by,
        unused("--proxy", "api.example is excepted by --proxy")
    );
    let (way, passed_by) = machine("Direct", "").way(API);
    assert_eq!(way, "direct from --proxy");
    assert_eq!(passed_by, unused("HTTPS_PROXY", "--proxy says direct"));
}

#[test]
fn the_system_is_asked_last() {
    let machine = |variables| Machine {
        environment: variables,
        system: system(),
        ..Machine::default()
    };
    let office = "http://office:8080 from the system settings";
    assert_eq!(machine(&[]).way(API).0, office);
    assert_eq!(machine(&[HTTP]).way(API).0, office);
    assert_eq!(
        machine(&[HTTPS]).way(API).0,
        "http://proxy:3128 from HTTPS_PROXY"
    );
    let (way, passed_by) = machine(&[]).way("https://10.9.9.9/");
    assert_eq!(way, "direct from the system settings");
    let why = "10/8 is excepted by the system settings";
    assert_eq!(passed_by, unused("the system settings", why));
    let no_proxy = [("NO_PROXY", "api.example")];
    assert_eq!(machine(&no_proxy).way(API).0, "direct from NO_PROXY");
}

#[test]
fn a_script_that_would_choose_a_proxy_is_named() {
    let machine = Machine {
        system: SystemProxySettings {
            auto_configured: true,
            ..SystemProxySettings::default()
        },
        ..Machine::default()
    };
    let (way, passed_by) = machine.way(API);
    let why = "it is chosen by a script (PAC), which alipes does not run";
    assert_eq!(
        (way.as_str(), passed_by),
        ("direct", unused("the system settings", why))
    );
}

#[test]
fn a_broken_proxy_is_named_by_its_source_if_it_would_be_used() {
    let broken = |machine: Machine<'_>| match machine.policy().err().unwrap().kind {
        NetErrorKind::BadProxy { named_by } => named_by.to_string(),
        kind => panic!("{kind}"),
    };
    let variables = [("HTTPS_PROXY", "gopher://x"), ("ALL_PROXY", "http://")];
    let environment = |environment| Machine {
        environment,
        ..Machine::default()
    };
    assert_eq!(broken(environment(&variables)), "HTTPS_PROXY");
    assert_eq!(broken(environment(&variables[1..])), "ALL_PROXY");
    assert_eq!(
        broken(Machine {
            configured: Some(("http://:::", "")),
            ..Machine::default()
        }),
        "--proxy"
    );
    let shadowed = Machine {
        configured: Some(("direct", "")),
        environment: &variables,
        ..Machine::default()
    };
    assert_eq!(shadowed.way(API).0, "direct from --proxy");
}
