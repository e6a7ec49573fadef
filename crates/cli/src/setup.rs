//! Puts the rooms together: the one place that reads the environment of this process and knows how
//! everything is built.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use alipes_auth::Renewals;
use alipes_base::{Clock, Environment, Redactor, Rng};
use alipes_config::{ConfigError, Document, Home};
use alipes_models::Catalog;
use alipes_net::{
    Dialer, DialerOptions, EgressPolicy, NetworkSection, PlatformProxy, Tls, TlsOptions,
};
use alipes_store::{Retention, SqliteOptions, SqliteStore};
use alipes_tools::{Root, Sandbox, SandboxChoice, SandboxOptions, SandboxSection};
use alipes_transport::{Identity, Transport};

use crate::args::NetworkArgs;
use crate::failure::{Failure, warn};
use crate::memory::EndpointMemory;
use crate::network::Network;
use crate::style::Style;

/// The top-level tables that some room of this version reads.
const SECTIONS: [&str; 8] = [
    "approvals",
    "auth",
    "model",
    "network",
    "providers",
    "sandbox",
    "serve",
    "store",
];

/// The folder below the home that holds the store.
const STORE: &str = "store";

/// What the configuration file says.
pub(crate) struct Settings {
    /// The file and its home, where this machine has a place for them.
    pub(crate) configuration: Option<(Home, Document)>,
    network: NetworkSection,
}

impl Settings {
    /// How this machine reaches anything, with what the command line says about it.
    pub(crate) fn network<'s>(&'s self, args: &'s NetworkArgs) -> Network<'s> {
        let folder = self.configuration.as_ref().map(|(home, _)| home.folder());
        Network::new(args, &self.network, folder.unwrap_or(Path::new("")))
    }
}

/// What everything is given: time, chance, environment.
pub(crate) struct Machine {
    pub(crate) environment: Environment,
    pub(crate) clock: Clock,
    pub(crate) rng: Rng,
    pub(crate) redactor: Redactor,
    /// What has to end before the process does.
    pub(crate) renewals: Renewals,
}

impl Machine {
    pub(crate) fn of_this_process() -> Self {
        Self {
            environment: environment(),
            clock: Clock::system(),
            rng: Rng::from_entropy(),
            redactor: Redactor::new(),
            renewals: Renewals::default(),
        }
    }

