//! Something on the way that cannot bear a ClientHello of two segments, and certificates that no
//! other ClientHello would mend.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use alipes_base::Environment;
use alipes_net::{
    ConfiguredEgress, ConnectionFacts, Dialer, EgressPolicy, Limits, NetError, NetErrorKind, Phase,
    PlatformProxy,
};
use alipes_simulator::Manner;
use socket2::SockRef;
use tokio::net::TcpStream;

use crate::forms::{Form, in_every_form};
use crate::proxy::{Kind, Proxy};
use crate::support::{Authority, Server, dialer};

/// A ClientHello up to here fits into one segment of any network; the post-quantum one does not.
const ONE_SEGMENT: usize = 1_000;

/// What the middlebox does to a hello that it dislikes.
#[derive(Clone, Copy, Debug)]
enum Dislike {
    Reset,
    HangUp,
    Swallow,
}

/// Which hellos it dislikes.
#[derive(Clone, Copy, Debug)]
enum Disliked {
    TwoSegments,
    All,
}

struct Middlebox {
    form: Form,
    server: Server,
    connections: Arc<AtomicUsize>,
    authority: Arc<Authority>,
}

impl Middlebox {
    async fn start(form: Form, disliked: Disliked, dislike: Dislike) -> Self {
        let authority = Arc::new(Authority::new());
        let connections = Arc::new(AtomicUsize::new(0));
        let (served_by, counter) = (Arc::clone(&authority), Arc::clone(&connections));
        let server = Server::start(move |io| {
            let authority = Arc::clone(&served_by);
            counter.fetch_add(1, Ordering::Relaxed);
            async move {
                let length = hello_length(&io).await;
                if matches!(disliked, Disliked::TwoSegments) && length <= ONE_SEGMENT {
                    return form.answer(io, authority, "localhost").await;
                }
                match dislike {
                    Dislike::Reset => SockRef::from(&io).set_linger(Some(Duration::ZERO)).unwrap(),
                    Dislike::HangUp => {}
                    Dislike::Swallow => std::future::pending().await,
                }
            }
        })
        .await;
        Self {
            form,
            server,
            connections,
            authority,
        }
    }

    fn dialer(&self) -> Dialer {
        let limits = Limits {
            tls: Duration::from_millis(500),
            ..Limits::default()
        };
        dialer(self.authority.trusted(), limits)
    }

    async fn talk(&self, dialer: &Dialer) -> Result<ConnectionFacts, NetError> {
        let port = self.server.address.port();
        self.form.talk(dialer, "localhost", port).await
    }

    fn connections(&self) -> usize {
        self.connections.swap(0, Ordering::Relaxed)
    }
}

/// The length that a TLS record's header announces.
async fn hello_length(io: &TcpStream) -> usize {
    let mut header = [0; 5];
    while io.peek(&mut header).await.unwrap_or(5) < header.len() {
        tokio::task::yield_now().await;
    }
    usize::from(u16::from_be_bytes([header[3], header[4]]))
}

fn proxied(dialer: &Dialer, proxy: &Proxy) -> Dialer {
    let configured = ConfiguredEgress {
        way: proxy.url(""),
        ..ConfiguredEgress::default()
    };
    let nothing = Environment::default();
    let policy = EgressPolicy::new(Some(&configured), &nothing, &PlatformProxy);
    dialer.through(policy.unwrap())
}

in_every_form! { over tls:
    async fn a_hello_of_two_segments_that_meets_silence_is_followed_by_a_short_one(form) {
        for dislike in [Dislike::Reset, Dislike::HangUp, Dislike::Swallow] {
            let middlebox = Middlebox::start(form, Disliked::TwoSegments, dislike).await;
            let facts = middlebox.talk(&middlebox.dialer()).await.unwrap();
            let tls = facts.tls.unwrap();
            assert!(tls.classical, "{dislike:?}");
            assert_eq!(tls.key_exchange, "X25519");
            assert_eq!(middlebox.connections(), 2, "{dislike:?}");
        }
    }

    async fn what_worked_is_remembered_for_this_way_out_only(form) {
        let middlebox = Middlebox::start(form, Disliked::TwoSegments, Dislike::Reset).await;
        let dialer = middlebox.dialer();
        let first = middlebox.talk(&dialer).await.unwrap();
        assert_eq!(middlebox.connections(), 2);
        let [(key, _until)] = &dialer.memory().classical()[..] else {
            panic!("one way out");
        };
        assert_eq!(*key, first.egress_key);
        let second = middlebox.talk(&dialer).await.unwrap();
        assert!(second.tls.unwrap().classical);
        assert_eq!(middlebox.connections(), 1);

        let origin = middlebox.server.address;
        let proxy = Proxy::start(Kind::Http, Manner::Obliging, origin, &middlebox.authority).await;
        middlebox.talk(&proxied(&dialer, &proxy)).await.unwrap();
        assert_eq!(middlebox.connections(), 2);
        assert_eq!(proxy.asked().len(), 2);
    }

    async fn a_handshake_that_is_always_reset_is_tried_twice_and_named(form) {
        let middlebox = Middlebox::start(form, Disliked::All, Dislike::Reset).await;
        let dialer = middlebox.dialer();
        let error = middlebox.talk(&dialer).await.unwrap_err();
        assert_eq!(error.phase, Phase::Tls);
        assert!(matches!(error.kind, NetErrorKind::Reset), "{error}");
        assert_eq!(middlebox.connections(), 2);
        assert!(dialer.memory().classical().is_empty());
    }

    async fn a_bad_certificate_is_not_tried_twice(form) {
        let authority = Arc::new(Authority::new());
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let expired = authority.server("localhost", form.alpn(), |params| {
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        });
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(expired));
        let server = Server::start(move |io| {
            counter.fetch_add(1, Ordering::Relaxed);
            let accepting = acceptor.accept(io);
            async move {
                let _ = accepting.await;
            }
        })
        .await;
        let address: SocketAddr = server.address;
        let dialer = authority.dialer();
        let error = form.talk(&dialer, "localhost", address.port()).await.unwrap_err();
        assert!(matches!(error.kind, NetErrorKind::CertificateExpired), "{error}");
        assert_eq!(connections.load(Ordering::Relaxed), 1);
    }
}
