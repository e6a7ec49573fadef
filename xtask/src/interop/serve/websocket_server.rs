//! The server's side of `GET /v1/responses` against what the standards of WebSocket and of its compression ask of it, in the
//! manner of the autobahn test suite: python's autobahn says what no client should.
//!
//! The cases are in `interop/websocket`.

use std::process::Command;
use std::time::Duration;

use super::super::report::Report;
use super::super::{Alipes, Cache, KEY};
use super::stage::Stage;
use crate::process::{self, without_proxy};

/// All cases take five seconds; one that does not end takes ten.
const LIMIT: Duration = Duration::from_secs(120);

/// Every case, through one server.
pub(in super::super) fn check(report: &mut Report, alipes: &Alipes, cache: &Cache) {
    report.check("websocket server, every case", || {
        let stage = Stage::healthy(alipes, "responses")?;
        let mut python = Command::new(cache.python());
        without_proxy(&mut python)
            .arg(cache.script("websocket/check.py"))
            .args([stage.url(), KEY]);
        let ended = process::run(&mut python, LIMIT)?;
        print!("{}", ended.stdout);
        ended.succeeded("websocket/check.py").map(|_| ())
    });
}
