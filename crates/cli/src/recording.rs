//! Where this process records its calls, and whom it tells of them. Nothing depends on it: without a
//! store that can be written, calls go on, and one warning says so.

use std::sync::{Arc, OnceLock};

use alipes_models::{Catalog, Records};
use alipes_store::{CallBounds, CallQueue, Recorder, SqliteStore};
use anyhow::anyhow;

use crate::failure::warn;
use crate::memory::EndpointMemory;
use crate::setup::Machine;
use crate::store::opened;
use crate::streams::say;
use crate::style::{Style, one_line};
use crate::telling::{Log, Telling, Told};

/// The variable that names the log.
const LOG: &str = "ALIPES_LOG";

/// The longest warning.
const LONGEST: usize = 400;

/// The records of one front.
pub(crate) struct Recording {
    front: &'static str,
    store: Option<Arc<SqliteStore>>,
    queue: Option<Arc<CallQueue>>,
    bodies: bool,
    /// Who is told beside the store, from the first catalogue on.
    others: OnceLock<Arc<[Telling]>>,
}

impl Recording {
    /// Records in this store; nothing without one.
    pub(crate) fn new(front: &'static str, store: Option<&Arc<SqliteStore>>, bodies: bool) -> Self {
        let queue = |store| Arc::new(CallQueue::new(Arc::clone(store), CallBounds::default()));
        Self {
            front,
            store: store.cloned(),
            queue: store.map(queue),
            bodies,
            others: OnceLock::new(),
        }
    }

    /// Records in this machine's store; where that cannot be written, says so and records nothing.
    pub(crate) async fn open(front: &'static str, machine: &Machine, bodies: bool) -> Self {
        let store = match machine.store().ok().flatten() {
            Some(options) => Some(opened(options, &say).await),
            None => None,
        };
        let store = match store {
            Some(Ok(store)) => Some(Arc::new(store)),
            Some(Err(error)) => {
                let error = anyhow!(error)
                    .context("calls are not recorded, nor what is learnt of endpoints");
                warn(&Style::of_stderr(&machine.environment), error);
                None
            }
            None => None,
        };
        Self::new(front, store.as_ref(), bodies)
    }

    /// Endpoint memory in the same store; nowhere without one, which has been told.
    pub(crate) fn memory(&self, machine: &Machine) -> Option<EndpointMemory> {
        machine.memory(Some(self.store.as_ref()?))
    }

    /// The catalogue with its calls on record.
    pub(crate) fn of(&self, catalog: Catalog, machine: &Machine) -> Catalog {
        let others = self.others.get_or_init(|| listeners(machine));
        let recorder: Arc<dyn Recorder> = match &self.queue {
            Some(queue) if others.is_empty() => Arc::clone(queue) as _,
            None if others.is_empty() => return catalog,
            queue => Arc::new(Told {
                store: queue.clone(),
                others: Arc::clone(others),
            }),
        };
        catalog.recorded(Records {
            recorder,
            front: self.front,
            rng: machine.rng.clone(),
            redactor: machine.redactor.clone(),
            bodies: self.bodies,
        })
    }

    /// Looks after what is kept, and says once if calls were lost.
    pub(crate) async fn tend(&self, machine: &Machine) {
        if let Some(queue) = &self.queue {
            // What could not be deleted today is deleted tomorrow.
            let _old = queue.prune_daily().await;
        }
        self.warn(machine);
    }

    /// Waits until everything is written, and says once if calls were lost.
    pub(crate) async fn settle(&self, machine: &Machine) {
        self.settled().await;
        self.warn(machine);
    }

    /// The same for whoever says it himself.
    pub(crate) async fn written(&self) -> Vec<String> {
        self.settled().await;
        self.lost()
    }

    async fn settled(&self) {
        if let Some(queue) = &self.queue {
            queue.settled().await;
        }
        for other in self.others() {
            other.settled().await;
        }
    }

    fn others(&self) -> &[Telling] {
        self.others.get().map_or(&[], |others| others)
    }

    /// Says what was lost, each once.
    fn warn(&self, machine: &Machine) {
        let style = Style::of_stderr(&machine.environment);
        for warning in self.lost() {
            say(&style.warning(format!("! {warning}")));
        }
    }

    fn lost(&self) -> Vec<String> {
        let lost = self.queue.iter().filter_map(|queue| queue.warning());
        let untold = self.others().iter().filter_map(Telling::warning);
        let lost = lost.map(|lost| lost.to_string()).chain(untold);
        lost.map(|warning| one_line(&warning, LONGEST)).collect()
    }
}

/// Whom the environment names to be told of calls; what cannot be used is said, and left out.
fn listeners(machine: &Machine) -> Arc<[Telling]> {
    let wanted = [log(machine), traces(machine)].into_iter().flatten();
    let told = wanted.filter_map(|telling| {
        let unused = |error| warn(&Style::of_stderr(&machine.environment), error);
        telling.map_err(unused).ok()
    });
    told.collect()
}

fn log(machine: &Machine) -> Option<anyhow::Result<Telling>> {
    let name = machine.environment.text(LOG)?;
    let path = machine.environment.current_dir().join(name);
    let log = Log::open(path.clone(), machine.redactor.clone()).and_then(Telling::start);
    let unused = |error| {
        let path = path.display();
        anyhow!("calls are not logged: {path} ({LOG}) cannot be written: {error}")
    };
    Some(log.map_err(unused))
}

#[cfg(feature = "traces")]
fn traces(machine: &Machine) -> Option<anyhow::Result<Telling>> {
    use crate::args::NetworkArgs;
    use crate::failure::Failure;
    use crate::telling::traces::{self, Traces};

    if !traces::is_wanted(&machine.environment) {
        return None;
    }
    let start = || {
        let settings = machine.settings()?;
        let nothing_said = NetworkArgs::default();
        let transport = machine.transport(&settings.network(&nothing_said))?;
        let (http, clock) = (transport.http, machine.clock.clone());
        let traces = Traces::new(http, clock, machine.rng.clone());
        traces
            .and_then(|traces| Ok(Telling::start(traces)?))
            .map_err(Failure::failed)
    };
    let unused = |_failure| anyhow!("no traces are sent: the receiver cannot be used");
    Some(start().map_err(unused))
}

/// Without the feature nobody is told, and who asked for it hears that.
#[cfg(not(feature = "traces"))]
fn traces(machine: &Machine) -> Option<anyhow::Result<Telling>> {
    let named = [
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    ];
    let name = named
        .into_iter()
        .find(|name| machine.environment.text(name).is_some())?;
    Some(Err(anyhow!(
        "no traces are sent: {name} is set, and this alipes is built without the feature \"traces\""
    )))
}
