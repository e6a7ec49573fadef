//! A scenario and what shall come of it, as data.

use std::time::Duration;

use alipes_simulator::Network;
use alipes_transport::Phase;

use crate::diagnosis::Diagnosis;
use crate::stage::Door;

/// One scenario.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) family: Family,
    pub(crate) name: String,
    /// What happens, where the name of a simulator's fault does not say it.
    pub(crate) about: &'static str,
    pub(crate) trouble: Trouble,
    pub(crate) wires: Wires,
    pub(crate) expected: Expected,
    /// Why it is not yet as it should be; whoever mends it takes this away.
    pub(crate) known: Option<&'static str>,
}

/// Where a row stands in the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Healthy,
    Dialing,
    Proxies,
    Handshakes,
    Connections,
    EitherRoute,
    Upgrades,
    WebSocket,
    Sse,
}

/// What goes wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trouble {
    /// As the simulator's flags.
    pub(crate) faults: Vec<String>,
    /// What happens to the network, and how long after the step has begun.
    pub(crate) events: Vec<Event>,
    /// How long the server pauses before each piece of text.
    pub(crate) pace: Duration,
    pub(crate) door: Door,
    /// By when the step must have ended, where that is sooner than usual.
    pub(crate) limit: Option<Duration>,
    /// A healthy step comes first, then this idleness.
    pub(crate) after_a_step: Option<Duration>,
    /// For how long the key has ended and the sign-in service gives no newer one.
    pub(crate) keyless: Duration,
    /// The fault that counts is the first on SSE: the upgrade is refused beforehand so that there is one.
    pub(crate) sse_alone: bool,
}

/// Something that happens to the network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) after: Duration,
    pub(crate) happens: fn(&Network),
}

/// Over what it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wires {
    /// Without TLS: HTTP/1.1 and WebSocket.
    Plain,
    /// With TLS: HTTP/2 and WebSocket.
    Tls,
    /// Once over each.
    Both,
}

/// What shall come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) outcome: Outcome,
    /// The first fault; `None` if nobody shall notice anything.
    pub(crate) first: Option<(Phase, Diagnosis)>,
    /// What it ends as, where that is not the first fault's cause.
    pub(crate) last: Option<Diagnosis>,
    /// The longest that it may take.
    pub(crate) longest: Duration,
    /// The most requests that the server may see.
    pub(crate) requests: usize,
    /// Whether the user is told of a proxy that was not used.
    pub(crate) suspects_proxy: bool,
    /// What doctor shall call it, where that is not the name that turns have for it.
    pub(crate) examined: Examined,
}

/// What doctor shall call a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Examined {
    /// What turns call it: the phase of the first fault, and the cause that they end with.
    AsTurnsDo,
    /// The same, met elsewhere: doctor asks by every way at once.
    At(Phase),
    /// This: turns go on in spite of it, or wait for longer than doctor can.
    As(Phase, Diagnosis),
    /// It is over before doctor comes to it.
    AsNothing,
    /// Within its time it looks like a model that thinks, or like a long answer: it warns, and calls it no fault.
    AsUnfinished,
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The answer, and nobody saw a piece of it twice.
    Answer,
    /// The answer, after text that had been shown was taken back.
    Restarted,
    /// A named fault.
    Fault,
}

impl Family {
    /// In the order of the page.
    pub(crate) const ALL: [Self; 9] = [
        Self::Healthy,
        Self::Dialing,
        Self::Proxies,
        Self::Handshakes,
        Self::Connections,
        Self::EitherRoute,
        Self::Upgrades,
        Self::WebSocket,
        Self::Sse,
    ];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Healthy => "Nothing wrong, for comparison",
            Self::Dialing => "Before there is a connection",
            Self::Proxies => "Through a proxy",
            Self::Handshakes => "The TLS handshake",
            Self::Connections => "Connections that end before anything is read",
            Self::EitherRoute => "Refusals on either route",
            Self::Upgrades => "The upgrade to a WebSocket",
            Self::WebSocket => "On a WebSocket, with SSE open beside it",
            Self::Sse => "By SSE, with no other way left",
        }
    }
}

