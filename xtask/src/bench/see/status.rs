//! `alipes status` beside a million calls, with a provider for each endpoint that they went to.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::fill::ENDPOINTS;
use super::told;
use crate::interop::Alipes;
use crate::process::{self, now};

/// Within so long a person has the screen.
const TARGET: Duration = Duration::from_millis(100);

/// It takes some milliseconds.
const LIMIT: Duration = Duration::from_secs(60);

/// The row of the table.
pub(super) fn row(alipes: &Alipes, home: &Path, runs: usize) -> Result<String> {
    configure(home)?;
    let mut command = alipes.command(home);
    command.arg("status");
    let said = process::run(&mut command, LIMIT)?;
    for endpoint in ENDPOINTS {
        ensure!(
            said.stdout.contains(endpoint),
            "{endpoint} is missing:\n{}",
            said.said()
        );
    }
    let mut times = Vec::new();
    for _ in 0..runs {
        let mut command = alipes.command(home);
        command.arg("status").stdout(std::process::Stdio::null());
        let begun = now();
        // It fails where something needs the person, as it may here.
        command.stderr(std::process::Stdio::null()).status()?;
        times.push(begun.elapsed());
    }
    Ok(told("status", times, TARGET))
}

fn configure(home: &Path) -> Result<()> {
    let mut text = format!("[model]\ndefault = \"{}/m\"\n", ENDPOINTS[0]);
    for endpoint in ENDPOINTS {
        text.push_str(&format!(
            "[providers.{endpoint}]\nbase_url = \"https://provider.test/v1\"\napi_key = {{ env = \"ALIPES_API_KEY\" }}\n"
        ));
    }
    Ok(std::fs::write(home.join("config.toml"), text)?)
}
