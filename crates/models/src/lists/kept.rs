//! A list as it lies in its file: whose it is, how old, and what it holds.

use alipes_wire::ListedModel;
use serde_json::{Value, json};

/// The version that is written, and the only one that is read.
const VERSION: u64 = 1;

/// A provider's list, as it was when it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptList {
    /// What was asked, as [`EndpointKey`](alipes_transport::EndpointKey) writes addresses.
    pub(crate) place: String,
    /// The account that it was told to: what is on offer depends on that.
    pub(crate) account: String,
    /// What the server calls this state of it.
    pub(crate) etag: Option<String>,
    /// When it was last told, or said to be unchanged; in milliseconds since the Unix epoch.
    pub(crate) told_at_ms: u64,
    /// The models.
    pub(crate) models: Vec<ListedModel>,
}

impl KeptList {
    pub(super) fn to_text(&self) -> String {
        let value = json!({
            "version": VERSION, "place": self.place, "account": self.account, "etag": self.etag,
            "told_at_ms": self.told_at_ms, "models": self.models,
        });
        format!("{value}\n")
    }

    /// `None` in whatever this version has not written: it is asked for anew then.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(text).ok()?;
        if value["version"].as_u64() != Some(VERSION) {
            return None;
        }
        let text = |name: &str| value[name].as_str().map(ToOwned::to_owned);
        Some(Self {
            place: text("place")?,
            account: text("account")?,
            etag: text("etag"),
            told_at_ms: value["told_at_ms"].as_u64()?,
            models: serde_json::from_value(value["models"].clone()).ok()?,
        })
    }
}
