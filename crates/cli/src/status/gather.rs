//! Everything that is known and shown, from where it is kept.

use alipes_auth::installed_codex;
use alipes_config::Home;
use alipes_models::{Catalog, Key, Making, ModelName, Provider};
use alipes_store::{
    Calls as _, EndpointHealth, Extent, SqliteStore, Store as _, StoreError, Summary,
};
use alipes_transport::{RouteStanding, Transport};

use super::StatusArgs;
use super::accounts::{self, Account};
use super::faults::{self, Seen};
use super::live::{self, Live};
use crate::disk::Disk;
use crate::providers::key_state::KeyState;
use crate::providers::standing::to_account;
use crate::setup::Machine;
use crate::{login, serve};

/// Most endpoints that are shown.
const MOST: usize = 12;

/// What is shown.
pub(super) struct Report {
    pub(super) now_ms: u64,
    /// Why nobody can be asked at all: the configuration, or what it names, cannot be read.
    pub(super) problem: Option<String>,
    /// Who is asked where nobody is named, in order.
    pub(super) order: Vec<ModelName>,
    pub(super) endpoints: Vec<Endpoint>,
    /// Endpoints that found no place.
    pub(super) left_out: usize,
    pub(super) kept: Result<Kept, StoreError>,
    /// Why nothing more can be kept, and what helps.
    pub(super) unwritable: Option<(String, &'static str)>,
    pub(super) sandbox: &'static str,
    /// The base URLs of the servers that run.
    pub(super) serving: Vec<String>,
}

/// Somebody who is asked, or was.
pub(super) struct Endpoint {
    pub(super) name: String,
    /// None where it is only in the records: somebody gave its address on the command line.
    pub(super) provider: Option<Provider>,
    /// It is among those who are asked where nobody is named.
    pub(super) in_order: bool,
    pub(super) accounts: Vec<Account>,
    pub(super) routes: Vec<RouteStanding>,
    /// Why it cannot be asked at all.
    pub(super) problem: Option<String>,
    pub(super) health: EndpointHealth,
    /// Its last fault.
    pub(super) fault: Option<Seen>,
    /// Its IPv6 addresses did not answer before IPv4 did.
    pub(super) ipv6_is_silent: bool,
    /// What it said when it was asked now.
    pub(super) live: Option<Live>,
}

/// What the store keeps.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) extent: Extent,
    /// The conversation that was used last.
    pub(super) last: Option<Summary>,
    health: Vec<EndpointHealth>,
}

/// Never fails: what cannot be read is what needs the person most.
pub(super) async fn report(args: &StatusArgs, machine: &Machine) -> Report {
    let Known {
        catalog,
        transport,
        problem,
    } = known(args, machine);
    machine.learn_keys(&catalog);
    if let (Some(memory), Some(transport)) = (machine.memory(None), &transport) {
        // Without it there is less to tell.
        let _unread = transport.recall(&memory).await;
    }
    let store = store(machine).await;
    let (kept, sandbox) = tokio::join!(kept(store.as_ref()), sandbox(machine, &catalog));
    let (health, kept) = match kept {
        Ok(mut kept) => (std::mem::take(&mut kept.health), Ok(kept)),
        Err(error) => (Vec::new(), Err(error)),
    };
    let mut endpoints = endpoints(&catalog, health, machine);
    let left_out = endpoints.len().saturating_sub(MOST);
    endpoints.truncate(MOST);
    if let Some(transport) = transport.as_ref().filter(|_| args.live) {
        live::ask(&mut endpoints, &catalog, transport, machine).await;
    }
    for endpoint in &mut endpoints {
        if let Some(transport) = &transport {
            complete(endpoint, &catalog, transport, machine);
        }
        endpoint.fault = faults::last(&endpoint.health);
    }
    let home = Home::find(&machine.environment).ok();
    Report {
        now_ms: machine.clock.unix_ms(),
        problem,
        order: catalog.order(),
        endpoints,
        left_out,
        kept,
        unwritable: unwritable(machine),
        sandbox,
        serving: home.map_or_else(Vec::new, |home| serve::running(home.folder())),
    }
}

fn unwritable(machine: &Machine) -> Option<(String, &'static str)> {
    let folder = machine.store_folder()?;
    let (why, help) = Disk::beneath(&folder)?.trouble()?;
    let what = format!("nothing can be kept in {}: {why}", folder.display());
    Some((what, help))
}

/// What the configuration says, as far as it can be read.
struct Known {
    catalog: Catalog,
    transport: Option<Transport>,
    problem: Option<String>,
}

fn known(args: &StatusArgs, machine: &Machine) -> Known {
    match login::catalog(machine, &args.network) {
        Ok((catalog, transport)) => Known {
            catalog,
            transport: Some(transport),
            problem: None,
        },
        Err(failure) => Known {
            // The file may be fine, and what it or the environment names not.
            catalog: machine.catalog().unwrap_or_default(),
            transport: None,
            problem: Some(failure.message()),
        },
    }
}

