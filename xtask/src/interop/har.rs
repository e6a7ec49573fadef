//! The HAR of our calls before a stranger's validator: answered and refused, by both routes, with what was said and
//! without, and one that never came as far as a connection.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use super::report::Report;
use super::{Alipes, Cache, TURN_LIMIT};
use crate::process::{self, Server, without_proxy};

/// A call: what it is, what the simulator is told, what the client is told, and how many entries its log has.
type Case = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    usize,
);

const CASES: [Case; 7] = [
    ("answered", &[], &[], 1),
    ("with what was said", &[], &["--record-bodies"], 1),
    (
        "over a WebSocket",
        &[],
        &["--profile", "openai-codex", "--route", "websocket"],
        1,
    ),
    (
        "cut and mended",
        &["--fault", "sse-cut-after-text@1"],
        &["--record-bodies"],
        2,
    ),
    (
        "refused by both routes",
        &["--fault", "challenge"],
        &["--profile", "openai-codex"],
        2,
    ),
    ("unauthorized", &["--fault", "sse-401"], &[], 1),
    ("over TLS", &[TLS], &[], 1),
];

const TLS: &str = "--tls";

/// Makes the calls, exports each, and has all of them judged.
pub(super) fn check(report: &mut Report, alipes: &Alipes, cache: &Cache) -> Result<()> {
    let validator = cache.har_validator()?;
    for case in CASES {
        report.check(&format!("har of a call {}", case.0), || {
            let home = tempfile::tempdir()?;
            let log = home.path().join("call.har");
            call(alipes, home.path(), case)?;
            let mut export = alipes.command(home.path());
            export.args(["calls", "export", "last", "--har", "-o"]);
            process::run(export.arg(&log), TURN_LIMIT)?.succeeded("calls export")?;
            judged(&validator, &log, case.3)
        });
    }
    Ok(())
}

/// Asks a simulator once. Whether there is an answer is not the matter.
fn call(alipes: &Alipes, home: &Path, (_, faults, how, _): Case) -> Result<()> {
    let ca = home.join("ca.pem");
    let mut simulate = alipes.command(home);
    simulate.args(["simulate", "--listen", "127.0.0.1:0"]);
    if faults.contains(&TLS) {
        simulate.arg("--ca-out").arg(&ca);
    }
    let server = Server::start(simulate.args(faults))?;
    let mut exec = alipes.command(home);
    exec.args(["exec", "--model", "sim/m", "--base-url", server.url(), "hi"]);
    if faults.contains(&TLS) {
        exec.env("SSL_CERT_FILE", &ca);
    }
    process::run(exec.args(how), TURN_LIMIT)?;
    Ok(())
}

fn judged(validator: &Path, log: &Path, entries: usize) -> Result<()> {
    let mut node = Command::new("node");
    without_proxy(&mut node).arg(validator).arg(log);
    let said = process::run(&mut node, TURN_LIMIT)?.succeeded("har-validator")?;
    let counted: usize = said.stdout.trim().parse()?;
    ensure!(counted == entries, "{counted} entries, not {entries}");
    Ok(())
}
