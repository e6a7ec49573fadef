//! The real Hermes Agent, installed by `cache`: the other system whose recovery ours is measured against.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use tempfile::TempDir;

use super::KEY;
use crate::process::without_proxy;

/// An installed Hermes Agent with a home of its own that knows one provider.
#[derive(Debug)]
pub(crate) struct Hermes {
    binary: PathBuf,
    home: TempDir,
}

impl Hermes {
    /// What it calls the two dialects that we ask it to speak, both over SSE: it has no WebSocket.
    pub(crate) const RESPONSES: &str = "codex_responses";
    pub(crate) const CHAT: &str = "chat_completions";

    /// A home whose only provider is at `base_url` and is spoken to by `transport`.
    pub(crate) fn new(binary: &Path, base_url: &str, transport: &str) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let config = format!(
            "model: {{provider: interop, default: sim-model}}\n\
             providers:\n  interop:\n    name: Interop\n    base_url: \"{base_url}\"\n    api_key: {KEY}\n    \
             transport: {transport}\n    model: sim-model\n    models: {{sim-model: {{context_length: 200000}}}}\n"
        );
        std::fs::write(home.path().join("config.yaml"), config)?;
        Ok(Self {
            binary: binary.to_owned(),
            home,
        })
    }

    /// One turn in a folder.
    pub(crate) fn chat(&self, folder: &Path, prompt: &str) -> Command {
        let mut command = Command::new(&self.binary);
        without_proxy(&mut command)
            .args(["chat", "-q", prompt])
            .env("HERMES_HOME", self.home.path())
            // It would install optional parts at its first start.
            .env("HERMES_DISABLE_LAZY_INSTALLS", "1")
            .current_dir(folder);
        command
    }
}
