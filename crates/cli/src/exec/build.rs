//! Puts together what one `exec` needs: a chain of models, a gate, tools, a folder.

use alipes_agent::{Agent, AgentOptions, Gate, GateOptions, ProjectText};
use alipes_base::Environment;
use alipes_models::{Catalog, Making, Model as _, ModelName, Overrides};
use alipes_simulator::{Options, Simulator};
use alipes_tools::Toolbox;
use alipes_transport::{Profile, Transport};

use super::approve::Keyboard;
use super::keep::Keeping;
use crate::approvals;
use crate::args::{ExecArgs, Grant};
use crate::failure::Failure;
use crate::setup::{self, Machine};
use crate::style::Style;

/// What the model is told where nobody can be asked.
const HINT: &str = "The user can permit it with `alipes exec --allow write,shell`.";

/// What an agent is put together from, beside the arguments.
pub(super) struct Parts<'p> {
    pub(super) catalog: &'p Catalog,
    pub(super) transport: &'p Transport,
    pub(super) simulator: Option<&'p Simulator>,
    pub(super) keeping: Keeping,
}

/// The agent that the arguments describe, and the name of its first model.
pub(super) fn agent(
    args: &ExecArgs,
    machine: &Machine,
    parts: Parts<'_>,
) -> Result<(Agent, ModelName), Failure> {
    let Parts {
        catalog,
        transport,
        simulator,
        keeping,
    } = parts;
    for secret in catalog.secrets(&machine.environment) {
        machine.redactor.learn(&secret);
    }
    let folder = machine.environment.current_dir();
    let folder = args
        .folder
        .as_ref()
        .map_or(folder.to_owned(), |other| folder.join(other));
    let root = machine.root(&folder, catalog)?;
    let making = Making {
        // A client that looks at files by itself looks at the same ones.
        environment: &Environment::new(machine.environment.variables(), root.path().to_owned()),
        transport,
        session_id: keeping.id(),
    };
    let model = catalog.chain(&overrides(args, simulator), making)?;
    let name = model.name().clone();
    let network = args.allow.contains(&Grant::Network);
    let sandbox = machine.sandbox(args.sandbox, network, catalog)?;
    let setting = setup::setting(&root, &machine.clock);
    let project = ProjectText::read(root.path(), machine.own(catalog));
    let (journal, transcript) = keeping.journal(&root, &name);
    let options = AgentOptions {
        model: Box::new(model),
        toolbox: Toolbox::builtin(),
        gate: gate(args, machine, catalog)?,
        journal,
        root,
        sandbox,
        environment: machine.environment.clone(),
        redactor: machine.redactor.clone(),
        clock: machine.clock.clone(),
    };
    let agent = Agent::resumed(options, &setting, transcript).with_project(project);
    Ok((agent, name))
}

/// The simulated model of `--simulate`.
pub(super) async fn simulator(machine: &Machine) -> Result<Simulator, Failure> {
    let options = Options::local(machine.clock.clone(), machine.rng.clone());
    Simulator::start(options).await.map_err(Failure::failed)
}

fn overrides(args: &ExecArgs, simulator: Option<&Simulator>) -> Overrides {
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

fn gate(args: &ExecArgs, machine: &Machine, catalog: &Catalog) -> Result<Gate, Failure> {
    let granted = args.allow.iter().filter_map(|grant| grant.effect());
    Ok(Gate::new(GateOptions {
        granted: granted.collect(),
        rules: approvals::rules(machine)?,
        approver: Keyboard::of_this_terminal(Style::of_stderr(&machine.environment)),
        book: approvals::book(machine)?,
        own: machine.own(catalog),
        hint: HINT.to_owned(),
    }))
}
