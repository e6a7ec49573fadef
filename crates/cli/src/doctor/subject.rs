//! Who is looked at: a provider by the way and with the key that turns have, as far as there is one.

use std::sync::Arc;
use std::time::Duration;

use alipes_models::{Catalog, Examined, ExaminedAccount, Key, Making, ModelsError, Overrides};
use alipes_net::{Doors, EgressPolicy, NetError, PlatformProxy};
use alipes_store::{Calls as _, SqliteStore};
use alipes_transport::probe::{self, Lately, Look, Other, Plan, Step, Survey};
use alipes_transport::{Cause, Route, Transport};
use futures_util::future::join_all;

use super::report::{Check, Status};
use super::{DoctorArgs, failed, live};
use crate::failure::Failure;
use crate::login;
use crate::network::Network;
use crate::providers::standing::to_account;
use crate::setup::Machine;
use crate::store::opened;
use crate::streams::say;

/// What could be put together, and why not more.
pub(super) struct Subject {
    pub(super) catalog: Catalog,
    transport: Option<Transport>,
    examined: Option<Examined>,
    /// The provider, where that is another program of this machine.
    official: Option<String>,
    overrides: Overrides,
    doors: Doors,
    lately: Option<Lately>,
    problems: Vec<Check>,
}

impl Subject {
    /// Never fails: what is wrong is a finding. What turns have met is known from here on: it says whom
    /// they ask first, and only what is known can be taken back.
    pub(super) async fn find(args: &DoctorArgs, machine: &Machine) -> Self {
        let mut problems = Vec::new();
        let (catalog, transport) = match login::catalog(machine, &args.network) {
            Ok((catalog, transport)) => (catalog, Some(transport)),
            Err(failure) => {
                problems.push(unprepared(&failure));
                // Without the file, so that the network can be looked at all the same.
                let transport = machine.transport(&Network::of_flags(&args.network));
                (Catalog::default(), transport.ok())
            }
        };
        if let (Some(memory), Some(transport)) = (machine.memory(None), &transport) {
            let _unread = transport.recall(&memory).await;
        }
        let is_read = problems.is_empty();
        let settings = machine.settings();
        let configured = match &settings {
            Ok(settings) => settings.network(&args.network).configured_egress(),
            Err(_) => Network::of_flags(&args.network).configured_egress(),
        };
        let doors = EgressPolicy::doors(configured.as_ref(), &machine.environment, &PlatformProxy);
        let broken: Vec<Check> = doors.broken.iter().map(broken_proxy).collect();
        // It kept the way from being prepared, too; here it comes with what helps.
        problems.retain(|known| broken.iter().all(|it| it.summary != known.summary));
        problems.extend(broken);
        let overrides = Overrides {
            base_url: args.base_url.clone(),
            ..Overrides::default()
        };
        let mut official = None;
        let examined = transport.as_ref().and_then(|transport| {
            let making = Making {
                environment: &machine.environment,
                transport,
                session_id: "",
            };
            let examined = catalog.examined(args.provider.as_deref(), &overrides, making);
            if let Err(ModelsError::OfficialClient { provider }) = &examined {
                official = Some(provider.clone());
                return None;
            }
            let told = examined.map_err(|error| problems.extend(nobody(error, is_read, &catalog)));
            told.ok()
        });
        Self {
            catalog,
            transport,
            examined,
            official,
            overrides,
            doors,
            lately: None,
            problems,
        }
    }

    /// Who is looked at, and the way that turns take there.
    pub(super) fn examined(&self) -> Option<(&Examined, &Transport)> {
        Some((self.examined.as_ref()?, self.transport.as_ref()?))
    }

    /// The provider that is another program of this machine, where that is the one.
    pub(super) fn official_client(&self) -> Option<(&str, &Transport)> {
        Some((self.official.as_deref()?, self.transport.as_ref()?))
    }

    /// What was wrong before anything could be looked at.
    pub(super) fn problems(&self) -> impl Iterator<Item = Check> {
        self.problems.clone().into_iter()
    }

    /// Looks at the network; `None` where there is nobody to look at.
    pub(super) async fn survey(&self, live: bool, machine: &Machine) -> Option<Survey> {
        let (examined, transport) = (self.examined.as_ref()?, self.transport.as_ref()?);
        let plan = Plan {
            transport: transport.clone(),
            endpoint: examined.account.endpoint.clone(),
            credential: examined.account.credential.clone(),
            others: examined.others.iter().map(other).collect(),
            doors: self.doors.ways.clone(),
            models_path: examined.provider.models_path(),
        };
        let (survey, turns) = tokio::join!(probe::survey(&plan), async {
            match live {
                true => self.turns(machine).await,
                false => Vec::new(),
            }
        });
        let mut survey = survey.ok()?;
        if let Some(taken) = survey.doors.iter_mut().find(|door| door.is_taken) {
            taken.looks.extend(turns);
        }
        let body = survey.models_body.as_ref();
        let listed = body.and_then(|body| examined.provider.listed(body));
        survey.models = listed.map(|models| models.into_iter().map(|model| model.name).collect());
        survey.model.clone_from(&examined.model);
        survey.has_known_address = examined.has_known_address;
        survey.account.clone_from(&examined.account.name);
        survey.key_advice = Some(key_advice(examined, &examined.account));
        for (seen, account) in survey.others.iter_mut().zip(&examined.others) {
            seen.key_advice = Some(key_advice(examined, account));
        }
        survey.lately.clone_from(&self.lately);
        Some(survey)
    }

