//! Mirrors that `serve --mirror` keeps beside the service: what a file of them says, and who asks whom.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use imports_gateway::store::accounts;
use tempfile::TempDir;

use super::{Mirror, Running, Upstream};
use crate::databases::{instant, sqlite};
use crate::server::{Client, Server, program};
use crate::waiting::{self, eventually, eventually_blocking};

const WRONG_KEY: &str = "a-key-that-nobody-has";

/// A file of two mirrors: account 1 with the upstream's key, account 2 with a wrong one.
fn file(folder: &Path, upstream: &Upstream) -> PathBuf {
    fs::write(folder.join("good"), format!("{}\n", upstream.key)).unwrap();
    fs::write(folder.join("wrong"), WRONG_KEY).unwrap();
    let mirror = |account: i64, key: &str| {
        let url = upstream.proxy.url();
        format!(
            "[[mirror]]\naccount = {account}\nupstream = \"{url}\"\nupstream_key_file = \"{key}\"\nevery = \"1s\"\n\
             rate = \"off\"\nlease = \"5s\"\n\n"
        )
    };
    let file = folder.join("mirrors.toml");
    fs::write(&file, [mirror(1, "good"), mirror(2, "wrong")].concat()).unwrap();
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_share_their_mirrors_and_a_refused_key_harms_no_other() {
    let upstream = Upstream::with(130).await;
    let folder = TempDir::new().unwrap();
    let file = file(folder.path(), &upstream);
    let options = ["--mirror", file.to_str().unwrap()];
    for mirror in Mirror::on_each().await {
        accounts::create(&mirror.store, "Refused", instant(0))
            .await
            .unwrap();
        let mut servers: Vec<Server> = Vec::new();
        for _ in 0..2 {
            servers.push(mirror.serve(&options).await);
        }
        let in_step = async || {
            eventually("the same rows", async || {
                let (theirs, ours) = (upstream.rows().await, mirror.rows().await);
                (theirs == ours)
                    .then_some(())
                    .ok_or(format!("{} of {}", ours.len(), theirs.len()))
            })
            .await;
        };
        in_step().await;
        let told = eventually_blocking("what is wrong with the other account", || {
            let told = servers[0].wait_for("/readyz", 200).text();
            let is_told =
                told.contains("the mirror of account 2 is stalled: no page yet: the upstream answers 401");
            if is_told { Ok(told) } else { Err(told) }
        });
        assert!(!told.contains("account 1"), "{told}");
        let holder = || {
            let holder = mirror.status()["HOLDER"].clone();
            let pid = holder.rsplit(':').next().and_then(|pid| pid.parse().ok());
            servers
                .iter()
                .position(|server| Some(server.pid()) == pid)
                .ok_or(holder)
        };
        let first = eventually_blocking("one of both holds the lease", holder);
        let mut ended = servers.remove(first);
        ended.terminate();
        assert!(ended.wait().success());
        let pid = servers[0].pid().to_string();
        eventually_blocking("the other holds it", || {
            let holder = mirror.status()["HOLDER"].clone();
            holder.ends_with(&format!(":{pid}")).then_some(()).ok_or(holder)
        });
        let mut changed = upstream.rows().await.pop().unwrap();
        changed.note = Some("changed".to_owned());
        changed.updated_at = entity::Instant::now();
        upstream.put(&[changed.clone()]).await;
        eventually("the change", async || {
            let ours = mirror.rows().await;
            waiting::is(ours.last(), &Some(&changed))
        })
        .await;
        let mut last = servers.remove(0);
        last.terminate();
        assert!(last.wait().success());
        assert_eq!(mirror.status()["HOLDER"], "-");
        for log in [ended.last_log(), last.last_log()] {
            for secret in [upstream.key.as_str(), WRONG_KEY] {
                assert!(!log.contains(secret), "{log}");
            }
            assert!(
                log.contains("a mirror does not go on") || log.contains("waiting for its lease"),
                "{log}"
            );
        }
    }
}

#[test]
fn everything_that_is_wrong_with_a_file_of_mirrors_is_told_before_anything_starts() {
    let folder = TempDir::new().unwrap();
    let database = sqlite();
    let file = folder.path().join("mirrors.toml");
    fs::write(folder.path().join("key"), "two\nlines").unwrap();
    fs::write(folder.path().join("ca"), "no certificate").unwrap();
    let refused = |text: Option<&str>, more: &[&str]| {
        if let Some(text) = text {
            fs::write(&file, text).unwrap();
        }
        let mut command = program(&["serve", "--listen", "127.0.0.1:0"]);
        command
            .args(more)
            .env("DATABASE_URL", &database.url)
            .env("GATEWAY_MIRROR", &file);
        let output = waiting::output(&mut command);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), output.stdout.len()),
            (Some(2), 0),
            "{error}"
        );
        error
    };
    assert!(refused(None, &[]).contains("--mirror cannot be read: entity not found"));
    let text = "[[mirror]]\naccount = 1\nupstream = 'http://a.example?key=x'\nupstream_key_file = 'key'\nevery = 'often'";
    let error = refused(Some(text), &["--depth", "0"]);
    for told in [
        "--depth",
        "--mirror mirror 1: `upstream` is wrong: must not have a query",
        "--mirror mirror 1: `every` is wrong: a duration is",
    ] {
        assert!(error.contains(told), "{told}: {error}");
    }
    // What the files hold, once all else is right: of all mirrors at once.
    let text = "[[mirror]]\naccount = 1\nupstream = 'http://a.example'\nupstream_key_file = 'key'\nupstream_ca_file = 'ca'\n\
                [[mirror]]\naccount = 2\nupstream = 'http://a.example'\nupstream_key_file = 'absent'";
    let error = refused(Some(text), &[]);
    for told in [
        "mirror 1: `upstream_key_file`: a key is one line of visible ASCII",
        "mirror 1: `upstream_ca_file`: no certificate",
        "mirror 2: `upstream_key_file`: the file cannot be read: entity not found",
    ] {
        assert!(error.contains(told), "{told}: {error}");
    }
    assert!(!error.contains("lines"), "{error}");
}

