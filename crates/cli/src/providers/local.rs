//! Model servers on this machine: found on their usual ports, and offered, never used unasked.

use std::sync::Arc;
use std::time::Duration;

use alipes_base::Deadline;
use alipes_models::{Catalog, ModelsError, Provider};
use alipes_transport::{Credential, NoCredential};
use anyhow::anyhow;
use futures_util::future::join_all;

use crate::args::NetworkArgs;
use crate::failure::Failure;
use crate::network::Network;
use crate::setup::Machine;

/// How long a server on the same machine may take to say what it has.
const LIMIT: (&str, Duration) = ("local server", Duration::from_millis(300));

/// A server that answers.
pub(super) struct Running {
    pub(super) provider: String,
    /// A model it has, if it said so.
    model: Option<String>,
}

impl Running {
    /// What a person can do with it.
    fn offer(&self) -> String {
        let Self { provider, model } = self;
        let model = model.as_deref().unwrap_or("MODEL");
        format!("{provider} is running here: `alipes exec -m {provider}/{model} \"…\"`")
    }
}

/// A failure for want of a model, with what could be asked on this machine; others as they are.
pub(crate) async fn offered(failure: Failure, machine: &Machine) -> Failure {
    let error = match failure {
        Failure::Usage(error) => error,
        other => return other,
    };
    let lacks_model = matches!(
        error.downcast_ref(),
        Some(ModelsError::NoModel { .. } | ModelsError::NoneChosen { .. })
    );
    let running = match machine.catalog() {
        Ok(catalog) if lacks_model => running(&catalog, machine).await,
        _ => return Failure::Usage(error),
    };
    let running = running.unwrap_or_default();
    let offers = running.iter().map(|here| format!("\n  {}", here.offer()));
    Failure::usage(anyhow!("{error}{}", offers.collect::<String>()))
}

/// The servers that run here, all asked at once, straight and without any key.
pub(super) async fn running(catalog: &Catalog, machine: &Machine) -> Result<Vec<Running>, Failure> {
    let direct = NetworkArgs {
        proxy: Some("direct".to_owned()),
        ..NetworkArgs::default()
    };
    let transport = machine.transport(&Network::of_flags(&direct))?;
    let here = |provider: &Provider| provider.local && provider.is_on_this_machine();
    let asked = catalog.providers().into_iter().filter(here);
    let asked = asked.map(async |provider| {
        let endpoint = Arc::new(catalog.endpoint(&provider).ok()?);
        let path = provider.models_path()?;
        let nobody: Arc<dyn Credential> = Arc::new(NoCredential);
        let deadline = Deadline::after(&transport.clock, LIMIT.0, LIMIT.1);
        let answer = transport.auxiliary(&endpoint, &nobody, &path, deadline);
        let answer = answer.await.ok()?;
        // Anything may listen there: only what lists models is a model server.
        let models = provider.listed(&answer.body)?.into_iter();
        let fit = |model: &String| !model.contains("embed") && !model.contains(char::is_whitespace);
        Some(Running {
            model: models.map(|model| model.name).find(fit),
            provider: provider.name,
        })
    });
    Ok(join_all(asked).await.into_iter().flatten().collect())
}
