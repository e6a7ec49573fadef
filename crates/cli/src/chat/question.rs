//! Asking, in the chat, whether a tool may run. The gate waits; typing goes on.

use std::time::Duration;

use alipes_agent::{Approval, Approver, Question};
use futures_util::future::BoxFuture;
use ratatui_core::text::{Line, Span};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::looks::{FAINT, PLAIN, STRONG, WARNING};
use super::wrap::{Break, Lead, wrap};
use crate::style::one_line;

/// A line that is ended sooner after the question came up was not meant for it.
pub(super) const PAUSE: Duration = Duration::from_millis(600);

/// How many questions may wait.
const QUEUE: usize = 32;

/// The longest line of a question, in characters.
const LONGEST: usize = 600;

/// A question, and where its answer goes. Dropping it is a no.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) question: Question,
    pub(super) answer: oneshot::Sender<Approval>,
}

/// Whoever sits at the chat.
pub(super) struct Person(mpsc::Sender<Asked>);

impl Person {
    /// Where questions come from, and where they are heard.
    pub(super) fn channel() -> (mpsc::Sender<Asked>, mpsc::Receiver<Asked>) {
        mpsc::channel(QUEUE)
    }

    pub(super) fn on(questions: mpsc::Sender<Asked>) -> Box<dyn Approver> {
        Box::new(Self(questions))
    }
}

impl Approver for Person {
    fn ask(&self, question: Question) -> BoxFuture<'_, Approval> {
        Box::pin(async move {
            let (answer, told) = oneshot::channel();
            let asked = Asked { question, answer };
            match self.0.send(asked).await {
                Ok(()) => told.await.unwrap_or(Approval::No),
                Err(_gone) => Approval::No,
            }
        })
    }
}

/// The question that is shown, and from when on a line answers it.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) asked: Asked,
    pub(super) counts_from: Instant,
}

impl Open {
    /// What a line means that is nothing but an answer. One key alone never is: it may be the first of
    /// a sentence.
    pub(super) fn answer(&self, line: &str) -> Option<Approval> {
        let lasts = self.asked.question.offer.is_some();
        match line {
            "y" | "Y" | "yes" => Some(Approval::Once),
            "s" | "S" | "session" if lasts => Some(Approval::Session),
            "a" | "A" | "always" if lasts => Some(Approval::Always),
            "n" | "N" | "no" => Some(Approval::No),
            _ => None,
        }
    }

    pub(super) fn rows(&self, columns: usize, now: Instant) -> Vec<Line<'static>> {
        let question = &self.asked.question;
        let mut rows = Vec::new();
        let mut say = |sign: &str, text: &str, style| {
            let lead = Lead::new(sign, "  ", style);
            let text = Span::styled(one_line(text, LONGEST), style);
            rows.extend(wrap(&[text], columns, &lead, Break::Word));
        };
        say("? ", &format!("allow: {}", question.summary), STRONG);
        if let Some(caution) = &question.caution {
            say("  ", caution, WARNING);
        }
        say("  ", &format!("asked because {}", question.because), FAINT);
        if let Some(rule) = &question.offer {
            say("  ", &format!("session and always mean: {rule}"), FAINT);
        }
        // The answers appear when they count.
        if now >= self.counts_from {
            let keys = match question.offer {
                Some(_) => "y once · s this session · a always · n no: then Enter",
                None => "y once · n no: then Enter",
            };
            say("  ", keys, PLAIN);
        }
        rows
    }
}
