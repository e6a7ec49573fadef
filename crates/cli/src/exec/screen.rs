//! Where a turn's output goes: into a pipe, at once, onto a terminal, or as JSON lines.

use std::io::{self, IsTerminal as _, Write as _};

use alipes_agent::{Answer, ProjectFile, TurnError, TurnEvent};
use alipes_models::ModelName;

use super::json::JsonLines;
use super::talk::Talk;
use super::terminal::Terminal;
use crate::args::ExecArgs;
use crate::setup::Machine;
use crate::streams::print;
use crate::style::{Style, harmless};

/// Whether a screen has told an error itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Yes,
    No,
}

/// What a turn begins with.
pub(crate) struct Started<'s> {
    pub(crate) model: &'s ModelName,
    /// The name by which it can be resumed.
    pub(crate) conversation: Option<&'s str>,
    /// What is resumed.
    pub(crate) note: Option<&'s str>,
    /// That it was begun in another folder.
    pub(crate) differs: &'s [String],
    /// The project's files that the model is told.
    pub(crate) project: &'s [ProjectFile],
}

/// Shows a turn. Standard output is data, standard error is talk; an error of the former ends the
/// turn, because nobody reads it any more.
pub(crate) trait Screen {
    /// Whether text that was shown can be replaced.
    fn accepts_restart(&self) -> bool;

    fn started(&mut self, started: &Started<'_>) -> io::Result<()>;

    fn event(&mut self, event: TurnEvent) -> io::Result<()>;

    /// Time has passed.
    fn tick(&mut self) {}

    fn completed(&mut self, answer: &Answer) -> io::Result<()>;

    fn failed(&mut self, _error: &TurnError) -> io::Result<Told> {
        Ok(Told::No)
    }

    fn interrupted(&mut self) {}
}

/// The screen that the arguments and the streams call for.
pub(crate) fn of(args: &ExecArgs, machine: &Machine) -> Box<dyn Screen> {
    if args.json {
        return Box::new(JsonLines);
    }
    let style = Style::of_stderr(&machine.environment);
    let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
    let able = machine.environment.text("TERM") != Some("dumb");
    let talk = Talk::new(
        style,
        args.verbose,
        err && able && !args.verbose,
        machine.clock.clone(),
    );
    if args.stream || out && !able {
        let output = AtOnce {
            terminal: out,
            open: false,
        };
        Box::new(Spoken { talk, output })
    } else if out {
        let output = Terminal::default();
        Box::new(Spoken { talk, output })
    } else {
        let output = Pipe;
        Box::new(Spoken { talk, output })
    }
}

/// Where text goes, beside the talk on standard error.
pub(super) trait Output {
    /// Whether text that was shown can be replaced.
    fn accepts_restart(&self) -> bool {
        true
    }

    /// Whether a line has begun and not ended: nothing else may be drawn there.
    fn is_open(&self) -> bool {
        false
    }

    fn event(&mut self, event: TurnEvent, talk: &mut Talk) -> io::Result<()>;

    /// Ends the line that is open.
    fn end(&mut self, _talk: &mut Talk) -> io::Result<()> {
        Ok(())
    }
}

/// An output and the talk beside it.
struct Spoken<O> {
    talk: Talk,
    output: O,
}

impl<O: Output> Screen for Spoken<O> {
    fn accepts_restart(&self) -> bool {
        self.output.accepts_restart()
    }

    fn started(&mut self, started: &Started<'_>) -> io::Result<()> {
        self.talk.started(started);
        Ok(())
    }

    fn event(&mut self, event: TurnEvent) -> io::Result<()> {
        self.output.event(event, &mut self.talk)
    }

    fn tick(&mut self) {
        if !self.output.is_open() {
            self.talk.tick();
        }
    }

    fn completed(&mut self, answer: &Answer) -> io::Result<()> {
        self.talk.completed(answer);
        Ok(())
    }

    fn failed(&mut self, _error: &TurnError) -> io::Result<Told> {
        self.talk.clear();
        self.output.end(&mut self.talk)?;
        Ok(Told::No)
    }

    fn interrupted(&mut self) {
        if !self.output.is_open() {
            self.talk.interrupted();
        }
        let _ = self.output.end(&mut self.talk);
    }
}

/// Into a pipe: a message is written when its response has ended, so a restart is invisible.
struct Pipe;

impl Output for Pipe {
    fn event(&mut self, event: TurnEvent, talk: &mut Talk) -> io::Result<()> {
        talk.event(&event);
        if let TurnEvent::Message {
            text, answer: true, ..
        } = event
        {
            talk.clear();
            print(&text)?;
        }
        Ok(())
    }
}

/// At once, whatever comes of it: what is written cannot be taken back.
struct AtOnce {
    /// Whether what is written could steer a terminal.
    terminal: bool,
    open: bool,
}

impl AtOnce {
    fn write(&mut self, text: &str) -> io::Result<()> {
        self.open = true;
        let shown = if self.terminal {
            harmless(text)
        } else {
            text.to_owned()
        };
        write!(io::stdout(), "{shown}")?;
        io::stdout().flush()
    }
}

impl Output for AtOnce {
    fn accepts_restart(&self) -> bool {
        false
    }

    fn is_open(&self) -> bool {
        self.open
    }

    fn event(&mut self, event: TurnEvent, talk: &mut Talk) -> io::Result<()> {
        match event {
            TurnEvent::TextDelta {
                delta,
                preamble: false,
            } => {
                talk.clear();
                self.write(&delta)
            }
            TurnEvent::Message {
                text,
                answer,
                preamble: false,
            } => {
                // Some servers send no deltas at all.
                if !self.open && answer {
                    talk.clear();
                    self.write(&text)?;
                }
                self.end(talk)
            }
            other => {
                talk.event(&other);
                Ok(())
            }
        }
    }

    fn end(&mut self, _talk: &mut Talk) -> io::Result<()> {
        if std::mem::take(&mut self.open) {
            writeln!(io::stdout())?;
        }
        Ok(())
    }
}
