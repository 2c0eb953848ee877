//! URLs of PostgreSQL of the kinds that libpq takes and refuses, and the rule that no value of one is repeated.

mod place;

use std::time::Duration;

use super::postgres::{ServerUrl, Target, read};
use super::*;

fn of(url: &str) -> Result<ServerUrl, UrlError> {
    read(url, |_| None, |_| false)
}

fn for_driver(url: &str) -> String {
    of(url).map_or_else(|error| error.to_string(), |url| url.for_driver)
}

#[track_caller]
fn refused(url: &str, word: &str) {
    let error = for_driver(url);
    assert!(
        error.starts_with("the database URL cannot be used: "),
        "{url}: {error}"
    );
    assert!(error.contains(word), "{url}: {error}");
    assert!(!error.to_lowercase().contains("hunter2"), "{url}: {error}");
}

#[test]
fn every_form_of_libpq_comes_to_the_same_parameters() {
    for (url, parameters) in [
        ("postgres://", "host=localhost"),
        ("postgresql:///", "host=localhost"),
        ("postgres://db.example", "host=db%2Eexample"),
        ("postgres://db.example/", "host=db%2Eexample"),
        ("postgres://db.example:6432/", "host=db%2Eexample&port=6432"),
        (
            "postgresql://db.example:/imports",
            "host=db%2Eexample&dbname=imports",
        ),
        ("postgres:///imports", "host=localhost&dbname=imports"),
        (
            "postgres://:6432/imports",
            "host=localhost&port=6432&dbname=imports",
        ),
        ("postgres://reader@", "host=localhost&user=reader"),
        ("postgres://@db", "host=db"),
        (
            "postgres://reader@db/imports",
            "host=db&user=reader&dbname=imports",
        ),
        (
            "postgres://reader:pa%20ss%2Fword%25@db:6432/imports",
            "host=db&port=6432&user=reader&password=pa%20ss%2Fword%25&dbname=imports",
        ),
        // The first `:` ends the user; what else is in a password before the `@` is the password's.
        (
            "postgres://u:a:b#c?d@h/i",
            "host=h&user=u&password=a%3Ab%23c%3Fd&dbname=i",
        ),
        ("postgres://%64b/%69mports", "host=db&dbname=imports"),
        (
            "postgres://db/imports?user=u&port=1",
            "host=db&port=1&user=u&dbname=imports",
        ),
        ("postgres://db?u%73er=u", "host=db&user=u"),
        ("postgres://db?", "host=db"),
        ("postgres://db/a?dbname=b", "host=db&dbname=b"),
        ("postgres://[::1]", "host=%3A%3A1"),
        (
            "postgres://[::1]:6432/imports",
            "host=%3A%3A1&port=6432&dbname=imports",
        ),
        (
            "postgres://u:p@[2001:db8::5]/i",
            "host=2001%3Adb8%3A%3A5&user=u&password=p&dbname=i",
        ),
        ("postgres://?hostaddr=192.0.2.7", "host=192%2E0%2E2%2E7"),
        ("postgres://db?hostaddr=192.0.2.7", "host=192%2E0%2E2%2E7"),
        ("postgres://db?hostaddr=::1", "host=%3A%3A1"),
        (
            "postgres://u:p@/imports?host=/cloudsql/a:b:c",
            "host=%2Fcloudsql%2Fa%3Ab%3Ac&user=u&password=p&dbname=imports&sslmode=disable",
        ),
        (
            "postgres://u@?host=/run/pg",
            "host=%2Frun%2Fpg&user=u&sslmode=disable",
        ),
        (
            "postgres://u@:6432?host=/run/pg",
            "host=%2Frun%2Fpg&port=6432&user=u&sslmode=disable",
        ),
        (
            "postgres://%2Frun%2Fpg/imports?sslmode=verify-full",
            "host=%2Frun%2Fpg&dbname=imports&sslmode=disable",
        ),
        (
            "postgres://db?application_name=billing",
            "host=db&application%5Fname=billing",
        ),
        (
            "postgres://db?options=-c%20geqo%3Doff",
            "host=db&options=%2Dc%20geqo%3Doff",
        ),
    ] {
        let expected = format!("postgres:///?{parameters}");
        let given = for_driver(url).replace("application_name=", "application%5Fname=");
        // The port is always said, so that the driver reads no other.
        assert!(given.contains("&port="), "{given}");
        let given = given.replace("&port=5432", "");
        assert_eq!(given, expected, "{url}");
        // And the driver takes it.
        assert!(given.parse::<sqlx::postgres::PgConnectOptions>().is_ok(), "{url}");
    }
}

