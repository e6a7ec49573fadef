//! The command line.

mod values;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use alipes_models::{Dialect, Effort, ModelName};
use alipes_tools::SandboxChoice;
use alipes_transport::{Cause, Profile};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::calls::CallsArgs;
use crate::doctor::DoctorArgs;
use crate::login::{LoginArgs, LogoutArgs};
use crate::providers::ProvidersArgs;
use crate::sandbox::SandboxArgs;
use crate::serve::ServeArgs;
use crate::sessions::SessionsArgs;
use crate::simulate::SimulateArgs;
use crate::status::StatusArgs;
use crate::store::StoreArgs;
pub(crate) use values::{
    Grant, RouteArg, account, at_least_one, causes, dialects, duration, sandboxes,
};
use values::{efforts, profiles};

/// The longest prompt that is said again in a message, in bytes.
const LONGEST_QUOTED: usize = 60;

/// A personal AI agent whose connection to the model does not give up, does not lie, and does not
/// repeat itself.
#[derive(Debug, Parser)]
#[command(name = "alipes", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// Without one: the chat
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Reads a command line. What `alipes` alone does it does with options, too.
pub(crate) fn parsed(words: impl Iterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut words: Vec<OsString> = words.collect();
    let read = Cli::try_parse_from(&words).or_else(|error| {
        if error.kind() != ErrorKind::UnknownArgument || words.is_empty() {
            return Err(error);
        }
        let begins = words.get(1).map(|word| word.to_string_lossy());
        let is_alone = begins.is_some_and(|word| word.starts_with('-'));
        words.insert(1, "chat".into());
        Cli::try_parse_from(&words).map_err(|of_the_chat| match of_the_chat.kind() {
            ErrorKind::UnknownArgument
                if is_alone && unknown(&of_the_chat).is_some_and(is_prompt) =>
            {
                of_the_chat
            }
            // The chat knows it no more than the program does.
            ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand => error,
            _ => of_the_chat,
        })
    });
    read.map_err(told_about_prompts)
}

/// What was written where no prompt can be may have been meant as one: then what takes one is said.
fn told_about_prompts(mut error: clap::Error) -> clap::Error {
    let usage = error.get(ContextKind::Usage).map(ToString::to_string);
    let is_in = |command: &str| {
        usage
            .as_deref()
            .is_some_and(|usage| usage.contains(command))
    };
    let is_meant = match error.kind() {
        ErrorKind::UnknownArgument => is_in("alipes chat"),
        ErrorKind::InvalidSubcommand => {
            is_in("alipes [COMMAND]") && error.get(ContextKind::SuggestedSubcommand).is_none()
        }
        _ => false,
    };
    let Some(word) = unknown(&error).filter(|word| is_meant && is_prompt(word)) else {
        return error;
    };
    // What a shell would read otherwise, or nobody would read, is left out.
    let is_plain =
        word.len() <= LONGEST_QUOTED && !word.contains(|c: char| c == '\'' || c.is_control());
    let prompt = if is_plain { word } else { "…" };
    let tip = format!("`alipes exec '{prompt}'` gives one answer, `alipes chat` is a conversation");
    let tips = ContextValue::StyledStrs(vec![tip.into()]);
    error.insert(ContextKind::Suggested, tips);
    error
}

/// What a command line has that nobody knows.
fn unknown(error: &clap::Error) -> Option<&str> {
    let places = [ContextKind::InvalidArg, ContextKind::InvalidSubcommand];
    let mut words = places.into_iter().filter_map(|place| error.get(place));
    words.find_map(|word| match word {
        ContextValue::String(word) => Some(word.as_str()),
        _ => None,
    })
}

