//! The way of a client's own request, beside the agent's [`Step`](crate::Step).
//!
//! A client of our server brings its request in its own words. A provider of the same dialect gets
//! those words; one of another gets them said anew from their items. What comes back goes up raw, and
//! healed as far as it can be without the client noticing: nothing is shown before there is output, so
//! that until then a broken attempt, or a provider that gives up, leaves no trace in the answer. After
//! that nothing can be taken back, and a fault ends it; unless the client waits for the whole answer,
//! which can begin anew until its end.

mod aside;
mod ask;
mod held;
mod stream;

use std::sync::{Arc, OnceLock};

use alipes_base::{Clock, Deadline};
use alipes_transport::Experience;
use alipes_wire::{CannotCarry, ClientRequest, Dialect, ModelRequest, NotARequest, Relayed};
use http::HeaderMap;

use crate::link::{Ask, Link, preferred};
use crate::makers::Makers;
use crate::recording::{About, Recording};
use crate::rests::Rests;
use crate::walk::{Candidate, Standing, Walk};
use crate::{Asker, Catalog, Making, ModelName, ModelsError, Overrides, Records};

use stream::Terms;

pub use aside::AsideError;
pub use stream::{RelayStream, RelayUpdate};

/// The providers of one conversation of a client, in the order they are asked.
pub struct Relay {
    links: Vec<Link>,
    rests: Rests,
    makers: Makers,
    experience: Arc<Experience>,
    clock: Clock,
    records: Option<Records>,
    conversation: String,
}

/// What a client asks.
#[derive(Clone, Debug)]
pub struct RelayRequest {
    /// In its own words.
    pub words: Arc<Relayed>,
    /// What it says in headers to whoever speaks its dialect, such as `anthropic-beta`.
    pub headers: HeaderMap,
    /// The response that it continues.
    pub continues: Option<Continued>,
    /// Who asks, for the record.
    pub asker: Asker,
    /// The client sees nothing before the end of the answer, so it may begin anew.
    pub in_one_piece: bool,
    /// The same in items; read when somebody is asked who speaks another dialect.
    items: Arc<OnceLock<Result<ClientRequest, NotARequest>>>,
}

impl RelayRequest {
    /// What a client asks in these words.
    #[must_use]
    pub fn new(words: Relayed, continues: Option<Continued>) -> Self {
        Self {
            words: Arc::new(words),
            headers: HeaderMap::new(),
            continues,
            asker: Asker::default(),
            in_one_piece: false,
            items: Arc::default(),
        }
    }

    /// The same, on record as this one's.
    #[must_use]
    pub fn asked_by(self, asker: Asker) -> Self {
        Self { asker, ..self }
    }

    /// The same in items, for a provider that speaks another dialect.
    ///
    /// # Errors
    /// [`NotARequest`], if it cannot be said so.
    pub fn items(&self) -> Result<&ClientRequest, &NotARequest> {
        let read = || self.words.dialect().read(self.words.body());
        self.items.get_or_init(read).as_ref()
    }
}

/// A response that a provider keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continued {
    /// Who gave it: nobody else knows it.
    pub by: ModelName,
    /// What it is called there.
    pub response_id: String,
}

impl Catalog {
    /// The models of these names, or without any the default one and those behind it, for one
    /// conversation of a client.
    ///
    /// # Errors
    /// [`ModelsError`], if one of them cannot be had.
    pub fn relay(&self, names: &[ModelName], making: Making<'_>) -> Result<Relay, ModelsError> {
        let overrides = names.iter().map(|name| Overrides {
            model: Some(name.to_string()),
            ..Overrides::default()
        });
        let first = names.is_empty().then(Overrides::default);
        let mut relay = Relay {
            links: Vec::new(),
            rests: self.rests.clone(),
            makers: self.makers.clone(),
            experience: Arc::clone(&making.transport.experience),
            clock: making.transport.clock.clone(),
            records: self.records.clone(),
            conversation: making.session_id.to_owned(),
        };
        for overrides in first.into_iter().chain(overrides) {
            relay
                .links
                .extend(self.chain(&overrides, making)?.into_links());
        }
        Ok(relay)
    }
}

impl Relay {
    /// Whether one of them speaks this dialect.
    #[must_use]
    pub fn speaks(&self, dialect: Dialect) -> bool {
        let mut accounts = self.links.iter().flat_map(|link| &link.accounts);
        accounts.any(|account| account.session.endpoint().dialect() == dialect)
    }

    /// Why nobody can be told what is asked for; `None` if somebody can. Of use where nobody speaks
    /// the client's dialect: its own words suit everybody who does.
    #[must_use]
    pub fn cannot_carry(&self, items: &ModelRequest) -> Option<CannotCarry> {
        let mut refused = None;
        for link in &self.links {
            for account in &link.accounts {
                let dialect = account.session.endpoint().dialect();
                refused = Some(dialect.encode(items, &link.quirks).err()?);
            }
        }
        refused
    }

    /// Asks, until there is an answer or nobody is left.
    pub fn ask(&mut self, request: &RelayRequest, deadline: Deadline) -> RelayStream<'_> {
        let about = About {
            asker: request.asker.clone(),
            conversation: self.conversation.clone(),
            auxiliary: false,
        };
        let recording = Recording::begin(self.records.as_ref(), &self.clock, about);
        let knows = |link: &Link| match &request.continues {
            Some(continued) => link.name == continued.by,
            None => true,
        };
        let preferred = preferred(&self.links, &self.experience);
        let links = self.links.iter_mut().enumerate();
        let asks: Vec<Ask<'_>> = links
            .filter(|(_, link)| knows(link))
            .flat_map(|(at, link)| link.asks(at))
            .collect();
        let now = self.clock.now();
        let standing = |ask: &Ask<'_>| Standing {
            who: ask.who,
            rests: self.rests.left(ask.name, ask.account, now),
            left_alone: ask.left_alone(),
            is_here: ask.is_here(),
        };
        let known = |who: &Candidate| asks.iter().find(|ask| ask.who == *who).map(standing);
        let walk = Walk::new(preferred.iter().filter_map(known).collect());
        let terms = Terms {
            request: request.clone(),
            deadline,
            rests: self.rests.clone(),
            makers: self.makers.clone(),
            experience: Arc::clone(&self.experience),
            clock: self.clock.clone(),
        };
        RelayStream::new(walk, asks, terms, recording)
    }

    /// A new turn of the client begins.
    pub fn begin_turn(&mut self) {
        let accounts = self.links.iter_mut().flat_map(|link| &mut link.accounts);
        accounts.for_each(|account| account.session.begin_turn());
    }
}
