//! What to do about a fault: one pure function over the fault and the history of its step.
//!
//! It returns every reaction that could help, best first. Each layer takes the first that is its own
//! and possible, and hands the rest up: this room repeats, changes the route and waits; the rooms
//! above change accounts and providers, shrink the context, or tell the user.
//!
//! A first replay is at once and on the same route, because most faults are one broken connection.
//! Then comes the other route, then the next provider; only where none of these is left is the same
//! thing tried with growing pauses, within the step's budget.

use std::time::Duration;

use alipes_base::Rng;

use crate::{AttemptHistory, Cause, Fault, Phase, Profile, Replay, Route};

/// Something that may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reaction {
    /// The same route again, after a pause drawn from the upper fifth of `backoff`.
    SameRoute {
        /// The longest pause; zero: at once.
        backoff: Duration,
    },
    /// The same route again, when the server said. Never shortened.
    Wait {
        /// How long.
        length: Duration,
    },
    /// The endpoint's other route.
    OtherRoute,
    /// A newer token.
    RefreshCredential,
    /// The same without the reasoning that it cannot read.
    DropReasoning,
    /// Another account with this provider.
    NextAccount,
    /// The next provider of the chain.
    NextProvider,
    /// The next provider on this machine, which needs no network.
    ProviderHere,
    /// A shorter conversation.
    ShrinkContext,
    /// Nothing helps: tell the user.
    Stop,
}

impl Reaction {
    /// The name, as records and `--json` spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SameRoute { .. } => "same-route",
            Self::Wait { .. } => "wait",
            Self::OtherRoute => "other-route",
            Self::RefreshCredential => "refresh-credential",
            Self::DropReasoning => "drop-reasoning",
            Self::NextAccount => "next-account",
            Self::NextProvider => "next-provider",
            Self::ProviderHere => "provider-here",
            Self::ShrinkContext => "shrink-context",
            Self::Stop => "stop",
        }
    }

    /// The longest pause before it, where there is one.
    #[must_use]
    pub fn pause(self) -> Option<Duration> {
        match self {
            Self::SameRoute { backoff: length } | Self::Wait { length } => Some(length),
            _ => None,
        }
    }
}

/// How often one step may be sent again; from the endpoint's profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// After any fault.
    pub replays: usize,
    /// Of these, after an answer that was cut off.
    pub replays_after_cut: usize,
}

impl Budget {
    /// The budget of an endpoint.
    #[must_use]
    pub fn of(profile: &Profile) -> Self {
        Self {
            replays: profile.replays,
            replays_after_cut: profile.replays_after_cut,
        }
    }
}

/// The moves that the table speaks of; `react` turns them into reactions with their times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    /// Once more at once, on each route.
    Once,
    /// Again and again with growing pauses, within the budget.
    Again,
    /// When the server said, or after a short wait.
    Wait,
    Other,
    Refresh,
    Account,
    Provider,
    Shrink,
    /// Without the reasoning, once.
    Unread,
    /// A provider on this machine, once a handover from one network to another would be over.
    Here,
    /// Until there is a network again. No account and no other provider has anything to do with it, so
    /// none is left for it, and it costs nothing of the budget.
    Network,
}

/// How often a server's "not now" is waited for in one step.
const WAITS: usize = 3;

/// The wait where a server says "not now" and no more; doubled with every wait.
const SHORT_WAIT: Duration = Duration::from_secs(1);

/// The longest that a server is waited for before the next provider is asked: with one that answers, a
/// turn goes on within two seconds.
const LONGEST_WAIT_BEFORE_OTHERS: Duration = Duration::from_secs(1);

/// The same where an account has too many requests for the moment: it will answer when it says, and the
/// next provider is somebody else's bill.
const LONGEST_WAIT_FOR_A_LIMIT: Duration = Duration::from_secs(30);

/// How often a network is looked for before it counts as gone: a handover takes some five seconds,
/// and these looks, with their doubled pauses, seven.
const HANDOVER_LOOKS: usize = 3;

/// The longest pause while there is no network. It ends when the way is open again.
const LONGEST_LOOK: Duration = Duration::from_secs(15);

/// The pauses after the first replay, in milliseconds; how much of each is waited is drawn (see
/// [`drawn`]). They lie closest where outages end that a turn should survive: a restarted server after
/// one to three seconds, a network handover after five to seven. The last request goes out after ten
/// to twelve.
const PAUSES: [u64; 6] = [600, 1_200, 1_800, 2_000, 2_600, 4_000];

/// The part of a pause that is not drawn, beside the lower half of the rest: so a fifth is left to
/// chance. Sessions that failed together come apart soon enough, because these fifths add up, and a
/// plan whose pauses may be halved is no plan.
const KEPT: f64 = 0.6;

/// A pause of at most `backoff`, and at least four fifths of it.
pub(crate) fn drawn(backoff: Duration, rng: &Rng) -> Duration {
    let kept = backoff.mul_f64(KEPT);
    kept + rng.upper_half(backoff - kept)
}

