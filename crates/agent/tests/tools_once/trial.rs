//! Plays a plan, and looks at what ran and what the model was told.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::future::pending;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use alipes_agent::{Agent, AgentOptions, Answer, Gate, GateOptions, TurnError, TurnEvent};
use alipes_base::{Clock, Deadline, Environment, Redactor, Rng};
use alipes_models::{Catalog, Making, Overrides};
use alipes_net::{Dialer, DialerOptions, Limits, Tls, TlsOptions};
use alipes_simulator::{Network, Options, Scenario, Simulator};
use alipes_store::MemoryJournal;
use alipes_tools::{Effect, Root, Sandbox, Tool, Toolbox};
use alipes_transport::{Identity, Profile, Route, Transport};
use alipes_wire::{Item, ItemView};
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::time::{sleep_until, timeout};

use crate::counting::{Counting, Runs};
use crate::plan::{Plan, Turn};

/// The longest that a turn may take.
const LIMIT: Duration = Duration::from_secs(3_600);

/// Every scenario begins at this date: 21 November 2026.
const DATE: Duration = Duration::from_secs(1_795_219_200);

/// Where the simulator listens.
const SERVER: ([u8; 4], u16) = ([192, 0, 2, 1], 443);

/// How often the tool ran, and what was wrong.
pub(crate) fn run(plan: &Plan) -> (usize, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let clock = Clock::anchored(SystemTime::UNIX_EPOCH + DATE);
        let network = Network::new(clock.clone());
        let simulator = simulator(plan, &clock, &network);
        let transport = transport(plan, &clock, &network, simulator.ca_pem());
        let (tool, runs) = Counting::new(plan.tool_takes);
        let toolbox = Toolbox::new([Box::new(tool) as Box<dyn Tool>]);
        let mut watch = Watch {
            agent: agent(
                plan,
                &simulator.base_url(),
                &transport,
                toolbox,
                folder.path().into(),
            ),
            clock: clock.clone(),
            runs,
            started: BTreeSet::new(),
            summed_up: false,
            problems: Vec::new(),
        };
        tokio::select! {
            biased;
            never = weather(&network, &clock, plan) => match never {},
            () = watch.conversation(&plan.turns) => {}
        }
        (watch.runs(), watch.problems)
    })
}

/// A conversation, and what is seen of it.
struct Watch {
    agent: Agent,
    clock: Clock,
    runs: Runs,
    /// The calls that have begun.
    started: BTreeSet<String>,
    /// Something was refused as too long in this turn, and summed up.
    summed_up: bool,
    problems: Vec<String>,
}

impl Watch {
    async fn conversation(&mut self, turns: &[Turn]) {
        for (number, turn) in turns.iter().enumerate() {
            let before = self.runs();
            let ended = self.turn(turn).await;
            let ran = self.runs() - before;
            let mut wrong = Vec::new();
            // The simulated planner reads no summaries: it begins anew, with calls of their own.
            if ran > turn.calls && !self.summed_up {
                wrong.push(format!("{} calls ran {ran} times", turn.calls));
            }
            match ended {
                Some(Ok(_)) if ran < turn.calls => {
                    wrong.push(format!("of {} calls {ran} ran", turn.calls));
                }
                Some(_) => wrong.extend(unanswered(self.agent.transcript().items())),
                // The next turn answers what it has left open.
                None => {}
            }
            if self.runs() > self.started.len() {
                wrong.push("a tool ran without being told of".to_owned());
            }
            let placed = wrong
                .into_iter()
                .map(|wrong| format!("turn {number}: {wrong}"));
            self.problems.extend(placed);
        }
    }

