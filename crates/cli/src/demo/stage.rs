//! What the acts are played on: two simulated providers, one that has faults and one that is well, and a
//! fresh agent for each act.

use std::path::Path;
use std::time::Duration;

use alipes_agent::{Agent, AgentOptions, Answer, Gate};
use alipes_base::Deadline;
use alipes_config::Document;
use alipes_models::{Catalog, Making, Overrides};
use alipes_simulator::{Options, Scenario, Simulator};
use alipes_store::MemoryJournal;
use alipes_tools::{Root, Sandbox, Toolbox};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::acts::{Act, TASK};
use super::timeline::Timeline;
use crate::args::DemoArgs;
use crate::failure::Failure;
use crate::network::Network;
use crate::setup::{self, Machine};
use crate::style::Style;

/// Between two pieces of text.
const PACE: Duration = Duration::from_millis(2);

const TURN_LIMIT: Duration = Duration::from_secs(30);

/// Everything the acts share.
pub(super) struct Stage<'m> {
    machine: &'m Machine,
    style: Style,
    /// The faults strike here.
    first: Simulator,
    second: Simulator,
    root: Root,
    begun: Instant,
}

impl<'m> Stage<'m> {
    pub(super) async fn set(
        args: &DemoArgs,
        machine: &'m Machine,
        style: Style,
    ) -> Result<Self, Failure> {
        let current = machine.environment.current_dir();
        let folder = args.folder.as_deref().unwrap_or(Path::new("."));
        let options = Options {
            pace: PACE,
            ..Options::local(machine.clock.clone(), machine.rng.clone())
        };
        let simulator = Simulator::start(options.clone());
        let reserve = Simulator::start(options);
        Ok(Self {
            machine,
            style,
            first: simulator.await.map_err(Failure::failed)?,
            second: reserve.await.map_err(Failure::failed)?,
            root: machine.root(&current.join(folder), &Catalog::default())?,
            begun: machine.clock.now(),
        })
    }

    /// When the demo began.
    pub(super) fn begun(&self) -> Instant {
        self.begun
    }

    pub(super) async fn play(&self, act: &Act) -> Result<Answer, Failure> {
        let scenario = Scenario::from_flags(act.fault).map_err(Failure::failed)?;
        self.first.set_scenario(scenario);
        let mut agent = self.agent(act)?;
        let clock = &self.machine.clock;
        let deadline = Deadline::after(clock, "demo", TURN_LIMIT);
        let (sender, events) = mpsc::channel(64);
        let turn = async {
            let answer = agent.turn(TASK, true, deadline, &sender).await;
            drop(sender);
            answer
        };
        let timeline = Timeline::new(self.style, clock, act.fault.is_none()).show(events);
        let (answer, shown) = tokio::join!(turn, timeline);
        shown?;
        answer.map_err(|error| Failure::Turn {
            error,
            tried: Box::default(),
            resume: None,
        })
    }

    /// What a user would write for the act's providers.
    fn catalog(&self, act: &Act) -> Result<Catalog, Failure> {
        let (first, second) = (self.first.base_url(), self.second.base_url());
        let fallback = match act.has_reserve {
            true => "\"reserve/planner\"",
            false => "",
        };
        let text = format!(
            "[providers.simulated]\nbase_url = \"{first}\"\nprofile = \"openai-codex\"\n\
             [providers.reserve]\nbase_url = \"{second}\"\nprofile = \"openai-codex\"\n\
             [model]\ndefault = \"simulated/planner\"\nfallback = [{fallback}]\n"
        );
        Ok(Catalog::read(&Document::parse("demo.toml", &text)?)?)
    }

    fn agent(&self, act: &Act) -> Result<Agent, Failure> {
        let machine = self.machine;
        let making = Making {
            environment: &machine.environment,
            transport: &machine.transport(&Network::default())?,
            session_id: &machine.rng.uuid(),
        };
        let model = self.catalog(act)?.chain(&Overrides::default(), making)?;
        let setting = setup::setting(&self.root, &machine.clock);
        let options = AgentOptions {
            model: Box::new(model),
            toolbox: Toolbox::builtin(),
            gate: Gate::default(),
            journal: Box::new(MemoryJournal::default()),
            root: self.root.clone(),
            sandbox: Sandbox::off(),
            environment: machine.environment.clone(),
            redactor: machine.redactor.clone(),
            clock: machine.clock.clone(),
        };
        Ok(Agent::new(options, &setting))
    }
}
