//! Every kind of proxy and everything that it can do to us, in every form of speech.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alipes_base::Environment;
use alipes_net::{
    Alpn, ConfiguredEgress, ConnectionFacts, Dialer, EgressPolicy, Limits, NetError, NetErrorKind,
    Phase, PlatformProxy,
};
use alipes_simulator::Manner;
use tokio::io::AsyncReadExt;

use crate::forms::{Form, in_every_form};
use crate::proxy::{Kind, LOGIN, Proxy, STRICT};
use crate::support::{Authority, Server, deadline, dialer, listen};

const KINDS: [Kind; 4] = [Kind::Http, Kind::Https, Kind::Socks5, Kind::Socks5h];
const OVER_HTTP: [Kind; 2] = [Kind::Http, Kind::Https];

/// What is waited for never comes.
const SHORT: Duration = Duration::from_millis(20);

/// A proxy in front of a server that speaks one form.
struct Scene {
    form: Form,
    proxy: Proxy,
    origin: Server,
    authority: Arc<Authority>,
}

impl Scene {
    async fn new(form: Form, kind: Kind, manner: Manner) -> Self {
        let authority = Arc::new(Authority::new());
        let served_by = Arc::clone(&authority);
        let origin =
            Server::start(move |io| form.answer(io, Arc::clone(&served_by), "localhost")).await;
        Self {
            form,
            proxy: Proxy::start(kind, manner, origin.address, &authority).await,
            origin,
            authority,
        }
    }

    fn dialer(&self, login: &str, limits: Limits) -> Dialer {
        through(&self.proxy.url(login), &self.authority, limits)
    }

    async fn talk_as(&self, login: &str, limits: Limits) -> Result<ConnectionFacts, NetError> {
        let dialer = self.dialer(login, limits);
        let port = self.origin.address.port();
        self.form.talk(&dialer, "localhost", port).await
    }

    async fn talk(&self) -> Result<ConnectionFacts, NetError> {
        self.talk_as("", Limits::default()).await
    }

    /// The kind of the error that the proxy's manner makes.
    async fn refusal(form: Form, kind: Kind, manner: Manner) -> NetErrorKind {
        let scene = Self::new(form, kind, manner).await;
        let error = scene.talk().await.unwrap_err();
        assert_eq!(error.phase, Phase::Proxy, "{kind:?}: {error}");
        assert_eq!(error.facts.remote_addr, Some(scene.proxy.address()));
        assert!(!error.facts.written);
        error.kind
    }
}

fn through(proxy: &str, authority: &Authority, limits: Limits) -> Dialer {
    let configured = ConfiguredEgress {
        way: proxy.to_owned(),
        named_by: "--proxy".to_owned(),
        exceptions: String::new(),
    };
    let nothing = Environment::default();
    let policy = EgressPolicy::new(Some(&configured), &nothing, &PlatformProxy).unwrap();
    dialer(authority.trusted(), limits).through(policy)
}

