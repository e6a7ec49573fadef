//! What was looked at, by which doors, and what was seen.

use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Deadline};
use alipes_net::{
    CertificateFacts, Departure, Dialer, Egress, EgressKey, EgressPolicy, HttpClient, Limits,
    NetError, Target,
};
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::join_all;

use super::door::{Knock, Token};
use super::look::{Look, Outcome, Step};
use super::{LIMIT, diagnosis};
use crate::breaker::Destination;
use crate::{AccountKey, Cause, Credential, Endpoint, Fault, Route, Transport};

/// What each phase of a dial may take: less than a probe, so that the phase names itself.
const PHASE: Duration = Duration::from_secs(3);

/// What to look at.
#[derive(Clone)]
pub struct Plan {
    /// The way that turns take.
    pub transport: Transport,
    /// Where to.
    pub endpoint: Arc<Endpoint>,
    /// As whom.
    pub credential: Arc<dyn Credential>,
    /// Whom turns ask when that account is refused.
    pub others: Vec<Other>,
    /// Every way out of this machine.
    pub doors: Vec<Egress>,
    /// Where the list of models is, beneath the base URL; `None` if there is none.
    pub models_path: Option<String>,
}

/// Another account of the endpoint.
#[derive(Clone)]
pub struct Other {
    /// Its name.
    pub name: String,
    /// Where it is asked.
    pub endpoint: Arc<Endpoint>,
    /// What it shows there.
    pub credential: Arc<dyn Credential>,
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The endpoint's name.
    pub endpoint: Arc<str>,
    /// Its base URL, without what may be a secret.
    pub base_url: String,
    /// The address is the service's own, known to everybody: nobody has set it, so it is not wrong.
    pub has_known_address: bool,
    /// Its host.
    pub target: Target,
    /// The way that turns take, and a proxy that it passes by.
    pub departure: Departure,
    /// The route that turns take first.
    pub first_route: Route,
    /// Each door, the direct one first.
    pub doors: Vec<Door>,
    /// The list of models, as it came.
    pub models_body: Option<Bytes>,
    /// The models that it offers, where that is known.
    pub models: Option<Vec<String>>,
    /// The model that turns ask for.
    pub model: Option<String>,
    /// How the last turn there ended, if not well.
    pub lately: Option<Lately>,
    /// Whether it was shown a key.
    pub shows_key: bool,
    /// How its key is mended: a command or a setting, in words.
    pub key_advice: Option<String>,
    /// The name of the account; empty where there is only one.
    pub account: String,
    /// The other accounts.
    pub others: Vec<Standby>,
}

/// An account that turns ask when the first one is refused, and what it was told.
#[derive(Clone, Debug)]
pub struct Standby {
    /// Its name.
    pub name: String,
    /// The way that turns take to its address.
    pub egress: Egress,
    /// A request with its key, by that way.
    pub look: Look,
    /// How its key is mended.
    pub key_advice: Option<String>,
}

/// The end of a turn that was asked for earlier.
#[derive(Clone, Debug)]
pub struct Lately {
    /// Why it failed.
    pub cause: Cause,
    /// How long ago.
    pub ago: Duration,
    /// What it is found by in the records.
    pub id: String,
}

/// A way out of this machine, and what was seen through it.
#[derive(Clone, Debug)]
pub struct Door {
    /// The way.
    pub egress: Egress,
    /// Whether turns take it.
    pub is_taken: bool,
    /// What endpoint memory calls it.
    pub key: EgressKey,
    /// The looks, in the order of the way.
    pub looks: Vec<Look>,
    /// Whom the server says it is.
    pub certificate: Option<CertificateFacts>,
}

impl Door {
    /// What was seen at a step.
    #[must_use]
    pub fn look(&self, step: Step) -> Option<&Look> {
        self.looks.iter().find(|look| look.step == step)
    }

    /// Why a step failed, if it did.
    #[must_use]
    pub fn fault(&self, step: Step) -> Option<&Fault> {
        self.look(step)?.fault()
    }

