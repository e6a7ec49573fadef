//! What goes wrong on the way and is mended, told as it happens and each thing once: the same words on
//! every front.

use alipes_agent::TurnEvent;
use alipes_transport::{Fault, Reaction, Trace};

use crate::narrate::{hedged, remedy};
use crate::style::one_line;

const LONGEST: usize = 300;

/// What has been told.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    /// Whether a fault is told each time, too.
    repeats: bool,
    last_fault: String,
}

impl Remarks {
    pub(crate) fn new(repeats: bool) -> Self {
        Self {
            repeats,
            last_fault: String::new(),
        }
    }

    /// What an event means, if something went wrong.
    pub(crate) fn on(&mut self, event: &TurnEvent) -> Option<String> {
        match event {
            TurnEvent::NextProvider {
                fault,
                to,
                left_out,
                ..
            } => {
                let behind = match left_out {
                    0 => String::new(),
                    1 => ", which does not get 1 item of encrypted reasoning".to_owned(),
                    items => format!(", which does not get {items} items of encrypted reasoning"),
                };
                Some(format!("{}; asking {to}{behind}", short(fault)))
            }
            TurnEvent::Trace(Trace::AttemptFault {
                fault, reaction, ..
            }) => self.fault(fault, *reaction),
            TurnEvent::Trace(Trace::Hedged { limit, waited, .. }) => Some(hedged(limit, *waited)),
            TurnEvent::Trace(Trace::Waiting {
                limit: "either", ..
            }) => Some("nobody has answered; both requests stay open".to_owned()),
            TurnEvent::Trace(Trace::AttemptLost {
                fault: Some(fault), ..
            }) => Some(format!("{}; the other request goes on", short(fault))),
            _ => None,
        }
    }

    fn fault(&mut self, fault: &Fault, reaction: Reaction) -> Option<String> {
        // The last fault of a turn is its error, and told as such.
        if reaction == Reaction::Stop {
            return None;
        }
        let text = short(fault);
        if text == self.last_fault && !self.repeats {
            return None;
        }
        let remark = format!("{text}; {}", remedy(reaction));
        self.last_fault = text;
        Some(remark)
    }
}

fn short(fault: &Fault) -> String {
    one_line(&fault.to_string(), LONGEST)
}
