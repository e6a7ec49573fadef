//! Processes in the background end with the run of the program that started them. A conversation
//! that is taken up again is told so, or the model would go on as if its server were still there.

use alipes_store::Transcript;

/// The setting, with a word about such processes if there were any. It names the call that started
/// the last one, so that the model is told again only where there has been another since. Where nothing
/// confines commands, one may have outlived a run that was killed.
pub(crate) fn with_processes_gone(setting: &str, transcript: &Transcript) -> String {
    match transcript.in_background() {
        None => setting.to_owned(),
        Some(call_id) => format!(
            "{setting}\nProcesses started in the background so far, the last by call {call_id}, have \
             ended or are out of reach."
        ),
    }
}
