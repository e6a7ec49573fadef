//! What `simulate` prints of the requests that it gets: one line each.
//!
//! A thread of its own writes, so that a pipe which nobody reads never holds up the server; what it cannot
//! keep up with is counted and said.

use std::io;
use std::time::Duration;

use alipes_simulator::{Seen, Watch};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::streams::{print, print_json};
use crate::style::one_line;

/// How long the last lines may take.
const LAST: Duration = Duration::from_secs(1);

/// The longest path that is shown.
const PATH: usize = 200;

/// The thread that prints.
pub(super) struct Log {
    ended: oneshot::Receiver<()>,
}

impl Log {
    /// Prints what `watch` sees, until the simulator is gone or nobody reads any more.
    pub(super) fn start(mut watch: Watch, is_json: bool) -> io::Result<Self> {
        let (alive, ended) = oneshot::channel();
        std::thread::Builder::new()
            .name("requests".to_owned())
            .spawn(move || {
                // Dropped when the thread ends: that is the signal.
                let _alive: oneshot::Sender<()> = alive;
                while let Some(seen) = watch.wait() {
                    let lines = match is_json {
                        true => [missed_value(watch.missed()), Some(value(&seen).to_string())],
                        false => [missed_line(watch.missed()), Some(line(&seen))],
                    };
                    let print = if is_json { print_json } else { print };
                    if lines.iter().flatten().any(|line| print(line).is_err()) {
                        return;
                    }
                }
            })?;
        Ok(Self { ended })
    }

    /// Waits for the last lines, but not for a reader that does not read.
    pub(super) async fn end(self) {
        let _late = tokio::time::timeout(LAST, self.ended).await;
    }
}

fn line(seen: &Seen) -> String {
    let time = seen.after.as_secs_f64();
    let route = seen.route.as_str();
    let what = match seen.method.as_str() {
        "" => "no request".to_owned(),
        method => format!("{method} {}", seen.path),
    };
    let what = one_line(&what, PATH);
    let fault = seen
        .fault
        .map_or(String::new(), |fault| format!("  ! {fault}"));
    format!(
        "{time:9.3} s  {route:9}  #{:<3}  {what}  {} bytes{fault}",
        seen.connection, seen.bytes
    )
}

fn value(seen: &Seen) -> Value {
    json!({
        "type": "request",
        "after_ms": u64::try_from(seen.after.as_millis()).unwrap_or(u64::MAX),
        "route": seen.route.as_str(), "connection": seen.connection, "version": seen.version,
        "method": seen.method, "path": seen.path, "bytes": seen.bytes, "fault": seen.fault,
    })
}

fn missed_line(requests: u64) -> Option<String> {
    (requests > 0).then(|| format!("  … {requests} requests more than could be printed"))
}

fn missed_value(requests: u64) -> Option<String> {
    (requests > 0).then(|| json!({"type": "missed", "requests": requests}).to_string())
}

#[cfg(test)]
mod tests {
    use alipes_simulator::Route;

    use super::*;

    fn seen(method: &str, path: &str, fault: Option<&'static str>) -> Seen {
        Seen {
            after: Duration::from_millis(1_234),
            route: Route::Sse,
            connection: 7,
            version: "HTTP/1.1",
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            bytes: 99,
            body: None,
            fault,
        }
    }

    #[test]
    fn a_request_is_one_line_that_cannot_steer_the_terminal() {
        let table = [
            (
                seen("POST", "/v1/responses", None),
                "    1.234 s  sse        #7    POST /v1/responses  99 bytes",
            ),
            (
                seen("GET", "/\x1b[31m\n\u{202e}x", Some("sse-500")),
                "    1.234 s  sse        #7    GET /[31m x  99 bytes  ! sse-500",
            ),
            (
                seen("", "", Some("connection-reset")),
                "    1.234 s  sse        #7    no request  99 bytes  ! connection-reset",
            ),
        ];
        for (seen, expected) in table {
            assert_eq!(line(&seen), expected);
        }
    }

    #[test]
    fn what_was_missed_is_said() {
        assert_eq!(missed_line(0), None);
        assert_eq!(missed_value(0), None);
        assert!(missed_line(3).unwrap().contains("3 requests"));
        assert_eq!(
            missed_value(3).unwrap(),
            r#"{"type":"missed","requests":3}"#
        );
    }
}
