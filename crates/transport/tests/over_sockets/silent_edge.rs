//! What is done about connections that are silent and cannot be pinged.

use std::time::Duration;

use alipes_net::TlsOptions;
use alipes_transport::{Profile, Route, Session, Trace};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::common::{PATIENCE, say, session_with};

/// A session with one route and a changed profile of the ChatGPT backend.
fn session(base_url: &str, route: Route, change: impl FnOnce(&mut Profile)) -> Session {
    session_with(base_url, &[route], TlsOptions::default(), |mut profile| {
        // A second request beside the silent one would blur what became of the first.
        profile.hedge = false;
        change(&mut profile);
        profile
    })
}

/// A server that takes one request and never answers it.
#[expect(clippy::disallowed_methods, reason = "a server of the test's own")]
async fn mute() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    (listener, base_url)
}

fn patient(profile: &mut Profile) {
    let patient = profile.clone().with_patience(PATIENCE * 2);
    *profile = patient.with_pings(PATIENCE / 5, PATIENCE);
    profile.replays = 0;
}

#[tokio::test]
async fn an_edge_that_takes_no_second_connection_is_left_before_patience_ends() {
    let (listener, base_url) = mute().await;
    let mut session = session(&base_url, Route::Sse, |profile| {
        patient(profile);
        // Long enough for the test to hang if the probe does not end the wait.
        profile.first_event_timeout = PATIENCE * 4;
    });
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        drop(listener);
        // Until the client leaves.
        while stream.read(&mut [0; 4096]).await.unwrap_or(0) > 0 {}
    };
    let (outcome, ()) = tokio::join!(say(&mut session, "hello"), server);
    let fault = &outcome.faults()[0];
    assert_eq!(fault, "headers/edge-dead");
}

#[tokio::test]
async fn an_edge_that_takes_a_second_connection_is_waited_for_and_that_is_told() {
    let (listener, base_url) = mute().await;
    let mut session = session(&base_url, Route::Sse, patient);
    let server = async {
        let mut open = Vec::new();
        loop {
            open.push(listener.accept().await.unwrap());
        }
    };
    let outcome = tokio::select! {
        outcome = say(&mut session, "hello") => outcome,
        never = server => never,
    };
    assert_eq!(outcome.faults()[0], "headers/silent");
    let probes = outcome
        .traces
        .iter()
        .filter(|trace| matches!(trace, Trace::Probed { .. }));
    let attempts = outcome.faults().len();
    assert_eq!(
        probes.count(),
        attempts,
        "one in each silence: {:?}",
        outcome.traces
    );
}

#[tokio::test]
async fn an_edge_that_is_heard_is_not_asked_by_a_second_connection() {
    let (listener, base_url) = mute().await;
    let mut session = session(&base_url, Route::Sse, |profile| {
        // So short that comments do not make it longer.
        let patient = profile.clone().with_patience(PATIENCE);
        *profile = patient.with_pings(PATIENCE / 2, PATIENCE);
    });
    let server = async {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
            let mut said = stream.write_all(head).await;
            while said.is_ok() {
                tokio::time::sleep(PATIENCE / 30).await;
                said = stream.write_all(b": still here\n\n").await;
            }
        }
    };
    let outcome = tokio::select! {
        outcome = say(&mut session, "hello") => outcome,
        never = server => never,
    };
    assert_eq!(outcome.faults()[0], "first-output/silent");
    let probed = |trace: &Trace| matches!(trace, Trace::Probed { .. });
    assert!(!outcome.traces.iter().any(probed), "{:?}", outcome.traces);
}

#[cfg(target_os = "linux")]
mod keepalive {
    use super::*;
    use crate::common::simulator;

    /// The timer that the kernel runs for the connection to `port`, and when it is due, in 1/100 s
    /// (proc_pid_net(5), `tr` and `tm->when`); 2 is keepalive.
    fn timer(port: u16) -> Option<(u8, u64)> {
        let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
        let to_port = format!(":{port:04X}");
        let row = table.lines().find(|row| {
            let mut fields = row.split_whitespace().skip(2);
            let remote = fields
                .next()
                .is_some_and(|remote| remote.ends_with(&to_port));
            remote && fields.next() == Some("01")
        })?;
        let (timer, due) = row.split_whitespace().nth(5)?.split_once(':')?;
        Some((timer.parse().ok()?, u64::from_str_radix(due, 16).ok()?))
    }

    /// The timer once nothing is on its way any more.
    async fn idle_timer(port: u16) -> (u8, u64) {
        for _ in 0..500 {
            match timer(port) {
                Some((1, _)) | None => tokio::time::sleep(Duration::from_millis(10)).await,
                Some(timer) => return timer,
            }
        }
        panic!("{:?}", timer(port));
    }

    #[tokio::test]
    async fn where_the_profile_says_so_the_kernel_asks_after_five_seconds() {
        for route in [Route::Sse, Route::WebSocket] {
            let simulator = simulator(&[]).await;
            let ground = Profile::named("openai-compatible").unwrap();
            let mut session = session(&simulator.base_url(), route, |profile| {
                (profile.keepalive, profile.user_timeout) = (ground.keepalive, ground.user_timeout);
            });
            say(&mut session, "hello").await.result.unwrap();
            let (timer, due) = idle_timer(simulator.local_addr().port()).await;
            assert_eq!(timer, 2, "{route}");
            assert!(due <= 500, "{route}: {due}");
        }
    }

    #[tokio::test]
    async fn towards_the_chatgpt_backend_the_kernel_asks_nothing() {
        for route in [Route::Sse, Route::WebSocket] {
            let simulator = simulator(&[]).await;
            let mut session = session(&simulator.base_url(), route, |_| {});
            say(&mut session, "hello").await.result.unwrap();
            let (timer, _) = idle_timer(simulator.local_addr().port()).await;
            assert_eq!(timer, 0, "{route}");
        }
    }
}
