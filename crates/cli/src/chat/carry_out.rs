//! What the slash commands do that need more than what is shown.

use std::path::PathBuf;
use std::time::Duration;

use alipes_agent::{Approval, TurnError, Undone};
use alipes_base::Deadline;
use alipes_store::Turn;
use tokio::sync::mpsc;

use super::blocks::{Block, Tone};
use super::commands::{Called, Command, ROUTES};
use super::front::Attended;
use super::{Chat, QUEUE, Turning};
use crate::args::AgentArgs;
use crate::calls::{self, Newest};
use crate::failure::Failure;
use crate::sessions::{self, Shape, short};
use crate::style::one_line;
use crate::{approvals, memory};

/// How many conversations, or calls, are listed.
pub(super) const LISTED: usize = 10;

/// The longest that a summary may take.
const COMPACTION: Duration = Duration::from_secs(10 * 60);

/// What is said where the store is slow.
pub(super) const READING: &str = "reading the store";

impl Chat<'_> {
    /// Does what was called for. A failure is said and the chat goes on.
    pub(super) async fn carry_out(&mut self, called: Called) -> Result<(), Failure> {
        let argument = called.argument.as_str();
        let done = match called.command {
            Command::New => self.begin_anew().await,
            Command::Resume if argument.is_empty() => self.list().await,
            Command::Resume => self.resume(argument).await,
            Command::Model => self.change_model(argument),
            Command::Route => self.change_route(argument),
            Command::Retry => return self.retry().await,
            Command::Approvals => self.list_approvals(),
            Command::Tools => {
                self.list_tools();
                Ok(())
            }
            Command::Export => self.export(argument).await,
            Command::Compact => return self.compact().await,
            Command::Undo => self.undo().await,
            Command::Calls => self.list_calls().await,
            // These only show what is known.
            Command::Help | Command::Status | Command::Diff | Command::Quit => Ok(()),
        };
        match done {
            Ok(()) => Ok(()),
            Err(Failure::Stopped(stop)) => Err(Failure::Stopped(stop)),
            Err(failure) => {
                let text = one_line(&failure.message(), 600);
                self.front.state.note(Tone::Error, text);
                Ok(())
            }
        }
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.front.state.note(Tone::Talk, text);
    }

    async fn list_calls(&mut self) -> Result<(), Failure> {
        let Some(store) = self.conversation.kept.clone() else {
            self.note("calls are not kept here");
            return Ok(());
        };
        let found = calls::newest(&store, LISTED, self.machine);
        let Some(found) = self.front.see_through(READING, found).await? else {
            return Ok(());
        };
        let found = found?;
        if found.is_empty() {
            self.note("there are no calls on record yet");
            return Ok(());
        }
        let is_here = |newest: &Newest| newest.conversation == self.conversation.id;
        let whose = match found.iter().any(is_here) {
            true => "marked: of this conversation",
            false => "none is of this conversation",
        };
        let rows = found.iter().map(|newest| {
            let mark = if is_here(newest) { "• " } else { "  " };
            (format!("{mark}{}", newest.id), newest.about.clone())
        });
        let table = Block::Table(rows.collect());
        self.front.state.say(table);
        self.note(format!("{whose}; `alipes calls show ID` draws one of them"));
        Ok(())
    }

    fn change_model(&mut self, name: &str) -> Result<(), Failure> {
        if !name.is_empty() {
            let args = AgentArgs {
                model: Some(name.to_owned()),
                base_url: None,
                ..self.args.clone()
            };
            self.ask_instead(args)?;
        }
        self.note(format!("asking {}", self.conversation.model));
        self.tell_lacking_key();
        Ok(())
    }

    fn change_route(&mut self, name: &str) -> Result<(), Failure> {
        let named = ROUTES.iter().find(|(known, ..)| *known == name);
        let route = match named {
            Some((_, route, _)) => *route,
            None if name.is_empty() => self.args.route,
            None => {
                let text = format!("there is no way {name:?}; auto, websocket and sse are");
                self.front.state.note(Tone::Warning, text);
                return Ok(());
            }
        };
        if named.is_some() {
            let args = AgentArgs {
                route,
                ..self.args.clone()
            };
            self.ask_instead(args)?;
        }
        let mut routes = ROUTES.iter();
        let known = routes.find(|(_, known, _)| *known == route);
        let name = known.map_or("", |(.., about)| about);
        let last = self.front.state.status.route.clone();
        let last = last.map(|last| format!("; the last answer came by {last}"));
        self.note(format!("way: {name}{}", last.unwrap_or_default()));
        Ok(())
    }

    fn ask_instead(&mut self, args: AgentArgs) -> Result<(), Failure> {
        self.conversation
            .ask_instead(&args, self.machine, &self.ground, &self.voices)?;
        self.args = args;
        let status = &mut self.front.state.status;
        status.model = self.conversation.model.to_string();
        status.asked = None;
        status.context = Some(self.conversation.agent.context());
        Ok(())
    }

    /// Goes on with a turn that did not end well; one that did is taken back and asked again.
    async fn retry(&mut self) -> Result<(), Failure> {
        match self.conversation.agent.transcript().turn() {
            Turn::Failed(_) | Turn::Unfinished => self.turn(Turning::GoOn).await,
            Turn::None => {
                self.note("nothing was asked yet");
                Ok(())
            }
            Turn::Answered => self.ask_anew().await,
        }
    }

    /// Asks what was answered once more, showing what was shown: the files may have changed since.
    async fn ask_anew(&mut self) -> Result<(), Failure> {
        let agent = &mut self.conversation.agent;
        let asked = agent.transcript().prompt().cloned();
        let undone = self.front.see_through("taking back", agent.undo_turn());
        let Some(undone) = undone.await? else {
            return Ok(());
        };
        match (undone, asked) {
            (Ok(prompt), Some(item)) if self.conversation.takes_images() != Some(false) => {
                self.front.state.say(Block::User(prompt.clone()));
                self.turn(Turning::prompt(item, prompt)).await
            }
            (Ok(prompt), _) => self.ask(prompt).await,
            (Err(error), _) => {
                self.say_error(&error);
                Ok(())
            }
        }
    }

    /// Shortens what the model reads, for as long as the person waits for it.
    async fn compact(&mut self) -> Result<(), Failure> {
        let (sender, mut events) = mpsc::channel(QUEUE);
        let deadline = Deadline::after(&self.machine.clock, "compaction", COMPACTION);
        self.front.state.begin("summing up");
        let work = self.conversation.agent.compact(deadline, &sender);
        match self.front.attend(work, &mut events).await? {
            // What it came to has been told as an event.
            Attended::Ended(Ok(_)) => self.front.state.done(),
            Attended::Ended(Err(error)) => {
                self.front.state.done();
                self.say_error(&error);
            }
            Attended::Act(action) => self.left_off(&action).await?,
        }
        self.heard_beside().await?;
        self.front.state.status.context = Some(self.conversation.agent.context());
        Ok(())
    }

    async fn undo(&mut self) -> Result<(), Failure> {
        let undone = self.conversation.agent.undo();
        let Some(undone) = self.front.see_through("taking back", undone).await? else {
            return Ok(());
        };
        match undone {
            Ok(Undone::Compaction) => self.note("the model reads again what was summed up"),
            Ok(Undone::Turn { prompt }) => {
                let text = "the last turn is taken back, and Up brings its prompt; what its tools did \
                            to files stays";
                self.note(text);
                self.front.state.editor.remember(prompt);
            }
            Err(error) => self.say_error(&error),
        }
        self.front.state.status.context = Some(self.conversation.agent.context());
        Ok(())
    }

    fn say_error(&mut self, error: &TurnError) {
        let text = one_line(&error.to_string(), 600);
        self.front.state.note(Tone::Error, text);
    }

    fn list_approvals(&mut self) -> Result<(), Failure> {
        let rules = approvals::rules(self.machine)?;
        let configured = rules
            .iter()
            .map(|rule| (rule.text().to_owned(), rule.to_string()));
        // What was written down is told as the rule that it has become.
        let is_written = |text: &str| rules.iter().any(|rule| rule.text() == text);
        let here = self.front.state.allowed.iter();
        let here = here.filter(|(rule, _)| !is_written(rule));
        let here = here.map(|(rule, approval)| {
            let for_how_long = match approval {
                Approval::Always => "allowed here, from now on",
                _ => "allowed for this session",
            };
            (rule.clone(), for_how_long.to_owned())
        });
        let granted = self.args.allow.iter().filter_map(|grant| grant.effect());
        let granted = granted.map(|effect| {
            let text = format!("all that {}", effect.as_str());
            (text, "allowed by --allow".to_owned())
        });
        let table: Vec<_> = configured.chain(here).chain(granted).collect();
        match table.is_empty() {
            true => self.note("no rules: reading is allowed, writing and commands ask"),
            false => self.front.state.say(Block::Table(table)),
        }
        Ok(())
    }

    fn list_tools(&mut self) {
        let toolbox = self.conversation.agent.toolbox();
        let tools = toolbox.specs().map(|spec| {
            let effect = toolbox.get(spec.name).map(|tool| tool.effect().as_str());
            let about = spec.description.split(". ").next().unwrap_or_default();
            let about = one_line(about.trim_end_matches('.'), 200);
            let effect = effect.unwrap_or_default();
            (spec.name.to_owned(), format!("{effect}: {about}"))
        });
        let table = Block::Table(tools.collect());
        self.front.state.say(table);
    }

    async fn export(&mut self, name: &str) -> Result<(), Failure> {
        let Some(store) = self.conversation.kept.clone() else {
            self.note("this conversation is not kept, so there is nothing to export");
            return Ok(());
        };
        if *self.conversation.agent.transcript().turn() == Turn::None {
            self.note("nothing was said, so there is nothing to export yet");
            return Ok(());
        }
        let id = self.conversation.id.clone();
        let name = match name {
            "" => format!("alipes-{}.md", short(&id)),
            name => name.to_owned(),
        };
        if name.contains(char::is_whitespace) {
            self.note("/export takes one name, without spaces");
            return Ok(());
        }
        let path: PathBuf = self.conversation.agent.root().path().join(name);
        let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
        let shape = match ending.to_str() {
            Some("jsonl") => Shape::Jsonl,
            Some("json") => {
                self.note("there are Markdown (.md) and JSON lines (.jsonl), and no .json");
                return Ok(());
            }
            _ => Shape::Markdown,
        };
        let text = sessions::exported(&store, &id, shape);
        let Some(text) = self.front.see_through(READING, text).await? else {
            return Ok(());
        };
        sessions::write(&self.machine.redactor.redact(&text?), &path)?;
        // Now that it is there, where that is can be said without detours.
        let path = path.canonicalize().unwrap_or(path);
        self.note(format!("written to {}", path.display()));
        Ok(())
    }

    /// Whether there is something to go on with.
    pub(super) fn way_back(&self) -> Option<String> {
        let is_kept = self.conversation.kept.is_some();
        let begun = *self.conversation.agent.transcript().turn() != Turn::None;
        let id = short(&self.conversation.id);
        let model = self.args.again(&self.conversation.model);
        (is_kept && begun).then(|| format!("alipes chat --resume {id}{model}"))
    }

    /// What was learnt of endpoints in a turn is known to whoever begins meanwhile, and is not lost
    /// should this process be killed.
    pub(super) fn keep_memory_beside(&mut self) {
        let kept = self.conversation.kept.as_ref();
        let memory = kept.and_then(|store| self.machine.memory(Some(store)));
        if let Some(memory) = memory.filter(|_| self.ground.is_real()) {
            let transport = self.ground.transport.clone();
            self.front
                .keep_beside(async move { transport.keep(&memory).await });
        }
    }

    /// The same for a chat that is left: whoever has seen enough leaves without it.
    pub(super) async fn keep_memory_seen(&mut self) -> Result<(), Failure> {
        if self.front.has_left {
            return Ok(());
        }
        let memory = self.machine.memory(self.conversation.kept.as_ref());
        let memory = memory.filter(|_| self.ground.is_real());
        let kept = memory::keep(self.machine, &self.ground.transport, memory.as_ref());
        self.front
            .see_through("keeping what was learnt", kept)
            .await?;
        Ok(())
    }

    /// What was learnt of endpoints is worth knowing next time.
    pub(super) async fn keep_memory(&self) {
        let memory = self.machine.memory(self.conversation.kept.as_ref());
        let memory = memory.filter(|_| self.ground.is_real());
        memory::keep(self.machine, &self.ground.transport, memory.as_ref()).await;
    }
}
