//! An agent at work in a folder of its own, and what it told on the way.

use std::path::PathBuf;
use std::time::Duration;

use alipes_agent::{
    Agent, AgentOptions, Answer, Approver, Gate, GateOptions, Rule, TurnError, TurnEvent,
};
use alipes_base::{Clock, Deadline, Environment, Redactor, Rng};
use alipes_config::Document;
use alipes_models::{Catalog, Making, Model, Overrides};
use alipes_net::{Dialer, DialerOptions, Tls, TlsOptions};
use alipes_store::{Journal, MemoryJournal, Transcript};
use alipes_tools::{Effect, Root, Sandbox, Toolbox};
use alipes_transport::{Identity, Profile, Route, Transport};
use tokio::sync::mpsc;

/// A hang is a failure; nothing here takes this long.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// What the gate tells the model when it says no.
pub(crate) const HINT: &str = "The user could allow it.";

/// What the model is told about where it is.
pub(crate) const SETTING: &str = "Working folder: here";

/// What an agent is made of, where a test wants it otherwise.
pub(crate) struct Setup {
    pub(crate) granted: Vec<Effect>,
    pub(crate) rules: Vec<Rule>,
    /// Whom the gate asks.
    pub(crate) approver: Option<Box<dyn Approver>>,
    pub(crate) toolbox: Toolbox,
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) routes: Vec<Route>,
    /// The profile of its endpoint, where that is not the usual one.
    pub(crate) profile: Option<&'static str>,
    /// What was said in an earlier process.
    pub(crate) transcript: Transcript,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            granted: Vec::new(),
            rules: Vec::new(),
            approver: None,
            toolbox: Toolbox::builtin(),
            journal: Box::new(MemoryJournal::default()),
            routes: vec![Route::Sse],
            profile: None,
            transcript: Transcript::default(),
        }
    }
}

/// An agent and its folder.
pub(crate) struct Work {
    folder: tempfile::TempDir,
    pub(crate) agent: Agent,
    /// The secrets that the agent knows.
    pub(crate) redactor: Redactor,
}

/// How a turn ended, and what it told.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) result: Result<Answer, TurnError>,
    pub(crate) events: Vec<TurnEvent>,
}

impl Work {
    /// An agent that may read, and nothing else.
    pub(crate) fn with(base_url: &str) -> Self {
        Self::set_up(base_url, Setup::default())
    }

    /// An agent that may do what is `granted`.
    pub(crate) fn granted(base_url: &str, granted: &[Effect]) -> Self {
        let granted = granted.to_vec();
        Self::set_up(
            base_url,
            Setup {
                granted,
                ..Setup::default()
            },
        )
    }

    pub(crate) fn set_up(base_url: &str, setup: Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::system();
        let environment = environment();
        let model = model_over(base_url, setup.routes, setup.profile);
        let redactor = Redactor::new();
        let options = AgentOptions {
            model,
            toolbox: setup.toolbox,
            gate: Gate::new(GateOptions {
                granted: setup.granted,
                rules: setup.rules,
                approver: setup.approver,
                hint: HINT.to_owned(),
                ..GateOptions::default()
            }),
            journal: setup.journal,
            root: Root::open(folder.path()).unwrap(),
            sandbox: Sandbox::off(),
            environment,
            redactor: redactor.clone(),
            clock,
        };
        Self {
            redactor,
            agent: Agent::resumed(options, SETTING, setup.transcript),
            folder,
        }
    }