in_every_form! {
    async fn an_obliging_proxy_takes_us_there_and_is_named(form) {
        for kind in KINDS {
            let scene = Scene::new(form, kind, Manner::Obliging).await;
            let facts = scene.talk().await.unwrap();
            let url = scene.proxy.url("");
            assert_eq!(facts.egress.to_string(), format!("{url} from --proxy"));
            assert_eq!(facts.egress_key.as_str(), url);
            assert_eq!(facts.remote_addr, scene.proxy.address());
            assert!(facts.timings.of(Phase::Proxy).is_some());
        }
    }

    async fn only_plain_socks5_looks_names_up_here(form) {
        for kind in KINDS {
            let scene = Scene::new(form, kind, Manner::Obliging).await;
            scene.talk().await.unwrap();
            let host = if kind == Kind::Socks5 { "127.0.0.1" } else { "localhost" };
            let port = scene.origin.address.port();
            assert_eq!(scene.proxy.asked(), [format!("{host}:{port}")], "{kind:?}");
        }
    }

    async fn a_strict_proxy_gets_our_credentials(form) {
        for kind in KINDS {
            let scene = Scene::new(form, kind, STRICT).await;
            let facts = scene.talk_as(LOGIN, Limits::default()).await.unwrap();
            assert!(!format!("{facts:?}").contains("p:ss"));
        }
    }

    async fn missing_and_wrong_credentials_are_told_apart(form) {
        for kind in KINDS {
            let scene = Scene::new(form, kind, STRICT).await;
            for (login, expected) in [("", false), ("user:wrong@", true)] {
                let error = scene.talk_as(login, Limits::default()).await.unwrap_err();
                assert_eq!(error.phase, Phase::Proxy);
                let NetErrorKind::ProxyAuth { sent, offered } = error.kind else {
                    panic!("{kind:?}: {error}");
                };
                assert_eq!(sent, expected);
                let over_http = OVER_HTTP.contains(&kind);
                assert_eq!(offered, if over_http { "Basic, Negotiate" } else { "" });
            }
        }
    }

    async fn a_refusal_keeps_its_status_headers_and_body(form) {
        for (answer, expected) in [
            (&b"HTTP/1.1 403 No\r\nx-why: policy\r\ncontent-length: 4\r\n\r\nblah"[..], 403),
            (b"HTTP/1.1 502 Bad Gateway\r\nx-why: policy\r\ncontent-length: 4\r\n\r\nblah", 502),
        ] {
            for kind in OVER_HTTP {
                let refusal = Scene::refusal(form, kind, Manner::Says(answer)).await;
                let NetErrorKind::ProxyRefused { status, headers, body } = refusal else {
                    panic!("{refusal}");
                };
                assert_eq!((status.as_u16(), body.as_ref()), (expected, &b"blah"[..]));
                assert_eq!(headers["x-why"], "policy");
            }
        }
    }

    async fn a_socks_refusal_keeps_its_reply(form) {
        for kind in [Kind::Socks5, Kind::Socks5h] {
            let refusal = Scene::refusal(form, kind, Manner::Says(b"\x05\x02\x00\x01")).await;
            assert!(matches!(refusal, NetErrorKind::SocksRefused(2)), "{refusal}");
        }
    }

    async fn a_proxy_that_answers_garbage_breaks_the_protocol(form) {
        for kind in KINDS {
            let manner = Manner::Says(b"SSH-2.0-OpenSSH_9.9\r\n");
            let refusal = Scene::refusal(form, kind, manner).await;
            assert!(matches!(refusal, NetErrorKind::Protocol), "{kind:?}: {refusal}");
        }
    }

    async fn endless_headers_are_cut_off(form) {
        static ENDLESS: [u8; 128 * 1024] = {
            let mut endless = [b'a'; 128 * 1024];
            let beginning = b"HTTP/1.1 200 OK\r\nx: ";
            let mut at = 0;
            while at < beginning.len() {
                endless[at] = beginning[at];
                at += 1;
            }
            endless
        };
        for kind in OVER_HTTP {
            let refusal = Scene::refusal(form, kind, Manner::Says(&ENDLESS)).await;
            assert!(matches!(refusal, NetErrorKind::TooLarge), "{kind:?}: {refusal}");
        }
    }

    async fn a_proxy_that_hangs_up_has_closed(form) {
        for kind in KINDS {
            let refusal = Scene::refusal(form, kind, Manner::HangsUp).await;
            assert!(
                matches!(refusal, NetErrorKind::Closed | NetErrorKind::Reset),
                "{kind:?}: {refusal}"
            );
        }
    }

    async fn a_proxy_that_freezes_ends_by_the_proxy_limit(form) {
        for kind in KINDS {
            let scene = Scene::new(form, kind, Manner::Freezes).await;
            let limits = Limits { proxy: SHORT, ..Limits::default() };
            let error = scene.talk_as("", limits).await.unwrap_err();
            assert_eq!(error.phase, Phase::Proxy);
            assert!(matches!(error.kind, NetErrorKind::TimedOut { limit: "proxy", .. }), "{error}");
        }
    }

    async fn a_proxy_that_swallows_everything_ends_by_the_next_limit(form) {
        let limits = Limits { tls: SHORT, upgrade: SHORT, ..Limits::default() };
        let expected = match form {
            // Plain HTTP has no limit of its own here: patience is the caller's.
            Form::Http1 => return,
            Form::WebSocket => "upgrade",
            _ => "tls",
        };
        for kind in KINDS {
            let scene = Scene::new(form, kind, Manner::SwallowsAll).await;
            let error = scene.talk_as("", limits.clone()).await.unwrap_err();
            let NetErrorKind::TimedOut { limit, .. } = error.kind else {
                panic!("{error}");
            };
            assert_eq!(limit, expected, "{kind:?}");
        }
    }

    async fn a_proxy_that_is_not_there_is_to_blame_itself(form) {
        let gone = listen().await.local_addr().unwrap();
        let dialer = through(&format!("http://{gone}"), &Authority::new(), Limits::default());
        let error = form.talk(&dialer, "api.example", 443).await.unwrap_err();
        assert_eq!(error.phase, Phase::Proxy);
        assert!(matches!(error.kind, NetErrorKind::Refused), "{error}");
        let told = format!(
            "connection refused while asking the proxy for api.example:443 \
             ({gone}, http://{gone} from --proxy)"
        );
        assert_eq!(error.to_string(), told);
    }

    async fn a_direct_failure_says_which_proxy_it_passed_by(form) {
        let gone = listen().await.local_addr().unwrap();
        let variables = [
            ("ALL_PROXY", "http://user:hunter22@proxy.example:3128"),
            ("NO_PROXY", ".invalid, 0.0.0.0/8"),
        ];
        let environment = Environment::new(variables, PathBuf::new());
        let policy = EgressPolicy::new(None, &environment, &PlatformProxy).unwrap();
        let dialer = dialer(Authority::new().trusted(), Limits::default()).through(policy);
        let error = form.talk(&dialer, "0.0.0.0", gone.port()).await.unwrap_err();
        assert_eq!(error.facts.egress.unwrap().to_string(), "direct from NO_PROXY");
        assert_eq!(
            error.facts.unused_proxy.unwrap().to_string(),
            "this machine has a proxy (ALL_PROXY) that was not used, \
             because 0.0.0.0/8 is excepted by NO_PROXY"
        );
    }
}

