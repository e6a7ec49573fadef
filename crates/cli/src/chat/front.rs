//! Between the terminal and the state: keys and events in, rows out, not more often than anybody sees.
//! Where nothing is typed and nothing waits, nothing runs.

use std::io::{self, Stdout};
use std::time::Duration;

use alipes_agent::TurnEvent;
use alipes_base::Clock;
use alipes_transport::MemoryWarning;
use crossterm::event::Event;
use ratatui_core::text::Line;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::blocks::{Block, Tone};
use super::completion::{Offer, Sources, Wanted};
use super::modes::{self, Modes};
use super::pace::Pace;
use super::paint::Painter;
use super::question::Asked;
use super::state::{Action, State};
use super::surface::Surface;
use super::view;
use crate::failure::Failure;
use crate::setup::Machine;
use crate::signals::{Signals, Stop};

/// What a terminal is taken for when it does not tell its size.
const ASSUMED: (u16, u16) = (80, 24);

/// What takes longer is told.
const TELL_AFTER: Duration = Duration::from_millis(500);

/// What has been found out beside what is going on.
enum Found {
    Offers(Wanted, Vec<Offer>),
    Sandbox(String),
    /// What was met has been kept, with what there is to complain about.
    Kept(Option<MemoryWarning>),
}

/// Where the chat hears from the rest of the program.
pub(super) struct Ears {
    pub(super) questions: mpsc::Receiver<Asked>,
    /// What the rule book tells.
    pub(super) notes: mpsc::Receiver<String>,
}

/// The person's side of the chat.
pub(super) struct Front<'f> {
    pub(super) state: State,
    surface: Surface<Stdout>,
    modes: Option<Modes>,
    keys: mpsc::Receiver<Event>,
    ears: Ears,
    signals: &'f Signals,
    clock: Clock,
    pace: Pace,
    /// The size that was seen last.
    size: (u16, u16),
    beside: JoinSet<Found>,
    looks_up: bool,
    /// The person has left while something was waited for that cannot be ended.
    pub(super) has_left: bool,
    /// Where offers come from; nowhere before that is known.
    pub(super) sources: Option<Sources>,
}

/// How attending to something ended.
pub(super) enum Attended<T> {
    Ended(T),
    /// The person wants something else.
    Act(Action),
}

impl<'f> Front<'f> {
    /// Takes the terminal and draws the first frame.
    pub(super) fn open(machine: &Machine, signals: &'f Signals, ears: Ears) -> io::Result<Self> {
        let modes = Modes::take()?;
        let colour = machine.environment.text("NO_COLOR").is_none();
        let reflows = modes::reflows(&machine.environment);
        let size = size();
        let clock = machine.clock.clone();
        let mut front = Self {
            state: State::new(clock.clone(), usize::from(size.0)),
            surface: Surface::new(io::stdout(), Painter { colour }, size, reflows),
            modes: Some(modes),
            keys: modes::keys()?,
            ears,
            signals,
            pace: Pace::new(clock.now()),
            clock,
            size,
            beside: JoinSet::new(),
            looks_up: false,
            has_left: false,
            sources: None,
        };
        front.draw()?;
        Ok(front)
    }

    /// Waits until the person wants something.
    pub(super) async fn idle(&mut self) -> Result<Action, Failure> {
        let (_nobody, mut nothing) = mpsc::channel(1);
        match self
            .attend(std::future::pending::<()>(), &mut nothing)
            .await?
        {
            Attended::Ended(()) => Ok(Action::Quit),
            Attended::Act(action) => Ok(action),
        }
    }

    /// Shows what `work` tells until it ends or the person wants something else; then it is dropped.
    pub(super) async fn attend<T>(
        &mut self,
        work: impl Future<Output = T>,
        events: &mut mpsc::Receiver<TurnEvent>,
    ) -> Result<Attended<T>, Failure> {
        let mut work = std::pin::pin!(work);
        loop {
            self.draw_if_due().map_err(Failure::unwritten)?;
            let due = self.due();
            let timer = async move {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                stop = self.signals.stop() => return Err(Failure::Stopped(stop)),
                event = self.keys.recv() => {
                    let event = event.ok_or(Failure::Stopped(Stop::HangUp))?;
                    if let Some(action) = self.key(event).map_err(Failure::unwritten)? {
                        return Ok(Attended::Act(action));
                    }
                }
                () = modes::lost() => self.take_anew().map_err(Failure::unwritten)?,
                Some(asked) = self.ears.questions.recv() => self.state.asks(asked),
                Some(note) = self.ears.notes.recv() => {
                    self.state.note(Tone::Talk, note.trim().to_owned());
                }
                Some(event) = events.recv() => self.state.event(event),
                outcome = &mut work => {
                    while let Ok(event) = events.try_recv() {
                        self.state.event(event);
                    }
                    self.pace.goes_stale();
                    return Ok(Attended::Ended(outcome));
                }
                Some(found) = self.beside.join_next() => self.found(found.ok()),
                () = timer => {}
            }
            self.pace.goes_stale();
        }
    }