    /// A path in its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file in its folder.
    pub(crate) fn file(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// Runs a turn to its end.
    pub(crate) async fn turn(&mut self, prompt: &str) -> Turn {
        self.run(Some(prompt), |_event| {}).await
    }

    /// The same while somebody listens.
    pub(crate) async fn heard_turn(&mut self, prompt: &str, hear: impl FnMut(&TurnEvent)) -> Turn {
        self.run(Some(prompt), hear).await
    }

    /// Goes on with a turn that was cut.
    pub(crate) async fn go_on(&mut self) -> Turn {
        self.run(None, |_event| {}).await
    }

    async fn run(&mut self, prompt: Option<&str>, mut hear: impl FnMut(&TurnEvent)) -> Turn {
        let (sender, mut events) = mpsc::channel(8);
        let turn = async {
            let result = match prompt {
                Some(prompt) => self.agent.turn(prompt, true, deadline(), &sender).await,
                None => self.agent.go_on(true, deadline(), &sender).await,
            };
            drop(sender);
            result
        };
        let told = async {
            let mut told = Vec::new();
            while let Some(event) = events.recv().await {
                hear(&event);
                told.push(event);
            }
            told
        };
        let (result, events) = tokio::join!(turn, told);
        Turn { result, events }
    }

    /// The answer of a turn that must end well.
    pub(crate) async fn answer(&mut self, prompt: &str) -> Answer {
        self.turn(prompt).await.result.unwrap()
    }

    /// Runs a turn until it tells something that `is_enough`, and drops it there.
    pub(crate) async fn until(&mut self, prompt: &str, is_enough: impl Fn(&TurnEvent) -> bool) {
        let (sender, mut events) = mpsc::channel(8);
        let turn = self.agent.turn(prompt, true, deadline(), &sender);
        let told = async {
            while let Some(event) = events.recv().await {
                if is_enough(&event) {
                    return;
                }
            }
        };
        tokio::select! {
            ended = turn => panic!("the turn ended first: {ended:?}"),
            () = told => {}
        }
    }
}

impl Turn {
    /// The messages, with whether each was the answer.
    pub(crate) fn messages(&self) -> Vec<(&str, bool)> {
        let messages = self.events.iter();
        messages
            .filter_map(|event| match event {
                TurnEvent::Message { text, answer, .. } => Some((text.as_str(), *answer)),
                _ => None,
            })
            .collect()
    }
}

pub(crate) fn deadline() -> Deadline {
    Deadline::after(&Clock::system(), "test", LIMIT)
}

/// A model behind this address, over SSE.
pub(crate) fn model(base_url: &str) -> Box<dyn Model> {
    model_over(base_url, vec![Route::Sse], None)
}

/// The same with this profile.
pub(crate) fn model_with(base_url: &str, profile: &'static str) -> Box<dyn Model> {
    model_over(base_url, vec![Route::Sse], Some(profile))
}

fn model_over(base_url: &str, routes: Vec<Route>, profile: Option<&str>) -> Box<dyn Model> {
    let overrides = Overrides {
        model: Some("test/model".to_owned()),
        base_url: Some(base_url.to_owned()),
        routes: Some(routes),
        profile: profile.map(|name| Profile::named(name).unwrap()),
        ..Overrides::default()
    };
    let making = Making {
        environment: &environment(),
        transport: &transport(&Clock::system()),
        session_id: "s",
    };
    Box::new(Catalog::default().chain(&overrides, making).unwrap())
}

/// The models that a configuration names.
pub(crate) fn configured(text: &str) -> Box<dyn Model> {
    let document = Document::parse("config.toml", text).unwrap();
    let making = Making {
        environment: &environment(),
        transport: &transport(&Clock::system()),
        session_id: "s",
    };
    let catalog = Catalog::read(&document).unwrap();
    Box::new(catalog.chain(&Overrides::default(), making).unwrap())
}

fn environment() -> Environment {
    Environment::new([("PATH", "/usr/bin:/bin")], PathBuf::new())
}

fn transport(clock: &Clock) -> Transport {
    let dialer = Dialer::new(DialerOptions::of_this_machine(
        Tls::new(TlsOptions::default()).unwrap(),
        clock.clone(),
    ));
    let identity = Identity::alipes("0.0.0");
    Transport::new(
        dialer,
        clock.clone(),
        Rng::seeded(1),
        Redactor::new(),
        identity,
    )
}
