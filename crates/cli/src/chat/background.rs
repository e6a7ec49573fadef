//! What a conversation's commands have left in the background, in lines. It ends when the conversation is
//! left, and a server that has gone without a word is looked for in the wrong place.

use alipes_base::Redactor;
use alipes_tools::InBackground;

use crate::style::one_line;

/// The longest command in a line, in characters.
const LONGEST: usize = 80;

/// The processes of one conversation; there are never more than a few.
#[derive(Clone, Debug, Default)]
pub(super) struct Background {
    running: InBackground,
    redactor: Redactor,
}

impl Background {
    pub(super) fn new(running: InBackground, redactor: &Redactor) -> Self {
        Self {
            running,
            redactor: redactor.clone(),
        }
    }

    /// What runs, a line for each.
    pub(super) fn lines(&self) -> Vec<String> {
        let commands = self.running.commands().into_iter();
        let shown = commands.map(|command| one_line(&self.redactor.redact(&command), LONGEST));
        shown.map(|command| format!("run \"{command}\"")).collect()
    }

    /// What is said when their conversation is left: asked before that, said after it.
    pub(super) fn ended(&self) -> Vec<String> {
        let lines = self.lines();
        match lines.as_slice() {
            [] => lines,
            [one] => vec![format!("1 background process was ended: {one}")],
            several => {
                let head = format!("{} background processes were ended:", several.len());
                std::iter::once(head).chain(lines).collect()
            }
        }
    }
}
