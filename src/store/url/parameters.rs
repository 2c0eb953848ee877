//! The parameters of a URL by name: which are known, and which of their values can be kept.
//!
//! Takes names and values as they are written; gives decoded values, or an error that names the parameter alone.

use std::collections::BTreeMap;

use super::UrlError;

/// Parameters of libpq that the driver does not know, with the values that ask for what it does anyway.
const UNSUPPORTED: [(&str, &[&str]); 31] = [
    ("channel_binding", &["disable", "prefer"]),
    ("client_encoding", &["UTF8", "UTF-8", "utf8", "utf-8", "auto"]),
    ("gssencmode", &["disable", "prefer"]),
    ("gssdelegation", &["0"]),
    ("gsslib", &[]),
    ("keepalives", &[]),
    ("keepalives_count", &[]),
    ("keepalives_idle", &[]),
    ("keepalives_interval", &[]),
    ("krbsrvname", &[]),
    ("load_balance_hosts", &["disable"]),
    ("max_protocol_version", &["3.0", "latest"]),
    ("min_protocol_version", &["3.0"]),
    ("passfile", &[]),
    ("replication", &["false", "off", "no", "0"]),
    ("require_auth", &[]),
    ("requirepeer", &[]),
    ("requiressl", &["0"]),
    ("service", &[]),
    ("servicefile", &[]),
    ("ssl_max_protocol_version", &["", "TLSv1.3"]),
    ("ssl_min_protocol_version", &["TLSv1", "TLSv1.1", "TLSv1.2"]),
    ("sslcertmode", &["allow"]),
    ("sslcompression", &["0"]),
    ("sslcrl", &[]),
    ("sslcrldir", &[]),
    ("sslkeylogfile", &[]),
    ("sslnegotiation", &["postgres"]),
    ("sslpassword", &[]),
    ("sslsni", &["1"]),
    ("tcp_user_timeout", &[]),
];

/// Variables of libpq that stand in for a parameter that is not given; the driver itself reads the others.
const VARIABLES: [(&str, &str); 10] = [
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGPORT", "port"),
    ("PGSSLMODE", "sslmode"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLKEY", "sslkey"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
    ("PGCHANNELBINDING", "channel_binding"),
];

/// Parameters by name. The last of a name counts, as in libpq.
#[derive(Debug, Default)]
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// A part of the URL in front of its parameters, percent-encoded; empty, it is absent.
    pub(super) fn put_part(&mut self, name: &str, text: &str, what: &str) -> Result<(), UrlError> {
        if text.is_empty() {
            return Ok(());
        }
        let value = decoded(text).ok_or_else(|| {
            UrlError::Malformed(format!(
                "{what} is badly percent-encoded: `%` itself is written %25"
            ))
        })?;
        self.0.insert(name.to_owned(), value);
        Ok(())
    }

    /// A parameter of a decoded name.
    pub(super) fn put_parameter(&mut self, name: String, value: &str) -> Result<(), UrlError> {
        let value = decoded(value).ok_or_else(|| {
            UrlError::Malformed(format!("the value of {} is badly percent-encoded", shown(&name)))
        })?;
        self.0.insert(name, value);
        Ok(())
    }

    /// What the environment says where the URL says nothing. An empty variable says nothing either.
    pub(super) fn add_environment(&mut self, environment: impl Fn(&str) -> Option<String>) {
        for (variable, name) in VARIABLES {
            if let Some(value) = environment(variable).filter(|value| !value.is_empty()) {
                self.put_if_absent(name, &value);
            }
        }
    }

    pub(super) fn put_if_absent(&mut self, name: &str, value: &str) {
        self.0.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }

    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Refuses what nobody heeds.
    ///
    /// # Errors
    ///
    /// [`UrlError::Malformed`] with the name of the first such parameter.
    pub(super) fn refuse_the_rest(&self) -> Result<(), UrlError> {
        for (name, value) in &self.0 {
            let unsupported = UNSUPPORTED.iter().find(|(known, _)| known == name);
            let reason = match unsupported {
                Some((_, harmless)) if harmless.contains(&value.as_str()) => continue,
                Some(_) if name == "channel_binding" => {
                    "`channel_binding` can't be required here: leave it out, and verify the server with \
                     `sslmode=verify-full`"
                        .to_owned()
                }
                Some(_) if name.starts_with("service") => {
                    format!("`{name}` is not supported: write host, database and user into the URL")
                }
                Some((_, [])) => format!("the parameter `{name}` of libpq is not supported"),
                Some((_, harmless)) => format!(
                    "the parameter `{name}` of libpq is supported only as {}",
                    harmless.join(" or ")
                ),
                None => format!("there is no parameter {}", shown(name)),
            };
            return Err(UrlError::Malformed(reason));
        }
        Ok(())
    }
}

/// A parameter's name for people. What does not look like a name may be a slipped value, and is not repeated.
pub(super) fn shown(name: &str) -> String {
    let is_name = name.len() <= 40
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-'));
    if is_name && !name.is_empty() {
        format!("`{name}`")
    } else {
        "of that name (one that is not repeated here)".to_owned()
    }
}

/// The text without its percent-encoding; `None` where that is broken, or gives NUL or no UTF-8.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut left = text.bytes();
    while let Some(byte) = left.next() {
        if byte == b'%' {
            let high = char::from(left.next()?).to_digit(16)?;
            let low = char::from(left.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok().filter(|byte| *byte != 0)?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