#[test]
fn the_demo_of_a_mirror_has_its_upstreams_imports() {
    let mut process = program(&[
        "demo",
        "--mirror",
        "--no-live",
        "--rows",
        "250",
        "--listen",
        "127.0.0.1:0",
    ])
    .env("RUST_LOG", "off")
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    let said = waiting::lines(process.stdout.take().unwrap());
    let mut demo = Running(process);
    let word_behind = |mark: &str| {
        let word = |line: &str| Some(line.split_once(mark)?.1.split([' ', ')']).next()?.to_owned());
        waiting::line(&said, word).unwrap_or_else(|| panic!("the demo does not say: {mark}"))
    };
    let (address, key) = (word_behind("listening on http://"), word_behind("API key     "));
    let upstream = |line: &str| {
        let (address, rest) = line.strip_prefix("http://")?.split_once("/ (API key ")?;
        Some((address.to_owned(), rest.split(')').next()?.to_owned()))
    };
    let (their_address, their_key) = waiting::line(&said, upstream).expect("the demo names the upstream");
    let mut ours = Client::new(&address, Some(&key));
    eventually_blocking("a mirror that follows", || {
        let told = ours.data("{ viewer { mirror { phase isComplete ageSeconds } } }");
        let mirror = &told["viewer"]["mirror"];
        let follows = mirror["phase"] == "FOLLOWING" && mirror["ageSeconds"].is_u64();
        follows.then_some(()).ok_or_else(|| told.to_string())
    });
    let mut theirs = Client::new(&their_address, Some(&their_key));
    assert_eq!(
        theirs.data("{ viewer { mirror { phase } } }")["viewer"]["mirror"],
        serde_json::Value::Null
    );
    let list = "{ imports(first: 100, sort: [{id: ASC}]) { estimatedRemainingCount nodes { databaseId note updatedAt } } }";
    let there = theirs.data(list);
    assert_eq!(there["imports"]["estimatedRemainingCount"], 250);
    assert_eq!(ours.data(list), there);
    demo.signal("INT");
    assert_eq!(demo.wait(), Some(0));
}