/// The table.
fn moves(cause: Cause) -> &'static [Move] {
    use Move::{
        Account, Again, Here, Network, Once, Other, Provider, Refresh, Shrink, Unread, Wait,
    };
    match cause {
        Cause::StaleConnection | Cause::UnknownPreviousResponse => &[Once, Other],
        Cause::EncodingRefused => &[Once],
        Cause::ConnectionExpired => &[Once, Other, Provider],
        Cause::UpgradeRefused => &[Other, Provider],
        Cause::Challenge | Cause::Blocked | Cause::Region => &[Other, Provider],
        Cause::Unauthorized => &[Refresh, Account, Provider],
        Cause::Forbidden | Cause::UsageLimit | Cause::Quota | Cause::NoCredential => {
            &[Account, Provider]
        }
        // Another account may go at once; another provider only after the wait that was asked for, unless
        // that is long.
        Cause::RateLimited => &[Account, Wait, Provider],
        Cause::Overloaded => &[Wait, Provider],
        Cause::Refused | Cause::Unreachable | Cause::ResolverFailed | Cause::ProxyRefused => {
            &[Once, Provider, Again]
        }
        // Another account cannot read the reasoning so far: it is for when waiting has not helped.
        Cause::SignInUnavailable => &[Once, Provider, Again, Account],
        Cause::Offline => &[Here, Network],
        Cause::TimedOut | Cause::Reset | Cause::EdgeTimeout => &[Once, Other, Provider, Again],
        Cause::Unprocessed => &[Once, Other, Provider, Again],
        Cause::ServerError | Cause::Malformed => &[Once, Other, Provider, Again],
        Cause::Silent | Cause::Stalled | Cause::Cut | Cause::EdgeDead => {
            &[Once, Other, Provider, Again]
        }
        Cause::TooLarge => &[Other, Shrink],
        // The same server would answer in the same way, and take its pay for each answer.
        Cause::AnswerTooLarge | Cause::WholeAnswer | Cause::EncodedAnswer => &[Other, Provider],
        Cause::ContextTooLong => &[Shrink],
        Cause::NameNotFound | Cause::Certificate | Cause::Intercepted | Cause::ClockSkew => {
            &[Provider]
        }
        Cause::ProxyAuth | Cause::CaptivePortal => &[Provider],
        Cause::NotAnApi | Cause::NoSuchEndpoint | Cause::ClientMissing | Cause::Redirected => {
            &[Provider]
        }
        Cause::InvalidEncryptedContent => &[Unread, Provider],
        Cause::ModelUnavailable | Cause::BufferedPath | Cause::ClientUnavailable => &[Provider],
        Cause::InvalidRequest | Cause::Policy | Cause::Incomplete => &[],
        Cause::Cancelled | Cause::Deadline => &[],
    }
}

/// What may help against `fault`, best first; `Stop` is always the last.
#[must_use]
pub fn react(fault: &Fault, history: &AttemptHistory, budget: Budget) -> Vec<Reaction> {
    // A server that does not speak TLS will not learn it.
    let garbled_handshake = fault.phase == Phase::Tls && fault.cause == Cause::Malformed;
    let moves: &[Move] = if garbled_handshake {
        &[Move::Provider]
    } else if history.has_given_up() {
        // All patience there is has been spent; another request would be as silent.
        &[Move::Account, Move::Provider]
    } else {
        moves(fault.cause)
    };
    let mut reactions: Vec<Reaction> = moves
        .iter()
        .filter_map(|step| reaction(*step, fault, history, budget))
        .collect();
    // A route that cannot even be opened is left before it is tried again, whatever the reason,
    // unless the reason is the account's.
    if fault.phase == Phase::Upgrade && !about_the_account(fault.cause) {
        reactions.retain(|reaction| *reaction != Reaction::OtherRoute);
        reactions.splice(0..0, reaction(Move::Other, fault, history, budget));
    }
    others_before_long_waits(&mut reactions, fault.cause);
    reactions.push(Reaction::Stop);
    reactions
}

/// Moves the next provider before a wait that is longer than anybody should bear whom another one could
/// answer.
fn others_before_long_waits(reactions: &mut [Reaction], cause: Cause) {
    let bearable = match cause {
        Cause::RateLimited => LONGEST_WAIT_FOR_A_LIMIT,
        _ => LONGEST_WAIT_BEFORE_OTHERS,
    };
    let is_long =
        |reaction: &Reaction| matches!(reaction, Reaction::Wait { length } if *length > bearable);
    let wait = reactions.iter().position(is_long);
    let provider = reactions
        .iter()
        .position(|reaction| *reaction == Reaction::NextProvider);
    if let (Some(wait), Some(provider)) = (wait, provider)
        && wait < provider
    {
        reactions[wait..=provider].rotate_right(1);
    }
}

