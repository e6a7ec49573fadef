//! The program and what surrounds it: variables, sandbox, terminal, the official client.

use std::io::IsTerminal as _;
use std::process::Stdio;
use std::time::Duration;

use alipes_auth::installed_codex;
use alipes_models::Catalog;
use tokio::process::Command;

use super::super::LIMIT;
use super::super::report::{Check, Status};
use crate::setup::Machine;

/// The variables that decide how requests leave, and whom they trust.
const VARIABLES: [&str; 14] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "ALIPES_CA_FILE",
    "ALIPES_IPV4_ONLY",
];

/// How long the official client may take to say its version.
const CODEX: Duration = Duration::from_secs(3);

pub(super) fn version() -> Check {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let summary = format!("alipes {} on {os} ({arch})", env!("CARGO_PKG_VERSION"));
    Check::new("system.version", "system", Status::Ok, summary)
}

/// Which of them are set; their values may hold passwords.
pub(super) fn variables(machine: &Machine) -> Check {
    let set = VARIABLES.into_iter();
    let set: Vec<&str> = set
        .filter(|name| machine.environment.text(name).is_some())
        .collect();
    let summary = match set.as_slice() {
        [] => "no variable names a proxy or certificates".to_owned(),
        set => format!("set: {}", set.join(", ")),
    };
    Check::new("network.env", "network", Status::Ok, summary)
}

/// What confines commands.
pub(super) async fn sandbox(machine: &Machine, catalog: &Catalog) -> Check {
    let check = |status, summary: String| Check::new("sandbox.helpers", "sandbox", status, summary);
    let begun = machine.clock.now();
    let folder = machine.environment.current_dir();
    let found = async {
        let root = machine.root(folder, catalog)?;
        let sandbox = machine.sandbox(None, false, catalog)?;
        let confines = sandbox.confines(&root).await;
        let report = sandbox.report(&root).await;
        Ok::<_, crate::failure::Failure>((confines, report))
    };
    let check = match tokio::time::timeout(LIMIT, found).await {
        Err(_elapsed) => check(Status::Warning, format!("not known within {LIMIT:?}")),
        Ok(Err(failure)) => check(Status::Warning, failure.message()),
        Ok(Ok((confines, report))) => {
            let said = report.first().cloned().unwrap_or_default();
            match confines {
                true => check(Status::Ok, said),
                false => check(Status::Warning, said)
                    .helped_by("`alipes sandbox --show` says what is missing"),
            }
        }
    };
    check.took(machine.clock.since(begun))
}

pub(super) fn terminal(machine: &Machine) -> Check {
    let check = |status, summary: String| Check::new("terminal.env", "terminal", status, summary);
    let is_terminal = std::io::stdout().is_terminal() || std::io::stderr().is_terminal();
    if !is_terminal {
        return check(
            Status::Ok,
            "none: this is printed into a file or pipe".to_owned(),
        );
    }
    let kind = machine.environment.text("TERM").unwrap_or("no TERM");
    let size = terminal_size::terminal_size()
        .map(|(columns, rows)| format!(", {}×{}", columns.0, rows.0))
        .unwrap_or_default();
    let check = |status| check(status, format!("{kind}{size}"));
    match kind {
        "dumb" | "no TERM" => check(Status::Warning).helped_by(
            "the chat needs a terminal that can move its cursor; `alipes exec` needs none",
        ),
        _ => check(Status::Ok),
    }
}

/// The Codex CLI, if it is installed: another way to the same service.
pub(super) async fn codex(machine: &Machine) -> Check {
    let check = |summary: String| Check::new("codex.installed", "provider", Status::Ok, summary);
    let begun = machine.clock.now();
    let Some(program) = installed_codex(&machine.environment) else {
        return check("no codex in PATH".to_owned());
    };
    let asked = Command::new(&program)
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let said = match tokio::time::timeout(CODEX, asked).await {
        Ok(Ok(output)) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        _ => "it does not say its version".to_owned(),
    };
    let summary = format!("{said} ({})", program.display());
    check(summary).took(machine.clock.since(begun))
}