#[tokio::test]
async fn a_proxy_without_an_address_fails_before_the_target_is_looked_up() {
    let proxy = "socks5h://no-such-host.invalid";
    let dialer = through(proxy, &Authority::new(), Limits::default());
    let error = Form::Http1.talk(&dialer, "localhost", 1).await.unwrap_err();
    assert_eq!(error.phase, Phase::Proxy, "{error}");
    assert_eq!(error.facts.remote_addr, None);
}

#[tokio::test]
async fn what_comes_together_with_the_proxys_answer_is_not_lost() {
    for (kind, answer) in [
        (Kind::Http, &b"HTTP/1.1 200 OK\r\n\r\nhello"[..]),
        (
            Kind::Socks5h,
            b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x01hello",
        ),
    ] {
        let scene = Scene::new(Form::Http1, kind, Manner::Says(answer)).await;
        let dialer = scene.dialer("", Limits::default());
        let target = scene.origin.target(false);
        let mut connection = dialer.dial(&target, Alpn::Http1, deadline()).await.unwrap();
        let mut greeting = [0; 5];
        connection.stream.read_exact(&mut greeting).await.unwrap();
        assert_eq!(&greeting, b"hello", "{kind:?}");
        assert_eq!(connection.facts.traffic.bytes_received(), 5);
    }
}

#[tokio::test]
async fn a_proxy_with_a_certificate_of_a_stranger_is_not_trusted() {
    let stranger = Authority::new();
    let origin = listen().await.local_addr().unwrap();
    let proxy = Proxy::start(Kind::Https, Manner::Obliging, origin, &stranger).await;
    let dialer = through(&proxy.url(LOGIN), &Authority::new(), Limits::default());
    let error = Form::WebSocket
        .talk(&dialer, "localhost", 1)
        .await
        .unwrap_err();
    assert_eq!(error.phase, Phase::Proxy);
    assert!(
        matches!(error.kind, NetErrorKind::CertificateUnknownIssuer),
        "{error}"
    );
    assert!(proxy.asked().is_empty());
}
