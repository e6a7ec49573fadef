//! The one gate that every tool call passes.
//!
//! Rules decide, the strictest first: deny, then ask, then allow; of several that say the same the most
//! specific explains it. What no rule is about: reading beneath the root is allowed, writing and
//! running asks. Where nobody can be asked the answer is no, with a reason that the model can read and
//! work with. A few things nothing opens (`never`).
//!
//! Whoever is asked is shown what the call would do, and the call may do that alone; what would fail as
//! things stand is not asked about, or fails after a yes.
//!
//! A rule about a command only ever allows a plain one, word for word; where a shell would have a say
//! somebody is asked. A command that nothing confines is asked about every time, unless somebody has
//! said that it need not be confined.

mod approval;
mod ask;
mod begun;
mod decision;
mod never;
mod rule;
mod section;
mod subjects;
mod words;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use begun::Begun;

use alipes_tools::{Context, Effect, Root, Seen, Subject, Tool};
use serde_json::Value;

pub use approval::{Approval, Approver, Question, RuleBook};
pub use decision::{Because, Decision};
pub use rule::{Rule, Verdict};
pub use section::ApprovalsSection;

use rule::What;
use subjects::{Facet, Says, facets};

/// How a gate is set up.
#[derive(Default)]
pub struct GateOptions {
    /// Effects that are allowed where no rule says otherwise.
    pub granted: Vec<Effect>,
    /// The rules.
    pub rules: Vec<Rule>,
    /// Whom to ask.
    pub approver: Option<Box<dyn Approver>>,
    /// Where a lasting yes is written down.
    pub book: Option<Box<dyn RuleBook>>,
    /// The program's own settings and keys, which no call names.
    pub own: Vec<PathBuf>,
    /// Where nobody can be asked and no rule is about it: what the model is told that the user could do.
    pub hint: String,
    /// The same where nothing confines commands.
    pub unconfined_hint: String,
}

/// What is allowed without asking, and whom to ask about the rest.
#[derive(Default)]
pub struct Gate {
    options: GateOptions,
    /// What was allowed for as long as this program runs.
    session: Mutex<Vec<Rule>>,
    /// Lines that were begun in processes and not ended.
    begun: Begun,
}

impl Gate {
    /// A gate of these options.
    #[must_use]
    pub fn new(options: GateOptions) -> Self {
        Self {
            options,
            session: Mutex::default(),
            begun: Begun::default(),
        }
    }

    /// Whether this call may run.
    pub async fn decide(&self, tool: &dyn Tool, input: &Value, context: &Context) -> Decision {
        let subject = self.begun.completed(tool.subject(input));
        let decision = self.decide_about(&subject, tool, input, context).await;
        if decision.is_allowed() {
            self.begun.note(&subject);
        }
        decision
    }

    async fn decide_about(
        &self,
        subject: &Subject,
        tool: &dyn Tool,
        input: &Value,
        context: &Context,
    ) -> Decision {
        let effect = tool.effect();
        let name = tool.spec().name;
        if let Some(why) = never::why(effect, subject, &context.root, &self.options.own) {
            return Decision::Deny {
                reason: format!("not allowed, and nothing can allow it: {why}. Go on without it."),
                because: Because::Never(why),
            };
        }
        let (verdict, because) = self.judge(name, effect, subject, context).await;
        let must_ask = verdict == Verdict::Allow
            && effect == Effect::Executes
            && !context.sandbox.is_off()
            && !context.sandbox.confines(&context.root).await;
        match verdict {
            Verdict::Deny => Decision::Deny {
                reason: format!("not allowed: {because}. Go on without it."),
                because,
            },
            Verdict::Allow if !must_ask => Decision::Allow {
                because,
                seen: Seen::default(),
            },
            Verdict::Allow => self.ask(tool, input, Because::NotConfined, context).await,
            Verdict::Ask => self.ask(tool, input, because, context).await,
        }
    }

    /// The root as a call of this tool may see it: without the paths that a rule forbids it, or asks about
    /// and the call does not name. A call that searches a folder names none of the files that it meets
    /// there, and a command none of those that it opens: nobody was asked about them.
    #[must_use]
    pub fn veiled(&self, tool: &str, subject: &Subject, root: &Root) -> Root {
        let named = facets(subject.clone(), root);
        let is_asked_about = |rule: &Rule| {
            let mut says = named.iter().map(|facet| facet.compared_with(rule));
            says.any(|says| says == Says::This(Verdict::Ask))
        };
        Self::without(self.guarding(tool, |rule| !is_asked_about(rule)), root)
    }

