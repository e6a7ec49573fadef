//! `alipes demo`: a real turn on real files, first undisturbed and then through faults, with nothing
//! to set up.
//!
//! The model is simulated and says so. Sockets, protocol, faults, tools and files are real, and the
//! answer after each fault is compared with the undisturbed one.

use std::path::Path;
use std::time::Duration;

use alipes_agent::{Agent, AgentOptions, Answer, Gate, MemoryJournal, TurnEvent};
use alipes_base::Deadline;
use alipes_models::{Catalog, Making, Overrides};
use alipes_simulator::{Options, Scenario, Simulator};
use alipes_tools::{Root, Toolbox};
use alipes_transport::{Profile, Trace};
use tokio::sync::mpsc;

use crate::args::DemoArgs;
use crate::failure::Failure;
use crate::narrate::{hedged, remedy, step};
use crate::setup::{self, Machine};
use crate::streams::print;
use crate::style::{Style, harmless, one_line};

/// What the agent is asked to do.
const TASK: &str = "describe this folder";

/// How long silence may last here; endpoints on the network get 20 s to 120 s.
const PATIENCE: Duration = Duration::from_secs(2);

/// Between two pieces of text.
const PACE: Duration = Duration::from_millis(2);

const TURN_LIMIT: Duration = Duration::from_secs(30);

/// One run of the task.
struct Act {
    title: &'static str,
    fault: Option<&'static str>,
}

const ACTS: [Act; 4] = [
    Act {
        title: "undisturbed",
        fault: None,
    },
    Act {
        title: "the WebSocket is refused with 403",
        fault: Some("websocket-refused-403"),
    },
    Act {
        title: "the connection is cut in the middle of the answer",
        fault: Some("websocket-cut-after-text@2"),
    },
    Act {
        title: "the service says 429, come back in a second",
        fault: Some("websocket-rate-limited@1"),
    },
];

pub(crate) async fn run(args: &DemoArgs, machine: &Machine) -> Result<(), Failure> {
    let stage = Stage::set(args, machine).await?;
    out(&stage.style.strong("alipes demo"))?;
    out(
        "The model is simulated: a small planner in this process. The sockets, the protocol, the faults,",
    )?;
    out(&format!(
        "the tools and the files are real. Silence is a fault after {} s here, to be short.",
        PATIENCE.as_secs()
    ))?;
    let mut first: Option<Answer> = None;
    for (index, act) in ACTS.iter().enumerate() {
        let title = format!("{} of {}: {}", index + 1, ACTS.len(), act.title);
        out(&format!("\n{}", stage.style.strong(title)))?;
        let answer = stage.play(act).await?;
        match &first {
            None => {
                out(&format!(
                    "\n{}\n",
                    stage.style.faint(format!("the answer to {TASK:?}:"))
                ))?;
                out(&indented(&harmless(&answer.text)))?;
                first = Some(answer);
            }
            Some(first) => stage.compare(first, &answer)?,
        }
    }
    let took = machine.clock.since(stage.begun).as_secs_f64();
    out(&format!(
        "\nFour turns in {took:.1} s. Try your own: `alipes exec --simulate \"read Cargo.toml\"`"
    ))
}

/// Everything the acts share.
struct Stage<'m> {
    machine: &'m Machine,
    simulator: Simulator,
    root: Root,
    style: Style,
    begun: tokio::time::Instant,
}

impl<'m> Stage<'m> {
    async fn set(args: &DemoArgs, machine: &'m Machine) -> Result<Self, Failure> {
        let current = machine.environment.current_dir();
        let folder = args.folder.as_deref().unwrap_or(Path::new("."));
        let options = Options {
            pace: PACE,
            ..Options::local(machine.clock.clone(), machine.rng.clone())
        };
        Ok(Self {
            machine,
            simulator: Simulator::start(options).await.map_err(Failure::failed)?,
            root: machine.root(&current.join(folder), &Catalog::default())?,
            style: Style::of_stdout(&machine.environment),
            begun: machine.clock.now(),
        })
    }

