//! `--fix`: what can be mended without a question, because nobody could want it otherwise. Nothing is
//! deleted, and what is mended is told.

use std::path::Path;

use alipes_config::Home;
use alipes_models::Catalog;

use super::local::{is_open_to_others, secret_files};
use crate::setup::Machine;

/// Mends it, and tells what.
pub(super) fn mend(machine: &Machine, catalog: &Catalog) -> Vec<String> {
    let Ok(home) = Home::find(&machine.environment) else {
        return Vec::new();
    };
    private(home.folder(), catalog)
}

/// Keys and sign-ins that others can read become their owner's alone.
fn private(folder: &Path, catalog: &Catalog) -> Vec<String> {
    let files = secret_files(folder, catalog).into_iter();
    let open = files.filter(|file| is_open_to_others(file));
    open.map(|file| match make_private(&file) {
        Ok(()) => format!(
            "{} is yours alone now; replace what is in it if others may have read it",
            file.display()
        ),
        Err(error) => format!("{} could not be made yours alone: {error}", file.display()),
    })
    .collect()
}

#[cfg(unix)]
fn make_private(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn make_private(_file: &Path) -> std::io::Result<()> {
    Ok(())
}
