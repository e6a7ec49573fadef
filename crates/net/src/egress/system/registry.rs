//! Reads what `reg query` prints of the Windows internet settings.

use super::SystemProxySettings;

/// Where the settings are.
pub(super) const KEY: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings";

/// The settings in the tool's output; what is missing or cannot be read is left out.
pub(super) fn read(printed: &str) -> SystemProxySettings {
    let auto_configured = value(printed, "AutoConfigURL").is_some();
    let enabled = value(printed, "ProxyEnable").is_some_and(|text| text != "0x0");
    let Some(servers) = value(printed, "ProxyServer").filter(|_| enabled) else {
        return SystemProxySettings {
            auto_configured,
            ..SystemProxySettings::default()
        };
    };
    let exceptions = value(printed, "ProxyOverride").unwrap_or_default();
    SystemProxySettings {
        https: server(servers, "https").map(|at| url("http", at)),
        http: server(servers, "http").map(|at| url("http", at)),
        socks: server(servers, "socks").map(|at| url("socks5", at)),
        exceptions: exceptions.split(';').map(str::to_owned).collect(),
        auto_configured,
    }
}

/// A line is `    Name    REG_TYPE    value`.
fn value<'a>(printed: &'a str, name: &str) -> Option<&'a str> {
    printed.lines().find_map(|line| {
        let rest = line.trim().strip_prefix(name)?;
        let (_, value) = rest.strip_prefix(' ')?.trim_start().split_once(' ')?;
        Some(value.trim()).filter(|value| !value.is_empty())
    })
}

/// Either one server for everything but SOCKS, or `http=a:1;https=b:2;socks=c:3`.
fn server<'a>(servers: &'a str, scheme: &str) -> Option<&'a str> {
    if !servers.contains('=') {
        return (scheme != "socks").then_some(servers);
    }
    servers.split(';').find_map(|pair| {
        let (name, at) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case(scheme).then(|| at.trim())
    })
}

fn url(scheme: &str, at: &str) -> String {
    if at.contains("://") {
        at.to_owned()
    } else {
        format!("{scheme}://{at}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(enabled: u8, servers: &str) -> String {
        format!(
            "\r\nHKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\r\n    \
             User Agent    REG_SZ    Mozilla/4.0\r\n    \
             ProxyEnable    REG_DWORD    0x{enabled}\r\n    \
             ProxyServer    REG_SZ    {servers}\r\n    \
             ProxyOverride    REG_SZ    *.corp.example;10.*;<local>\r\n\r\n"
        )
    }

    #[test]
    fn one_server_serves_both_schemes() {
        let settings = read(&printed(1, "office.example:8080"));
        let office = Some("http://office.example:8080".to_owned());
        assert_eq!(settings.https, office);
        assert_eq!(settings.http, office);
        assert_eq!(settings.socks, None);
        assert_eq!(settings.exceptions, ["*.corp.example", "10.*", "<local>"]);
    }

    #[test]
    fn each_scheme_may_have_its_own() {
        let settings = read(&printed(1, "http=a:1;https=http://b:2;socks=c:3"));
        assert_eq!(settings.http.as_deref(), Some("http://a:1"));
        assert_eq!(settings.https.as_deref(), Some("http://b:2"));
        assert_eq!(settings.socks.as_deref(), Some("socks5://c:3"));
    }

    #[test]
    fn what_is_switched_off_is_not_read_and_a_script_is_noticed() {
        assert_eq!(read(&printed(0, "a:1")), SystemProxySettings::default());
        let script = format!("    AutoConfigURL    REG_SZ    http://wpad/x.dat\n{KEY}");
        assert!(read(&script).auto_configured);
        assert_eq!(read(""), SystemProxySettings::default());
    }
}
