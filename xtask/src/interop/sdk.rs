//! The official OpenAI SDK for Python against our simulator; what it promises stands in `interop/sdk.py`.

use std::process::Command;

use anyhow::Result;

use super::report::{Report, with_words_of};
use super::{Alipes, Cache, TURN_LIMIT};
use crate::process::{self, without_proxy};

/// A turn over SSE, and two turns over one WebSocket.
pub(super) fn check(report: &mut Report, alipes: &Alipes, cache: &Cache) -> Result<()> {
    let home = tempfile::tempdir()?;
    for (way, name) in [
        ("stream", "sdk responses.stream"),
        ("connect", "sdk responses.connect, two turns"),
    ] {
        report.check(name, || {
            let simulator = alipes.simulate(home.path())?;
            let mut python = Command::new(cache.python());
            without_proxy(&mut python)
                .arg(cache.script("sdk.py"))
                .args([way, simulator.url()]);
            let ended =
                process::run(&mut python, TURN_LIMIT).and_then(|ended| ended.succeeded("sdk.py"));
            with_words_of(&simulator, ended).map(|_| ())
        });
    }
    Ok(())
}
