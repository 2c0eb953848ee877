//! The place of a server, as operators are shown it.

use std::path::Path;

use super::super::postgres::read;
use super::of;

#[test]
fn a_place_names_no_user_and_no_password() {
    for (url, place) in [
        (
            "postgres://reader:hunter2@db.example/i",
            "the PostgreSQL server at db.example:5432",
        ),
        ("postgres://[::1]:6432/i", "the PostgreSQL server at [::1]:6432"),
        (
            "postgres:///i?host=/run/pg",
            "the PostgreSQL server at /run/pg/.s.PGSQL.5432",
        ),
        (
            "postgres:///i?host=db.example",
            "the PostgreSQL server at db.example:5432",
        ),
        ("postgres:///i", "the PostgreSQL server at localhost:5432"),
    ] {
        assert_eq!(of(url).expect(url).place, place);
    }
}

#[test]
fn a_place_is_where_one_really_connects_by_the_environment_and_the_sockets_too() {
    let sockets = [
        "/tmp/.s.PGSQL.5432",
        "/tmp/.s.PGSQL.6432",
        "/var/run/postgresql/.s.PGSQL.6432",
    ];
    for (url, variables, sockets, place) in [
        (
            "postgres:///i",
            &[("PGHOST", "db.example")][..],
            &sockets[..0],
            "db.example:5432",
        ),
        ("postgres:///i", &[("PGPORT", "6432")], &[], "localhost:6432"),
        (
            "postgres:///i",
            &[("PGHOST", "::1"), ("PGPORT", "1")],
            &[],
            "[::1]:1",
        ),
        (
            "postgres:///i",
            &[("PGHOST", "/run/pg")],
            &[],
            "/run/pg/.s.PGSQL.5432",
        ),
        (
            "postgres:///i",
            &[("PGHOST", ""), ("PGPORT", "")],
            &[],
            "localhost:5432",
        ),
        (
            "postgres:///i",
            &[("PGHOST", "a"), ("PGHOSTADDR", "192.0.2.7")],
            &[],
            "192.0.2.7:5432",
        ),
        (
            "postgres:///i",
            &[("PGHOSTADDR", "192.0.2.7")],
            &sockets,
            "192.0.2.7:5432",
        ),
        (
            "postgres://b:2/i",
            &[("PGHOST", "a"), ("PGPORT", "1")],
            &sockets,
            "b:2",
        ),
        (
            "postgres:///i?host=b&port=2",
            &[("PGHOST", "a"), ("PGPORT", "1")],
            &[],
            "b:2",
        ),
        (
            "postgres:///i?port=2",
            &[("PGHOST", "a"), ("PGPORT", "1")],
            &[],
            "a:2",
        ),
        ("postgres:///i", &[], &sockets, "/tmp/.s.PGSQL.5432"),
        (
            "postgres:///i",
            &[("PGPORT", "6432")],
            &sockets,
            "/var/run/postgresql/.s.PGSQL.6432",
        ),
        (
            "postgres://:6432/i",
            &[],
            &sockets,
            "/var/run/postgresql/.s.PGSQL.6432",
        ),
        ("postgres://:7432/i", &[], &sockets, "localhost:7432"),
    ] {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let read = read(url, variable, |path| {
            sockets.iter().any(|socket| path == Path::new(socket))
        });
        let read = read.expect(url);
        assert_eq!(
            read.place,
            format!("the PostgreSQL server at {place}"),
            "{url} {variables:?}"
        );
        // The driver has the same one.
        let options: sqlx::postgres::PgConnectOptions = read.for_driver.parse().expect(url);
        let host = options
            .get_socket()
            .map_or(options.get_host(), |folder| folder.to_str().expect(url));
        let (shown_host, shown_port) = place.rsplit_once([':', '.']).expect(place);
        let shown_host = shown_host.trim_end_matches("/.s.PGSQL").trim_matches(['[', ']']);
        assert_eq!(
            (host, options.get_port().to_string().as_str()),
            (shown_host, shown_port),
            "{url}"
        );
    }
    for variables in [
        ("PGHOST", "h1,h2"),
        ("PGHOST", "run/hunter2"),
        ("PGHOSTADDR", "hunter2"),
        ("PGPORT", "hunter2"),
    ] {
        let variable = |name: &str| (name == variables.0).then(|| variables.1.to_owned());
        let error = read("postgres:///i", variable, |_| false)
            .expect_err(variables.0)
            .to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