/// The store, where there is one already.
async fn store(machine: &Machine) -> Result<Option<SqliteStore>, StoreError> {
    let Ok(Some(options)) = machine.store() else {
        return Ok(None);
    };
    match SqliteStore::opened_to_read(options).await {
        Ok(store) => Ok(Some(store)),
        Err(StoreError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn kept(store: Result<&Option<SqliteStore>, &StoreError>) -> Result<Kept, StoreError> {
    let Some(store) = store.map_err(StoreError::clone)? else {
        return Ok(Kept::default());
    };
    Ok(Kept {
        extent: store.extent().await?,
        last: store.list(1).await?.pop(),
        health: store.endpoint_health().await?,
    })
}

/// What confines commands in this folder.
async fn sandbox(machine: &Machine, catalog: &Catalog) -> &'static str {
    let folder = machine.environment.current_dir();
    let found = machine.root(folder, catalog).and_then(|root| {
        let sandbox = machine.sandbox(None, false, catalog)?;
        Ok((root, sandbox))
    });
    match found {
        Ok((root, sandbox)) if !sandbox.is_off() => sandbox.kind(&root).await,
        Ok(_) => "off",
        Err(_) => "unknown",
    }
}

/// Who is shown: those who are asked by themselves, the others that are set up, and those who are only
/// in the records, what was asked last first.
fn endpoints(catalog: &Catalog, health: Vec<EndpointHealth>, machine: &Machine) -> Vec<Endpoint> {
    let order = catalog.order();
    let place = |name: &str| order.iter().position(|model| model.provider == name);
    let mut providers = catalog.providers();
    providers.retain(|provider| {
        let is_recorded = health.iter().any(|known| known.endpoint == provider.name);
        let is_set_up = provider.configured || accounts::has_key(provider, catalog, machine);
        is_recorded || is_set_up || place(&provider.name).is_some()
    });
    providers.sort_by_key(|provider| place(&provider.name).unwrap_or(usize::MAX));
    let mut health = health;
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for provider in providers {
        let known = health
            .iter()
            .position(|known| known.endpoint == provider.name);
        let known = known.map(|at| health.swap_remove(at)).unwrap_or_default();
        let in_order = place(&provider.name).is_some();
        endpoints.push(Endpoint::of(
            provider.name.clone(),
            known,
            Some(provider),
            in_order,
        ));
    }
    health.sort_by_key(|known| std::cmp::Reverse(faults::heard_of_ms(known)));
    for known in health {
        endpoints.push(Endpoint::of(known.endpoint.clone(), known, None, false));
    }
    endpoints
}

impl Endpoint {
    fn of(
        name: String,
        health: EndpointHealth,
        provider: Option<Provider>,
        in_order: bool,
    ) -> Self {
        Self {
            name,
            provider,
            in_order,
            accounts: Vec::new(),
            routes: Vec::new(),
            problem: None,
            health,
            fault: None,
            ipv6_is_silent: false,
            live: None,
        }
    }

    /// The sign-in of this account.
    pub(super) fn sign_in(&self, account: &str) -> Option<&str> {
        match self.key(account)? {
            Key::Login(name) => Some(name),
            _ => None,
        }
    }

    /// The variable that the key of this account is in.
    pub(super) fn key_variable(&self, account: &str) -> Option<&str> {
        match self.key(account)? {
            Key::Variable(name) | Key::VariableIfSet(name) => Some(name),
            _ => None,
        }
    }

    fn key(&self, account: &str) -> Option<&Key> {
        let mut accounts = self.accounts.iter().map(|account| &account.standing);
        let named = accounts.find(|standing| standing.name == account);
        let only = || self.provider.as_ref().map(|provider| &provider.key);
        named.map(|named| &named.key).or_else(only)
    }

    /// How a command says which account is meant: one that has several wants to be told.
    pub(super) fn to_account(&self, account: &str) -> String {
        let provider = self.provider.as_ref();
        to_account(provider.is_some_and(|it| !it.accounts.is_empty()), account)
    }

    /// It is asked without a key.
    pub(super) fn shows_no_key(&self) -> bool {
        let has_none = |account: &Account| account.key == KeyState::NotNeeded;
        !self.accounts.is_empty() && self.accounts.iter().all(has_none)
    }
}

/// Adds how its accounts and its routes stand.
fn complete(endpoint: &mut Endpoint, catalog: &Catalog, transport: &Transport, machine: &Machine) {
    let Some(provider) = &endpoint.provider else {
        return;
    };
    let making = Making {
        environment: &machine.environment,
        transport,
        session_id: "",
    };
    if provider.app_server {
        let has_codex = installed_codex(&machine.environment).is_some();
        let missing = "there is no codex in PATH".to_owned();
        endpoint.problem = (!has_codex).then_some(missing);
        return;
    }
    let url = provider
        .base_url
        .as_deref()
        .and_then(|url| url.parse().ok());
    endpoint.ipv6_is_silent = url.is_some_and(|url| transport.is_ipv6_silent(&url));
    let standings = catalog.standings(provider, making);
    let routes = catalog.routes(provider, making);
    match (standings, routes) {
        (Ok(standings), Ok(routes)) => {
            let accounts = standings.into_iter();
            let account = |standing| Account::of(standing, catalog, machine);
            endpoint.accounts = accounts.map(account).collect();
            endpoint.routes = routes;
        }
        (Err(error), _) | (_, Err(error)) => endpoint.problem = Some(error.to_string()),
    }
}
