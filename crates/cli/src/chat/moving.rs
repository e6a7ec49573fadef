//! From one conversation to another: a new one, or one that is taken up. The one before is given back
//! while the person goes on typing, because its store may still write.

use alipes_store::{LAST, Store as _, Summary};

use super::Chat;
use super::blocks::{Block, Tone};
use super::carry_out::{LISTED, READING};
use super::conversation::Conversation;
use crate::args::AgentArgs;
use crate::failure::Failure;
use crate::sessions::{last_used, named, short, title};

impl Chat<'_> {
    pub(super) async fn begin_anew(&mut self) -> Result<(), Failure> {
        let args = AgentArgs {
            resume: None,
            ephemeral: self.is_ephemeral,
            ..self.args.clone()
        };
        if self.enter(args).await? {
            self.note("a new conversation");
        }
        Ok(())
    }

    pub(super) async fn resume(&mut self, name: &str) -> Result<(), Failure> {
        let mut name = name.to_owned();
        if let Some(store) = self.conversation.kept.clone() {
            let id = self.conversation.id.clone();
            let found = async {
                let found = store.find(&name).await?.id;
                // This one is open, too, and not elsewhere.
                let others = match name == LAST && found != id {
                    true => store.list(LISTED).await?,
                    false => Vec::new(),
                };
                Ok::<_, Failure>((found, others))
            };
            let Some(found) = self.front.see_through(READING, found).await? else {
                return Ok(());
            };
            let (found, others) = found?;
            if found == id {
                self.note("this is that conversation");
                return Ok(());
            }
            let free = others.iter().position(|other| !other.standing.is_held());
            if let Some(free) = free {
                let mut newer = others[..free].iter().filter(|other| other.id != id);
                if let Some(open) = newer.next() {
                    let open = named(open, &self.machine.redactor);
                    self.note(format!("{open} is open in another alipes"));
                }
                name = others[free].id.clone();
            }
        }
        let args = AgentArgs {
            resume: Some(name),
            ephemeral: false,
            ..self.args.clone()
        };
        if self.enter(args).await? && self.is_ephemeral {
            let text = "this one is kept, and so is what is said in it; /new keeps nothing again";
            self.front.state.note(Tone::Warning, text);
        }
        Ok(())
    }

    pub(super) async fn list(&mut self) -> Result<(), Failure> {
        let Some(store) = self.conversation.kept.clone() else {
            self.note("conversations are not kept here");
            return Ok(());
        };
        let found = store.list(LISTED);
        let Some(found) = self.front.see_through(READING, found).await? else {
            return Ok(());
        };
        let (found, now) = (found?, self.machine.clock.unix_ms());
        let used = |summary: &Summary| last_used(now, summary.used_ms);
        let widest = found.iter().map(|summary| used(summary).len()).max();
        let widest = widest.unwrap_or(0);
        let rows = found.iter().map(|summary| {
            let title = title(&summary.title, &self.machine.redactor);
            let about = format!("{:widest$}  {title}", used(summary));
            (short(&summary.id).to_owned(), about)
        });
        let rows: Vec<_> = rows.collect();
        match rows.is_empty() {
            true => self.note("there are no conversations yet"),
            false => {
                self.front.state.say(Block::Table(rows));
                self.note("/resume ID goes on with one of them");
            }
        }
        Ok(())
    }

    /// Goes into another conversation; the one before is given back. Not if the person leaves meanwhile.
    async fn enter(&mut self, args: AgentArgs) -> Result<bool, Failure> {
        let opening = Conversation::open(&args, self.machine, &self.ground, &self.voices);
        let Some(opened) = self.front.see_through("opening it", opening).await? else {
            return Ok(false);
        };
        let opened = opened?;
        let ended = self.front.state.status.background.ended();
        let former = std::mem::replace(&mut self.conversation, opened);
        self.args = args;
        // What is looked up for the menus holds the store, too.
        self.front.sources = None;
        let closing = former.closed();
        let lost = self.front.see_through("closing the one before", closing);
        let Some(lost) = lost.await? else {
            return Ok(false);
        };
        for line in ended.into_iter().chain(lost) {
            self.front.state.note(Tone::Warning, line);
        }
        self.entered();
        Ok(true)
    }
}
