//! Reads what `scutil --proxy` prints on macOS: the dictionary of the active network's proxies.

use super::SystemProxySettings;

/// The settings in the tool's output; what is missing or cannot be read is left out.
pub(super) fn read(printed: &str) -> SystemProxySettings {
    let dictionary = Dictionary::read(printed);
    let mut exceptions = dictionary.exceptions.clone();
    if dictionary.is_on("ExcludeSimpleHostnames") {
        exceptions.push("<local>".to_owned());
    }
    SystemProxySettings {
        https: dictionary.proxy("HTTPS", "http"),
        http: dictionary.proxy("HTTP", "http"),
        // The system's SOCKS clients let the proxy look names up.
        socks: dictionary.proxy("SOCKS", "socks5h"),
        exceptions,
        auto_configured: ["ProxyAutoConfigEnable", "ProxyAutoDiscoveryEnable"]
            .iter()
            .any(|key| dictionary.is_on(key)),
    }
}

/// The outermost level, where every key is of the form `Key : value`.
#[derive(Default)]
struct Dictionary<'a> {
    values: Vec<(&'a str, &'a str)>,
    exceptions: Vec<String>,
}

impl<'a> Dictionary<'a> {
    fn read(printed: &'a str) -> Self {
        let mut read = Self::default();
        // The keys of what is open: dictionaries and arrays.
        let mut open: Vec<&str> = Vec::new();
        for line in printed.lines().map(str::trim) {
            let (key, value) = line.split_once(" : ").unwrap_or(("", line));
            if value.ends_with('{') {
                open.push(key);
            } else if line == "}" {
                open.pop();
            } else {
                match open.as_slice() {
                    [_] => read.values.push((key, value)),
                    [_, "ExceptionsList"] => read.exceptions.push(value.to_owned()),
                    // Per-interface copies of the same.
                    _ => {}
                }
            }
        }
        read
    }

    fn value(&self, key: &str) -> Option<&'a str> {
        let found = self.values.iter().find(|(name, _)| *name == key);
        found.map(|(_, value)| *value)
    }

    fn is_on(&self, key: &str) -> bool {
        self.value(key) == Some("1")
    }

    fn proxy(&self, kind: &str, scheme: &str) -> Option<String> {
        let host = self.value(&format!("{kind}Proxy"))?;
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        let port = self.value(&format!("{kind}Port"));
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        self.is_on(&format!("{kind}Enable"))
            .then(|| format!("{scheme}://{host}{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "<dictionary> {
  ExceptionsList : <array> {
    0 : *.local
    1 : 169.254/16
  }
  ExcludeSimpleHostnames : 1
  FTPPassive : 1
  HTTPEnable : 0
  HTTPPort : 3128
  HTTPProxy : off.example
  HTTPSEnable : 1
  HTTPSPort : 8080
  HTTPSProxy : office.example
  ProxyAutoConfigEnable : 0
  SOCKSEnable : 1
  SOCKSProxy : fd00::1
  __SCOPED__ : <dictionary> {
    en0 : <dictionary> {
      HTTPEnable : 1
      ProxyAutoConfigEnable : 1
    }
  }
}
";

    #[test]
    fn enabled_proxies_and_their_exceptions_are_read() {
        let expected = SystemProxySettings {
            https: Some("http://office.example:8080".to_owned()),
            http: None,
            socks: Some("socks5h://[fd00::1]".to_owned()),
            exceptions: ["*.local", "169.254/16", "<local>"]
                .map(str::to_owned)
                .to_vec(),
            auto_configured: false,
        };
        assert_eq!(read(PRINTED), expected);
    }

    #[test]
    fn a_script_is_noticed_and_nonsense_is_empty() {
        let script = "<dictionary> {\n  ProxyAutoConfigEnable : 1\n}";
        assert!(read(script).auto_configured);
        for nonsense in ["", "}\n}\n", "No such key", "HTTPSEnable : 1"] {
            assert_eq!(read(nonsense), SystemProxySettings::default(), "{nonsense}");
        }
    }
}
