//! Why a database gives no answer: in the log, at `/readyz` and from the commands, and never with a password.

use tokio::task::block_in_place;

use super::{failed, finish, sql, unready_for};
use crate::postgres::{Cluster, cluster};
use crate::server::{Server, program};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reason_is_in_the_log_at_readyz_and_in_migrate_status_without_the_password() {
    let own = block_in_place(Cluster::start_own);
    let url = own.create_database().await;
    sql(
        &url,
        "CREATE ROLE locked LOGIN PASSWORD 'right'; CREATE ROLE full_house LOGIN CONNECTION LIMIT 0",
    )
    .await;
    own.ask_for_passwords_of("locked");
    sql(&url, "SELECT pg_reload_conf()").await;
    let as_role = |role: &str| super::as_role(&url, role);
    let (host, name) = url.rsplit_once('/').unwrap();
    let port = host.rsplit(':').next().unwrap();
    let cases = [
        (
            as_role("locked:hunter2"),
            vec!["password authentication failed", "28P01", port],
        ),
        (
            url.replace(name, "nowhere")
                .replace("gateway@", "gateway:hunter2@"),
            vec!["database \"nowhere\" does not exist", "3D000"],
        ),
        (
            as_role("full_house:hunter2"),
            vec!["too many connections for role", "53300", "max_connections"],
        ),
        (
            "postgres://gateway:hunter2@no-such-host.invalid/imports".to_owned(),
            vec!["no-such-host.invalid:5432"],
        ),
        (
            "postgres://gateway:hunter2@127.0.0.1:1/imports".to_owned(),
            vec!["127.0.0.1:1: ", "refused"],
        ),
        (
            "postgres://gateway:hunter2@/imports?host=/none/there".to_owned(),
            vec!["/none/there/.s.PGSQL.5432", "No such file"],
        ),
        (
            format!(
                "{}?target_session_attrs=standby",
                url.replace("gateway@", "gateway:hunter2@")
            ),
            vec!["target_session_attrs=standby", "a primary"],
        ),
    ];
    block_in_place(|| {
        for (url, words) in &cases {
            let mut server = Server::over(url, &[], Vec::new());
            let told = unready_for(&server, words[0]);
            let status = failed(url, "migrate status");
            server.terminate();
            assert_eq!(server.wait().code(), Some(0));
            let log = server.last_log();
            for word in words {
                assert!(told.contains(word), "{word}: {told}");
                assert!(log.contains(word), "{word}: {log}");
                assert!(status.contains(word), "{word}: {status}");
            }
            for text in [told, log, status] {
                assert!(!text.contains("hunter2") && !text.contains("at line"), "{text}");
            }
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_place_is_where_one_really_connects_by_the_environment_too() {
    let cluster = cluster();
    let url = cluster.create_database().await;
    let (host, name) = url.rsplit_once('/').unwrap();
    let port = host.rsplit(':').next().unwrap();
    let folder = cluster.data_folder().parent().unwrap().display().to_string();
    let by_socket = format!("{folder}/.s.PGSQL.{port}: ");
    let by_address = format!("127.0.0.1:{port}: ");
    block_in_place(|| {
        for (parameters, variables, place) in [
            ("", [("PGHOST", folder.as_str()), ("PGPORT", port)], &by_socket),
            ("", [("PGHOST", "127.0.0.1"), ("PGPORT", port)], &by_address),
            ("", [("PGHOSTADDR", "127.0.0.1"), ("PGPORT", port)], &by_address),
            (
                "?host=127.0.0.1",
                [("PGHOST", "/none"), ("PGPORT", port)],
                &by_address,
            ),
        ] {
            let run = |database: &str| {
                let mut command = program(&["migrate", "status"]);
                command
                    .env(
                        "DATABASE_URL",
                        format!("postgres://gateway@/{database}{parameters}"),
                    )
                    .envs(variables);
                finish(&mut command)
            };
            let ended = run(name);
            assert_eq!(ended.code, Some(0), "{variables:?}: {ended:?}");
            let ended = run("nowhere");
            assert!(
                ended.error.contains(place) && ended.error.contains("database \"nowhere\" does not exist"),
                "{place}, {variables:?}: {ended:?}"
            );
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reason_is_logged_once_as_long_as_it_is_the_same() {
    let url = cluster().create_database().await;
    sql(&url, "CREATE ROLE patient LOGIN CONNECTION LIMIT 0").await;
    let theirs = super::as_role(&url, "patient");
    let mut server = block_in_place(|| {
        let server = Server::over(&theirs, &[], Vec::new());
        unready_for(&server, "too many connections");
        server
    });
    sql(&url, "ALTER ROLE patient CONNECTION LIMIT -1").await;
    block_in_place(|| {
        unready_for(&server, "outdated");
        server.terminate();
        assert_eq!(server.wait().code(), Some(0));
    });
    let log = server.last_log();
    let watched = |line: &&str| line.contains("the database does not answer reason=");
    assert_eq!(log.lines().filter(watched).count(), 1, "{log}");
}
