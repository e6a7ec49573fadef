//! `alipes providers show NAME` for the provider that is no address but the installed official client.

use alipes_auth::installed_codex;

use crate::setup::Machine;
use crate::streams::print;
use crate::style::Style;

/// What it is held to, whatever its own configuration says.
const TERMS: [(&str, &str); 4] = [
    (
        "sandbox",
        "read-only; its commands see none of your variables",
    ),
    ("approvals", "everything that it asks for is declined"),
    ("tools", "its own, without its tool servers; none of alipes"),
    (
        "replay",
        "none after a turn has begun; it retries by itself",
    ),
];

pub(super) fn show(name: &str, machine: &Machine, style: Style) -> std::io::Result<()> {
    print(&format!(
        "{} is the installed Codex CLI, driven over its app server, with its own sign-in and settings",
        style.strong(name)
    ))?;
    let program = installed_codex(&machine.environment).map_or_else(
        || {
            "not in PATH; install it with `npm install -g @openai/codex@latest`, then `codex login`"
                .to_owned()
        },
        |program| program.display().to_string(),
    );
    let field = |name: &str, value: &str| print(&format!("  {name:9}  {value}"));
    field("program", &program)?;
    TERMS
        .iter()
        .try_for_each(|(name, value)| field(name, value))
}
