//! The last fault at an endpoint, as the record of its call tells it.

use alipes_store::{CallRecord, EndpointHealth, FaultRecord};
use alipes_transport::Cause;

use crate::style::one_line;

/// The longest of a provider's own words, in characters.
const LONGEST: usize = 160;

/// A fault, and the call in which it happened.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The call's id.
    pub(super) call: String,
    /// When it was recorded, in milliseconds since the Unix epoch.
    pub(super) at_ms: u64,
    /// The call was answered all the same.
    pub(super) was_mended: bool,
    /// A turn could do without the answer.
    pub(super) auxiliary: bool,
    /// The model that was asked for, without its provider.
    pub(super) model: String,
    pub(super) account: String,
    pub(super) url: String,
    pub(super) fault: FaultRecord,
}

/// When anything was heard of it last.
pub(super) fn heard_of_ms(health: &EndpointHealth) -> u64 {
    let fault = health.last_fault.as_ref().map(|fault| fault.at_ms);
    fault.max(health.last_answered_ms).unwrap_or_default()
}

/// The last fault.
pub(super) fn last(health: &EndpointHealth) -> Option<Seen> {
    let last = health.last_fault.as_ref()?;
    let mut seen = Seen {
        call: last.call.id.clone(),
        at_ms: last.at_ms,
        was_mended: last.was_mended,
        ..Seen::default()
    };
    seen.fault.cause.clone_from(&last.cause);
    seen.read(&last.call, &health.endpoint);
    Some(seen)
}

impl Seen {
    /// All of it is about the one who met the fault: somebody else may have been asked after that.
    fn read(&mut self, call: &CallRecord, endpoint: &str) {
        self.auxiliary = call.auxiliary;
        let faults = call.faults_by_asked();
        let here = faults.filter_map(|(asked, fault)| Some((asked?, fault)));
        let Some((asked, fault)) = here.filter(|(at, _)| at.endpoint == endpoint).last() else {
            return;
        };
        let model = asked.model.split_once('/').map(|(_, model)| model);
        model.unwrap_or(&asked.model).clone_into(&mut self.model);
        self.account.clone_from(&asked.account);
        self.url.clone_from(&asked.url);
        self.fault.clone_from(fault);
    }

    /// The cause, if this version knows it.
    pub(super) fn cause(&self) -> Option<Cause> {
        Cause::named(&self.fault.cause)
    }

    /// Until when the server asked us to wait, in milliseconds since the Unix epoch.
    pub(super) fn until_ms(&self) -> Option<u64> {
        let wait = self.fault.retry_after_us? / 1_000;
        Some(self.at_ms.saturating_add(wait))
    }

    /// `status 401, code invalid_api_key: Incorrect API key provided`
    pub(super) fn evidence(&self) -> String {
        let fault = &self.fault;
        let named = |name: &str, value: &Option<String>| {
            let value = value.as_ref()?;
            Some(format!("{name} {}", one_line(value, LONGEST)))
        };
        let facts = [
            fault.status.map(|status| format!("status {status}")),
            named("code", &fault.code),
            named("cf-ray", &fault.cf_ray),
            fault.close_code.map(|code| format!("close code {code}")),
        ];
        let facts: Vec<String> = facts.into_iter().flatten().collect();
        let words = fault.message.as_ref().or(fault.source.as_ref());
        let words = words.map(|words| one_line(words, LONGEST));
        let told = [Some(facts.join(", ")), words].into_iter().flatten();
        let told: Vec<String> = told.filter(|told| !told.is_empty()).collect();
        told.join(": ")
    }
}
