//! The frame around every built-in tool: what it is told as, and an input that fits its schema
//! before any work begins. A tool itself is only its [`Work`].

use std::future::Future;
use std::marker::PhantomData;

use alipes_base::Redactor;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::input::Input;
use crate::{Context, Effect, Output, Preview, Subject, Tool, ToolError, ToolSpec, text};

/// What one built-in tool does. It holds nothing: what lasts from call to call is in the
/// [`Context`].
pub(crate) trait Work: 'static {
    /// What a call does to the world.
    const EFFECT: Effect;

    /// What an approval must say, if anything.
    const CAUTION: Option<&'static str> = None;

    /// What the model is told.
    fn spec() -> ToolSpec;

    /// The call for people, of any input; the frame makes it one harmless line.
    fn summary(input: &Value) -> String;

    /// What a call is about, of any input.
    fn subject(input: &Value) -> Subject {
        Subject::of(input)
    }

    /// What it would do.
    fn preview(
        _input: Input,
        _context: &Context,
    ) -> impl Future<Output = Result<Preview, ToolError>> + Send {
        std::future::ready(Ok(Preview::default()))
    }

    /// Does it.
    fn run(
        input: Input,
        context: &Context,
    ) -> impl Future<Output = Result<Output, ToolError>> + Send;
}

/// A built-in tool.
pub(crate) struct Builtin<W> {
    spec: ToolSpec,
    work: PhantomData<fn() -> W>,
}

impl<W: Work> Builtin<W> {
    /// The tool, ready to be called.
    pub(crate) fn boxed() -> Box<dyn Tool> {
        Box::new(Self {
            spec: W::spec(),
            work: PhantomData,
        })
    }
}

impl<W: Work> Tool for Builtin<W> {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn effect(&self) -> Effect {
        W::EFFECT
    }

    fn summary(&self, input: &Value, redactor: &Redactor) -> String {
        // Before the line is cut: half a secret is known no more.
        text::summary(&redactor.redact(&W::summary(input)))
    }

    fn whole_summary(&self, input: &Value, redactor: &Redactor) -> String {
        text::one_line(&redactor.redact(&W::summary(input)), usize::MAX)
    }

    fn subject(&self, input: &Value) -> Subject {
        W::subject(input)
    }

    fn caution(&self) -> Option<&'static str> {
        W::CAUTION
    }

    fn preview<'a>(
        &'a self,
        input: &'a Value,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Preview, ToolError>> {
        match Input::new(&self.spec, input.clone()) {
            Ok(input) => W::preview(input, context).boxed(),
            Err(unfit) => std::future::ready(Err(unfit)).boxed(),
        }
    }

    fn run<'a>(
        &'a self,
        input: Value,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Output, ToolError>> {
        match Input::new(&self.spec, input) {
            Ok(input) => W::run(input, context).boxed(),
            Err(unfit) => std::future::ready(Err(unfit)).boxed(),
        }
    }
}
