//! A confined command as a front starts it: on its own terminal, otherwise as the agent's are.

use std::ffi::OsString;

use alipes_base::{Environment, Redactor};
use tokio::process::Command;

use super::Sandbox;
use crate::shell::environment;
use crate::{Root, ToolError};

impl Sandbox {
    /// The command of these words (at least one), with the environment that the agent's commands get.
    ///
    /// # Errors
    /// [`ToolError`] if what confines it cannot be prepared.
    pub async fn trial(
        &self,
        line: Vec<OsString>,
        root: &Root,
        environment: &Environment,
        redactor: &Redactor,
    ) -> Result<Command, ToolError> {
        let mut command = self.confined(line, root).await?;
        command
            .env_clear()
            .envs(environment::for_commands(environment, redactor))
            .envs(self.variables());
        Ok(command)
    }
}
