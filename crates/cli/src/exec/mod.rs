//! `alipes exec`: one turn, prompt in, answer out.

mod approve;
pub(crate) mod attempts;
pub(crate) mod build;
mod json;
pub(crate) mod keep;
mod prompt;
mod resume;
mod screen;
mod talk;
mod terminal;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use alipes_agent::{Agent, Answer, TurnError, TurnEvent};
use alipes_base::Deadline;
use alipes_models::{Catalog, ModelName};
use alipes_simulator::Simulator;
use alipes_store::SqliteStore;
use alipes_transport::Transport;
use tokio::sync::mpsc;

use crate::args::{AgentArgs, ExecArgs};
use crate::context;
use crate::failure::Failure;
use crate::login;
use crate::memory::{self, EndpointMemory};
use crate::network::Network;
use crate::providers::local;
use crate::recording::Recording;
use crate::sessions::short;
use crate::setup::Machine;
use crate::signals::Signals;
use crate::streams::say;
use attempts::Attempts;
use screen::{Screen, Started};
pub(crate) use waiting::Waiting;

/// How many events may wait for a slow terminal or pipe.
const QUEUE: usize = 64;

/// How often the screen looks at the clock.
const TICK: Duration = Duration::from_millis(100);

pub(crate) async fn run(
    args: ExecArgs,
    machine: &Machine,
    signals: &Signals,
) -> Result<(), Failure> {
    let prompt = prompt::read(args.prompt.as_deref(), args.agent.resume.is_some());
    let prompt = signals.unless_stopped(prompt).await?;
    let mut opened = open(&args.agent, machine, signals).await?;
    let mut screen = screen::of(&args, machine);
    let started = Started {
        model: &opened.model,
        conversation: opened.conversation.as_deref(),
        note: opened.note.as_deref(),
        differs: &opened.differs,
        project: opened.agent.project().files(),
    };
    screen.started(&started).map_err(Failure::unwritten)?;
    let mut attempts = Attempts::default();
    let work = Work {
        prompt: prompt.as_deref(),
        deadline: Deadline::after(&machine.clock, "--timeout", args.timeout),
        signals,
    };
    let mut outcome = drive(&mut opened.agent, &work, screen.as_mut(), &mut attempts).await;
    let resume = opened.way_back(&args.agent).filter(|_| !args.json);
    if let Ok(Ok(_)) = &outcome {
        let place = opened.kept.as_deref().zip(opened.conversation.as_deref());
        let settled = context::settle(&mut opened.agent, machine, place);
        // Whoever does not want to wait has the answer.
        let _ = signals.unless_stopped(settled).await;
    }
    let mut told = Ok(());
    for spent in opened.agent.spent_beside() {
        if let (Ok(Ok(answer)), TurnEvent::SpentBeside { usage, .. }) = (&mut outcome, &spent) {
            answer.usage += *usage;
        }
        // Of a turn that was interrupted the end has been told.
        if outcome.is_ok() && told.is_ok() {
            told = screen.event(spent).map_err(Failure::unwritten);
        }
    }
    let (kept, recording) = opened.close(machine).await;
    told?;
    if let (Err(Failure::Stopped(_)), Some(command)) = (&outcome, &resume) {
        say(&format!("to go on: {command}"));
    }
    let ended = conclude(outcome?, screen.as_mut(), attempts, resume);
    if ended.is_ok() {
        keep::tidy_up(&kept, machine).await;
        recording.tend(machine).await;
    }
    ended
}

/// An agent, and what is about it.
struct Opened {
    agent: Agent,
    model: ModelName,
    transport: Transport,
    /// Where what is met is kept.
    memory: Option<EndpointMemory>,
    recording: Recording,
    kept: Option<Arc<SqliteStore>>,
    /// The name by which the conversation can be resumed.
    conversation: Option<String>,
    /// What is resumed.
    note: Option<String>,
    /// What is not as it was then: the folder, the model.
    differs: Vec<String>,
    /// It answers as long as it is held.
    _simulator: Option<Simulator>,
}

