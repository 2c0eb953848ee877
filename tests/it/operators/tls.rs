//! Certificates of a PostgreSQL server as people make them, and what is said of those that are not taken.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

use tokio::task::block_in_place;

use super::{done, failed, finish, sql};
use crate::postgres::{Cluster, unprivileged_user};
use crate::server::program;

/// Runs `openssl` in a folder.
fn openssl(folder: &Path, line: &str) {
    let output = Command::new("openssl")
        .args(line.split(' '))
        .current_dir(folder)
        .output()
        .expect("openssl, which Debian's postgresql brings");
    assert!(
        output.status.success(),
        "{line}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Puts a certificate and its key where the server reads them.
async fn use_certificate(url: &str, data: &Path, certificate: &Path, key: &Path) {
    for (from, name) in [(certificate, "server.crt"), (key, "server.key")] {
        let to = data.join(name);
        fs::copy(from, &to).unwrap();
        fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
        if let Some((uid, gid)) = unprivileged_user() {
            chown(&to, Some(uid), Some(gid)).unwrap();
        }
    }
    sql(url, "ALTER SYSTEM SET ssl = on").await;
    sql(url, "SELECT pg_reload_conf()").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_not_taken_comes_with_what_to_do() {
    let own = block_in_place(Cluster::start_own);
    let url = own.create_database().await;
    let folder = tempfile::TempDir::new().unwrap();
    let here = folder.path();
    fs::write(here.join("three.ext"), "subjectAltName=DNS:localhost\n").unwrap();
    for line in [
        "req -new -x509 -days 30 -nodes -newkey rsa:2048 -subj /CN=root -keyout root.key -out root.crt",
        "req -new -x509 -days 30 -nodes -newkey rsa:2048 -subj /CN=other -keyout other.key -out other.crt",
        "req -new -nodes -newkey rsa:2048 -subj /CN=localhost -keyout server.key -out server.csr",
        // As PostgreSQL's manual signs it, without extensions: version 1.
        "x509 -req -in server.csr -days 30 -CA root.crt -CAkey root.key -CAcreateserial -out one.crt",
        "x509 -req -in server.csr -days 30 -CA root.crt -CAkey root.key -CAcreateserial -extfile three.ext -out three.crt",
    ] {
        openssl(here, line);
    }
    let shown = |file: &str| here.join(file).display().to_string();
    let by_name = url.replace("127.0.0.1", "localhost");
    let data = own.data_folder();
    block_in_place(|| {
        let error = failed(&format!("{url}?sslmode=require"), "migrate status");
        assert!(
            error.contains("does not support TLS") && error.contains("sslmode=prefer"),
            "{error}"
        );
    });

    use_certificate(&url, &data, &here.join("one.crt"), &here.join("server.key")).await;
    block_in_place(|| {
        wait_for_tls(&url);
        for mode in [
            "sslmode=prefer".to_owned(),
            format!("sslmode=verify-full&sslrootcert={}", shown("root.crt")),
        ] {
            let error = failed(&format!("{by_name}?{mode}"), "migrate status");
            for words in ["version 1", "sslmode=disable"] {
                assert!(error.contains(words), "{mode}: {error}");
            }
        }
        done(&format!("{by_name}?sslmode=disable"), "migrate status");
    });

    use_certificate(
        &format!("{url}?sslmode=disable"),
        &data,
        &here.join("three.crt"),
        &here.join("server.key"),
    )
    .await;
    block_in_place(|| {
        let begun = std::time::Instant::now();
        while super::run(&format!("{url}?sslmode=require"), "migrate status").code != Some(0) {
            assert!(
                begun.elapsed() < crate::waiting::PATIENCE,
                "the new certificate is not read"
            );
        }
        for parameters in [
            "sslmode=prefer".to_owned(),
            format!("sslmode=require&sslrootcert={}", shown("root.crt")),
            format!("sslmode=verify-ca&sslrootcert={}", shown("root.crt")),
            format!("sslmode=verify-full&sslrootcert={}", shown("root.crt")),
        ] {
            done(&format!("{by_name}?{parameters}"), "migrate status");
        }
        for (url, parameters, words) in [
            (
                &by_name,
                format!("sslmode=verify-full&sslrootcert={}", shown("other.crt")),
                "sslrootcert=FILE",
            ),
            // libpq verifies here too; the driver alone would not.
            (
                &by_name,
                format!("sslmode=require&sslrootcert={}", shown("other.crt")),
                "sslrootcert=FILE",
            ),
            (&by_name, "sslmode=verify-full".to_owned(), "sslrootcert=FILE"),
            (
                &url,
                format!("sslmode=verify-full&sslrootcert={}", shown("root.crt")),
                "subjectAltName",
            ),
        ] {
            let error = failed(&format!("{url}?{parameters}"), "migrate status");
            assert!(error.contains(words), "{parameters}: {error}");
        }
        // As in libpq, the variable counts only where the URL says nothing.
        for (parameters, variable, is_taken) in [
            ("sslmode=verify-full", shown("root.crt"), true),
            ("sslmode=verify-full&sslrootcert=system", shown("root.crt"), false),
            ("sslrootcert=system", shown("root.crt"), false),
            ("sslmode=verify-full", String::new(), false),
        ] {
            let mut command = program(&["migrate", "status"]);
            command
                .env("DATABASE_URL", format!("{by_name}?{parameters}"))
                .env("PGSSLROOTCERT", &variable);
            let ended = finish(&mut command);
            let is_unknown = ended
                .error
                .contains("the authority that signed the certificate is not known");
            assert_eq!(
                (ended.code == Some(0), is_unknown),
                (is_taken, !is_taken),
                "{parameters}, `{variable}`: {ended:?}"
            );
        }
    });
}

/// Waits until the server has read its certificate.
fn wait_for_tls(url: &str) {
    let begun = std::time::Instant::now();
    while failed(&format!("{url}?sslmode=require"), "migrate status").contains("does not support TLS") {
        assert!(
            begun.elapsed() < crate::waiting::PATIENCE,
            "the server has no TLS yet"
        );
    }
}