impl Wires {
    /// What sets a row apart from another one of its name.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Plain => " (plain)",
            Self::Tls => " (TLS)",
            Self::Both => "",
        }
    }

    pub(crate) fn tls(self) -> &'static [bool] {
        match self {
            Self::Plain => &[false],
            Self::Tls => &[true],
            Self::Both => &[false, true],
        }
    }
}

impl Row {
    /// A scenario in which nobody shall notice anything.
    pub(crate) fn new(family: Family, name: &str, about: &'static str) -> Self {
        Self {
            family,
            name: name.to_owned(),
            about,
            trouble: Trouble::default(),
            wires: Wires::Both,
            expected: Expected {
                outcome: Outcome::Answer,
                first: None,
                last: None,
                longest: Duration::from_millis(500),
                requests: 1,
                suspects_proxy: false,
                examined: Examined::AsTurnsDo,
            },
            known: None,
        }
    }

    /// The name that no other row has.
    pub(crate) fn title(&self) -> String {
        format!("{}{}", self.name, self.wires.suffix())
    }

    /// A fault as the simulator takes it.
    pub(crate) fn fault(mut self, flag: &str) -> Self {
        self.trouble.faults.push(flag.to_owned());
        self
    }

    /// Something happens to the network, so many milliseconds after the step has begun.
    pub(crate) fn at(mut self, ms: u64, happens: fn(&Network)) -> Self {
        let after = Duration::from_millis(ms);
        self.trouble.events.push(Event { after, happens });
        self
    }

    pub(crate) fn pace(mut self, ms: u64) -> Self {
        self.trouble.pace = Duration::from_millis(ms);
        self
    }

    /// How the client leaves its machine.
    pub(crate) fn by(mut self, door: Door) -> Self {
        self.trouble.door = door;
        self
    }

    /// How long the step may take.
    pub(crate) fn within(mut self, limit: Duration) -> Self {
        self.trouble.limit = Some(limit);
        self
    }

    pub(crate) fn after_a_step(mut self, idle: Duration) -> Self {
        self.trouble.after_a_step = Some(idle);
        self
    }

    /// There is no key, so many seconds from the beginning.
    pub(crate) fn keyless_for(mut self, seconds: u64) -> Self {
        self.trouble.keyless = Duration::from_secs(seconds);
        self
    }

    pub(crate) fn sse_alone(mut self) -> Self {
        self.trouble.sse_alone = true;
        self.fault("websocket-refused-426")
    }

    pub(crate) fn over(mut self, wires: Wires) -> Self {
        self.wires = wires;
        self
    }

    /// What the first fault shall be called.
    pub(crate) fn named(mut self, phase: Phase, diagnosis: Diagnosis) -> Self {
        self.expected.first = Some((phase, diagnosis));
        self
    }

    /// What the last fault shall be called.
    pub(crate) fn ends_as(mut self, diagnosis: Diagnosis) -> Self {
        self.expected.last = Some(diagnosis);
        self
    }

    /// How it shall end, after how many milliseconds and requests at the most.
    pub(crate) fn ends(mut self, outcome: Outcome, ms: u64, requests: usize) -> Self {
        self.expected.outcome = outcome;
        self.expected.longest = Duration::from_millis(ms);
        self.expected.requests = requests;
        self
    }

    /// What doctor shall call it.
    pub(crate) fn examined(mut self, examined: Examined) -> Self {
        self.expected.examined = examined;
        self
    }

    /// The user is told of a proxy that was not used.
    pub(crate) fn suspects_proxy(mut self) -> Self {
        self.expected.suspects_proxy = true;
        self
    }

    /// It is not yet as it should be.
    #[expect(dead_code, reason = "nothing is known to be wrong at the moment")]
    pub(crate) fn known(mut self, why: &'static str) -> Self {
        self.known = Some(why);
        self
    }
}
