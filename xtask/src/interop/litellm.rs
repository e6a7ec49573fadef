//! LiteLLM's proxy in front of our simulator: turns of ours go through a server that speaks all our dialects, and that
//! turns one into another, without a line of ours.
//!
//! Each row is a turn with a tool call. Where the proxy asks in another dialect than it is asked in, the tool's
//! arguments, its result and the answer survive two translations.

use std::process::Command;

use anyhow::{Result, ensure};

use super::report::{Report, with_words_of};
use super::turn::Turn;
use super::{Alipes, Cache, KEY};
use crate::process::{Server, without_proxy};

/// Our dialect, the model (see `interop/litellm_proxy.py`), and where the proxy asks the simulator then. What it makes
/// of Messages where it is free to choose is its own idea.
const ROWS: [(&str, &str, &str); 8] = [
    ("chat", "as-is", "/v1/chat/completions"),
    ("chat", "by-responses", "/v1/responses"),
    ("chat", "by-messages", "/v1/messages"),
    ("responses", "as-is", "/v1/responses"),
    ("responses", "by-messages", "/v1/messages"),
    ("messages", "as-is", "/v1/responses"),
    ("messages", "by-chat", "/v1/chat/completions"),
    ("messages", "by-messages", "/v1/messages"),
];

/// Every row, through one proxy: it takes ten seconds to start.
pub(super) fn check(report: &mut Report, alipes: &Alipes, cache: &Cache) -> Result<()> {
    let python = cache.litellm()?;
    let home = tempfile::tempdir()?;
    let simulator = alipes.simulate(home.path())?;
    let mut command = Command::new(python);
    without_proxy(&mut command)
        .arg(cache.script("litellm_proxy.py"))
        .args([simulator.url(), KEY]);
    let proxy = Server::start(&mut command)?;
    for (dialect, model, path) in ROWS {
        report.check(&format!("litellm {dialect} {model} tool turn"), || {
            let before = simulator.lines().len();
            let turn = with_words_of(&proxy, tool_turn(alipes, &proxy, (dialect, model)));
            with_words_of(&simulator, turn)?;
            // Beside the turn it asks for models when it likes.
            let mut asked = simulator.lines().split_off(before);
            asked.retain(|line| line.contains(" POST "));
            ensure!(
                asked.len() == 2 && asked.iter().all(|line| line.contains(path)),
                "the proxy should ask {path} twice, but the simulator saw {asked:#?}"
            );
            Ok(())
        });
    }
    Ok(())
}

fn tool_turn(alipes: &Alipes, proxy: &Server, (dialect, model): (&str, &str)) -> Result<()> {
    Turn::new()?.run(alipes, proxy.url(), |command| {
        command.args(["--model", &format!("sim/{model}")]).args([
            "--dialect",
            dialect,
            "--route",
            "sse",
            "list the files",
        ]);
    })
}
