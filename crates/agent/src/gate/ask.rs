//! How somebody is asked about a call: what it would do is looked at first, so that the yes is to what was
//! shown, and a yes that lasts becomes a rule.

use std::sync::PoisonError;

use alipes_tools::{Context, Effect, Preview, Tool};
use serde_json::Value;

use super::approval::{self, Approval, Question};
use super::rule::{Rule, Verdict};
use super::{Because, Decision, Gate};

/// The origin of a rule that somebody made when asked.
const SESSION: &str = "this session";

/// What somebody is shown who is asked.
struct Shown {
    preview: Preview,
    /// Why it would fail, for the model.
    failure: Option<String>,
}

impl Gate {
    pub(super) async fn ask(
        &self,
        tool: &dyn Tool,
        input: &Value,
        because: Because,
        context: &Context,
    ) -> Decision {
        let name = tool.spec().name;
        let Some(approver) = &self.options.approver else {
            let hint = self.hint(&because);
            let reason = format!(
                "not allowed: {because}, and nobody can be asked here. Go on without it. {hint}"
            );
            return Decision::Deny {
                reason: reason.trim_end().to_owned(),
                because,
            };
        };
        let Shown { preview, failure } = self.preview(tool, input, context).await;
        let failure = match (failure, &because) {
            // What a rule asks about is not told the model before somebody has said yes, and a failure
            // may tell of it.
            (failure, Because::Rule(_) | Because::ShellSyntax(_) | Because::AnyHost(_)) => failure,
            (None, _) => None,
            (Some(reason), _) => return Decision::Fails { reason },
        };
        let seen = preview.seen.clone();
        let question = question(tool, input, preview, &because, context).await;
        let offer = question.offer.clone();
        let answer = match context.deadline.run(approver.ask(question)).await {
            Ok(answer) => answer,
            Err(expired) => {
                return Decision::Deny {
                    reason: format!("not allowed: nobody has answered yet, and {expired}"),
                    because: Because::Unanswered,
                };
            }
        };
        if answer == Approval::No {
            return Decision::Deny {
                reason: format!("not allowed: the user declined {name}. Go on without it."),
                because: Because::Answer(answer),
            };
        }
        self.remember(answer, offer);
        match failure {
            Some(reason) => Decision::Fails { reason },
            None => Decision::Allow {
                because: Because::Answer(answer),
                seen,
            },
        }
    }

    /// What the user could do about it, if a flag does.
    fn hint(&self, because: &Because) -> &str {
        match because {
            Because::Default(_) => &self.options.hint,
            Because::NotConfined => &self.options.unconfined_hint,
            _ => "",
        }
    }

    /// What the call would do, or why it would fail.
    async fn preview(&self, tool: &dyn Tool, input: &Value, context: &Context) -> Shown {
        let veiled = Context {
            root: self.veiled(tool.spec().name, &tool.subject(input), &context.root),
            ..context.clone()
        };
        match tool.preview(input, &veiled).await {
            Ok(preview) => Shown {
                preview,
                failure: None,
            },
            Err(error) => {
                let line = tool.whole_summary(input, &context.redactor);
                let why = context.redactor.redact(&error.to_string());
                let preview = Preview {
                    summary: Some(format!("{line}; it fails as things stand: {why}")),
                    ..Preview::default()
                };
                Shown {
                    preview,
                    failure: Some(format!("error: {error}")),
                }
            }
        }
    }

    /// Keeps a yes for as long as it was given. What cannot be written down holds for the session.
    fn remember(&self, answer: Approval, offer: Option<String>) {
        let (Approval::Session | Approval::Always, Some(offer)) = (answer, offer) else {
            return;
        };
        if let (Approval::Always, Some(book)) = (answer, &self.options.book) {
            // The book has told the person.
            let _ = book.allow(&offer);
        }
        if let Ok(rule) = Rule::parse(&offer, Verdict::Allow, SESSION) {
            let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
            session.push(rule);
        }
    }
}

/// What somebody is asked about a call.
async fn question(
    tool: &dyn Tool,
    input: &Value,
    preview: Preview,
    because: &Because,
    context: &Context,
) -> Question {
    let (name, effect) = (tool.spec().name, tool.effect());
    // A rule that asks would ask again: only where none does can a yes last.
    let offer = match because {
        Because::Default(_) => approval::offer(name, effect, &tool.subject(input), &context.root),
        _ => None,
    };
    // It would be written down, where anybody can read it.
    let offer = offer.filter(|rule| context.redactor.redact(rule) == *rule);
    let offer = match effect == Effect::Executes && !is_confined(context).await {
        true => None,
        false => offer,
    };
    let caution = match effect {
        Effect::Executes => Some(context.sandbox.caution(&context.root).await),
        _ => tool.caution().map(str::to_owned),
    };
    let summary = preview.summary;
    Question {
        tool: name.to_owned(),
        summary: summary.unwrap_or_else(|| tool.whole_summary(input, &context.redactor)),
        detail: preview.detail,
        caution,
        effect,
        because: because.to_string(),
        offer,
    }
}

/// Whether a lasting yes to a command is a yes to something confined, or to what was asked for.
async fn is_confined(context: &Context) -> bool {
    context.sandbox.is_off() || context.sandbox.confines(&context.root).await
}
