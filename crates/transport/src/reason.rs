//! Why something is left alone for a while, kept for whoever asks later.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Cause, Fault};

/// The longest identifier that is kept, in bytes.
const LONGEST: usize = 64;

/// The fault behind a remembered fact, as far as it is worth telling again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reason {
    #[serde(serialize_with = "name", deserialize_with = "cause")]
    pub(crate) cause: Cause,
    /// Cloudflare's id of the request, which support asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cf_ray: Option<String>,
}

impl Reason {
    pub(crate) fn of(fault: &Fault) -> Self {
        let ray = fault.evidence.cf_ray.as_ref();
        Self {
            cause: fault.cause,
            cf_ray: ray.filter(|ray| ray.len() <= LONGEST).cloned(),
        }
    }
}

fn name<S: Serializer>(cause: &Cause, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(cause.as_str())
}

fn cause<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cause, D::Error> {
    let name = String::deserialize(deserializer)?;
    Cause::named(&name).ok_or_else(|| serde::de::Error::custom("no cause of this name"))
}
