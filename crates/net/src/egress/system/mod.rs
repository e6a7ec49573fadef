//! The proxies that the operating system keeps for its programs.
//!
//! Behind a trait, so that a test can be any system. macOS and Windows are asked through tools
//! that they bring along (`scutil --proxy`, `reg query`): no foreign-function calls, and what the
//! tools print can be read, and the reading tested, on any system. **Untried**: nobody has run
//! either tool from this code on a real macOS or Windows; only the reading of recorded output is
//! tested. Linux has no such settings (desktops export the environment variables).
//!
//! Scripts that choose proxies (PAC, WPAD) are noticed and named, not run.

#[cfg(any(test, target_os = "windows"))]
mod registry;
#[cfg(any(test, target_os = "macos"))]
mod scutil;
#[cfg(any(test, target_os = "macos", target_os = "windows"))]
mod tool;

/// Whom to ask for the system's proxies.
pub trait SystemProxy: Send + Sync {
    /// The settings as they are now; empty if there are none or they cannot be read.
    fn settings(&self) -> SystemProxySettings;
}

/// The system's proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemProxySettings {
    /// The URL of the proxy for `https` targets.
    pub https: Option<String>,
    /// The URL of the proxy for `http` targets.
    pub http: Option<String>,
    /// The URL of the SOCKS proxy, for targets without one of the others.
    pub socks: Option<String>,
    /// Targets that they are not for, as in `NO_PROXY`.
    pub exceptions: Vec<String>,
    /// Whether a script chooses the proxy.
    pub auto_configured: bool,
}

/// This machine's operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlatformProxy;

impl SystemProxy for PlatformProxy {
    #[cfg(target_os = "macos")]
    fn settings(&self) -> SystemProxySettings {
        let printed = tool::output("/usr/sbin/scutil", &["--proxy"]);
        scutil::read(&printed.unwrap_or_default())
    }

    #[cfg(target_os = "windows")]
    fn settings(&self) -> SystemProxySettings {
        let printed = tool::output("reg", &["query", registry::KEY]);
        registry::read(&printed.unwrap_or_default())
    }

    #[cfg(not(any(target_os = "macos", target_os = "windows")))]
    fn settings(&self) -> SystemProxySettings {
        SystemProxySettings::default()
    }
}
