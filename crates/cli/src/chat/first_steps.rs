//! What to do first, for who has configured nothing yet, or not all of it.

use alipes_base::Environment;
use alipes_models::{Catalog, Key, ModelName, ModelsError, NamedKey};
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

/// That a model's only key is to be in a variable which nobody has set: better known before the first
/// question than after it.
pub(super) fn lacking_key(
    catalog: &Catalog,
    model: &ModelName,
    environment: &Environment,
) -> Option<String> {
    let provider = catalog.provider(&model.provider).ok()?;
    let keys = catalog.accounts(&provider);
    let [
        NamedKey {
            key: Key::Variable(name),
            ..
        },
    ] = keys.as_slice()
    else {
        return None;
    };
    environment.text(name).is_none().then(|| {
        format!(
            "{model} cannot be asked: the variable {name} is not set; set {name} and start again"
        )
    })
}
