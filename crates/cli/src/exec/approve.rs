//! Asks the person at the keyboard whether a tool may run.

use std::io::IsTerminal as _;

use alipes_agent::{Approver, Question};
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

use crate::keyboard;
use crate::streams::say;
use crate::style::{Style, one_line};

/// The longest line of a question.
const LONGEST: usize = 300;

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
    fn ask(&self, question: Question) -> BoxFuture<'_, bool> {
        Box::pin(async move {
            let _turn = self.turn.lock().await;
            // What the model said before it called is shown first.
            tokio::task::yield_now().await;
            let summary = one_line(&question.summary, LONGEST);
            say(&self.style.strong(format!("? allow: {summary}")));
            if let Some(caution) = question.caution {
                say(&self.style.warning(format!("  {caution}")));
            }
            say("  y + Enter allows it once, anything else does not");
            keyboard::line()
                .await
                .is_some_and(|line| matches!(line.trim(), "y" | "Y" | "yes"))
        })
    }
}
