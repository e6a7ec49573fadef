//! Patience with an answer does not pay for the way of the request: on paused time, through a
//! pipe as slow as the test wants it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alipes_base::Clock;
use alipes_net::websocket::{self, Upgrade};
use alipes_net::{
    BoxStream, CallOptions, Dialer, DialerOptions, Family, HttpClient, InFlight, Limits,
    NetErrorKind, Phase, ResolveError, Sockets,
};
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex, split};
use tokio::task::JoinSet;

use crate::forms::{Form, in_every_form};
use crate::support::{Authority, post, within};

/// What the pipe passes on in a second.
const PER_SECOND: usize = 16 * 1024;
/// How much it holds at a time.
const PIECE: usize = PER_SECOND / 4;
const BODY: usize = 20 * PER_SECOND;
const HOST: &str = "slow.example";

/// Longer than every limit in here.
const AN_HOUR: Duration = Duration::from_secs(3_600);

/// A server behind a slow uplink.
struct Uplink {
    form: Form,
    authority: Arc<Authority>,
    /// How many bytes the uplink passes on before it is stuck.
    until_stuck: usize,
    /// How long the server thinks, once it has the request.
    thinks: Duration,
    tasks: Mutex<JoinSet<()>>,
}

impl Uplink {
    fn new(form: Form, until_stuck: usize, thinks: Duration) -> (Arc<Self>, HttpClient) {
        let (uplink, dialer) = Self::dialer(form, until_stuck, thinks);
        (uplink, HttpClient::new(dialer, Clock::system()))
    }

    fn dialer(form: Form, until_stuck: usize, thinks: Duration) -> (Arc<Self>, Dialer) {
        let authority = Arc::new(Authority::new());
        let tls = authority.trusted();
        let uplink = Arc::new(Self {
            form,
            authority,
            until_stuck,
            thinks,
            tasks: Mutex::default(),
        });
        let dialer = Dialer::new(DialerOptions {
            sockets: Arc::clone(&uplink) as Arc<dyn Sockets>,
            tls,
            limits: Limits::default(),
            clock: Clock::system(),
        });
        (uplink, dialer)
    }
}

/// Sends a large request with five seconds of patience for the answer's headers.
async fn upload(client: &HttpClient, form: Form) -> InFlight {
    let options = CallOptions {
        headers_limit: Some(("first_event", Duration::from_secs(5))),
    };
    let call = post(form.url(HOST, 443), vec![7; BODY]);
    let in_flight = client.start(call, options, within(AN_HOUR)).await;
    in_flight.unwrap()
}

async fn drip(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, most: usize) {
    let mut passed = 0;
    let mut buffer = [0; PIECE];
    while passed < most {
        match from.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(length) => {
                passed += length;
                let _ = to.write_all(&buffer[..length]).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    std::future::pending::<()>().await;
}

/// The other direction is fast.
async fn pour(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
    let _ = tokio::io::copy(&mut from, &mut to).await;
}

impl Sockets for Uplink {
    fn resolve<'a>(
        &'a self,
        _host: &'a str,
        family: Family,
    ) -> BoxFuture<'a, Result<Vec<IpAddr>, ResolveError>> {
        Box::pin(async move {
            match family {
                Family::V4 => Ok(vec![[192, 0, 2, 1].into()]),
                Family::V6 => Err(ResolveError::NotFound),
            }
        })
    }

    fn connect(&self, _address: SocketAddr) -> BoxFuture<'_, io::Result<BoxStream>> {
        let (ours, near) = duplex(PIECE);
        let (far, theirs) = duplex(PIECE);
        let (near_read, near_write) = split(near);
        let (far_read, far_write) = split(far);
        let mut tasks = self.tasks.lock().unwrap();
        tasks.spawn(drip(near_read, far_write, self.until_stuck));
        tasks.spawn(pour(far_read, near_write));
        let serving =
            self.form
                .answer_after(theirs, Arc::clone(&self.authority), HOST, self.thinks);
        tasks.spawn(serving);
        Box::pin(async move { Ok(Box::new(ours) as BoxStream) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_may_take_its_time_and_is_given_up_when_it_is_stuck() {
    for form in [Form::WebSocket, Form::WebSocketTls] {
        for (until_stuck, arrives) in [(usize::MAX, true), (BODY / 2, false)] {
            let (_uplink, dialer) = Uplink::dialer(form, until_stuck, Duration::ZERO);
            let mut upgrade = Upgrade::new(form.url(HOST, 443));
            upgrade.compression = false;
            let upgraded = websocket::connect(&dialer, upgrade, within(AN_HOUR)).await;
            let mut upgraded = upgraded.unwrap();
            let clock = Clock::system();
            let begun = clock.now();
            let sent = upgraded.socket.send_text("x".repeat(2 * BODY)).await;
            assert!(clock.since(begun) > Duration::from_secs(31));
            assert_eq!(sent.is_ok(), arrives);
            if let Err(error) = sent {
                assert_eq!(error.phase, Phase::Send);
                assert!(
                    matches!(error.kind, NetErrorKind::TimedOut { limit: "send", .. }),
                    "{error}"
                );
                assert!(upgraded.facts.traffic.is_blocked());
            }
        }
    }
}

in_every_form! { over http, paused:
    async fn a_slow_uplink_does_not_spend_the_servers_time(form) {
        let (_uplink, client) = Uplink::new(form, usize::MAX, Duration::from_secs(4));
        let clock = Clock::system();
        let begun = clock.now();
        let response = upload(&client, form).await.await.unwrap();
        assert!(clock.since(begun) > Duration::from_secs(20));
        let sent = response.facts.timings.of(Phase::Send).unwrap();
        assert!(sent > Duration::from_secs(15), "{sent:?}");
    }

    async fn a_server_that_has_all_and_says_nothing_ends_by_the_headers_limit(form) {
        let (_uplink, client) = Uplink::new(form, usize::MAX, Duration::from_secs(3_000));
        let mut in_flight = upload(&client, form).await;
        assert_eq!(in_flight.unsent(), BODY as u64);
        let error = (&mut in_flight).await.unwrap_err();
        assert_eq!(error.phase, Phase::Headers);
        let NetErrorKind::TimedOut { limit: "first_event", length } = error.kind else {
            panic!("{error}");
        };
        assert_eq!(length, Duration::from_secs(5));
        assert_eq!(in_flight.unsent(), 0);
        let took = error.facts.timings.of(Phase::Headers).unwrap();
        assert!(took > Duration::from_secs(20), "{took:?}");
    }

    async fn an_upload_that_is_stuck_ends_by_the_send_limit(form) {
        let (_uplink, client) = Uplink::new(form, BODY / 2, Duration::ZERO);
        let mut in_flight = upload(&client, form).await;
        let error = (&mut in_flight).await.unwrap_err();
        assert_eq!(error.phase, Phase::Send, "{error}");
        assert!(matches!(error.kind, NetErrorKind::TimedOut { limit: "send", .. }), "{error}");
        assert!(in_flight.unsent() > 0);
        let took = error.facts.timings.of(Phase::Send).unwrap();
        assert!(took > Duration::from_secs(35) && took < Duration::from_secs(60), "{took:?}");
    }
}