#[test]
fn what_libpq_refuses_and_what_is_not_heeded_here_is_refused_without_a_value() {
    for (url, word) in [
        ("postgres://[::1", "`]`"),
        ("postgres://[]/db", "IPv6"),
        ("postgres://[hunter2]/db", "IPv6"),
        ("postgres://[::1]hunter2/db", ":PORT"),
        ("postgres://[2001:db8::zzzz]/db", "IPv6"),
        ("postgres://db?hunter2", "NAME=VALUE"),
        ("postgres://db?user=hunter2&hunter2", "NAME=VALUE"),
        ("postgres://db?password=hunter2=", "`password`"),
        ("postgres://db?dbname=%XXhunter2", "`dbname`"),
        ("postgres://u:hunter2%@db", "the password"),
        ("postgres://u:hunter2%ff@db", "the password"),
        ("postgres://u:hunter2%00@db", "the password"),
        ("postgres://%zz", "the host"),
        ("postgres://%1", "the host"),
        ("postgres://db:hunter2/imports", "port"),
        ("postgres://db:0/imports", "port"),
        ("postgres://db:65536/imports", "port"),
        ("postgres://u:hunter@hunter2@db:5432/imports", "%40"),
        ("postgres://u:hunter@@db/imports", "%40"),
        ("postgres://u:hunter@hunter2#@db/imports", "%40"),
        ("postgres://u:12/hunter2@db/imports", "%40"),
        ("postgres://hunter2#db/imports", "absolute"),
        ("postgres:///imports?host=u@db", "%40"),
        ("postgres://h1:5432,h2/imports", "several hosts"),
        ("postgres://h1,h2:5432/imports", "several hosts"),
        ("postgres://[::1],h2/imports", "several hosts"),
        ("postgres:///imports?host=h1,h2", "several hosts"),
        ("postgres://h1/imports?port=1,2", "several hosts"),
        ("postgres:///imports?host=@hunter2", "abstract"),
        ("postgres:///imports?host=run/hunter2", "absolute"),
        ("postgres://db?hostaddr=hunter2", "`hostaddr`"),
        ("postgres://db?service=hunter2", "`service`"),
        ("postgres://db?servicefile=hunter2", "`servicefile`"),
        ("postgres://db?passfile=hunter2", "`passfile`"),
        ("postgres://db?channel_binding=require", "`channel_binding`"),
        ("postgres://db?require_auth=scram-sha-256", "`require_auth`"),
        ("postgres://db?sslcrl=hunter2", "`sslcrl`"),
        ("postgres://db?keepalives_idle=30", "`keepalives_idle`"),
        ("postgres://db?ssl_min_protocol_version=TLSv1.3", "TLSv1.2"),
        ("postgres://db?load_balance_hosts=random", "`load_balance_hosts`"),
        ("postgres://db?connect_timeout=hunter2", "`connect_timeout`"),
        (
            "postgres://db?target_session_attrs=hunter2",
            "`target_session_attrs`",
        ),
        ("postgres://db?uzer=hunter2", "`uzer`"),
        ("postgres://db?pgbouncer=true", "`pgbouncer`"),
        ("postgres://db?schema=hunter2", "`schema`"),
        (
            "postgres://db?statement-cache-capacity=0",
            "`statement-cache-capacity`",
        ),
        // A password that was cut by its own `?`, `&` or the like.
        ("postgres://db/i?Hunter2=1", "not repeated"),
    ] {
        refused(url, word);
    }
    assert!(matches!(of("mysql://db"), Err(UrlError::Scheme)));
    assert!(matches!(of("postgres:db"), Err(UrlError::Scheme)));
}

