//! `alipes doctor` where every probe fails in the slowest way: connections stand, and nobody ever says a word, at the
//! provider and at the proxy alike.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Result, ensure};

use super::told;
use crate::interop::Alipes;
use crate::process::now;

/// Within so long a person is told.
const TARGET: Duration = Duration::from_secs(5);

/// The row of the table.
pub(super) fn row(alipes: &Alipes, runs: usize) -> Result<String> {
    let home = tempfile::tempdir()?;
    let quiet = |command: &mut Command| {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null()).status()
    };
    // The system accepts, and nobody takes the connection up.
    let (provider, proxy) = (silent()?, silent()?);
    configure(home.path(), &provider)?;
    let proxy = format!("http://{}", proxy.local_addr()?);
    let mut times = Vec::new();
    for _ in 0..runs {
        let mut command = alipes.command(home.path());
        command
            .args(["doctor", "silent"])
            .env("HTTPS_PROXY", &proxy);
        let begun = now();
        let ended = quiet(&mut command)?;
        times.push(begun.elapsed());
        ensure!(!ended.success(), "doctor found nothing wrong");
    }
    Ok(told("doctor", times, TARGET))
}

fn configure(home: &Path, provider: &TcpListener) -> Result<()> {
    let text = format!(
        "[model]\ndefault = \"silent/m\"\n[providers.silent]\nbase_url = \"https://{}/v1\"\n\
         api_key = {{ env = \"ALIPES_API_KEY\" }}\n",
        provider.local_addr()?
    );
    Ok(std::fs::write(home.join("config.toml"), text)?)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a server of a bench, on loopback"
)]
fn silent() -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
}