    /// Whether a step works.
    #[must_use]
    pub fn passed(&self, step: Step) -> bool {
        self.look(step).is_some_and(Look::passed)
    }

    /// Whether some request got an answer that shows the way to be open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let requests = [
            Step::Sse,
            Step::Http1,
            Step::Http2,
            Step::WebSocket,
            Step::TurnSse,
            Step::TurnWebSocket,
        ];
        requests.into_iter().any(|step| self.passed(step))
    }

    /// Where the dial failed, if every request is in vain for that.
    #[must_use]
    pub fn broken_dial(&self) -> Option<&Fault> {
        if self.is_open() {
            return None;
        }
        let dial = [Step::Name, Step::Connect, Step::Proxy, Step::Tls];
        dial.into_iter().find_map(|step| self.fault(step))
    }
}

impl Survey {
    /// The door that turns take.
    #[must_use]
    pub fn taken(&self) -> Option<&Door> {
        self.doors.iter().find(|door| door.is_taken)
    }

    /// By how many seconds this machine's clock is ahead of the endpoint's, where that was told.
    #[must_use]
    pub fn clock_ahead(&self) -> Option<i64> {
        let taken = self.taken().into_iter();
        let looks = taken.chain(&self.doors).flat_map(|door| &door.looks);
        looks.filter_map(|look| look.clock_ahead).next()
    }
}

/// Looks at everything, within [`LIMIT`].
///
/// # Errors
/// [`NetError`], if the endpoint's URL leads nowhere.
pub async fn survey(plan: &Plan) -> Result<Survey, NetError> {
    let transport = &plan.transport;
    let target = Target::from_url(plan.endpoint.base_url())?;
    let departure = transport.dialer.departure(&target);
    let deadline = Deadline::after(&transport.clock, "doctor", LIMIT * 2);
    let limit = deadline.tightened(&transport.clock, "probe", LIMIT);
    let outset = Outset {
        target: &target,
        departure: &departure,
        deadline,
        limit,
    };
    let mut ways = plan.doors.clone();
    if !ways.iter().any(|way| way.way == departure.egress.way) {
        ways.push(departure.egress.clone());
    }
    let token = token(&plan.credential);
    let knocks = ways.into_iter();
    let knocks = knocks.map(|egress| outset.knock(plan, egress, token.clone()));
    let knocks: Vec<Knock<'_>> = knocks.collect();
    let (seen, others) = tokio::join!(
        join_all(knocks.iter().map(Knock::look)),
        join_all(plan.others.iter().map(|other| outset.standby(plan, other))),
    );
    let mut models_body = None;
    let doors = seen.into_iter().map(|(door, body)| {
        models_body = models_body.take().or(body);
        door
    });
    Ok(Survey {
        doors: doors.collect(),
        endpoint: Arc::clone(plan.endpoint.name()),
        base_url: diagnosis::shown(plan.endpoint.base_url()),
        first_route: plan
            .endpoint
            .routes()
            .first()
            .copied()
            .unwrap_or(Route::Sse),
        others: others.into_iter().collect::<Result<_, _>>()?,
        // Where that is not known, there was something to wait for.
        shows_key: !matches!(token.peek(), Some(Ok(None))),
        has_known_address: false,
        target: target.clone(),
        departure: departure.clone(),
        models_body,
        models: None,
        model: None,
        lately: None,
        key_advice: None,
        account: String::new(),
    })
}

/// What all that is tried has in common.
struct Outset<'p> {
    target: &'p Target,
    departure: &'p Departure,
    /// Of the whole survey.
    deadline: Deadline,
    /// Of each probe.
    limit: Deadline,
}