/// Whether a word may be one of somebody's own, and is neither an option nor a command.
fn is_prompt(word: &str) -> bool {
    !word.starts_with('-') && Cli::command().find_subcommand(word).is_none()
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Talk with the agent in this terminal; `alipes` alone does the same
    Chat(Box<AgentArgs>),
    /// Run one turn: prompt in, answer out
    Exec(Box<ExecArgs>),
    /// List what became of the requests to models, and draw one of them
    Calls(CallsArgs),
    /// Show a real turn on real files through real faults, with nothing to set up
    Demo(DemoArgs),
    /// Find out what is wrong on the way to a provider, and what helps
    Doctor(DoctorArgs),
    /// Sign in to ChatGPT, with a browser or with a code on another device
    Login(LoginArgs),
    /// Take a sign-in back and delete it
    Logout(LogoutArgs),
    /// Say what can go wrong on the way to a model, and what is done about it
    Explain(ExplainArgs),
    /// List the models that a provider offers
    Models(ModelsArgs),
    /// List the providers that can be asked, add one with its key, or remove one
    Providers(ProvidersArgs),
    /// Run a command the way the agent's commands run: confined
    Sandbox(SandboxArgs),
    /// Serve a local endpoint that other people's clients can use
    Serve(Box<ServeArgs>),
    /// Find, read, export and delete past conversations
    Sessions(SessionsArgs),
    /// Say in one screen what works, what does not, since when, and what to do
    Status(StatusArgs),
    /// Check, repair and back up where conversations are kept
    Store(StoreArgs),
    /// Run a simulated model backend with faults on demand, to test clients against
    Simulate(SimulateArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ExecArgs {
    /// What to do; `-` or nothing reads it from standard input
    pub(crate) prompt: Option<String>,

    #[command(flatten)]
    pub(crate) agent: AgentArgs,

    /// The longest the turn may take, such as 90s, 10m or 2h
    #[arg(long, value_name = "TIME", default_value = "2h", value_parser = duration)]
    pub(crate) timeout: Duration,

    /// Write text at once, also into a pipe; a broken answer is not restarted then
    #[arg(long, conflicts_with = "json")]
    pub(crate) stream: bool,

    /// Print what happens as JSON lines
    #[arg(long)]
    pub(crate) json: bool,

    /// Tell every step on the wire
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// Which conversation, which model by which way, and what it may do: the same for every front.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct AgentArgs {
    /// Go on with a conversation: its id, the beginning of it, or `last`; without a prompt, with a
    /// turn that was cut or has failed
    #[arg(long, value_name = "ID")]
    pub(crate) resume: Option<String>,

    /// Keep nothing: not the conversation, no record of its calls, nothing that was learnt on the way
    #[arg(long, conflicts_with = "resume")]
    pub(crate) ephemeral: bool,

    /// The model, as PROVIDER/NAME
    #[arg(short, long, value_name = "PROVIDER/NAME")]
    pub(crate) model: Option<String>,

    /// The provider's base URL, in place of the configured one
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// The protocol the provider speaks
    #[arg(long, value_parser = dialects())]
    pub(crate) dialect: Option<Dialect>,

    /// The endpoint profile to use, in place of the one chosen by host
    #[arg(long, value_parser = profiles())]
    pub(crate) profile: Option<Profile>,

    /// How hard the model is asked to think, in place of what is configured
    #[arg(long, value_name = "EFFORT", value_parser = efforts())]
    pub(crate) reasoning: Option<Effort>,

    /// The way to the provider; `auto` takes the best that works
    #[arg(long, value_enum, default_value_t = RouteArg::Auto)]
    pub(crate) route: RouteArg,

    #[command(flatten)]
    pub(crate) network: NetworkArgs,

    /// The folder to work in
    #[arg(short = 'C', long = "cd", value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,

    /// What to allow without asking
    #[arg(long, value_delimiter = ',', value_name = "WHAT")]
    pub(crate) allow: Vec<Grant>,

    /// What confines commands; with `off` they can do anything you can
    #[arg(long, value_name = "KIND", value_parser = sandboxes())]
    pub(crate) sandbox: Option<SandboxChoice>,

    /// Ask the simulated model inside this process
    #[arg(long, conflicts_with_all = ["model", "base_url"])]
    pub(crate) simulate: bool,

    /// Keep what is said to the model and by it on record, for a day
    #[arg(long, conflicts_with = "ephemeral")]
    pub(crate) record_bodies: bool,
}

impl AgentArgs {
    /// What has to be said again to go on with whom these name: who named a model means it the next time,
    /// too.
    pub(crate) fn again(&self, model: &ModelName) -> String {
        match (self.simulate, &self.model) {
            (true, _) => " --simulate".to_owned(),
            (false, Some(_)) => format!(" -m {model}"),
            (false, None) => String::new(),
        }
    }
}

/// How this machine reaches anything.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct NetworkArgs {
    /// A proxy for every call (http, https, socks5, socks5h), or `direct`
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,

    /// Look names up for IPv4 alone: for networks whose IPv6 is broken
    #[arg(long)]
    pub(crate) ipv4: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The folder to describe
    #[arg(short = 'C', long = "cd", value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A cause, as faults name it; without it all
    #[arg(value_parser = causes())]
    pub(crate) cause: Option<Cause>,
}

#[derive(Debug, Args)]
pub(crate) struct ModelsArgs {
    /// The provider's name; without it the default model's
    pub(crate) provider: Option<String>,

    /// Ask again, however short ago the list was told
    #[arg(long)]
    pub(crate) refresh: bool,

    /// Print them as JSON
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

#[cfg(test)]
mod advice;
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_chat_takes_is_taken_without_its_name() {
        let read = |line: &str| parsed(line.split(' ').map(OsString::from));
        let cli = read("alipes --resume last --allow shell").unwrap();
        let Some(Command::Chat(args)) = cli.command else {
            panic!("{cli:?}");
        };
        assert_eq!(args.resume.as_deref(), Some("last"));
        assert!(read("alipes").unwrap().command.is_none());
        let error = read("alipes --resune last").unwrap_err().to_string();
        assert!(error.contains("--resune"), "{error}");
    }

    #[test]
    fn what_is_wrong_with_an_option_of_the_chat_is_told_without_its_name() {
        let refused = |line: &str| parsed(line.split(' ').map(OsString::from)).unwrap_err();
        for (line, kind, named) in [
            (
                "alipes --reasoning hard",
                ErrorKind::InvalidValue,
                "--reasoning",
            ),
            ("alipes --route nowhere", ErrorKind::InvalidValue, "--route"),
            ("alipes --resume", ErrorKind::InvalidValue, "--resume"),
            (
                "alipes --resume last --ephemeral",
                ErrorKind::ArgumentConflict,
                "--ephemeral",
            ),
            (
                "alipes --resume last --help",
                ErrorKind::DisplayHelp,
                "--ephemeral",
            ),
            (
                "alipes --resune last",
                ErrorKind::UnknownArgument,
                "--resune",
            ),
            (
                "alipes --resume last serve",
                ErrorKind::UnknownArgument,
                "--resume",
            ),
        ] {
            let error = refused(line);
            assert_eq!(error.kind(), kind, "{line}: {error}");
            assert!(error.to_string().contains(named), "{line}: {error}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
