//! What can be wrong on this machine itself: each room is asked about its own, all at once.

mod files;
mod program;

pub(super) use files::{is_open_to_others, secret_files};

use super::report::Check;
use super::subject::Subject;
use crate::setup::Machine;

/// Everything that can be looked at here, in the order in which it is shown.
pub(super) async fn checks(machine: &Machine, subject: &Subject) -> Vec<Check> {
    let (store, memory, sandbox, codex) = tokio::join!(
        files::store(machine),
        files::memory(machine),
        program::sandbox(machine, &subject.catalog),
        program::codex(machine),
    );
    let alone = [
        Some(program::version()),
        files::configuration(machine),
        files::modes(machine, &subject.catalog),
        Some(store),
        memory,
        files::disk(machine),
        Some(program::variables(machine)),
        Some(sandbox),
        Some(program::terminal(machine)),
        Some(codex),
    ];
    alone.into_iter().flatten().collect()
}
