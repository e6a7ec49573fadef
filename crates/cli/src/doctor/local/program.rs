//! The program and what surrounds it: variables, sandbox, terminal, the official client.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use alipes_auth::installed_codex;
use alipes_models::Catalog;
use alipes_net::{CaFile, NetError, Tls, TlsOptions};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

use super::super::LIMIT;
use super::super::report::{Check, Status};
use crate::failure::Failure;
use crate::network::Network;
use crate::setup::Machine;
use crate::style::one_line;

/// The variables by which people decide how requests leave, and whom they trust.
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

/// How much of what it says is read, in bytes, and shown, in characters.
const SAID: u64 = 4_096;
const VERSION: usize = 80;

pub(super) fn version() -> Check {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let summary = format!("alipes {} on {os} ({arch})", env!("CARGO_PKG_VERSION"));
    Check::new("system.version", "system", Status::Ok, summary)
}

/// Which of them are set, and without which of their files turns go on. Other values may hold passwords.
pub(super) fn variables(machine: &Machine) -> Check {
    let set = VARIABLES.into_iter();
    let set = set.filter(|name| machine.environment.text(name).is_some());
    let (obeyed, others): (Vec<&str>, Vec<&str>) = set.partition(|name| is_obeyed(name));
    let named = [("set", obeyed), ("not used by alipes", others)];
    let named = named.into_iter().filter(|(_, names)| !names.is_empty());
    let mut told: Vec<String> = named
        .map(|(what, names)| format!("{what}: {}", names.join(", ")))
        .collect();
    let files = Network::default().ca_files(&machine.environment);
    let left_out: Vec<NetError> = files.into_iter().filter_map(left_out).collect();
    let status = match left_out.as_slice() {
        [] => Status::Ok,
        _ => Status::Warning,
    };
    let reasons = left_out.into_iter();
    told.extend(reasons.map(|error| Failure::usage(error).message()));
    if told.is_empty() {
        told.push("no variable names a proxy or certificates".to_owned());
    }
    Check::new("network.env", "network", status, told.join("; "))
}

/// Whether anything of ours asks for it. Only where the system's store has one door alone do
/// authorities come from `SSL_CERT_DIR`, too (`alipes_net::Tls`).
fn is_obeyed(variable: &str) -> bool {
    let is_for_others = ["NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"].contains(&variable);
    let has_one_door = cfg!(any(not(unix), target_os = "macos"));
    !is_for_others && (variable != "SSL_CERT_DIR" || has_one_door)
}

/// Why this file is left out. One that must not be is a problem of its own: no request leaves without it.
fn left_out(file: CaFile) -> Option<NetError> {
    let read = Tls::new(TlsOptions {
        extra_ca_files: vec![file],
        ..TlsOptions::default()
    });
    read.ok()?.left_out().first().cloned()
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
    let asked = tokio::time::timeout(CODEX, version_of(&program)).await;
    let said = asked.ok().flatten();
    let said = said.as_deref().unwrap_or("it does not say its version");
    let summary = format!("{said} ({})", program.display());
    check(summary).took(machine.clock.since(begun))
}

/// The first line of what a program says of its version. It may be anything that is called so: what it
/// says is bounded, and nothing that it started stays behind.
async fn version_of(program: &Path) -> Option<String> {
    let mut command = Command::new(program);
    #[cfg(unix)]
    command.process_group(0);
    let child = command
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let mut group = Group(child.ok()?);
    let mut said = Vec::new();
    let stdout = group.0.stdout.take()?;
    stdout.take(SAID).read_to_end(&mut said).await.ok()?;
    let said = String::from_utf8_lossy(&said);
    let line = said.lines().next().filter(|line| !line.is_empty())?;
    Some(one_line(line, VERSION))
}

/// A child that leads a group of its own, which ends with this.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        {
            use rustix::process::{Pid, Signal, kill_process_group};

            // Nobody has waited for the child, so its number is still its own.
            let leader = self.0.id().and_then(|id| i32::try_from(id).ok());
            if let Some(leader) = leader.and_then(Pid::from_raw) {
                let _gone_already = kill_process_group(leader, Signal::KILL);
            }
        }
    }
}