    /// A turn by each route, as far as a model is known.
    async fn turns(&self, machine: &Machine) -> Vec<Look> {
        let (Some(examined), Some(transport)) = (&self.examined, &self.transport) else {
            return Vec::new();
        };
        let routes = examined.account.endpoint.routes().iter();
        let Some(model) = &examined.model else {
            let skipped = |route: &Route| Look::skipped(Step::turn(*route), "no model is named");
            return routes.map(skipped).collect();
        };
        let overrides = Overrides {
            model: Some(format!("{}/{model}", examined.provider.name)),
            ..self.overrides.clone()
        };
        let id = machine.rng.uuid();
        let making = Making {
            environment: &machine.environment,
            transport,
            session_id: &id,
        };
        let turns = routes.map(|route| live::turn(&self.catalog, &overrides, *route, making));
        join_all(turns).await
    }

    /// Keeps what was learnt for turns to come.
    pub(super) async fn keep(&self, survey: &Survey, machine: &Machine) {
        let (Some(examined), Some(transport)) = (&self.examined, &self.transport) else {
            return;
        };
        let account = &examined.account;
        transport.learn(&account.endpoint, &*account.credential, survey);
        // The first run of all may be this one. What is not kept the next turn finds out for itself.
        let options = machine.store().ok().flatten();
        let store = match options {
            Some(options) => opened(options, &say).await.ok().map(Arc::new),
            None => None,
        };
        if let Some(memory) = machine.memory(store.as_ref()) {
            let _unkept = transport.keep(&memory).await;
        }
    }

    /// Adds how the last turn with this provider ended, where that is on record.
    pub(super) async fn remember(&mut self, machine: &Machine) {
        let Some(examined) = &self.examined else {
            return;
        };
        let Ok(Some(options)) = machine.store() else {
            return;
        };
        let Ok(store) = SqliteStore::opened_to_read(options).await else {
            return;
        };
        let health = store.endpoint_health().await.unwrap_or_default();
        let name = examined.account.endpoint.name();
        let known = health.into_iter().find(|known| *known.endpoint == **name);
        self.lately = known.and_then(|known| {
            let fault = known.last_fault?;
            let cause = Cause::named(&fault.cause);
            let ago = machine.clock.unix_ms().saturating_sub(fault.at_ms);
            (!known.answered_since_fault && !fault.was_mended).then_some(Lately {
                cause: cause?,
                ago: Duration::from_millis(ago),
                id: fault.call.id,
            })
        });
    }
}

/// Nobody can be looked at. What a configuration would have named that could not be read is not missed
/// beside that.
fn nobody(error: ModelsError, is_read: bool, catalog: &Catalog) -> Option<Check> {
    let is_unknown = matches!(
        error,
        ModelsError::WhichProvider { .. } | ModelsError::UnknownProvider { .. }
    );
    if is_unknown && !is_read {
        return None;
    }
    let is_choice = matches!(error, ModelsError::WhichProvider { .. });
    let mut providers = catalog.providers().into_iter();
    let is_set_up = providers.any(|provider| provider.configured);
    let check = failed("provider.configuration", "provider", &Failure::from(error));
    Some(match is_choice && !is_set_up {
        true => check.helped_by(
            "sign in to ChatGPT with `alipes login`, or save a key with `alipes providers add NAME`",
        ),
        false => check,
    })
}

/// Nothing can be asked: for what the configuration says, or for what is said of the way out.
fn unprepared(failure: &Failure) -> Check {
    match failure {
        Failure::Usage(error) if error.is::<NetError>() => {
            failed("network.setup", "network", failure)
        }
        _ => failed("config.load", "config", failure),
    }
}

fn broken_proxy(error: &NetError) -> Check {
    let failure = Failure::usage(error.clone());
    Check::new("network.proxy", "network", Status::Fail, failure.message())
        .helped_by("correct or unset it: no request can leave while it is set")
}

fn other(account: &ExaminedAccount) -> Other {
    Other {
        name: account.name.clone(),
        endpoint: account.endpoint.clone(),
        credential: account.credential.clone(),
    }
}

/// How a key that is refused is replaced.
fn key_advice(examined: &Examined, account: &ExaminedAccount) -> String {
    // One of several has a name.
    let which = to_account(!account.name.is_empty(), &account.name);
    let name = &examined.provider.name;
    match &account.key {
        Key::Login(name) => format!("sign in again with `{}`", alipes_auth::login_command(name)),
        Key::Variable(name) | Key::VariableIfSet(name) => format!("put a good one into {name}"),
        Key::File(path) => format!(
            "save another with `alipes providers add {name}{which}`; it is in {}",
            path.display()
        ),
        _ => format!("save one with `alipes providers add {name}{which}`"),
    }
}
