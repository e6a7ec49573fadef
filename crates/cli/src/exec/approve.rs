//! Asks the person at the keyboard whether a tool may run.

use std::io::{BufRead as _, IsTerminal as _};

use alipes_agent::{Approver, Question};
use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, oneshot};

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
            answer()
                .await
                .is_some_and(|line| matches!(line.trim(), "y" | "Y" | "yes"))
        })
    }
}

/// A line from the keyboard, read by a thread of its own: a read cannot be taken back.
async fn answer() -> Option<String> {
    let (sender, receiver) = oneshot::channel();
    let read = move || {
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line).is_ok() {
            let _ = sender.send(line);
        }
    };
    std::thread::Builder::new()
        .name("keyboard".to_owned())
        .spawn(read)
        .ok()?;
    receiver.await.ok()
}