/// Whether `reaction` is among what may help against a fault that this room has handed up.
#[must_use]
pub fn may_help(fault: &Fault, reaction: Reaction) -> bool {
    let nothing = Budget {
        replays: 0,
        replays_after_cut: 0,
    };
    let mut history = AttemptHistory::new();
    if matches!(fault.cause, Cause::Silent | Cause::Stalled) {
        // It would not have come up otherwise.
        history.gave_up();
    }
    if fault.cause == Cause::Offline {
        (0..=HANDOVER_LOOKS).for_each(|_| history.failed(fault));
    }
    react(fault, &history, nothing).contains(&reaction)
}

/// What the program does about a cause, in words, in the order it tries.
#[must_use]
pub fn remedies(cause: Cause) -> Vec<&'static str> {
    let words = |step: &Move| match step {
        Move::Once => "sends the request once more at once",
        Move::Again => "tries again with growing pauses, 10 to 12 s in all",
        Move::Wait => {
            "waits as long as the server asks, up to three times, unless that is long and there is a next provider"
        }
        Move::Other => "goes the endpoint's other way",
        Move::Refresh => "asks once for a newer key",
        Move::Account => "takes the next account",
        Move::Provider => "takes the next provider",
        Move::Here => "takes a provider on this machine, if there is one, after some 7 s",
        Move::Shrink => "shortens the conversation",
        Move::Unread => "sends the request once without that reasoning",
        Move::Network => "waits for the network, as long as the turn may take",
    };
    // Before it becomes a fault at all.
    let hedged = matches!(cause, Cause::Silent | Cause::Stalled);
    let beside = hedged.then_some("sends a second request beside it, and the first output counts");
    let afterwards = moves(cause).iter().map(words);
    beside
        .into_iter()
        .chain(afterwards)
        .chain(["stops and tells"])
        .collect()
}

fn reaction(
    step: Move,
    fault: &Fault,
    history: &AttemptHistory,
    budget: Budget,
) -> Option<Reaction> {
    let may_replay = fault.replay != Replay::Forbidden;
    match step {
        Move::Once => {
            let first = history.replays_of(fault.route, fault.cause) == 0;
            let free = fault.replay == Replay::Free;
            let once = may_replay && first && (free || within(fault, history, budget));
            once.then(|| again(fault, Duration::ZERO))
        }
        Move::Again => {
            let taken = history.spent().saturating_sub(1).min(PAUSES.len() - 1);
            let pause = Duration::from_millis(PAUSES[taken]);
            (may_replay && within(fault, history, budget)).then(|| again(fault, pause))
        }
        Move::Wait => {
            let waits = history.waits();
            (may_replay && waits < WAITS).then(|| Reaction::Wait {
                length: fault.retry_after.unwrap_or(SHORT_WAIT * (1 << waits)),
            })
        }
        Move::Other => {
            // What is too large for SSE is too large for a frame, but not the other way round.
            let larger = fault.cause == Cause::TooLarge && fault.route == Route::Sse;
            (may_replay && !larger && !history.has_changed_route()).then_some(Reaction::OtherRoute)
        }
        Move::Refresh => {
            // The first refusal counts; after a refresh the second one is an answer.
            let first = history.failures_by(Cause::Unauthorized) <= 1;
            (may_replay && first).then_some(Reaction::RefreshCredential)
        }
        Move::Account => may_replay.then_some(Reaction::NextAccount),
        Move::Provider => may_replay.then_some(Reaction::NextProvider),
        Move::Here => {
            let is_over = history.failures_by(Cause::Offline) > HANDOVER_LOOKS;
            (may_replay && is_over).then_some(Reaction::ProviderHere)
        }
        Move::Shrink => Some(Reaction::ShrinkContext),
        Move::Unread => {
            let first = history.failures_by(Cause::InvalidEncryptedContent) <= 1;
            (may_replay && first).then_some(Reaction::DropReasoning)
        }
        Move::Network => {
            let looks = history
                .failures_by(Cause::Offline)
                .saturating_sub(1)
                .min(10);
            let pause = (SHORT_WAIT * (1 << looks)).min(LONGEST_LOOK);
            may_replay.then_some(Reaction::SameRoute { backoff: pause })
        }
    }
}

/// Faults of the account or of the request's own time: they never change the route.
fn about_the_account(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::Unauthorized
            | Cause::Forbidden
            | Cause::NoCredential
            | Cause::SignInUnavailable
            | Cause::RateLimited
            | Cause::UsageLimit
            | Cause::Quota
            | Cause::Cancelled
            | Cause::Deadline
    )
}

/// Again, when the server said if it said.
fn again(fault: &Fault, backoff: Duration) -> Reaction {
    match fault.retry_after {
        Some(length) => Reaction::Wait { length },
        None => Reaction::SameRoute { backoff },
    }
}

fn within(fault: &Fault, history: &AttemptHistory, budget: Budget) -> bool {
    let cut = matches!(fault.cause, Cause::Cut | Cause::Stalled | Cause::EdgeDead);
    let left = !cut || history.spent_on_cuts() < budget.replays_after_cut;
    left && history.spent() < budget.replays
}

#[cfg(test)]
mod tests;
