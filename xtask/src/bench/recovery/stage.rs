//! One simulated backend for one client, with the row's trouble, which counts what is asked of it.
//!
//! It is the room behind `alipes simulate`, run here and not as that command for two reasons: it tells what it has
//! seen, also inside TLS, HTTP/2 and WebSocket, where no relay could count; and it can go away and come back.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use alipes_base::{Clock, Rng};
use alipes_simulator::{Options, Route, Scenario, Seen, Simulator};
use anyhow::{Context, Result, anyhow};
use tokio::sync::oneshot;

use super::rows::{Row, Trouble};

/// Between two words, so that a client shows what came before a break.
const PACE: Duration = Duration::from_millis(2);

/// How often it looks whether the client has come.
const POLL: Duration = Duration::from_millis(5);

/// A running backend.
pub(super) struct Stage {
    url: String,
    authority: Option<PathBuf>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<usize>>,
}

/// What the thread tells when it is ready.
struct Ready {
    url: String,
    ca_pem: Option<String>,
}

impl Stage {
    /// Starts it; the certificate of its authority goes into the folder.
    pub(super) fn open(row: &Row, folder: &Path) -> Result<Self> {
        let (ready, when_ready) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let row = *row;
        let thread = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?
                .block_on(play(&row, &ready, stopped))
        });
        let Ok(Ready { url, ca_pem }) = when_ready.recv() else {
            let ended = thread.join().map_err(|_| anyhow!("the simulator broke"))?;
            return Err(ended
                .err()
                .context("the simulator ended before it was ready")?);
        };
        let authority = ca_pem.map(|pem| {
            let file = folder.join("authority.pem");
            std::fs::write(&file, pem).map(|()| file)
        });
        Ok(Self {
            url,
            authority: authority.transpose()?,
            stop,
            thread,
        })
    }

    /// The base URL for the client.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Whom the client has to trust, where TLS is spoken.
    pub(super) fn authority(&self) -> Option<&Path> {
        self.authority.as_deref()
    }

    /// Ends it; returns how often a client asked for an answer.
    pub(super) fn requests(self) -> Result<usize> {
        let _ = self.stop.send(());
        self.thread
            .join()
            .map_err(|_| anyhow!("the simulator broke"))?
    }
}

/// The backend and its plot.
struct Play {
    options: Options,
    /// None while its port refuses.
    simulator: Option<Simulator>,
    /// What simulators counted that are gone.
    counted: usize,
}

async fn play(
    row: &Row,
    ready: &mpsc::Sender<Ready>,
    stopped: oneshot::Receiver<()>,
) -> Result<usize> {
    let mut options = Options::local(Clock::system(), Rng::seeded(1));
    options.tls = row.tls;
    options.pace = PACE;
    options.scenario = scenario(row)?;
    let simulator = Simulator::start(options.clone()).await?;
    let _ = ready.send(Ready {
        url: simulator.base_url(),
        ca_pem: simulator.ca_pem().map(str::to_owned),
    });
    let mut play = Play {
        options,
        simulator: Some(simulator),
        counted: 0,
    };
    tokio::select! {
        Err(error) = play.act(row) => Err(error),
        _ = stopped => Ok(play.counted + play.count()),
    }
}

fn scenario(row: &Row) -> Result<Scenario> {
    Ok(match (row.trouble, row.outage) {
        (Trouble::Nothing, _) => Scenario::healthy(),
        (Trouble::Fault(fault), None) => Scenario::from_flags([fault])?,
        (Trouble::Fault(fault), Some(outage)) => {
            Scenario::from_flags([format!("{fault}@{}ms", outage.as_millis())])?
        }
        (Trouble::Gone, _) => Scenario::always("connection-reset")?,
    })
}

impl Play {
    /// Goes away at the first connection and comes back, where that is the trouble.
    async fn act(&mut self, row: &Row) -> Result<Infallible> {
        if let (Trouble::Gone, Some(outage)) = (row.trouble, row.outage) {
            while self.count() == 0 {
                tokio::time::sleep(POLL).await;
            }
            let address = self.go_away().await;
            tokio::time::sleep(outage).await;
            self.come_back(address).await?;
        }
        std::future::pending().await
    }

