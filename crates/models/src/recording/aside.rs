//! Questions beside turns, for a list of models or for what an account has left: each is a call of one
//! attempt, so that a person finds it where all calls are. No route is chosen for it and no phases are
//! told of it.

use alipes_base::Clock;
use alipes_store::{AskedRecord, AttemptEnd, AttemptRecord, CallEnd, CallRecord, Unwritten};
use alipes_transport::{AuxiliaryFault, Endpoint};
use alipes_wire::Usage;
use tokio::time::Instant;

use super::Records;
use super::fault::{cut, of_fault};
use super::written::{LONGEST_NAME, micros};

/// What stands where attempts have their route.
const ROUTE: &str = "http";

/// What a record is small enough for, in bytes.
const SIZE: usize = 2_000;

/// A question under way; nothing where nobody keeps a record.
pub(crate) struct Question(Option<Asked>);

struct Asked {
    records: Records,
    clock: Clock,
    begun: Instant,
    call: CallRecord,
}

impl Question {
    /// Somebody is asked something at this path.
    pub(crate) fn begin(
        records: Option<&Records>,
        clock: &Clock,
        endpoint: &Endpoint,
        path: &str,
    ) -> Self {
        let mut url = endpoint.url(path);
        // It may hold a key.
        url.set_query(None);
        Self(records.map(|records| Asked {
            records: records.clone(),
            clock: clock.clone(),
            begun: clock.now(),
            call: CallRecord {
                id: records.new_id(clock),
                begun_ms: clock.unix_ms(),
                front: records.front.to_owned(),
                auxiliary: true,
                asked: vec![AskedRecord {
                    model: cut(&format!("{}/{path}", endpoint.name()), LONGEST_NAME),
                    endpoint: cut(endpoint.name(), LONGEST_NAME),
                    url: cut(url.as_str(), LONGEST_NAME),
                    ..AskedRecord::default()
                }],
                ..CallRecord::default()
            },
        }))
    }

    /// It was answered, or not.
    pub(crate) fn ended<T>(self, answer: &Result<T, AuxiliaryFault>) {
        self.ended_for(answer, None);
    }

    /// The same for something that takes tokens.
    pub(crate) fn ended_for<T>(self, answer: &Result<T, AuxiliaryFault>, usage: Option<Usage>) {
        let Some(asked) = self.0 else {
            return;
        };
        let fault = answer.as_ref().err().map(|fault| of_fault(fault.fault()));
        let took_us = micros(asked.clock.since(asked.begun));
        let failed = fault.is_some();
        let attempt = AttemptRecord {
            number: 1,
            route: ROUTE.to_owned(),
            took_us,
            end: if failed {
                AttemptEnd::Fault
            } else {
                AttemptEnd::Done
            },
            fault,
            ..AttemptRecord::default()
        };
        let call = CallRecord {
            took_us,
            end: if failed {
                CallEnd::Failed
            } else {
                CallEnd::Answered
            },
            attempts: vec![attempt],
            usage,
            ..asked.call
        };
        asked.records.recorder.record(Unwritten {
            size: SIZE,
            write: Box::new(move || (call, None)),
        });
    }
}
