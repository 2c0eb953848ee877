//! URLs of PostgreSQL, as libpq reads them: `postgres://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETER=VALUE`.
//!
//! Takes the text and the environment; gives a [`ServerUrl`] whose parameters are all heeded. A parameter that the driver
//! would pass over, or heed less strictly than libpq, is refused by its name. No error repeats a value, as each part may
//! be the password that somebody mistyped. **Source**: PostgreSQL's manual, 32.1 "Database Connection Control Functions".

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use super::UrlError;
use super::parameters::{Parameters, decoded, shown};

/// What the server must be for a connection to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Target {
    /// Anything that answers.
    Any,
    /// One whose transactions may write.
    ReadWrite,
    /// One whose transactions only read.
    ReadOnly,
    /// No standby.
    Primary,
    /// A standby.
    Standby,
}

/// A URL of a PostgreSQL server that has been read.
#[derive(Debug)]
pub(in crate::store) struct ServerUrl {
    /// The same for the driver, in the one form in which it heeds all of it. Holds the password.
    pub(in crate::store) for_driver: String,
    /// Host and port, for people: where connections are really made. Without user and password.
    pub(in crate::store) place: String,
    /// `target_session_attrs`.
    pub(in crate::store) target: Target,
    /// `connect_timeout`: the longest that a connection may take. `None`: only our own limits hold.
    pub(in crate::store) connect_timeout: Option<Duration>,
    /// Whether `application_name` is given.
    pub(in crate::store) is_named: bool,
    /// Whether a file of root certificates is given.
    pub(in crate::store) has_root: bool,
}

/// Reads a URL; `environment` gives the value of a variable such as `PGSSLMODE`, `is_there` says whether a file exists.
///
/// # Errors
///
/// [`UrlError::Malformed`].
pub(in crate::store) fn read(
    url: &str,
    environment: impl Fn(&str) -> Option<String>,
    is_there: impl Fn(&Path) -> bool,
) -> Result<ServerUrl, UrlError> {
    let rest = url
        .strip_prefix("postgres://")
        .or_else(|| url.strip_prefix("postgresql://"))
        .ok_or(UrlError::Scheme)?;
    let mut parameters = parts(rest)?;
    parameters.add_environment(environment);
    let port = port(&mut parameters)?;
    let host = match host(&mut parameters)? {
        None if !parameters.has("hostaddr") => Some(default_host(port, is_there)),
        host => host,
    };
    let (is_socket, is_verified) = security(&mut parameters, &host)?;
    let address = match parameters.take("hostaddr") {
        Some(address) if address.parse::<IpAddr>().is_err() => {
            return Err(wrong("`hostaddr` must be one IP address"));
        }
        Some(_) if is_verified && host.is_some() => {
            return Err(wrong(
                "`hostaddr` beside a host cannot be verified under the host's name: leave `hostaddr` out",
            ));
        }
        address => address,
    };
    let connect_timeout = parameters
        .take("connect_timeout")
        .map(|seconds| seconds.parse::<u64>());
    let connect_timeout = match connect_timeout {
        Some(Err(_)) => return Err(wrong("`connect_timeout` must be a number of seconds")),
        // As in libpq, 0 is no limit.
        Some(Ok(0)) | None => None,
        Some(Ok(seconds)) => Some(Duration::from_secs(seconds)),
    };
    let target = target(&mut parameters)?;
    let fallback = parameters.take("fallback_application_name");
    let name = parameters.take("application_name").or(fallback);
    let host = address.or(host).unwrap_or_default();
    let place = if is_socket {
        format!("the PostgreSQL server at {host}/.s.PGSQL.{port}")
    } else if host.contains(':') {
        format!("the PostgreSQL server at [{host}]:{port}")
    } else {
        format!("the PostgreSQL server at {host}:{port}")
    };
    let root = parameters.take("sslrootcert");
    let heeded = [
        ("host", Some(host)),
        ("port", Some(port.to_string())),
        ("user", parameters.take("user")),
        ("password", parameters.take("password")),
        ("dbname", parameters.take("dbname")),
        ("sslmode", parameters.take("sslmode")),
        ("sslrootcert", root.clone()),
        ("sslcert", parameters.take("sslcert")),
        ("sslkey", parameters.take("sslkey")),
        ("options", parameters.take("options")),
        ("application_name", name.clone()),
    ];
    parameters.refuse_the_rest()?;
    Ok(ServerUrl {
        for_driver: for_driver(&heeded),
        place,
        target,
        connect_timeout,
        is_named: name.is_some(),
        has_root: root.is_some(),
    })
}