#[test]
fn tls_promises_no_less_than_libpq_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("root.crt");
    std::fs::write(&file, "").expect("a file");
    let file = file.display();
    for (parameters, mode) in [
        (String::new(), None),
        ("sslmode=disable".to_owned(), Some("disable")),
        ("sslmode=prefer".to_owned(), Some("prefer")),
        ("sslmode=require".to_owned(), Some("require")),
        ("ssl=true".to_owned(), Some("require")),
        // The driver alone would not look at the certificate.
        (format!("sslmode=require&sslrootcert={file}"), Some("verify%2Dca")),
        (format!("ssl=true&sslrootcert={file}"), Some("verify%2Dca")),
        (
            format!("sslmode=verify-ca&sslrootcert={file}"),
            Some("verify%2Dca"),
        ),
        (
            format!("sslmode=verify-full&sslrootcert={file}"),
            Some("verify%2Dfull"),
        ),
        ("sslmode=verify-full".to_owned(), Some("verify%2Dfull")),
        (
            "sslmode=verify-full&sslrootcert=system".to_owned(),
            Some("verify%2Dfull"),
        ),
        ("sslrootcert=system".to_owned(), Some("verify%2Dfull")),
    ] {
        let given = for_driver(&format!("postgres://db?{parameters}"));
        let found = given
            .split_once("sslmode=")
            .map(|(_, mode)| mode.split('&').next().unwrap_or_default());
        assert_eq!(found, mode, "{parameters}: {given}");
        assert!(!given.contains("system"), "{given}");
    }
    for (parameters, word) in [
        ("sslmode=allow", "sslmode=allow"),
        ("sslmode=Require", "`sslmode`"),
        ("sslmode=hunter2", "`sslmode`"),
        ("sslmode=verify-ca", "sslrootcert"),
        ("sslmode=require&sslrootcert=system", "verify-full"),
        ("sslmode=verify-full&sslrootcert=/none/hunter2", "`sslrootcert`"),
        ("sslcert=/none/hunter2", "go together"),
        ("sslkey=/none/hunter2", "go together"),
        ("sslcert=/none/hunter2&sslkey=/none/hunter2", "`sslcert`"),
        ("ssl=hunter2", "`ssl`"),
        ("sslmode=verify-full&hostaddr=192.0.2.7", "`hostaddr`"),
    ] {
        refused(&format!("postgres://db?{parameters}"), word);
    }
}

#[test]
fn what_is_heeded_beside_the_driver_is_read_from_the_url_or_else_the_environment() {
    let read = |url: &str, variables: &[(&str, &str)]| {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        read(url, variable, |_| false)
    };
    for (url, variables, seconds, target) in [
        ("postgres://db", &[][..], None, Target::Any),
        ("postgres://db?connect_timeout=3", &[], Some(3), Target::Any),
        ("postgres://db?connect_timeout=0", &[], None, Target::Any),
        (
            "postgres://db?target_session_attrs=primary",
            &[],
            None,
            Target::Primary,
        ),
        (
            "postgres://db?target_session_attrs=standby",
            &[],
            None,
            Target::Standby,
        ),
        (
            "postgres://db?target_session_attrs=read-write",
            &[],
            None,
            Target::ReadWrite,
        ),
        (
            "postgres://db?target_session_attrs=read-only",
            &[],
            None,
            Target::ReadOnly,
        ),
        (
            "postgres://db?target_session_attrs=prefer-standby",
            &[],
            None,
            Target::Any,
        ),
        (
            "postgres://db",
            &[("PGCONNECT_TIMEOUT", "7")],
            Some(7),
            Target::Any,
        ),
        ("postgres://db", &[("PGCONNECT_TIMEOUT", "")], None, Target::Any),
        (
            "postgres://db?connect_timeout=3",
            &[("PGCONNECT_TIMEOUT", "7")],
            Some(3),
            Target::Any,
        ),
        (
            "postgres://db",
            &[("PGTARGETSESSIONATTRS", "standby")],
            None,
            Target::Standby,
        ),
    ] {
        let read = read(url, variables).expect(url);
        let expected = seconds.map(Duration::from_secs);
        assert_eq!(
            (read.connect_timeout, read.target),
            (expected, target),
            "{url} {variables:?}"
        );
    }
    assert!(read("postgres://db", &[("PGSSLMODE", "allow")]).is_err());
    assert!(read("postgres://db", &[("PGCHANNELBINDING", "require")]).is_err());
}

#[test]
fn both_databases_are_known_by_their_schemes() {
    for (url, backend) in [
        ("sqlite://imports.db?mode=rwc", DbBackend::Sqlite),
        ("postgres://user:secret@localhost/imports", DbBackend::Postgres),
        ("postgresql://localhost/imports", DbBackend::Postgres),
    ] {
        assert_eq!(check(url).ok(), Some(backend), "{url}");
    }
    for url in [
        "",
        "imports.db",
        "mysql://user:hunter2@localhost/imports",
        "postgres:hunter2@localhost",
    ] {
        let error = check(url).expect_err(url);
        assert!(matches!(error, UrlError::Scheme) && !error.to_string().contains("hunter2"));
    }
}
