//! What providers say when they are asked now: their list of models, and what each account has left.
//!
//! Both are asked beside turns, where an edge may challenge what it lets pass otherwise. So they tell
//! that somebody is there and takes the key, and a fault of theirs says nothing about answers.

use std::time::Duration;

use alipes_base::Deadline;
use alipes_models::{Catalog, ListSource, Making, ModelsError, NoList, Provider};
use alipes_transport::{AuxiliaryFault, Transport};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::gather::Endpoint;
use crate::recording::Recording;
use crate::setup::Machine;
use crate::style::{counted, seconds};

/// How long anybody is waited for.
const LIMIT: (&str, Duration) = ("live", Duration::from_secs(4));

/// Most accounts of a provider that are asked for.
const MOST: usize = 4;

/// What one of them said.
pub(super) struct Live {
    took: Duration,
    models: Result<usize, String>,
}

/// Asks all that are set up, at once, on record. What is left of a plan is remembered, and told with its
/// account.
pub(super) async fn ask(
    endpoints: &mut [Endpoint],
    catalog: &Catalog,
    transport: &Transport,
    machine: &Machine,
) {
    let recording = Recording::open("status", machine, false).await;
    let catalog = &recording.of(catalog.clone(), machine);
    let making = Making {
        environment: &machine.environment,
        transport,
        session_id: "",
    };
    let asked = endpoints.iter_mut().filter_map(|endpoint| {
        let provider = endpoint
            .provider
            .clone()
            .filter(|known| !known.app_server)?;
        Some(async move {
            let (live, ()) = tokio::join!(
                of_models(&provider, catalog, making),
                quotas(&provider, catalog, making),
            );
            endpoint.live = Some(live);
        })
    });
    join_all(asked).await;
    if let Some(memory) = recording.memory(machine) {
        // What could not be kept is asked again.
        let _unkept = transport.keep(&memory).await;
    }
    recording.settle(machine).await;
}

async fn of_models(provider: &Provider, catalog: &Catalog, making: Making<'_>) -> Live {
    let clock = &making.transport.clock;
    let begun = clock.now();
    let listed = match catalog.listing(Some(&provider.name), making) {
        Ok(listing) => listing.ask(true, deadline(making)).await,
        Err(error) => return Live::silent(&error),
    };
    let cause = |fault: &AuxiliaryFault| fault.cause().as_str().to_owned();
    let models = match listed {
        Ok(listed) => match &listed.source {
            ListSource::Cached {
                because: Some(fault),
                ..
            }
            | ListSource::Bundled {
                because: Some(fault),
            } => Err(cause(fault)),
            ListSource::Bundled { because: None } => Err("it has none that is known".to_owned()),
            _ => Ok(listed.models.len()),
        },
        Err(NoList::Fault(fault)) => Err(cause(&fault)),
        Err(_nowhere) => Err("it has none that is known".to_owned()),
    };
    let took = clock.since(begun);
    Live { took, models }
}

async fn quotas(provider: &Provider, catalog: &Catalog, making: Making<'_>) {
    let accounts = catalog.accounts(provider).into_iter().take(MOST);
    let asked = accounts.map(|account| async {
        let question = catalog.usage(&provider.with_key(account.key), making);
        if let Ok(Some(question)) = question {
            // Who does not say is told with what is known.
            let _unknown = question.ask(deadline(making)).await;
        }
    });
    join_all(asked).await;
}

fn deadline(making: Making<'_>) -> Deadline {
    Deadline::after(&making.transport.clock, LIMIT.0, LIMIT.1)
}

impl Live {
    fn silent(error: &ModelsError) -> Self {
        Self {
            took: Duration::ZERO,
            models: Err(error.to_string()),
        }
    }

    /// `lists 12 models after 0.2 s`
    pub(super) fn in_words(&self) -> String {
        match &self.models {
            Ok(models) => {
                let models = counted(*models as u64, "model");
                format!("lists {models} after {}", seconds(self.took))
            }
            Err(why) => format!("no list of models: {why} (this says nothing about answers)"),
        }
    }

    pub(super) fn as_json(&self) -> Value {
        let took = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX);
        let problem = self.models.as_ref().err();
        json!({ "took_ms": took, "models": self.models.as_ref().ok(), "problem": problem })
    }
}