    async fn go_away(&mut self) -> Option<SocketAddr> {
        self.counted += self.count();
        let simulator = self.simulator.take()?;
        let address = simulator.local_addr();
        simulator.stop().await;
        Some(address)
    }

    async fn come_back(&mut self, address: Option<SocketAddr>) -> Result<()> {
        let mut options = self.options.clone();
        options.listen = address.context("the simulator went away twice")?;
        options.scenario = Scenario::healthy();
        self.simulator = Some(Simulator::start(options).await?);
        Ok(())
    }

    fn count(&self) -> usize {
        let seen = self.simulator.as_ref().map(Simulator::seen);
        seen.iter().flatten().filter(|seen| is_asked(seen)).count()
    }
}

/// Whether an answer was asked for: a request or a frame for the model, and what ended before it came to that (an
/// upgrade that met a fault, a connection that was reset). A healthy step is 1 on either route.
fn is_asked(seen: &Seen) -> bool {
    match seen.route {
        Route::Sse => true,
        Route::WebSocket if seen.method == "FRAME" => seen
            .body
            .as_ref()
            .is_none_or(|body| body["generate"] != false),
        Route::WebSocket => seen.fault.is_some(),
        Route::Other => seen.method.is_empty(),
        Route::Models | Route::Authorize | Route::Token | Route::Device | Route::Account => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::super::rows::ROWS;
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "the test is the client")]
    fn connect(url: &str) -> std::net::TcpStream {
        let address = url.trim_start_matches("http://").trim_end_matches("/v1");
        std::net::TcpStream::connect(address).unwrap()
    }

    /// What comes back; nothing where the connection is lost.
    fn ask(url: &str) -> String {
        const BODY: &str = r#"{"model":"m","input":[],"stream":true}"#;
        let mut client = connect(url);
        let head =
            "POST /v1/responses HTTP/1.1\r\nhost: here\r\nconnection: close\r\ncontent-length: ";
        let _ = write!(client, "{head}{}\r\n\r\n{BODY}", BODY.len());
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[test]
    fn requests_are_counted_and_an_outage_ends() {
        let folder = tempfile::tempdir().unwrap();
        let mut row = *ROWS
            .iter()
            .find(|row| row.trouble == Trouble::Nothing)
            .unwrap();
        row.trouble = Trouble::Fault("sse-500");
        row.outage = Some(Duration::from_secs(1));
        let stage = Stage::open(&row, folder.path()).unwrap();
        let mut asked = 1;
        assert!(ask(stage.url()).starts_with("HTTP/1.1 500"));
        while !ask(stage.url()).contains("response.completed") {
            asked += 1;
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(stage.requests().unwrap(), asked + 1);
    }

    #[test]
    fn only_what_asks_for_an_answer_counts() {
        let seen = |route, method: &str, body: &str, fault| Seen {
            after: Duration::ZERO,
            route,
            connection: 1,
            version: "HTTP/1.1",
            method: method.to_owned(),
            path: "/v1/responses".to_owned(),
            headers: Vec::new(),
            bytes: body.len(),
            body: serde_json::from_str(body).ok(),
            fault,
        };
        let table = [
            (seen(Route::Sse, "POST", "{}", None), true),
            (seen(Route::WebSocket, "GET", "", None), false),
            (seen(Route::WebSocket, "GET", "", Some("challenge")), true),
            (seen(Route::WebSocket, "FRAME", "{}", None), true),
            (
                seen(Route::WebSocket, "FRAME", r#"{"generate":false}"#, None),
                false,
            ),
            (seen(Route::Models, "GET", "", None), false),
            (seen(Route::Other, "", "", Some("connection-reset")), true),
            (seen(Route::Other, "POST", "", None), false),
        ];
        for (seen, expected) in table {
            assert_eq!(is_asked(&seen), expected, "{seen:?}");
        }
    }
}