impl<'p> Outset<'p> {
    fn knock(&self, plan: &'p Plan, egress: Egress, token: Token) -> Knock<'p> {
        let dialer = dialer(&plan.transport.dialer, egress.clone());
        Knock {
            is_taken: egress.way == self.departure.egress.way,
            key: dialer.egress_key(self.target),
            transport: by(&plan.transport, dialer),
            egress,
            plan,
            target: self.target,
            token,
            deadline: self.deadline,
            limit: self.limit,
        }
    }

    /// A request with the key of another account. Its address may be another, to which another way is
    /// the one that turns take: that is decided anew, or the key would go where it never does.
    async fn standby(&self, plan: &Plan, other: &Other) -> Result<Standby, NetError> {
        let plan = plan.asking(other);
        let target = Target::from_url(plan.endpoint.base_url())?;
        let departure = plan.transport.dialer.departure(&target);
        let there = Outset {
            target: &target,
            departure: &departure,
            ..*self
        };
        let egress = departure.egress.clone();
        let knock = there.knock(&plan, egress.clone(), token(&plan.credential));
        Ok(Standby {
            name: other.name.clone(),
            egress,
            look: knock.request(Step::Sse).await,
            key_advice: None,
        })
    }
}

impl Plan {
    /// The same for another account.
    fn asking(&self, other: &Other) -> Self {
        Self {
            endpoint: Arc::clone(&other.endpoint),
            credential: Arc::clone(&other.credential),
            others: Vec::new(),
            ..self.clone()
        }
    }
}

fn token(credential: &Arc<dyn Credential>) -> Token {
    let credential = Arc::clone(credential);
    async move { credential.current().await }.boxed().shared()
}

/// The dialer of one door, hurried.
fn dialer(usual: &Dialer, egress: Egress) -> Dialer {
    usual.through(EgressPolicy::only(egress)).within(Limits {
        resolve: PHASE,
        connect: PHASE,
        proxy: PHASE,
        tls: PHASE,
        upgrade: PHASE,
        send: PHASE,
        close: Duration::from_secs(1),
    })
}

/// The same transport by another door, with connections of its own.
fn by(transport: &Transport, dialer: Dialer) -> Transport {
    Transport {
        http: HttpClient::new(dialer.clone(), transport.clock.clone()),
        dialer,
        ..transport.clone()
    }
}

impl Transport {
    /// Believes what a survey of `endpoint` has shown, until a turn shows otherwise.
    pub fn learn(&self, endpoint: &Endpoint, credential: &dyn Credential, survey: &Survey) {
        for door in &survey.doors {
            let to = Destination {
                egress: door.key.as_str().to_owned(),
                account: AccountKey::of(endpoint.key(), &credential.identity()),
                endpoint: endpoint.key().clone(),
                model: String::new(),
            };
            for (route, step) in [
                (Route::Sse, sse_step(door)),
                (Route::WebSocket, Step::WebSocket),
            ] {
                match door.look(step).map(|look| &look.outcome) {
                    Some(Outcome::Passed(_)) => self.experience.probed(&to, route, Ok(())),
                    Some(Outcome::Failed(fault)) => {
                        self.experience.probed(&to, route, Err(fault));
                    }
                    _ => {}
                }
            }
            let (memory, host) = (self.dialer.memory(), &survey.target.host);
            let tomorrow = self.clock.wall() + Duration::from_secs(24 * 3_600);
            if diagnosis::swallows_large_hellos(door) {
                memory.make_classical(door.key.clone(), tomorrow);
            } else if door.passed(Step::Tls) {
                memory.passes_large_hellos(&door.key);
            }
            if diagnosis::swallows_ipv6(door) {
                memory.make_ipv6_silent(host, &door.key, tomorrow);
            } else if door.passed(Step::Ipv6) {
                memory.hears_ipv6(host, &door.key);
            }
        }
    }
}

/// The request with the key where there was one.
fn sse_step(door: &Door) -> Step {
    match door.look(Step::Sse) {
        Some(_) => Step::Sse,
        None => Step::Http1,
    }
}

/// By how many seconds our clock is ahead of `theirs`.
pub(super) fn ahead(clock: &Clock, theirs: std::time::SystemTime) -> i64 {
    let seconds = |length: Duration| i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
    match clock.wall().duration_since(theirs) {
        Ok(ahead) => seconds(ahead),
        Err(behind) => -seconds(behind.duration()),
    }
}