/// Everything as a parameter: the driver splits an authority in ways of its own.
fn for_driver(heeded: &[(&str, Option<String>)]) -> String {
    let mut url = "postgres:///?".to_owned();
    for (name, value) in heeded {
        if let Some(value) = value {
            url.push_str(name);
            url.push('=');
            for byte in value.bytes() {
                if byte.is_ascii_alphanumeric() {
                    url.push(char::from(byte));
                } else {
                    url.push_str(&format!("%{byte:02X}"));
                }
            }
            url.push('&');
        }
    }
    url.pop();
    url
}

/// User, password, host, port and database in front of the parameters, as parameters themselves.
fn parts(rest: &str) -> Result<Parameters, UrlError> {
    let mut parameters = Parameters::default();
    // As in libpq, an `@` that comes before any `/` ends the user's part, whatever else is in it.
    let rest = match rest.find(['@', '/']) {
        Some(end) if rest.as_bytes()[end] == b'@' => {
            let (user, password) = match rest[..end].split_once(':') {
                Some((user, password)) => (user, Some(password)),
                None => (&rest[..end], None),
            };
            parameters.put_part("user", user, "the user")?;
            parameters.put_part("password", password.unwrap_or_default(), "the password")?;
            &rest[end + 1..]
        }
        _ => rest,
    };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = place.split_once('/').unwrap_or((place, ""));
    let (host, port) = match authority.strip_prefix('[') {
        Some(inside) => {
            let (host, after) = inside
                .split_once(']')
                .ok_or_else(|| wrong("an IPv6 address ends with `]`"))?;
            if host.parse::<IpAddr>().is_err() {
                return Err(wrong("between `[` and `]` there must be an IPv6 address"));
            }
            match after.strip_prefix(':') {
                Some(port) => (host, port),
                None if after.is_empty() => (host, ""),
                None if after.starts_with(',') => return Err(several()),
                None => return Err(wrong("after `]` there can only be `:PORT`")),
            }
        }
        None if authority.contains(',') => return Err(several()),
        None => authority.split_once(':').unwrap_or((authority, "")),
    };
    if host.contains('@') || database.contains('@') {
        return Err(unencoded());
    }
    parameters.put_part("host", host, "the host")?;
    parameters.put_part("port", port, "the port")?;
    parameters.put_part("dbname", database, "the database")?;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| wrong("each parameter after `?` is written NAME=VALUE"))?;
        let name = decoded(name).ok_or_else(|| wrong("the name of a parameter is badly percent-encoded"))?;
        if value.contains('=') {
            return Err(wrong(&format!(
                "the value of {} has a second `=`: write it as %3D",
                shown(&name)
            )));
        }
        parameters.put_parameter(name, value)?;
    }
    Ok(parameters)
}

/// The host, or the folder of a socket; `None` where neither the URL nor the environment names one.
fn host(parameters: &mut Parameters) -> Result<Option<String>, UrlError> {
    let host = parameters.take("host").filter(|host| !host.is_empty());
    match host.as_deref() {
        Some(host) if host.contains(',') => Err(several()),
        Some(host) if host.starts_with('@') => Err(wrong("abstract sockets are not supported")),
        // It may be the end of a password: the place of the server is shown, to operators and at `/readyz`.
        Some(host) if !host.starts_with('/') && host.contains('@') => Err(unencoded()),
        Some(host) if !host.starts_with('/') && !host.chars().all(is_of_host) => Err(wrong(
            "a host is a name, an address, or the absolute path of a socket's folder",
        )),
        _ => Ok(host),
    }
}

/// Whether a sign may stand in a name or an address.
fn is_of_host(sign: char) -> bool {
    sign.is_alphanumeric() || matches!(sign, '.' | '-' | '_' | ':' | '%')
}

fn unencoded() -> UrlError {
    wrong("`@` in a user, a password or a database's name is written %40, and `/` is written %2F")
}