    /// The root as a person sees it who names what they want to read: without what a rule forbids.
    #[must_use]
    pub fn readable(&self, root: &Root) -> Root {
        Self::without(self.guarding("read_file", |_asks| false), root)
    }

    /// Which real places rules about paths keep from a tool that works in the folder `top` and names none.
    pub fn hides(
        &self,
        tool: &str,
        top: &Path,
    ) -> impl Fn(&Path) -> bool + Send + Sync + use<> + 'static {
        is_guarded(self.guarding(tool, |_asks| true), top)
    }

    fn without(guarding: Vec<Rule>, root: &Root) -> Root {
        if guarding.is_empty() {
            return root.clone();
        }
        let top = root.path();
        let places: Vec<Option<_>> = guarding.iter().map(|rule| rule.place(top)).collect();
        let are_all = places.iter().all(Option::is_some);
        let veiled = root.clone().hiding(is_guarded(guarding, top));
        veiled.hiding_places(places.into_iter().flatten(), are_all)
    }

    /// The rules about paths that forbid a tool something, and those that ask as far as they are wanted.
    fn guarding(&self, tool: &str, asks: impl Fn(&Rule) -> bool) -> Vec<Rule> {
        let rules = self.options.rules.iter();
        rules
            .filter(|rule| rule.is_about_tool(tool) && matches!(rule.what, What::Path { .. }))
            .filter(|rule| match rule.verdict {
                Verdict::Allow => false,
                Verdict::Ask => asks(rule),
                Verdict::Deny => true,
            })
            .cloned()
            .collect()
    }

    /// What the rules say, and the one that explains it: the strictest over all that the call is about.
    async fn judge(
        &self,
        tool: &str,
        effect: Effect,
        subject: &Subject,
        context: &Context,
    ) -> (Verdict, Because) {
        let mut facets = facets(subject.clone(), &context.root);
        let rules = self.rules_about(tool);
        // Only where a rule needs it: finding out what confines commands takes its time.
        if effect == Effect::Executes
            && rules.iter().any(Rule::guards_hosts)
            && context.sandbox.reaches_hosts(&context.root).await
        {
            facets.push(Facet::AnyHost);
        }
        let judged = facets.iter();
        let judged = judged.map(|facet| self.judge_one(facet, &rules, effect));
        // Of equals the first: it is the one that was named first.
        judged
            .reduce(|worst, next| if next.0 > worst.0 { next } else { worst })
            .unwrap_or((Verdict::Ask, Because::Default(effect)))
    }

    fn rules_about(&self, tool: &str) -> Vec<Rule> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let rules = self.options.rules.iter().chain(session.iter());
        rules
            .filter(|rule| rule.is_about_tool(tool))
            .cloned()
            .collect()
    }

    fn judge_one(&self, facet: &Facet, rules: &[Rule], effect: Effect) -> (Verdict, Because) {
        let said = rules.iter().filter_map(|rule| {
            let (verdict, because) = match facet.compared_with(rule) {
                Says::Nothing => return None,
                Says::This(verdict) => (verdict, Because::Rule(rule.to_string())),
                Says::Perhaps => (Verdict::Ask, facet.doubt(rule)),
            };
            Some(((verdict, rule.specificity()), because))
        });
        let strictest = said.reduce(|best, next| if next.0 > best.0 { next } else { best });
        match strictest {
            Some(((verdict, _), because)) => (verdict, because),
            None if effect == Effect::Reads => (Verdict::Allow, Because::Default(effect)),
            None if self.options.granted.contains(&effect) => {
                (Verdict::Allow, Because::Granted(effect))
            }
            None => (Verdict::Ask, Because::Default(effect)),
        }
    }
}

/// Whether one of these rules is about a real place.
fn is_guarded(
    guarding: Vec<Rule>,
    top: &Path,
) -> impl Fn(&Path) -> bool + Send + Sync + use<> + 'static {
    let top = top.to_owned();
    move |path| {
        let facet = Facet::of_real_path(path, &top);
        let mut says = guarding.iter().map(|rule| facet.compared_with(rule));
        says.any(|says| matches!(says, Says::This(_)))
    }
}

#[cfg(test)]
mod tests;
