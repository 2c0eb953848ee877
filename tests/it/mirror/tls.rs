//! An upstream over TLS, by a certificate of one's own authority.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

use super::{Mirror, Upstream};
use crate::server::program;
use crate::waiting;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_over_tls_is_read_where_its_authority_is_named_and_refused_elsewhere() {
    let folder = tempfile::TempDir::new().unwrap();
    let here = folder.path();
    fs::write(here.join("three.ext"), "subjectAltName=DNS:localhost\n").unwrap();
    for line in [
        "req -new -x509 -days 30 -nodes -newkey rsa:2048 -subj /CN=root -keyout root.key -out root.crt",
        "req -new -nodes -newkey rsa:2048 -subj /CN=localhost -keyout server.key -out server.csr",
        "x509 -req -in server.csr -days 30 -CA root.crt -CAkey root.key -CAcreateserial -extfile three.ext -out server.crt",
    ] {
        let mut openssl = Command::new("openssl");
        let done = waiting::output(openssl.args(line.split(' ')).current_dir(here));
        assert!(done.status.success(), "{line}: {done:?}");
    }
    let certificate = CertificateDer::from_pem_file(here.join("server.crt")).unwrap();
    let key = PrivateKeyDer::from_pem_file(here.join("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let upstream = Upstream::with(130).await;
    let far = upstream.proxy.url().replace("http://", "");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        loop {
            let (near, _) = listener.accept().await.unwrap();
            let (acceptor, far) = (acceptor.clone(), far.clone());
            tokio::spawn(async move {
                // A client that refuses the certificate goes away.
                if let Ok(mut near) = acceptor.accept(near).await {
                    let mut far = TcpStream::connect(far).await.unwrap();
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                }
            });
        }
    });
    let mirror = Mirror::on(crate::databases::either().await).await;
    let sync = |host: &str, authority: Option<&str>| {
        let mut command = program(&["sync", "--account", "1", "--rate", "off", "--upstream"]);
        command
            .arg(format!("https://{host}:{port}"))
            .args(["--every", "1h", "--lease", "1s"])
            .env("DATABASE_URL", &mirror.database.url)
            .env("GATEWAY_UPSTREAM_KEY", &upstream.key)
            .env("NO_COLOR", "1")
            .stderr(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null());
        if let Some(file) = authority {
            command.arg("--upstream-ca-file").arg(here.join(file));
        }
        let mut process = super::Running(command.spawn().unwrap());
        let log = waiting::lines(process.0.stderr.take().unwrap());
        (process, log)
    };
    for (host, authority, words) in [
        ("localhost", None, "UnknownIssuer"),
        ("127.0.0.1", Some("root.crt"), "not valid for"),
        ("localhost", Some("server.csr"), "--upstream-ca-file"),
        ("localhost", Some("root.crt"), "is at its end"),
    ] {
        let (process, log) = sync(host, authority);
        let told = waiting::line(&log, |line| line.contains(words).then_some(()));
        assert!(told.is_some(), "{words}");
        drop(process);
        // Each host is another upstream.
        if words != "is at its end" {
            crate::databases::execute(&mirror.store, "DELETE FROM mirrors", Vec::new())
                .await
                .unwrap();
        }
    }
    mirror.assert_same(&upstream).await;
    serving.abort();
}
