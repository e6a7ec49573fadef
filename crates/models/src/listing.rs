//! What a provider offers, by its own word as far as that can be had. Never on the way of a turn.
//!
//! A list that was told within the last minutes is believed; an older one is asked for again, and only
//! sent if it has changed. Where nobody can be asked, what was told before is better than nothing, and
//! behind that the few models that the program knows by name. Which of these it is, is always said.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use alipes_base::Deadline;
use alipes_transport::{
    AccountKey, AuxiliaryAnswer, AuxiliaryFault, Credential, Endpoint, EndpointKey, Transport,
};
use alipes_wire::ListedModel;
use http::HeaderValue;
use http::header::ETAG;

use crate::catalog::reach::Reached;
use crate::lists::{KeptList, ModelLists};
use crate::recording::Question;
use crate::{Provider, Records};

/// For how long a list is believed without asking again, in ms (codex-protocol §6.1).
const FRESH: u64 = 300_000;

/// The longest `ETag` that is kept, in bytes.
const LONGEST: usize = 256;

/// A provider's list of models, still to be asked for.
pub struct Listing {
    transport: Transport,
    provider: Provider,
    endpoint: Arc<Endpoint>,
    credential: Arc<dyn Credential>,
    kept: Option<ModelLists>,
    records: Option<Records>,
}

/// A list of models.
#[derive(Debug)]
pub struct Listed {
    /// The models, in the list's order.
    pub models: Vec<ListedModel>,
    /// Whose word it is.
    pub source: ListSource,
    /// Why it could not be kept for the next time, if it could not.
    pub unkept: Option<io::Error>,
}

/// Whose word a list is.
#[derive(Debug)]
#[non_exhaustive]
pub enum ListSource {
    /// The provider's, right now.
    Live,
    /// The provider's, a while ago.
    Cached {
        /// How long ago.
        age: Duration,
        /// Why it was not asked again; `None`: that was not long enough ago.
        because: Option<AuxiliaryFault>,
    },
    /// The program's own, which is never whole.
    Bundled {
        /// Why the provider's was not had; `None`: it has none.
        because: Option<AuxiliaryFault>,
    },
}

/// There is no list of models.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoList {
    /// The provider has none that is known.
    #[error("{provider} has no list of models that is known; its own pages name them")]
    Nowhere {
        /// The provider.
        provider: String,
    },
    /// It could not be had.
    #[error(transparent)]
    Fault(#[from] AuxiliaryFault),
}

impl Listing {
    pub(crate) fn new(
        transport: &Transport,
        reached: Reached,
        provider: Provider,
        (kept, records): (Option<ModelLists>, Option<Records>),
    ) -> Self {
        Self {
            transport: transport.clone(),
            provider,
            endpoint: reached.endpoint,
            credential: reached.credential,
            kept,
            records,
        }
    }

    /// The provider's name.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.endpoint.name()
    }

    /// What it was told before, or else its word now. `anew`: whatever was told before is only for want
    /// of a better.
    ///
    /// # Errors
    /// [`NoList`], which says nothing about turns.
    pub async fn ask(&self, anew: bool, deadline: Deadline) -> Result<Listed, NoList> {
        let Some(path) = self.provider.models_path() else {
            return self.bundled(None);
        };
        let known = self.known(&path);
        let age = known.as_ref().and_then(|known| self.age(known));
        if let (false, Some(age), Some(known)) = (anew, age, &known)
            && age < Duration::from_millis(FRESH)
        {
            let because = None;
            return Ok(listed(known, ListSource::Cached { age, because }));
        }
        match self
            .told(&path, known.as_ref().filter(|_| !anew), deadline)
            .await
        {
            Ok(list) => {
                let unkept = self.keep(&list).err();
                let told = listed(&list, ListSource::Live);
                Ok(Listed { unkept, ..told })
            }
            Err(fault) => match known {
                Some(known) => {
                    let (age, because) = (age.unwrap_or_default(), Some(fault));
                    Ok(listed(&known, ListSource::Cached { age, because }))
                }
                None => self.bundled(Some(fault)),
            },
        }
    }

    /// The provider's word, unless it is still the `known` one.
    async fn told(
        &self,
        path: &str,
        known: Option<&KeptList>,
        deadline: Deadline,
    ) -> Result<KeptList, AuxiliaryFault> {
        let etag = known.and_then(|known| HeaderValue::from_str(known.etag.as_deref()?).ok());
        let (endpoint, credential) = (&self.endpoint, &self.credential);
        let (transport, records) = (&self.transport, self.records.as_ref());
        let question = Question::begin(records, &transport.clock, endpoint, path);
        let answer = match &etag {
            Some(etag) => {
                let asked = transport.auxiliary_unless(endpoint, credential, path, etag, deadline);
                asked.await
            }
            None => {
                transport
                    .auxiliary(endpoint, credential, path, deadline)
                    .await
            }
        };
        question.ended(&answer);
        let answer = answer?;
        let told_at_ms = transport.clock.unix_ms();
        if let Some(known) = known.filter(|_| answer.is_unchanged) {
            let known = known.clone();
            return Ok(KeptList {
                told_at_ms,
                ..known
            });
        }
        let models = self.provider.listed(&answer.body);
        Ok(KeptList {
            place: place(&self.endpoint, path),
            account: self.account(),
            etag: etag_of(&answer),
            told_at_ms,
            models: models.ok_or_else(|| answer.malformed("it is no list of models"))?,
        })
    }

    /// What this account was told at this address before.
    fn known(&self, path: &str) -> Option<KeptList> {
        let known = self.kept.as_ref()?.read(&self.provider.name)?;
        let is_its_own =
            known.place == place(&self.endpoint, path) && known.account == self.account();
        is_its_own.then_some(known)
    }

    fn keep(&self, list: &KeptList) -> io::Result<()> {
        match &self.kept {
            Some(kept) => kept.keep(&self.provider.name, list),
            None => Ok(()),
        }
    }

    /// How long ago it was told; `None` if that is still to come, by this clock.
    fn age(&self, known: &KeptList) -> Option<Duration> {
        let now = self.transport.clock.unix_ms();
        now.checked_sub(known.told_at_ms).map(Duration::from_millis)
    }

    fn bundled(&self, because: Option<AuxiliaryFault>) -> Result<Listed, NoList> {
        let model = |name: &String| ListedModel {
            name: name.clone(),
            ..ListedModel::default()
        };
        let models: Vec<ListedModel> = self.provider.bundled_models.iter().map(model).collect();
        match (models.is_empty(), because) {
            (true, Some(fault)) => Err(fault.into()),
            (true, None) => Err(NoList::Nowhere {
                provider: self.provider.name.clone(),
            }),
            (false, because) => Ok(Listed {
                models,
                source: ListSource::Bundled { because },
                unkept: None,
            }),
        }
    }

    fn account(&self) -> String {
        let endpoint = EndpointKey::of(self.endpoint.base_url());
        AccountKey::of(&endpoint, &self.credential.identity()).to_string()
    }
}

/// What is asked there.
pub(crate) fn place(endpoint: &Endpoint, path: &str) -> String {
    EndpointKey::of(&endpoint.url(path)).to_string()
}

fn listed(list: &KeptList, source: ListSource) -> Listed {
    Listed {
        models: list.models.clone(),
        source,
        unkept: None,
    }
}

fn etag_of(answer: &AuxiliaryAnswer) -> Option<String> {
    let etag = answer.headers.get(ETAG)?.to_str().ok()?;
    (etag.len() <= LONGEST).then(|| etag.to_owned())
}
