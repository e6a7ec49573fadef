//! What is said on standard error while a turn runs: tools, faults, waits; and with `-v` every step
//! on the wire.

use std::io::Write as _;
use std::time::Duration;

use alipes_agent::{Answer, ToolOutcome, TurnEvent};
use alipes_base::Clock;
use alipes_transport::Trace;
use tokio::time::Instant;

use super::screen::Started;
use super::terminal::columns;
use super::waiting::Waiting;
use crate::context::compacted;
use crate::narrate::step;
use crate::remarks::Remarks;
use crate::style::{Style, one_line};
use crate::tally;

/// After this long the user is told what is being waited for: within three seconds of the command's
/// own start.
const TELL_AFTER: Duration = Duration::from_millis(2_500);

/// With `-v` a wait is told sooner, but one that is over at once is not a step worth a line: a model
/// that reasons and writes in turn would fill the screen with them.
const TELL_SOON: Duration = Duration::from_secs(1);

/// The spinner appears earlier, because it goes away without a trace.
const SPIN_AFTER: Duration = Duration::from_millis(800);

/// Columns that the spinner's line leaves free: for `…`, and for the `^C` that a terminal adds. A
/// line that wraps could not be taken back.
const SPARE: usize = 4;

const LONGEST: usize = 300;
const FRAMES: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// The voice on standard error.
pub(crate) struct Talk {
    style: Style,
    verbose: bool,
    /// Whether a line may be drawn and taken back.
    spins: bool,
    clock: Clock,
    begun: Instant,
    waiting: Option<Waiting>,
    told: bool,
    drawn: bool,
    frame: usize,
    remarks: Remarks,
}

impl Talk {
    pub(crate) fn new(style: Style, verbose: bool, spins: bool, clock: Clock) -> Self {
        Self {
            style,
            verbose,
            spins,
            begun: clock.now(),
            clock,
            waiting: None,
            told: false,
            drawn: false,
            frame: 0,
            remarks: Remarks::new(verbose),
        }
    }

    /// Says what a turn begins with. What the model is not told of a project's files is always said.
    pub(crate) fn started(&mut self, started: &Started<'_>) {
        if let Some(note) = started.note {
            self.say(note);
        }
        for differs in started.differs {
            self.say(&self.style.warning(format!("! {differs}")));
        }
        let is_cut = started.project.iter().any(|file| file.left_out > 0);
        if let (true, Some(project)) = (self.verbose || is_cut, tally::project(started.project)) {
            let line = one_line(&project, LONGEST);
            self.say(&self.style.faint(line));
        }
    }

    /// Says what the turn took, for those who want to know.
    pub(crate) fn completed(&mut self, answer: &Answer) {
        self.clear();
        if self.verbose {
            self.timed(&tally::of(answer));
        }
    }

    /// Says what an event means, if it is worth saying.
    pub(crate) fn event(&mut self, event: &TurnEvent) {
        if let TurnEvent::Trace(trace) = event {
            self.waits(trace);
        }
        if let Some(remark) = self.remarks.on(event) {
            self.say(&self.style.warning(format!("! {remark}")));
        }
        match event {
            // Of a call that will not run only the reason follows: what it would have done stands here.
            TurnEvent::ToolStarted {
                name,
                summary,
                effect,
                ..
            } if effect.is_some() || summary != name => {
                let line = format!("· {}", one_line(summary, LONGEST));
                self.say(&self.style.faint(line));
            }
            TurnEvent::ToolProgress { text, .. } => self.tail(text),
            TurnEvent::ToolCompleted {
                name,
                outcome,
                output,
                ..
            } if *outcome != ToolOutcome::Done => {
                let first = output.lines().next().unwrap_or_default();
                let first = first.trim_start_matches("error: ");
                let line = format!(
                    "  {name} {}: {}",
                    outcome.as_str(),
                    one_line(first, LONGEST)
                );
                self.say(&self.style.warning(line));
            }
            TurnEvent::Message {
                text,
                answer: false,
                ..
            } => {
                self.say(&self.style.faint(one_line(text, LONGEST)));
            }
            TurnEvent::SummingUp(used) => {
                let line = format!(
                    "· summing up what was said earlier: the context is {} full",
                    tally::context(*used)
                );
                self.say(&self.style.faint(line));
            }
            TurnEvent::Compacted(done) => {
                self.say(&self.style.faint(format!("· {}", compacted(*done))));
            }
            TurnEvent::ToolCompleted { .. } => self.clear(),
            TurnEvent::Trace(trace) if self.verbose => self.narrate(trace),
            _ => {}
        }
    }

    /// The clock has moved on.
    pub(crate) fn tick(&mut self) {
        let Some(waiting) = &self.waiting else { return };
        let age = waiting.age(&self.clock);
        if self.spins && age >= SPIN_AFTER {
            self.frame = (self.frame + 1) % FRAMES.len();
            let longest = columns().saturating_sub(SPARE);
            let text = waiting.within(longest.saturating_sub(2), &self.clock);
            let text = format!("{} {text}", FRAMES[self.frame]);
            let line = self.style.faint(one_line(&text, longest));
            let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
            self.drawn = true;
        } else if !self.spins && age >= self.tell_after() && !self.told {
            let text = waiting.text(&self.clock);
            self.told = true;
            match self.verbose {
                true => self.timed(&text),
                false => self.say(&text),
            }
        }
    }

    /// Draws the last line that a command has said, where it can be taken back.
    fn tail(&mut self, text: &str) {
        let last = text.lines().rev().find(|line| !line.trim().is_empty());
        if let (true, Some(last)) = (self.spins, last) {
            let longest = columns().saturating_sub(SPARE);
            let line = self.style.faint(one_line(&format!("  {last}"), longest));
            let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
            self.drawn = true;
        }
    }

    /// Takes the drawn line back, before something else is written.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }

    /// The same, and the `^C` that a terminal has drawn.
    pub(crate) fn interrupted(&mut self) {
        self.drawn |= self.spins;
        self.clear();
    }

    /// Says a line. Nobody may be listening: that is no reason to stop.
    pub(crate) fn say(&mut self, line: &str) {
        self.clear();
        let _ = writeln!(std::io::stderr(), "{line}");
    }

    fn waits(&mut self, trace: &Trace) {
        if let Some(waiting) = Waiting::after(&self.clock, trace, self.waiting.as_ref()) {
            self.clear();
            self.told &= waiting.as_ref().is_some_and(|waiting| waiting.goes_on);
            self.waiting = waiting;
        }
    }

    fn narrate(&mut self, trace: &Trace) {
        if let Some(text) = step(trace) {
            self.timed(&text);
        }
    }

    fn timed(&mut self, text: &str) {
        let at = self.clock.since(self.begun).as_secs_f64();
        self.say(&self.style.faint(format!("{at:7.3} s  {text}")));
    }

    fn tell_after(&self) -> Duration {
        match self.verbose {
            true => TELL_SOON,
            false => TELL_AFTER,
        }
    }
}