    async fn play(&self, act: &Act) -> Result<Answer, Failure> {
        let scenario = Scenario::from_flags(act.fault).map_err(Failure::failed)?;
        self.simulator.set_scenario(scenario);
        let mut agent = self.agent()?;
        let clock = &self.machine.clock;
        let deadline = Deadline::after(clock, "demo", TURN_LIMIT);
        let begun = clock.now();
        let (sender, mut events) = mpsc::channel(64);
        let turn = async {
            let answer = agent.turn(TASK, true, deadline, &sender).await;
            drop(sender);
            answer
        };
        let timeline = async {
            while let Some(event) = events.recv().await {
                if let Some(line) = self.line(&event) {
                    let at = clock.since(begun).as_secs_f64();
                    out(&format!(
                        "  {} {line}",
                        self.style.faint(format!("{at:6.3} s"))
                    ))?;
                }
            }
            Ok(())
        };
        let (answer, shown): (_, Result<(), Failure>) = tokio::join!(turn, timeline);
        shown?;
        answer.map_err(|error| Failure::Turn {
            error,
            tried: Vec::new(),
        })
    }

    fn agent(&self) -> Result<Agent, Failure> {
        let profile = Profile::named("openai-codex").map_err(Failure::failed)?;
        let overrides = Overrides {
            model: Some("simulated/planner".to_owned()),
            base_url: Some(self.simulator.base_url()),
            profile: Some(profile.with_patience(PATIENCE)),
            ..Overrides::default()
        };
        let machine = self.machine;
        let transport = machine.transport(None)?;
        let session_id = machine.rng.uuid();
        let making = Making {
            environment: &machine.environment,
            transport: &transport,
            session_id: &session_id,
        };
        let model = Catalog::default().chain(&overrides, making)?;
        let setting = setup::setting(&self.root, &machine.clock);
        let options = AgentOptions {
            model: Box::new(model),
            toolbox: Toolbox::builtin(),
            gate: Gate::default(),
            journal: Box::new(MemoryJournal::default()),
            root: self.root.clone(),
            environment: machine.environment.clone(),
            redactor: machine.redactor.clone(),
            clock: machine.clock.clone(),
        };
        Ok(Agent::new(options, &setting))
    }

    /// The line of an event in the timeline, if it is worth one.
    fn line(&self, event: &TurnEvent) -> Option<String> {
        match event {
            TurnEvent::Trace(Trace::AttemptFault {
                fault, reaction, ..
            }) => {
                let text = one_line(&fault.to_string(), 160);
                Some(
                    self.style
                        .warning(format!("! {text}; {}", remedy(*reaction))),
                )
            }
            TurnEvent::Trace(Trace::Hedged { limit, waited, .. }) => {
                let line = format!("! {}", hedged(limit, *waited));
                Some(self.style.warning(line))
            }
            TurnEvent::Trace(Trace::Waiting { .. } | Trace::FirstEvent { .. }) => None,
            TurnEvent::Trace(trace) => step(trace),
            TurnEvent::ToolStarted { summary, .. } => {
                Some(format!("tool: {}", one_line(summary, 100)))
            }
            TurnEvent::Restarted { delivered: true } => {
                Some("the text so far is replaced, not repeated".to_owned())
            }
            _ => None,
        }
    }

    fn compare(&self, first: &Answer, answer: &Answer) -> Result<(), Failure> {
        let line = if first.text == answer.text {
            self.style
                .good("  = the same answer as undisturbed: nothing lost, nothing twice")
        } else {
            self.style.warning("  ≠ another answer than undisturbed")
        };
        out(&line)
    }
}

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("  {line}")).collect();
    lines.join("\n")
}

fn out(line: &str) -> Result<(), Failure> {
    print(line).map_err(|_closed| Failure::Told)
}
