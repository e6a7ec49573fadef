//! Which conversation is gone on with: the one that is meant by name, or the newest that no other alipes
//! has open. Who asks for the last one wants to go on, and not to hear that something is in the way.

use std::sync::Arc;

use alipes_base::Redactor;
use alipes_models::ModelName;
use alipes_store::{
    CallFilter, Calls as _, Conversation, SqliteStore, Store as _, StoreError, Summary, Transcript,
};
use anyhow::anyhow;

use crate::failure::Failure;
use crate::sessions::named;

/// How many of the newest are looked at.
const LOOKED_AT: usize = 100;

/// How many that are open are named.
const NAMED: usize = 5;

/// How many of the newest calls are looked at for who was asked last.
const CALLS_LOOKED_AT: usize = 200;

/// The models of `--simulate`.
const SIMULATED: &str = "simulated/";

/// A conversation that was taken up.
pub(super) struct Resumed {
    pub(super) conversation: Conversation,
    pub(super) transcript: Transcript,
    pub(super) summary: Summary,
    /// The newer ones, which are open elsewhere.
    pub(super) newer: Vec<Summary>,
    pub(super) held: Option<Held>,
}

/// With whom a conversation was held when it was last open.
pub(crate) struct Held {
    /// The model, as `provider/name`.
    model: String,
    /// This one answered last, as the records tell; where they do not, it is the first one.
    is_last: bool,
}

impl Held {
    async fn of(store: &SqliteStore, summary: &Summary) -> Self {
        // Who cannot be told is not worth failing for.
        let calls = store.calls(&CallFilter::default(), CALLS_LOOKED_AT).await;
        let mut calls = calls.unwrap_or_default().into_iter();
        let last = calls.find_map(|kept| {
            let is_turn = kept.call.conversation == summary.id && !kept.call.auxiliary;
            // Others are asked where the first one cannot answer.
            let asked = kept.call.asked.into_iter().next().filter(|_| is_turn)?;
            Some(asked.model)
        });
        Self {
            is_last: last.is_some(),
            model: last.unwrap_or_else(|| summary.model.clone()),
        }
    }

    /// That another model answers now, with what goes on with the one before; nothing where it is the
    /// same.
    pub(crate) fn otherwise(&self, now: &ModelName, is_chat: bool) -> Option<String> {
        let (before, now) = (self.model.as_str(), now.to_string());
        if before == now {
            return None;
        }
        let way = match before.starts_with(SIMULATED) {
            true => "--simulate".to_owned(),
            false if now.starts_with(SIMULATED) => format!("-m {before} without --simulate"),
            false if is_chat => format!("-m {before}, or here /model {before},"),
            false => format!("-m {before}"),
        };
        let when = if self.is_last { "last held" } else { "begun" };
        Some(format!(
            "it was {when} with {before}, and now {now} answers; {way} goes on with the one before"
        ))
    }
}

/// Takes up this conversation.
pub(super) async fn this(
    store: &Arc<SqliteStore>,
    summary: Summary,
) -> Result<Resumed, StoreError> {
    let (conversation, transcript) =
        Conversation::resume(Arc::clone(store) as _, &summary.id).await?;
    let held = Held::of(store, &summary).await;
    Ok(Resumed {
        held: Some(held),
        conversation,
        transcript,
        summary,
        newer: Vec::new(),
    })
}

/// Takes up the newest that is free.
pub(super) async fn newest(
    store: &Arc<SqliteStore>,
    redactor: &Redactor,
) -> Result<Resumed, Failure> {
    let mut newer = Vec::new();
    for summary in store.list(LOOKED_AT).await? {
        // Whose process is just dying is waited for a moment: the newest is the one that is meant.
        let is_asked = newer.is_empty() || !summary.standing.is_held();
        let taken = match is_asked {
            true => this(store, summary.clone()).await,
            false => Err(StoreError::Leased {
                id: summary.id.clone(),
            }),
        };
        match taken {
            Err(StoreError::Leased { .. }) => newer.push(summary),
            Ok(resumed) => return Ok(Resumed { newer, ..resumed }),
            Err(error) => return Err(error.into()),
        }
    }
    Err(none_is_free(&newer, redactor))
}

fn none_is_free(open: &[Summary], redactor: &Redactor) -> Failure {
    if open.is_empty() {
        return StoreError::NoneYet.into();
    }
    let named = open.iter().take(NAMED).map(|one| named(one, redactor));
    let mut names: Vec<String> = named.collect();
    if let more @ 1.. = open.len().saturating_sub(NAMED) {
        names.push(format!("{more} more"));
    }
    let names = names.join(", ");
    Failure::failed(anyhow!(
        "every conversation is open in another alipes: {names}; end one there, or begin a new one \
         without --resume"
    ))
}
