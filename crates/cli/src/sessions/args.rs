//! The arguments of `alipes sessions`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::args::at_least_one;

#[derive(Debug, Args)]
pub(crate) struct SessionsArgs {
    /// Without a command they are listed
    #[command(subcommand)]
    pub(crate) command: Option<SessionsCommand>,
}

/// How many conversations a list shows.
const LISTED: usize = 20;

#[derive(Debug, Subcommand)]
pub(crate) enum SessionsCommand {
    /// List conversations, the last used first
    List {
        /// How many
        #[arg(short = 'n', long, value_name = "N", default_value_t = LISTED, value_parser = at_least_one())]
        most: usize,
        /// All of them
        #[arg(long, conflicts_with = "most")]
        all: bool,
        /// Print them as JSON lines
        #[arg(long)]
        json: bool,
    },
    /// Print a conversation, with tool outputs in short
    Show {
        /// Its id, the beginning of it, or `last`
        #[arg(default_value = "last")]
        id: String,
    },
    /// Find conversations by words that occur in one message, call or output
    Search {
        /// The words; one may end in `*`
        #[arg(required = true)]
        words: Vec<String>,
        /// How many conversations
        #[arg(short = 'n', long, value_name = "N", default_value_t = 10, value_parser = at_least_one())]
        most: usize,
        /// Print what was found as JSON lines
        #[arg(long)]
        json: bool,
    },
    /// Give a conversation another title
    Rename {
        /// Its id, the beginning of it, or `last`
        id: String,
        /// The title
        title: String,
    },
    /// Take back what came last: a summary of older messages, or else the last turn
    Undo {
        /// Its id, the beginning of it, or `last`
        id: String,
    },
    /// Print a whole conversation, or write it to a file
    Export {
        /// Its id, the beginning of it, or `last`
        #[arg(default_value = "last")]
        id: String,
        /// For people, or for programs
        #[arg(long = "format", value_enum, default_value_t = Shape::Markdown)]
        shape: Shape,
        /// The file to write, which must not exist
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Delete conversations for good
    Delete {
        /// Their ids, the beginnings of them, or `last`
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// Text with headings
    Markdown,
    /// One entry of the journal a line
    Jsonl,
}

impl Default for SessionsCommand {
    fn default() -> Self {
        Self::List {
            most: LISTED,
            all: false,
            json: false,
        }
    }
}

impl SessionsCommand {
    /// Whether it asks for whatever there is.
    pub(crate) fn only_looks(&self) -> bool {
        matches!(self, Self::List { .. } | Self::Search { .. })
    }
}
