//! Processes in the background end with the run of the program that started them. A conversation
//! that is taken up again is told so, or the model would go on as if its server were still there.

use alipes_store::Transcript;
use alipes_tools::goes_on;
use alipes_wire::{Item, ItemView};

/// The setting, with a word about such processes if there were any. It names the call that started
/// the last one, so that the model is told again only where there has been another since.
pub(crate) fn with_processes_gone(setting: &str, transcript: &Transcript) -> String {
    match transcript.items().iter().rev().find_map(started_by) {
        None => setting.to_owned(),
        Some(call_id) => format!(
            "{setting}\nProcesses started in the background so far, the last by call {call_id}, have ended."
        ),
    }
}

/// The call, if it is one that started a process.
fn started_by(item: &Item) -> Option<String> {
    let ItemView::FunctionCall {
        call_id,
        name,
        arguments,
    } = item.view()
    else {
        return None;
    };
    let input = serde_json::from_str(&arguments).ok()?;
    goes_on(&name, &input).then(|| call_id.into_owned())
}