    /// Waits for what is short and cannot be ended, such as a store that somebody else writes to; what is
    /// sent meanwhile lines up. Nothing, if the person leaves.
    pub(super) async fn see_through<T>(
        &mut self,
        what: &'static str,
        work: impl Future<Output = T>,
    ) -> Result<Option<T>, Failure> {
        let mut work = std::pin::pin!(work);
        let (_nobody, mut nothing) = mpsc::channel(1);
        let told_at = self.clock.now() + TELL_AFTER;
        let mut is_told = false;
        loop {
            let step = async {
                tokio::select! {
                    biased;
                    done = work.as_mut() => Some(done),
                    () = sleep_until(told_at), if !is_told => None,
                }
            };
            match self.attend(step, &mut nothing).await? {
                Attended::Ended(None) => {
                    is_told = true;
                    self.state.begin_whole(what);
                }
                Attended::Ended(done) => {
                    if is_told {
                        self.state.done();
                    }
                    return Ok(done);
                }
                Attended::Act(Action::Quit) => {
                    self.has_left = true;
                    return Ok(None);
                }
                Attended::Act(action) => self.state.line_up(action),
            }
        }
    }

    fn key(&mut self, event: Event) -> io::Result<Option<Action>> {
        self.pace.goes_stale();
        let action = self.state.input(event);
        self.look_up();
        Ok(match action {
            Some(Action::Wipe) => {
                self.surface.wipe()?;
                None
            }
            Some(Action::Suspend) => {
                self.suspend()?;
                None
            }
            other => other,
        })
    }

    /// Looks up what is asked for, one thing at a time.
    fn look_up(&mut self) {
        let wanted = self.state.menu.lacks(self.state.editor.before());
        if let (Some(wanted), Some(sources), false) = (wanted, &self.sources, self.looks_up) {
            let sources = sources.clone();
            self.looks_up = true;
            self.beside
                .spawn(async move { Found::Offers(wanted, sources.look_up(wanted).await) });
        }
    }

    /// Finds out what confines commands; it is shown when it is known.
    pub(super) fn learn_sandbox(&mut self, caution: impl Future<Output = String> + Send + 'static) {
        self.beside
            .spawn(async move { Found::Sandbox(caution.await) });
    }

    /// Keeps what was met, while the person goes on.
    pub(super) fn keep_beside(
        &mut self,
        kept: impl Future<Output = Option<MemoryWarning>> + Send + 'static,
    ) {
        self.beside.spawn(async move { Found::Kept(kept.await) });
    }

    fn found(&mut self, found: Option<Found>) {
        match found {
            Some(Found::Offers(wanted, offers)) => {
                self.looks_up = false;
                let before = self.state.editor.before();
                self.state.menu.know(wanted, offers, before);
                // Something else may have been typed meanwhile.
                self.look_up();
            }
            Some(Found::Sandbox(caution)) => self.state.status.sandbox = Some(caution),
            Some(Found::Kept(None)) => {}
            Some(Found::Kept(Some(warning))) => {
                self.state.note(Tone::Warning, warning.to_string());
            }
            None => self.looks_up = false,
        }
    }

    /// The next moment when something has to be drawn.
    fn due(&self) -> Option<Instant> {
        self.pace.due(self.state.changes_at(self.pace.drawn()))
    }

    fn draw_if_due(&mut self) -> io::Result<()> {
        if self.state.has_said() {
            self.pace.goes_stale();
        }
        let size = size();
        if size != self.size {
            self.size = size;
            self.pace.resized(self.clock.now());
        }
        if self.due().is_some_and(|due| due <= self.clock.now()) {
            self.draw()?;
        }
        Ok(())
    }

    /// Draws what there is, and what was said for good.
    pub(super) fn draw(&mut self) -> io::Result<()> {
        let size = self.size;
        self.surface.resize(size)?;
        self.state.resize(usize::from(size.0));
        let said = self.state.take_said();
        let rows = said
            .iter()
            .flat_map(|block: &Block| block.rows(usize::from(size.0)));
        let rows: Vec<Line<'static>> = rows.collect();
        self.surface.draw(&rows, &view::frame(&self.state, size))?;
        self.pace.drew(self.clock.now());
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.surface.clear()?;
        self.modes = None;
        modes::suspend()?;
        self.take_anew()
    }

    /// Takes the terminal after somebody else had it: what is drawn begins where that has ended.
    fn take_anew(&mut self) -> io::Result<()> {
        // First given back: whoever gives it back last has it.
        self.modes = None;
        self.modes = Some(Modes::take()?);
        self.surface.forget();
        Ok(())
    }

    /// Gives the terminal back, with everything that was said on it.
    pub(super) fn close(mut self) -> io::Result<()> {
        self.draw()?;
        self.surface.clear()
    }
}

impl Drop for Front<'_> {
    fn drop(&mut self) {
        // What a panic has said stands where the rows were.
        if !std::thread::panicking() {
            let _ = self.surface.clear();
        }
        self.modes = None;
    }
}

fn size() -> (u16, u16) {
    terminal_size::terminal_size().map_or(ASSUMED, |(width, height)| (width.0, height.0))
}