    /// How a turn ended; nothing, if its reader has left.
    async fn turn(&mut self, turn: &Turn) -> Option<Result<Answer, TurnError>> {
        let prompt = format!("run {} steps: run the command count", turn.calls);
        let deadline = Deadline::after(&self.clock, "turn", LIMIT);
        let (sender, mut events) = mpsc::channel(8);
        let (started, problems) = (&mut self.started, &mut self.problems);
        let summed_up = &mut self.summed_up;
        *summed_up = false;
        let told = async {
            while let Some(event) = events.recv().await {
                match event {
                    TurnEvent::ToolStarted { call_id, .. } if !started.insert(call_id.clone()) => {
                        problems.push(format!("{call_id} was begun twice"));
                    }
                    TurnEvent::Compacted(_) => *summed_up = true,
                    _ => {}
                }
            }
        };
        let agent = &mut self.agent;
        let asked = async {
            let ended = agent
                .turn(&prompt, turn.accepts_restart, deadline, &sender)
                .await;
            drop(sender);
            ended
        };
        let patience = turn.leaves_after.unwrap_or(Duration::MAX);
        let both = timeout(patience, async { tokio::join!(asked, told).0 });
        both.await.ok()
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::Relaxed)
    }
}

/// Calls that have no output, or more than one.
fn unanswered(items: &[Item]) -> Vec<String> {
    let mut outputs: BTreeMap<String, usize> = BTreeMap::new();
    for item in items {
        match item.view() {
            ItemView::FunctionCall { call_id, .. } => {
                outputs.entry(call_id.into_owned()).or_default();
            }
            ItemView::FunctionCallOutput { call_id, .. } => {
                *outputs.entry(call_id.into_owned()).or_default() += 1;
            }
            _ => {}
        }
    }
    let wrong = outputs.into_iter().filter(|(_, outputs)| *outputs != 1);
    wrong
        .map(|(call_id, outputs)| format!("{call_id} has {outputs} outputs"))
        .collect()
}

async fn weather(network: &Network, clock: &Clock, plan: &Plan) -> Infallible {
    let begun = clock.now();
    for (after, happens) in &plan.weather {
        sleep_until(begun + *after).await;
        happens(network);
    }
    pending().await
}

fn simulator(plan: &Plan, clock: &Clock, network: &Network) -> Simulator {
    let options = Options {
        listen: SERVER.into(),
        tls: plan.tls,
        scenario: Scenario::from_flags(&plan.faults).unwrap(),
        pace: plan.pace,
        ..Options::local(clock.clone(), Rng::seeded(plan.seed))
    };
    Simulator::within(network, options).unwrap()
}

fn transport(plan: &Plan, clock: &Clock, network: &Network, ca: Option<&str>) -> Transport {
    let tls = TlsOptions {
        only_these_roots: ca.map(|pem| pem.as_bytes().to_vec()),
        ..TlsOptions::default()
    };
    let dialer = Dialer::new(DialerOptions {
        sockets: Arc::new(network.clone()),
        tls: Tls::new(tls).unwrap(),
        limits: Limits::default(),
        clock: clock.clone(),
    });
    let identity = Identity::alipes("0.0.0");
    Transport::new(
        dialer,
        clock.clone(),
        Rng::seeded(plan.seed),
        Redactor::new(),
        identity,
    )
}

fn agent(
    plan: &Plan,
    base_url: &str,
    transport: &Transport,
    toolbox: Toolbox,
    folder: PathBuf,
) -> Agent {
    let environment = Environment::default();
    let overrides = Overrides {
        model: Some("test/model".to_owned()),
        base_url: Some(base_url.to_owned()),
        routes: plan.sse_alone.then(|| vec![Route::Sse]),
        profile: Some(Profile::named("openai-codex").unwrap()),
        ..Overrides::default()
    };
    let making = Making {
        environment: &environment,
        transport,
        session_id: "s",
    };
    let model = Catalog::default().chain(&overrides, making).unwrap();
    let options = AgentOptions {
        model: Box::new(model),
        toolbox,
        gate: Gate::new(GateOptions {
            granted: vec![Effect::Executes],
            ..GateOptions::default()
        }),
        journal: Box::new(MemoryJournal::default()),
        root: Root::open(&folder).unwrap(),
        sandbox: Sandbox::off(),
        environment,
        redactor: Redactor::new(),
        clock: transport.clock.clone(),
    };
    Agent::new(options, "Working folder: here")
}
