//! The folder that holds the program's files, found from the environment alone.
//!
//! It is never guessed from the working directory: a configuration that lies in whatever folder
//! the program was started in could be somebody else's.

use std::path::{Path, PathBuf};

use alipes_base::Environment;

use crate::ConfigError;

/// The variable that overrules the platform's convention.
const VARIABLE: &str = "ALIPES_HOME";

/// The program's name as a folder.
const FOLDER: &str = "alipes";

/// The folder that holds the configuration file and what belongs beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    folder: PathBuf,
}

/// The conventions that differ between operating systems.
#[derive(Clone, Copy, Debug)]
enum Platform {
    MacOs,
    Unix,
    Windows,
}

const PLATFORM: Platform = if cfg!(target_os = "macos") {
    Platform::MacOs
} else if cfg!(windows) {
    Platform::Windows
} else {
    Platform::Unix
};

impl Home {
    /// `$ALIPES_HOME` if set (relative to the working directory), else the platform's folder:
    /// `$XDG_CONFIG_HOME/alipes` or `~/.config/alipes`; on macOS
    /// `~/Library/Application Support/alipes`; on Windows `%APPDATA%\alipes`. Touches no file.
    ///
    /// # Errors
    /// [`ConfigError::NoHome`] if the variable that the convention builds on is not set.
    pub fn find(environment: &Environment) -> Result<Self, ConfigError> {
        Self::find_on(PLATFORM, environment)
    }

    /// The folder itself. It may not exist yet.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The configuration file. It may not exist yet.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.folder.join("config.toml")
    }

    fn find_on(platform: Platform, environment: &Environment) -> Result<Self, ConfigError> {
        let folder = match environment.path(VARIABLE) {
            Some(chosen) => environment.current_dir().join(chosen),
            None => conventional(platform, environment)?.join(FOLDER),
        };
        Ok(Self { folder })
    }
}

fn conventional(platform: Platform, environment: &Environment) -> Result<PathBuf, ConfigError> {
    let absolute = |variable: &'static str| {
        environment
            .path(variable)
            .filter(|path| path.is_absolute())
            .ok_or(ConfigError::NoHome { variable })
    };
    match platform {
        Platform::MacOs => Ok(absolute("HOME")?
            .join("Library")
            .join("Application Support")),
        Platform::Windows => absolute("APPDATA"),
        // XDG Base Directory Specification 0.8: a relative path is invalid and to be ignored.
        Platform::Unix => {
            absolute("XDG_CONFIG_HOME").or_else(|_unset| Ok(absolute("HOME")?.join(".config")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same tree on every machine that runs the tests: `/x` has to be absolute.
    fn at(path: &str) -> PathBuf {
        let drive = if cfg!(windows) && path.starts_with('/') {
            "C:"
        } else {
            ""
        };
        PathBuf::from(format!("{drive}{path}"))
    }

    fn find(platform: Platform, variables: &[(&str, &str)]) -> Result<PathBuf, ConfigError> {
        let variables = variables.iter().map(|(name, value)| (*name, at(value)));
        let environment = Environment::new(variables, at("/home/ada"));
        Home::find_on(platform, &environment).map(|home| home.config_file())
    }

    fn missing(platform: Platform, variables: &[(&str, &str)]) -> Option<&'static str> {
        match find(platform, variables) {
            Err(ConfigError::NoHome { variable }) => Some(variable),
            _ => None,
        }
    }

    #[test]
    fn each_platform_has_its_conventional_folder() {
        let home = ("HOME", "/home/ada");
        for (platform, variables, expected) in [
            (
                Platform::Unix,
                vec![home],
                "/home/ada/.config/alipes/config.toml",
            ),
            (
                Platform::Unix,
                vec![home, ("XDG_CONFIG_HOME", "/xdg")],
                "/xdg/alipes/config.toml",
            ),
            (
                Platform::Unix,
                vec![home, ("XDG_CONFIG_HOME", "relative")],
                "/home/ada/.config/alipes/config.toml",
            ),
            (
                Platform::MacOs,
                vec![home, ("XDG_CONFIG_HOME", "/xdg")],
                "/home/ada/Library/Application Support/alipes/config.toml",
            ),
            (
                Platform::Windows,
                vec![home, ("APPDATA", "/roaming")],
                "/roaming/alipes/config.toml",
            ),
        ] {
            assert_eq!(
                find(platform, &variables).unwrap(),
                at(expected),
                "{platform:?}"
            );
        }
    }

    #[test]
    fn alipes_home_overrules_the_convention_and_may_be_relative() {
        for platform in [Platform::Unix, Platform::MacOs, Platform::Windows] {
            let absolute = [("HOME", "/home/ada"), ("ALIPES_HOME", "/elsewhere")];
            assert_eq!(
                find(platform, &absolute).unwrap(),
                at("/elsewhere/config.toml")
            );
            let relative = [("ALIPES_HOME", "here")];
            assert_eq!(
                find(platform, &relative).unwrap(),
                at("/home/ada/here/config.toml")
            );
        }
    }

    #[test]
    fn without_a_home_the_working_directory_is_not_taken_for_one() {
        assert_eq!(missing(Platform::Unix, &[]), Some("HOME"));
        assert_eq!(missing(Platform::Unix, &[("HOME", "")]), Some("HOME"));
        assert_eq!(missing(Platform::MacOs, &[]), Some("HOME"));
        assert_eq!(
            missing(Platform::Windows, &[("HOME", "/home/ada")]),
            Some("APPDATA")
        );
    }
}
