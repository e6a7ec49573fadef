//! What to do first, for who has configured nothing yet.

use alipes_models::ModelsError;
use anyhow::anyhow;

use crate::failure::Failure;
use crate::providers::local;
use crate::setup::Machine;

const STEPS: &str = "
  `alipes login` signs in with ChatGPT, `alipes providers add openai` saves a key
  `alipes chat --simulate` talks with a simulated model, `alipes demo` shows one turn";

/// A failure for want of a model, with what leads to one; others as they are.
pub(super) async fn told(failure: Failure, machine: &Machine) -> Failure {
    let lacks_model = match &failure {
        Failure::Usage(error) => matches!(error.downcast_ref(), Some(ModelsError::NoModel { .. })),
        _ => false,
    };
    match local::offered(failure, machine).await {
        Failure::Usage(error) if lacks_model => Failure::usage(anyhow!("{error}{STEPS}")),
        failure => failure,
    }
}
