//! opencode, from npm: it speaks by whichever of the AI SDK's packages its configuration names.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde_json::json;

use super::super::KEY;
use super::stage::MODEL;
use crate::process::without_proxy;

/// One turn with the provider at `base_url`, spoken to by `package`. It allows its tools by itself.
pub(super) fn turn(
    bin: &Path,
    home: &Path,
    (package, base_url): (&str, &str),
    prompt: &str,
) -> Result<Command> {
    let model = format!("interop/{MODEL}");
    let config = json!({
        "model": model,
        "small_model": model,
        "autoupdate": false,
        "share": "disabled",
        "provider": {"interop": {
            "npm": package,
            "name": "Interop",
            "options": {"baseURL": base_url, "apiKey": KEY},
            "models": {MODEL: {"name": MODEL}},
        }},
    });
    let file = home.join("opencode.json");
    std::fs::write(&file, config.to_string())?;
    let mut command = Command::new(bin.join("opencode"));
    without_proxy(&mut command)
        // With a title it has no model make one beside the turn.
        .args(["run", "--title", "interop", prompt])
        .env("HOME", home)
        .env("OPENCODE_CONFIG", file)
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .env("NO_PROXY", "127.0.0.1,localhost");
    for folder in ["CONFIG", "DATA", "CACHE", "STATE"] {
        command.env(format!("XDG_{folder}_HOME"), home.join(folder));
    }
    Ok(command)
}
