//! Where offers are looked up: the working folder, the catalog, the store.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use alipes_base::{Clock, Redactor};
use alipes_models::Catalog;
use alipes_store::{SqliteStore, Store as _};
use alipes_tools::Root;
use tokio::task::spawn_blocking;

use super::{Offer, Wanted, files};
use crate::sessions::{last_used, short, title};

/// How many conversations can be chosen from.
const CONVERSATIONS: usize = 50;

/// What a conversation's menus offer comes from here.
#[derive(Clone)]
pub(in crate::chat) struct Sources {
    pub(in crate::chat) root: Root,
    pub(in crate::chat) catalog: Catalog,
    pub(in crate::chat) kept: Option<Arc<SqliteStore>>,
    /// The conversation that the chat is in.
    pub(in crate::chat) id: String,
    pub(in crate::chat) clock: Clock,
    /// What no title may show.
    pub(in crate::chat) redactor: Redactor,
}

impl Sources {
    /// All that can be offered. What cannot be read is not.
    pub(in crate::chat) async fn look_up(self, wanted: Wanted) -> Vec<Offer> {
        match wanted {
            Wanted::Conversations => self.conversations().await.unwrap_or_default(),
            // On a thread that may wait for the disk.
            _ => spawn_blocking(move || self.read(wanted))
                .await
                .unwrap_or_default(),
        }
    }

    fn read(&self, wanted: Wanted) -> Vec<Offer> {
        match wanted {
            Wanted::Files => files(&self.root).into_iter().map(Offer::plain).collect(),
            Wanted::Models => {
                let models = self.catalog.known_models().into_iter();
                models
                    .map(|model| Offer::plain(model.to_string()))
                    .collect()
            }
            Wanted::Places => self.places(),
            Wanted::Conversations => Vec::new(),
        }
    }

    /// A name in each shape, and the folders.
    fn places(&self) -> Vec<Offer> {
        let id = short(&self.id);
        let shapes = [("md", "Markdown"), ("jsonl", "a line of JSON each")];
        let names = shapes.map(|(ending, about)| Offer {
            about: about.to_owned(),
            ..Offer::plain(format!("alipes-{id}.{ending}"))
        });
        let files = files(&self.root);
        let above = files
            .iter()
            .flat_map(|file| Path::new(file).ancestors().skip(1));
        let folders = above.filter_map(|folder| folder.to_str().filter(|name| !name.is_empty()));
        let folders: BTreeSet<&str> = folders.collect();
        let folders = folders
            .iter()
            .map(|folder| Offer::plain(format!("{folder}/")));
        names.into_iter().chain(folders).collect()
    }

    async fn conversations(&self) -> Option<Vec<Offer>> {
        let store = self.kept.as_ref()?;
        let found = store.list(CONVERSATIONS).await.ok()?;
        let now = self.clock.unix_ms();
        let others = found.into_iter().filter(|summary| summary.id != self.id);
        let others: Vec<_> = others
            .map(|summary| (last_used(now, summary.used_ms), summary))
            .collect();
        let widest = others.iter().map(|(when, _)| when.len()).max().unwrap_or(0);
        let offers = others.into_iter().map(|(when, summary)| {
            let id = short(&summary.id).to_owned();
            let title = title(&summary.title, &self.redactor);
            Offer {
                sought: Some(format!("{id} {title}")),
                text: id,
                about: format!("{when:widest$}  {title}"),
            }
        });
        Some(offers.collect())
    }
}
