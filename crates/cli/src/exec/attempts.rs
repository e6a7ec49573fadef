//! What was tried, for the message of a turn that failed: the attempts with the one who was asked
//! last, and before them everybody who could not answer, each with the reason.

use std::time::Duration;

use alipes_agent::TurnEvent;
use alipes_models::Addressee;
use alipes_transport::{Fault, Reaction, Trace};

use crate::failure::Tried;
use crate::style::{one_line, seconds};

/// More attempts than this say nothing new.
const SHOWN: usize = 6;

/// The longest line about somebody who could not answer, in characters.
const LONGEST: usize = 200;

/// The attempts of the step under way.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    tried: Vec<String>,
    left_out: usize,
    before: Vec<(Addressee, Box<Fault>)>,
    /// Who is asked now, where somebody was asked before.
    now: Option<Addressee>,
    answered: bool,
    /// The call's name in the records.
    call_id: Option<String>,
}

impl Attempts {
    pub(crate) fn note(&mut self, event: &TurnEvent) {
        match event {
            TurnEvent::OnRecord { id } => {
                *self = Self::default();
                self.call_id = Some(id.clone());
            }
            TurnEvent::Trace(Trace::AttemptDone { .. }) => self.answered = true,
            TurnEvent::NextProvider {
                from, fault, to, ..
            } => {
                self.begin_anew_if_answered();
                self.before.push((from.clone(), fault.clone()));
                self.now = Some(to.clone());
            }
            TurnEvent::Trace(Trace::AttemptStarted { attempt: 1, .. }) => {
                self.begin_anew_if_answered();
                self.tried.clear();
                self.left_out = 0;
            }
            TurnEvent::Trace(Trace::AttemptFault {
                fault,
                took,
                reaction,
                ..
            }) => {
                let wait = match reaction {
                    Reaction::Wait { length } => format!(", then waited {}", seconds(*length)),
                    _ => String::new(),
                };
                let cause = fault.cause.as_str();
                self.push(format!(
                    "{} ({cause}, {}{wait})",
                    fault.route,
                    seconds(*took)
                ));
            }
            TurnEvent::Trace(Trace::NotTried { fault }) => {
                let cause = fault.cause.as_str();
                self.push(format!("{} (not tried: {cause})", fault.route));
            }
            _ => {}
        }
    }

    /// What to tell of the last step, which ended in this fault if in one.
    pub(crate) fn of_the_last_step(self, fault: Option<&Fault>) -> Tried {
        let more = (self.left_out > 0).then(|| format!("{} more", self.left_out));
        let attempts = self.tried.into_iter().chain(more).collect();
        let last = self.now.iter().zip(fault);
        let before = self.before.iter().map(|(who, fault)| (who, &**fault));
        let everybody: Vec<(&Addressee, &Fault)> = before.chain(last).collect();
        let dated = everybody
            .iter()
            .filter_map(|(who, fault)| Some((fault.retry_after?, who)));
        let soonest = dated.min_by_key(|(after, _)| *after);
        Tried {
            attempts,
            everybody: match self.before.is_empty() {
                true => Vec::new(),
                false => everybody
                    .iter()
                    .map(|(who, fault)| line(who, fault))
                    .collect(),
            },
            call_id: self.call_id,
            soonest: soonest.map(|(after, who)| format!("{who} in {}", roughly(after))),
        }
    }

    fn begin_anew_if_answered(&mut self) {
        if self.answered {
            let call_id = self.call_id.take();
            *self = Self {
                call_id,
                ..Self::default()
            };
        }
    }

    fn push(&mut self, line: String) {
        if self.tried.len() < SHOWN {
            self.tried.push(line);
        } else {
            self.left_out += 1;
        }
    }
}

/// `groq/m as team: rate-limited (headers over sse, status 429, back in 20 s)`
fn line(who: &Addressee, fault: &Fault) -> String {
    let evidence = &fault.evidence;
    let facts = [
        evidence.status.map(|status| format!("status {status}")),
        evidence.cf_ray.as_ref().map(|ray| format!("cf-ray {ray}")),
        fault
            .retry_after
            .map(|after| format!("back in {}", roughly(after))),
    ];
    let (cause, phase) = (fault.cause.as_str(), fault.phase.as_str());
    let facts: String = facts
        .iter()
        .flatten()
        .map(|fact| format!(", {fact}"))
        .collect();
    let line = match fault.message.as_deref().filter(|_| phase == "queue") {
        Some(message) => format!("{who}: {cause} ({message})"),
        None => format!("{who}: {cause} ({phase} over {}{facts})", fault.route),
    };
    one_line(&line, LONGEST)
}

/// `20 s`, `12 min`, `5 h`: rounded up, because too early is too early.
fn roughly(length: Duration) -> String {
    let seconds = length.as_secs() + u64::from(length.subsec_nanos() > 0);
    match seconds {
        0..=99 => format!("{seconds} s"),
        100..=5_999 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3_600)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_transport::{Cause, Phase};

    fn who(model: &str, account: &str) -> Addressee {
        Addressee {
            model: model.parse().unwrap(),
            account: account.to_owned(),
        }
    }

    fn fault(cause: Cause, retry_after: Option<u64>) -> Box<Fault> {
        Box::new(Fault {
            phase: Phase::Headers,
            cause,
            retry_after: retry_after.map(Duration::from_secs),
            ..Fault::nobody_to_ask()
        })
    }

    fn turned(from: Addressee, fault: Box<Fault>, to: Addressee) -> TurnEvent {
        TurnEvent::NextProvider {
            from,
            fault,
            to,
            left_out: 0,
        }
    }

    #[test]
    fn everybody_is_listed_with_the_reason_and_the_soonest_to_come_back_is_named() {
        let mut attempts = Attempts::default();
        let limit = fault(Cause::UsageLimit, Some(3_600));
        attempts.note(&turned(who("p/m", "home"), limit, who("p/m", "work")));
        let rate = fault(Cause::RateLimited, Some(90));
        attempts.note(&turned(who("p/m", "work"), rate, who("q/n", "")));
        let last = fault(Cause::ServerError, None);
        let tried = attempts.of_the_last_step(Some(&last));
        assert_eq!(
            tried.everybody,
            [
                "p/m as home: usage-limit (headers over sse, back in 60 min)",
                "p/m as work: rate-limited (headers over sse, back in 90 s)",
                "q/n: server-error (headers over sse)",
            ]
        );
        assert_eq!(tried.soonest.as_deref(), Some("p/m as work in 90 s"));
    }

    #[test]
    fn where_only_one_was_asked_there_is_no_list() {
        let last = fault(Cause::ServerError, None);
        let tried = Attempts::default().of_the_last_step(Some(&last));
        assert!(tried.everybody.is_empty() && tried.soonest.is_none());
    }
}