    /// What the configuration file describes; nothing where this machine has no place for such a
    /// file.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        let configuration = self.configuration()?;
        let network = match &configuration {
            Some((_, document)) => document.section()?,
            None => NetworkSection::default(),
        };
        Ok(Settings {
            configuration,
            network,
        })
    }

    /// The catalogue that the configuration file describes; an empty one where this machine has no
    /// place for such a file.
    pub(crate) fn catalog(&self) -> Result<Catalog, Failure> {
        Ok(match self.configuration()? {
            Some((_, document)) => Catalog::read(&document)?,
            None => Catalog::default(),
        })
    }

    /// Has the catalog's keys blanked from now on, wherever text is shown.
    pub(crate) fn learn_keys(&self, catalog: &Catalog) {
        for secret in catalog.secrets(&self.environment) {
            self.redactor.learn(&secret);
        }
    }

    /// The configuration and its home, where this machine has a place for them.
    pub(crate) fn configuration(&self) -> Result<Option<(Home, Document)>, Failure> {
        let Some(home) = self.home()? else {
            return Ok(None);
        };
        let document = Document::load(home.config_file())?;
        document.check_sections(&SECTIONS)?;
        Ok(Some((home, document)))
    }

    /// Where endpoint memory is kept: in the store that is open, else in the one that lies there;
    /// nowhere, where this machine has no place for it.
    pub(crate) fn memory(&self, open: Option<&Arc<SqliteStore>>) -> Option<EndpointMemory> {
        let home = Home::find(&self.environment).ok()?;
        let options = self.store().ok()??;
        Some(EndpointMemory::new(open.cloned(), options, home.folder()))
    }

    /// Where conversations are kept; nowhere if this machine has no place for files of ours.
    pub(crate) fn store(&self) -> Result<Option<SqliteOptions>, Failure> {
        let home = self.home()?;
        Ok(home.map(|home| {
            let folder = home.folder().join(STORE);
            SqliteOptions::within(&folder, self.clock.clone(), self.rng.clone())
        }))
    }

    /// The folder in which everything is kept, whether it is there or not.
    pub(crate) fn store_folder(&self) -> Option<PathBuf> {
        let home = Home::find(&self.environment).ok()?;
        Some(home.folder().join(STORE))
    }

    /// How long they are kept.
    pub(crate) fn retention(&self) -> Result<Retention, Failure> {
        Ok(match self.configuration()? {
            Some((_, document)) => document.section()?,
            None => Retention::default(),
        })
    }

    fn home(&self) -> Result<Option<Home>, Failure> {
        match Home::find(&self.environment) {
            Err(ConfigError::NoHome { .. }) => Ok(None),
            found => Ok(Some(found?)),
        }
    }

    /// The folder that tools work beneath, without what holds our own settings and keys, or other
    /// programs' credentials.
    pub(crate) fn root(&self, folder: &Path, catalog: &Catalog) -> Result<Root, Failure> {
        let root = Root::open(folder).map_err(Failure::usage)?;
        let root = root.protecting(self.own(catalog));
        Ok(root.sparing_credentials(self.person().as_deref()))
    }

    /// How commands are confined: as the command line says, else as the configuration does.
    pub(crate) fn sandbox(
        &self,
        choice: Option<SandboxChoice>,
        network: bool,
        catalog: &Catalog,
    ) -> Result<Sandbox, Failure> {
        let section: SandboxSection = match self.configuration()? {
            Some((_, document)) => document.section()?,
            None => SandboxSection::default(),
        };
        let temp = self.environment.path("TMPDIR");
        Ok(Sandbox::new(SandboxOptions {
            choice: choice.unwrap_or(section.kind),
            network: network || section.network,
            writable: section.writable,
            own: self.own(catalog),
            home: self.person(),
            helper: crate::sandbox::helper(),
            temp: temp.unwrap_or_else(|| PathBuf::from("/tmp")),
        }))
    }

    /// The home of the person, in which other programs keep credentials.
    pub(crate) fn person(&self) -> Option<PathBuf> {
        let mut names = ["HOME", "USERPROFILE"].into_iter();
        names.find_map(|name| self.environment.path(name))
    }

    /// Where our own settings, keys and conversations are.
    pub(crate) fn own(&self, catalog: &Catalog) -> Vec<PathBuf> {
        let home = Home::find(&self.environment).ok();
        let own = home
            .iter()
            .flat_map(|home| [home.folder().to_owned(), home.config_file()]);
        own.chain(catalog.key_files()).collect()
    }

    /// The way to every endpoint. Opens nothing yet.
    pub(crate) fn transport(&self, network: &Network<'_>) -> Result<Transport, Failure> {
        let configured = network.configured_egress();
        let egress = EgressPolicy::new(configured.as_ref(), &self.environment, &PlatformProxy);
        let tls = Tls::new(TlsOptions {
            extra_ca_files: network.ca_files(&self.environment),
            ..TlsOptions::default()
        });
        let tls = tls.map_err(Failure::usage)?;
        for error in tls.left_out() {
            warn(&Style::of_stderr(&self.environment), error.clone());
        }
        let dialer = Dialer::new(DialerOptions::of_this_machine(tls, self.clock.clone()))
            .through(egress.map_err(Failure::usage)?)
            .ipv4_only(network.is_ipv4_only(&self.environment)?);
        let (clock, rng) = (self.clock.clone(), self.rng.clone());
        let identity = Identity::alipes(env!("CARGO_PKG_VERSION"));
        let redactor = self.redactor.clone();
        Ok(Transport::new(dialer, clock, rng, redactor, identity))
    }
}

/// What changes from day to day and from folder to folder, for the model.
pub(crate) fn setting(root: &Root, clock: &Clock) -> String {
    // "Sat, 21 Nov 2026 08:00:00 GMT" without the time: the prompt's prefix stays stable for a day.
    let date = httpdate::fmt_http_date(clock.wall());
    format!(
        "Working folder: {}\nPlatform: {} {}\nDate: {}",
        root.path().display(),
        std::env::consts::OS,
        std::env::consts::ARCH,
        date.get(..16).unwrap_or(&date),
    )
}

/// One thread: a turn waits more than it works, and starts faster this way.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::failed)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn environment() -> Environment {
    let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    Environment::new(std::env::vars_os(), folder)
}
