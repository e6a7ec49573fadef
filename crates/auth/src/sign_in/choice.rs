//! Which way to sign in suits this machine.

use alipes_base::Environment;

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A browser on this machine.
    Browser,
    /// A code that is typed on another device.
    Device,
}

/// What differs between operating systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// A desktop that always has a display: macOS, Windows.
    Desktop,
    /// Displays are named by variables.
    Unix,
}

impl Platform {
    /// This machine's.
    #[must_use]
    pub fn of_this_machine() -> Self {
        match cfg!(any(windows, target_os = "macos")) {
            true => Self::Desktop,
            false => Self::Unix,
        }
    }
}

impl Way {
    /// A browser, unless it would open where nobody sits: over SSH the loopback address is another
    /// machine's, and without a display there is no browser.
    #[must_use]
    pub fn best(platform: Platform, environment: &Environment) -> Self {
        let set = |name: &&str| environment.text(name).is_some();
        let remote = ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"].iter().any(set);
        let display = ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"]
            .iter()
            .any(set);
        match platform {
            _ if remote => Self::Device,
            Platform::Unix if !display => Self::Device,
            Platform::Unix | Platform::Desktop => Self::Browser,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn without_a_display_or_over_ssh_a_code_is_used() {
        type Variables = &'static [(&'static str, &'static str)];
        let table: [(Platform, Variables, Way); 6] = [
            (Platform::Unix, &[], Way::Device),
            (Platform::Unix, &[("DISPLAY", ":0")], Way::Browser),
            (
                Platform::Unix,
                &[("WAYLAND_DISPLAY", "wayland-0")],
                Way::Browser,
            ),
            (
                Platform::Unix,
                &[("DISPLAY", ":10"), ("SSH_CONNECTION", "a b")],
                Way::Device,
            ),
            (Platform::Desktop, &[], Way::Browser),
            (Platform::Desktop, &[("SSH_TTY", "/dev/ttys1")], Way::Device),
        ];
        for (platform, variables, expected) in table {
            let environment = Environment::new(variables.iter().copied(), PathBuf::from("/"));
            assert_eq!(Way::best(platform, &environment), expected, "{variables:?}");
        }
    }
}
