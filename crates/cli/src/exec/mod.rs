//! `alipes exec`: one turn, prompt in, answer out.

mod approve;
mod attempts;
mod json;
mod prompt;
mod screen;
mod talk;
mod terminal;
mod waiting;

use std::time::Duration;

use alipes_agent::{Agent, AgentOptions, Answer, Gate, MemoryJournal, TurnError, TurnEvent};
use alipes_base::Deadline;
use alipes_models::{Catalog, Making, Model, ModelName, Overrides};
use alipes_simulator::{Options, Simulator};
use alipes_tools::{Root, Toolbox};
use alipes_transport::Profile;
use tokio::sync::mpsc;

use crate::args::ExecArgs;
use crate::failure::Failure;
use crate::setup::{self, Machine};
use crate::signals::Signals;
use crate::style::Style;
use approve::Keyboard;
use attempts::Attempts;
use screen::Screen;

/// What the model is told where nobody can be asked.
const HINT: &str = "The user can permit it with `alipes exec --allow write,shell`.";

/// How many events may wait for a slow terminal or pipe.
const QUEUE: usize = 64;

/// How often the screen looks at the clock.
const TICK: Duration = Duration::from_millis(100);

pub(crate) async fn run(
    args: ExecArgs,
    machine: &Machine,
    signals: &Signals,
) -> Result<(), Failure> {
    let prompt = prompt::read(args.prompt.as_deref()).await?;
    let simulator = match args.simulate {
        true => Some(simulator(machine).await?),
        false => None,
    };
    let (model, name) = model(&args, machine, simulator.as_ref())?;
    let mut agent = agent(&args, machine, model)?;
    let mut screen = screen::of(&args, machine);
    screen.started(&name).map_err(closed)?;

    let deadline = Deadline::after(&machine.clock, "--timeout", args.timeout);
    let mut attempts = Attempts::default();
    let work = Work {
        prompt: &prompt,
        deadline,
        signals,
    };
    let outcome = drive(&mut agent, &work, screen.as_mut(), &mut attempts).await?;
    match outcome {
        Ok(answer) => screen.completed(&answer).map_err(closed),
        Err(error) => match screen.failed(&error).map_err(closed)? {
            screen::Told::Yes => Err(Failure::Told),
            screen::Told::No => Err(Failure::Turn {
                error,
                tried: attempts.of_the_last_step(),
            }),
        },
    }
}

/// One turn's worth of work.
struct Work<'w> {
    prompt: &'w str,
    deadline: Deadline,
    signals: &'w Signals,
}

/// Runs the turn and shows what it tells, until it ends or the user interrupts it.
async fn drive(
    agent: &mut Agent,
    work: &Work<'_>,
    screen: &mut dyn Screen,
    attempts: &mut Attempts,
) -> Result<Result<Answer, TurnError>, Failure> {
    let (sender, mut events) = mpsc::channel(QUEUE);
    let turn = agent.turn(
        work.prompt,
        screen.accepts_restart(),
        work.deadline,
        &sender,
    );
    let mut turn = std::pin::pin!(turn);
    let mut stopped = std::pin::pin!(work.signals.stop());
    let mut tick = tokio::time::interval(TICK);
    let mut show = |event: TurnEvent, screen: &mut dyn Screen| {
        attempts.note(&event);
        screen.event(event).map_err(closed)
    };
    let outcome = loop {
        tokio::select! {
            biased;
            Some(event) = events.recv() => show(event, screen)?,
            outcome = &mut turn => break outcome,
            stop = &mut stopped => {
                screen.interrupted();
                return Err(Failure::Stopped(stop));
            }
            _ = tick.tick() => screen.tick(),
        }
    };
    while let Ok(event) = events.try_recv() {
        show(event, screen)?;
    }
    Ok(outcome)
}

fn model(
    args: &ExecArgs,
    machine: &Machine,
    simulator: Option<&Simulator>,
) -> Result<(Box<dyn Model>, ModelName), Failure> {
    if args.proxy.is_some() {
        return Err(Failure::usage(anyhow::anyhow!(
            "--proxy is not supported yet; every call goes out directly in this version"
        )));
    }
    let catalog = match simulator {
        Some(_) => Catalog::default(),
        None => machine.catalog()?,
    };
    let overrides = match simulator {
        Some(simulator) => Overrides {
            model: Some("simulated/planner".to_owned()),
            base_url: Some(simulator.base_url()),
            profile: args
                .profile
                .clone()
                .or_else(|| Profile::named("openai-codex").ok()),
            dialect: args.dialect,
            routes: args.route.routes(),
        },
        None => Overrides {
            model: args.model.clone(),
            base_url: args.base_url.clone(),
            profile: args.profile.clone(),
            dialect: args.dialect,
            routes: args.route.routes(),
        },
    };
    let transport = machine.transport(Vec::new())?;
    let session_id = machine.rng.uuid();
    let making = Making {
        environment: &machine.environment,
        transport: &transport,
        session_id: &session_id,
    };
    let model = catalog.chain(&overrides, making)?;
    let name = model.name().clone();
    Ok((Box::new(model), name))
}

fn agent(args: &ExecArgs, machine: &Machine, model: Box<dyn Model>) -> Result<Agent, Failure> {
    let current = machine.environment.current_dir();
    let folder = args
        .folder
        .as_ref()
        .map_or(current.to_owned(), |folder| current.join(folder));
    let root = Root::open(&folder).map_err(Failure::usage)?;
    let setting = setup::setting(&root, &machine.clock);
    let options = AgentOptions {
        model,
        toolbox: Toolbox::builtin(),
        gate: gate(args, machine),
        journal: Box::new(MemoryJournal::default()),
        root,
        environment: machine.environment.clone(),
        clock: machine.clock.clone(),
    };
    Ok(Agent::new(options, &setting))
}

fn gate(args: &ExecArgs, machine: &Machine) -> Gate {
    let granted = args.allow.iter().map(|grant| grant.effect()).collect();
    let keyboard = Keyboard::of_this_terminal(Style::of_stderr(&machine.environment));
    Gate::new(granted, keyboard, HINT)
}

async fn simulator(machine: &Machine) -> Result<Simulator, Failure> {
    let options = Options::local(machine.clock.clone(), machine.rng.clone());
    Simulator::start(options).await.map_err(Failure::failed)
}

/// Whoever read our output has gone: there is nobody left to tell.
fn closed(_error: std::io::Error) -> Failure {
    Failure::Told
}