/// Where a server of this machine listens: the first folder that has its socket, else the address.
fn default_host(port: u16, is_there: impl Fn(&Path) -> bool) -> String {
    let socket = format!(".s.PGSQL.{port}");
    let found = SOCKET_FOLDERS
        .into_iter()
        .find(|folder| is_there(&Path::new(folder).join(&socket)));
    found.unwrap_or("localhost").to_owned()
}

/// Debian's, and PostgreSQL's own.
const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

fn port(parameters: &mut Parameters) -> Result<u16, UrlError> {
    let Some(port) = parameters.take("port").filter(|port| !port.is_empty()) else {
        return Ok(5432);
    };
    if port.contains(',') {
        return Err(several());
    }
    let number = port.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| wrong("the port must be a number from 1 to 65535"))
}

fn target(parameters: &mut Parameters) -> Result<Target, UrlError> {
    match parameters.take("target_session_attrs").as_deref() {
        // With one host there is nothing else to prefer.
        None | Some("any" | "prefer-standby") => Ok(Target::Any),
        Some("read-write") => Ok(Target::ReadWrite),
        Some("read-only") => Ok(Target::ReadOnly),
        Some("primary") => Ok(Target::Primary),
        Some("standby") => Ok(Target::Standby),
        Some(_) => Err(wrong(
            "`target_session_attrs` must be any, read-write, read-only, primary, standby or prefer-standby",
        )),
    }
}

/// Brings the driver's promises about TLS up to libpq's, or refuses; whether a socket is used, and whether the server's
/// name is verified.
fn security(parameters: &mut Parameters, host: &Option<String>) -> Result<(bool, bool), UrlError> {
    let is_socket = host.as_deref().is_some_and(|host| host.starts_with('/'));
    // JDBC's form, which libpq takes too.
    match parameters.take("ssl").as_deref() {
        None => {}
        Some("true") => parameters.put_if_absent("sslmode", "require"),
        Some(_) => return Err(wrong("`ssl` must be true; see `sslmode`")),
    }
    let mode = parameters.take("sslmode");
    let root = parameters.take("sslrootcert").filter(|root| !root.is_empty());
    let is_system = root.as_deref() == Some("system");
    let mode = match (mode.as_deref(), &root) {
        (Some("allow"), _) => {
            return Err(wrong(
                "`sslmode=allow` would never use TLS here: say prefer, require or disable",
            ));
        }
        (Some("verify-full"), _) => Some("verify-full"),
        (None, _) if is_system => Some("verify-full"),
        (Some(_), _) if is_system => {
            return Err(wrong("`sslrootcert=system` needs `sslmode=verify-full`"));
        }
        (Some("verify-ca"), None) => {
            return Err(wrong(
                "`sslmode=verify-ca` needs `sslrootcert=FILE`: public authorities certify anybody",
            ));
        }
        // The driver would not look at the file; libpq does.
        (Some("require"), Some(_)) => Some("verify-ca"),
        (Some(mode @ ("disable" | "prefer" | "require" | "verify-ca")), _) => Some(mode),
        (None, _) => None,
        (Some(_), _) => {
            return Err(wrong(
                "`sslmode` must be disable, prefer, require, verify-ca or verify-full",
            ));
        }
    };
    if parameters.has("sslcert") != parameters.has("sslkey") {
        return Err(wrong("`sslcert` and `sslkey` go together"));
    }
    let files = [
        ("sslrootcert", root.clone().filter(|_| !is_system)),
        ("sslcert", parameters.get("sslcert")),
        ("sslkey", parameters.get("sslkey")),
    ];
    for (name, file) in files {
        if let Some(error) = file.and_then(|file| std::fs::File::open(file).err()) {
            return Err(wrong(&format!(
                "the file of `{name}` cannot be read: {}",
                error.kind()
            )));
        }
    }
    // As in libpq, a socket has no TLS.
    let mode = if is_socket { Some("disable") } else { mode };
    if let Some(mode) = mode {
        parameters.put_if_absent("sslmode", mode);
    }
    if let Some(root) = root.filter(|_| !is_system) {
        parameters.put_if_absent("sslrootcert", &root);
    }
    Ok((is_socket, mode == Some("verify-full")))
}

fn several() -> UrlError {
    wrong("several hosts are not supported: name one, or a balancer in front of them")
}

fn wrong(reason: &str) -> UrlError {
    UrlError::Malformed(reason.to_owned())
}
