//! A random scenario: faults on the way, a network that changes, turns with calls, and a reader who
//! may leave in the middle of one.

use std::time::Duration;

use alipes_base::Rng;
use alipes_simulator::{FaultInfo, Network, Route, Target, faults};

/// Everything that is drawn from a seed.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) tls: bool,
    /// There is no WebSocket; else it is the first choice.
    pub(crate) sse_alone: bool,
    /// As the simulator's flags.
    pub(crate) faults: Vec<String>,
    /// The pause before each piece of text.
    pub(crate) pace: Duration,
    /// How long the tool takes.
    pub(crate) tool_takes: Duration,
    /// What happens to the network, and when.
    pub(crate) weather: Vec<(Duration, Happens)>,
    pub(crate) turns: Vec<Turn>,
}

/// One turn of the conversation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    /// How often the model asks for the tool.
    pub(crate) calls: usize,
    pub(crate) accepts_restart: bool,
    /// When the reader leaves.
    pub(crate) leaves_after: Option<Duration>,
}

/// Something that the network does.
pub(crate) type Happens = fn(&Network);

const WEATHER: [Happens; 3] = [Network::go_away, Network::come_back, Network::come_back];

/// What sends so much that a seed would take seconds.
const LARGE: [&str; 2] = ["endless", "huge"];

impl Plan {
    pub(crate) fn drawn(seed: u64) -> Self {
        let rng = Rng::seeded(seed);
        let some = |most: u64| 0..rng.below(most + 1);
        let mut weather: Vec<_> = some(2)
            .map(|_| (ms(rng.below(20_000)), WEATHER[pick(&rng, WEATHER.len())]))
            .collect();
        weather.sort_by_key(|(after, _)| *after);
        Self {
            seed,
            tls: rng.below(2) == 1,
            sse_alone: rng.below(2) == 1,
            faults: (0..=rng.below(4)).map(|_| fault(&rng)).collect(),
            pace: ms([0, 0, 20, 1_500][pick(&rng, 4)]),
            tool_takes: ms([0, 100, 40_000][pick(&rng, 3)]),
            weather,
            turns: (0..=rng.below(2)).map(|_| Turn::drawn(&rng)).collect(),
        }
    }
}

impl Turn {
    fn drawn(rng: &Rng) -> Self {
        Self {
            calls: 1 + pick(rng, 3),
            accepts_restart: rng.below(2) == 1,
            leaves_after: (rng.below(4) == 0).then(|| ms(rng.below(60_000))),
        }
    }
}

/// One of the simulator's faults on the way to the model, on some attempts.
fn fault(rng: &Rng) -> String {
    // What strikes when the call has been said is what could make it run twice.
    let late = rng.below(2) == 0;
    let names: Vec<_> = faults()
        .iter()
        .filter(|fault| concerns_a_step(fault))
        .map(|fault| fault.name)
        .filter(|name| !LARGE.iter().any(|large| name.contains(large)))
        .filter(|name| {
            !late
                || ["text", "completed", "final-event"]
                    .iter()
                    .any(|end| name.contains(end))
        })
        .collect();
    let name = names[pick(rng, names.len())];
    let first = 1 + rng.below(5);
    match rng.below(4) {
        0 => format!("{name}@{first}-{}", first + rng.below(3)),
        1 => format!("{name}@{}s", 1 + rng.below(20)),
        _ => format!("{name}@{first}"),
    }
}

fn concerns_a_step(fault: &FaultInfo) -> bool {
    match fault.route {
        Target::Route(route) => matches!(route, Route::Sse | Route::WebSocket),
        Target::Connection | Target::Tls | Target::Http2 | Target::AnyRoute => true,
    }
}

fn pick(rng: &Rng, length: usize) -> usize {
    usize::try_from(rng.below(length as u64)).unwrap()
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