async fn open(args: &AgentArgs, machine: &Machine, signals: &Signals) -> Result<Opened, Failure> {
    let simulator = match args.simulate {
        true => Some(build::simulator(machine).await?),
        false => None,
    };
    let (catalog, transport) = reach(args, machine, simulator.as_ref())?;
    let opened = keep::open(args, machine, &say);
    let (mut keeping, kept) = signals.unless_stopped(opened).await?;
    let recording = Recording::new("exec", kept.as_ref(), args.record_bodies);
    let catalog = recording.of(catalog, machine);
    let (conversation, note) = (keeping.name(), keeping.note(&machine.redactor));
    let moved = keeping.moved(build::root(args, machine, &catalog)?.path());
    let held = keeping.held();
    let parts = build::Parts {
        catalog: &catalog,
        transport: &transport,
        simulator: simulator.as_ref(),
        keeping,
        asked: build::Asked::of_this_terminal(machine),
    };
    let (agent, model) = match build::agent(args, machine, parts) {
        Err(failure) => return Err(local::offered(failure, machine).await),
        Ok(built) => built,
    };
    let held = held.and_then(|held| held.otherwise(&model, false));
    let differs = moved.into_iter().chain(held).collect();
    // A simulator of our own teaches nothing that is true tomorrow.
    let memory = match simulator {
        Some(_) => None,
        None => machine.memory(kept.as_ref()),
    };
    memory::recall(machine, &transport, memory.as_ref()).await;
    Ok(Opened {
        agent,
        model,
        transport,
        memory,
        recording,
        kept,
        conversation,
        note,
        differs,
        _simulator: simulator,
    })
}

impl Opened {
    /// The command that goes on with it, if that is worth the while.
    fn way_back(&self, args: &AgentArgs) -> Option<String> {
        let id = self.conversation.as_deref();
        let id = id.filter(|_| keep::is_worth_resuming(&self.agent))?;
        let model = args.again(&self.model);
        Some(format!("alipes exec --resume {}{model}", short(id)))
    }

    /// Lets the agent go. However its turn ended: what was met is worth knowing next time.
    async fn close(self, machine: &Machine) -> (Option<Arc<SqliteStore>>, Recording) {
        drop(self.agent);
        self.recording.settle(machine).await;
        memory::keep(machine, &self.transport, self.memory.as_ref()).await;
        (self.kept, self.recording)
    }
}

/// Whom the turn may ask, and the way there.
pub(crate) fn reach(
    args: &AgentArgs,
    machine: &Machine,
    simulator: Option<&Simulator>,
) -> Result<(Catalog, Transport), Failure> {
    let (catalog, transport) = match simulator {
        Some(_) => {
            let network = Network::of_flags(&args.network);
            (Catalog::default(), machine.transport(&network)?)
        }
        None => login::catalog(machine, &args.network)?,
    };
    // Before anything is told of what was said.
    machine.learn_keys(&catalog);
    Ok((catalog, transport))
}

/// Shows how the turn ended.
fn conclude(
    outcome: Result<Answer, TurnError>,
    screen: &mut dyn Screen,
    attempts: Attempts,
    resume: Option<String>,
) -> Result<(), Failure> {
    match outcome {
        Ok(answer) => screen.completed(&answer).map_err(Failure::unwritten),
        Err(error) => match screen.failed(&error).map_err(Failure::unwritten)? {
            screen::Told::Yes => Err(Failure::Told),
            screen::Told::No => {
                let fault = match &error {
                    TurnError::Fault(fault) => Some(&**fault),
                    _ => None,
                };
                let tried = Box::new(attempts.of_the_last_step(fault));
                Err(Failure::Turn {
                    error,
                    tried,
                    resume,
                })
            }
        },
    }
}

/// One turn's worth of work.
struct Work<'w> {
    /// None goes on with the last turn.
    prompt: Option<&'w str>,
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
    let accepts_restart = screen.accepts_restart();
    let turn = async {
        match work.prompt {
            Some(prompt) => {
                let turn = agent.turn(prompt, accepts_restart, work.deadline, &sender);
                turn.await
            }
            None => agent.go_on(accepts_restart, work.deadline, &sender).await,
        }
    };
    let mut turn = std::pin::pin!(turn);
    let mut stopped = std::pin::pin!(work.signals.stop());
    let mut tick = tokio::time::interval(TICK);
    let mut show = |event: TurnEvent, screen: &mut dyn Screen| {
        attempts.note(&event);
        screen.event(event).map_err(Failure::unwritten)
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
