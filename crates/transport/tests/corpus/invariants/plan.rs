//! A random scenario: several faults at once and in turn, a network that changes, a reader who
//! leaves.

use std::time::Duration;

use alipes_base::Rng;
use alipes_simulator::{Closed, FaultInfo, Manner, Network, faults};
use alipes_transport::Reader;

use crate::concerns_a_step;
use crate::row::Event;
use crate::stage::{Cast, Door, server};

/// Everything that is drawn from a seed.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) cast: Cast,
    pub(super) weather: Vec<Event>,
    /// Steps of the conversation, each with its own reader.
    pub(super) steps: Vec<Step>,
}

/// One step, and who reads it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) idle_before: Duration,
    /// By when it must have ended.
    pub(super) limit: Duration,
    pub(super) reader: Reader,
    /// When the reader loses interest.
    pub(super) leaves_after: Option<Duration>,
}

/// What the network can do.
const WEATHER: [fn(&Network); 8] = [
    Network::go_away,
    Network::come_back,
    Network::come_back,
    |network| network.close(server(), Closed::Refused),
    |network| network.close(server(), Closed::BlackHole),
    |network| network.close(server(), Closed::Unreachable),
    |network| network.open(server()),
    |network| network.open(server()),
];

const DOORS: [Door; 8] = [
    Door::Direct,
    Door::Direct,
    Door::Direct,
    Door::Direct,
    Door::Proxy(Manner::Obliging),
    Door::Proxy(Manner::Refuses(502)),
    Door::Proxy(Manner::SwallowsUpgrades),
    Door::Proxy(Manner::FreezesAfter(3_000)),
];

const READERS: [Reader; 3] = [Reader::Replaces, Reader::KeepsText, Reader::KeepsOutput];

impl Plan {
    pub(super) fn drawn(seed: u64) -> Self {
        let rng = Rng::seeded(seed);
        let tls = rng.below(2) == 1;
        let some = |most: u64| 0..rng.below(most + 1);
        let cast = Cast {
            faults: some(4).map(|_| fault(&rng)).collect(),
            pace: [0, 0, 20, 1_500][pick(&rng, 4)].ms(),
            tls,
            door: DOORS[pick(&rng, DOORS.len())],
            seed,
        };
        let mut weather: Vec<Event> = some(3)
            .map(|_| Event {
                after: rng.below(40_000).ms(),
                happens: WEATHER[pick(&rng, WEATHER.len())],
            })
            .collect();
        weather.sort_by_key(|event| event.after);
        let steps = (0..=rng.below(3)).map(|_| Step::drawn(&rng)).collect();
        Self {
            cast,
            weather,
            steps,
        }
    }
}

impl Step {
    fn drawn(rng: &Rng) -> Self {
        Self {
            idle_before: [0, 0, 5_000, 70_000][pick(rng, 4)].ms(),
            limit: [300, 5_000, 60_000, 1_800_000][pick(rng, 4)].ms(),
            reader: READERS[pick(rng, READERS.len())],
            leaves_after: (rng.below(6) == 0).then(|| rng.below(30_000).ms()),
        }
    }
}

/// What sends so much that a seed would take seconds.
const LARGE: [&str; 2] = ["endless", "huge"];

/// Where something of the answer was shown.
const AFTER_OUTPUT: [&str; 3] = ["after-text", "after-reasoning", "after-call"];

/// One of the simulator's faults that concern a step and do not send a gigabyte, on some attempts.
fn fault(rng: &Rng) -> String {
    // What strikes after output is what could make it come twice.
    let late = rng.below(3) == 0;
    let fits = |fault: &&FaultInfo| match late {
        true => AFTER_OUTPUT.iter().any(|point| fault.name.contains(point)),
        false => concerns_a_step(fault) && !LARGE.iter().any(|large| fault.name.contains(large)),
    };
    let names: Vec<_> = faults()
        .iter()
        .filter(fits)
        .map(|fault| fault.name)
        .collect();
    let name = names[pick(rng, names.len())];
    let first = 1 + rng.below(4);
    match rng.below(5) {
        0 => name.to_owned(),
        1 => format!("{name}@{first}-{}", first + rng.below(4)),
        2 => format!("{name}@{}s", 1 + rng.below(20)),
        _ => format!("{name}@{first}"),
    }
}

fn pick(rng: &Rng, length: usize) -> usize {
    usize::try_from(rng.below(length as u64)).unwrap()
}

/// So many milliseconds.
trait Milliseconds {
    fn ms(self) -> Duration;
}

impl Milliseconds for u64 {
    fn ms(self) -> Duration {
        Duration::from_millis(self)
    }
}
