//! Puts together what one `exec` needs: a chain of models, a gate, tools, a folder.

use std::path::Path;

use alipes_agent::{Agent, AgentOptions, Approver, Gate, GateOptions, ProjectText};
use alipes_base::Environment;
use alipes_models::{Catalog, Chain, Making, Model as _, ModelName, Overrides};
use alipes_simulator::{Options, Simulator};
use alipes_tools::Toolbox;
use alipes_transport::{Profile, Transport};

use super::approve::Keyboard;
use super::keep::Keeping;
use crate::approvals::{self, Tell};
use crate::args::{AgentArgs, Grant};
use crate::context;
use crate::failure::Failure;
use crate::setup::{self, Machine};
use crate::streams::say;
use crate::style::{Style, one_line};

/// What the model is told where nobody can be asked.
const HINT: &str = "The user can permit it with `alipes exec --allow write,shell`.";

/// The same where nothing confines commands, and so no other flag opens them.
const UNCONFINED_HINT: &str = "The user can permit it with `alipes exec --allow shell --sandbox off`, which confines nothing.";

/// The longest warning.
const LONGEST: usize = 300;

/// What an agent is put together from, beside the arguments.
pub(crate) struct Parts<'p> {
    pub(crate) catalog: &'p Catalog,
    pub(crate) transport: &'p Transport,
    pub(crate) simulator: Option<&'p Simulator>,
    pub(crate) keeping: Keeping,
    pub(crate) asked: Asked,
}

/// Who is asked about tools, and where a lasting yes is told to have been written.
pub(crate) struct Asked {
    pub(crate) approver: Option<Box<dyn Approver>>,
    pub(crate) tell: Tell,
    /// Whether they wait for an answer as long as they like.
    pub(crate) waits_on: bool,
}

impl Asked {
    /// Whoever is at this terminal, line by line.
    pub(crate) fn of_this_terminal(machine: &Machine) -> Self {
        Self {
            approver: Keyboard::of_this_terminal(Style::of_stderr(&machine.environment)),
            tell: Box::new(say),
            waits_on: false,
        }
    }
}

/// The agent that the arguments describe, and the name of its first model.
pub(crate) fn agent(
    args: &AgentArgs,
    machine: &Machine,
    parts: Parts<'_>,
) -> Result<(Agent, ModelName), Failure> {
    let Parts {
        catalog,
        transport,
        simulator,
        keeping,
        asked,
    } = parts;
    let root = root(args, machine, catalog)?;
    let asking = Asking {
        catalog,
        transport,
        simulator,
        session_id: keeping.id(),
        folder: root.path(),
    };
    let model = self::model(args, machine, &asking)?;
    let model = if asked.waits_on {
        model.waiting_on()
    } else {
        model
    };
    let auxiliary = auxiliary(args, machine, &asking, &asked.tell);
    let name = model.name().clone();
    let network = args.allow.contains(&Grant::Network);
    let sandbox = machine.sandbox(args.sandbox, network, catalog)?;
    let setting = setup::setting(&root, &machine.clock);
    let gate = gate(args, machine, catalog, asked)?;
    let is_hidden = gate.hides("read_file", root.path());
    let (own, person) = (machine.own(catalog), machine.person());
    let project = ProjectText::read(root.path(), own, person.as_deref(), is_hidden);
    let (journal, transcript) = keeping.journal(&root, &name);
    let options = AgentOptions {
        model: Box::new(model),
        toolbox: Toolbox::builtin(),
        gate,
        journal,
        root,
        sandbox,
        environment: machine.environment.clone(),
        redactor: machine.redactor.clone(),
        clock: machine.clock.clone(),
    };
    let agent = Agent::resumed(options, &setting, transcript).with_project(project);
    let agent = context::known(agent, catalog, &name, auxiliary);
    Ok((agent, name))
}

/// The folder that the arguments name, or else the one where we are.
pub(crate) fn root(
    args: &AgentArgs,
    machine: &Machine,
    catalog: &Catalog,
) -> Result<alipes_tools::Root, Failure> {
    let here = machine.environment.current_dir();
    let folder = args.folder.as_ref();
    let folder = folder.map_or(here.to_owned(), |other| here.join(other));
    machine.root(&folder, catalog)
}

/// What a chain of models is made with.
pub(crate) struct Asking<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) transport: &'a Transport,
    pub(crate) simulator: Option<&'a Simulator>,
    pub(crate) session_id: &'a str,
    pub(crate) folder: &'a Path,
}

impl Asking<'_> {
    /// A client that looks at files by itself looks at the same ones.
    fn environment(&self, machine: &Machine) -> Environment {
        Environment::new(machine.environment.variables(), self.folder.to_owned())
    }

    fn making<'m>(&'m self, environment: &'m Environment) -> Making<'m> {
        Making {
            environment,
            transport: self.transport,
            session_id: self.session_id,
        }
    }
}

/// The models that the arguments ask for.
pub(crate) fn model(
    args: &AgentArgs,
    machine: &Machine,
    asking: &Asking<'_>,
) -> Result<Chain, Failure> {
    let environment = asking.environment(machine);
    let overrides = overrides(args, asking.simulator);
    let making = asking.making(&environment);
    Ok(asking.catalog.chain(&overrides, making)?)
}

/// Whoever is asked beside the turn. One who cannot be had is told, and done without.
pub(crate) fn auxiliary(
    args: &AgentArgs,
    machine: &Machine,
    asking: &Asking<'_>,
    tell: &Tell,
) -> Option<Chain> {
    let environment = asking.environment(machine);
    let overrides = overrides(args, asking.simulator);
    let making = asking.making(&environment);
    let made = asking.catalog.auxiliary(&overrides, making);
    made.inspect_err(|error| {
        let error = one_line(&error.to_string(), LONGEST);
        tell(&format!("! nobody sums up long conversations: {error}"));
    })
    .ok()
}

/// The simulated model of `--simulate`.
pub(crate) async fn simulator(machine: &Machine) -> Result<Simulator, Failure> {
    let options = Options::local(machine.clock.clone(), machine.rng.clone());
    Simulator::start(options).await.map_err(Failure::failed)
}

fn overrides(args: &AgentArgs, simulator: Option<&Simulator>) -> Overrides {
    let given = Overrides {
        model: args.model.clone(),
        base_url: args.base_url.clone(),
        dialect: args.dialect,
        routes: args.route.routes(),
        profile: args.profile.clone(),
        reasoning: args.reasoning,
    };
    let Some(simulator) = simulator else {
        return given;
    };
    Overrides {
        model: Some("simulated/planner".to_owned()),
        base_url: Some(simulator.base_url()),
        profile: given
            .profile
            .or_else(|| Profile::named("openai-codex").ok()),
        ..given
    }
}

fn gate(
    args: &AgentArgs,
    machine: &Machine,
    catalog: &Catalog,
    asked: Asked,
) -> Result<Gate, Failure> {
    let granted = args.allow.iter().filter_map(|grant| grant.effect());
    Ok(Gate::new(GateOptions {
        granted: granted.collect(),
        rules: approvals::rules(machine)?,
        approver: asked.approver,
        book: approvals::book(machine, asked.tell)?,
        own: machine.own(catalog),
        hint: HINT.to_owned(),
        unconfined_hint: UNCONFINED_HINT.to_owned(),
    }))
}
