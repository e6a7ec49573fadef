//! Claude Code, from npm: Anthropic Messages over SSE.

use std::path::Path;
use std::process::Command;

use super::super::KEY;
use super::stage::MODEL;
use crate::process::without_proxy;

/// One turn with the provider at `base_url`. The tool that runs commands may be used.
pub(super) fn turn(bin: &Path, home: &Path, base_url: &str, prompt: &str) -> Command {
    let mut command = Command::new(bin.join("claude"));
    without_proxy(&mut command)
        .args(["--print", "--allowed-tools", "Bash", "--", prompt])
        .env("HOME", home)
        .env("CLAUDE_CONFIG_DIR", home)
        // It adds the version to the address by itself.
        .env("ANTHROPIC_BASE_URL", base_url.trim_end_matches("/v1"))
        .env("ANTHROPIC_AUTH_TOKEN", KEY)
        .env("ANTHROPIC_MODEL", MODEL)
        .env("ANTHROPIC_SMALL_FAST_MODEL", MODEL)
        .env("DISABLE_AUTOUPDATER", "1")
        .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env_remove("ANTHROPIC_API_KEY");
    command
}
