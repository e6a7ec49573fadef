//! Asks the person at the keyboard whether a tool may run.

use std::io::IsTerminal as _;
use std::time::Duration;

use alipes_agent::{Approval, Approver, Question};
use alipes_tools::Detail;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

use crate::keyboard;
use crate::streams::say;
use crate::style::{Style, harmless, one_line};

/// The longest line of a question.
const LONGEST: usize = 300;

/// How long a question stands before it can be answered: what is typed until then was begun before it
/// could be read.
const PAUSE: Duration = Duration::from_millis(600);

/// Somebody at a terminal.
pub(crate) struct Keyboard {
    style: Style,
    /// One question at a time.
    turn: Mutex<()>,
}

impl Keyboard {
    /// The keyboard, if there is somebody at it: questions and answers need a terminal both ways.
    pub(crate) fn of_this_terminal(style: Style) -> Option<Box<dyn Approver>> {
        let someone = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        someone.then(|| {
            Box::new(Self {
                style,
                turn: Mutex::new(()),
            }) as Box<dyn Approver>
        })
    }
}

impl Approver for Keyboard {
    fn ask(&self, question: Question) -> BoxFuture<'_, Approval> {
        Box::pin(async move {
            let _turn = self.turn.lock().await;
            // What the model said before it called is shown first.
            tokio::task::yield_now().await;
            if let Some(detail) = &question.detail {
                self.show(detail);
            }
            let summary = one_line(&question.summary, usize::MAX);
            say(&self.style.strong(format!("? allow: {summary}")));
            if let Some(caution) = question.caution {
                let caution = one_line(&caution, LONGEST);
                say(&self.style.warning(format!("  {caution}")));
            }
            say(&format!(
                "  asked because {}",
                one_line(&question.because, LONGEST)
            ));
            tokio::time::sleep(PAUSE).await;
            keyboard::forget_typed();
            match &question.offer {
                None => say("  y + Enter allows it once, anything else does not"),
                Some(rule) => {
                    say(
                        "  y + Enter allows it once, anything else does not; for this session s, always a:",
                    );
                    say(&format!("  \"{}\"", one_line(rule, LONGEST)));
                }
            }
            let line = keyboard::line().await.unwrap_or_default();
            answer(&line, question.offer.is_some())
        })
    }
}

impl Keyboard {
    /// What the question is about, all of it: a terminal scrolls. The question comes beneath.
    fn show(&self, detail: &Detail) {
        let (Detail::Text(text) | Detail::Diff(text)) = detail;
        for line in text.lines() {
            let line = format!("  {}", harmless(line));
            say(&match line.as_bytes().get(2) {
                Some(b'+') if matches!(detail, Detail::Diff(_)) => self.style.good(line),
                Some(b'-') if matches!(detail, Detail::Diff(_)) => self.style.warning(line),
                _ => line,
            });
        }
    }
}

/// What somebody has typed. A letter that was not offered is a no.
fn answer(line: &str, is_offered: bool) -> Approval {
    match line.trim() {
        "y" | "Y" | "yes" => Approval::Once,
        "s" | "S" | "session" if is_offered => Approval::Session,
        "a" | "A" | "always" if is_offered => Approval::Always,
        _ => Approval::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_offered_can_be_answered() {
        for (line, offered, alone) in [
            ("y\n", Approval::Once, Approval::Once),
            (" s \n", Approval::Session, Approval::No),
            ("always\n", Approval::Always, Approval::No),
            ("\n", Approval::No, Approval::No),
            ("yes please\n", Approval::No, Approval::No),
        ] {
            assert_eq!(
                (answer(line, true), answer(line, false)),
                (offered, alone),
                "{line:?}"
            );
        }
    }
}
