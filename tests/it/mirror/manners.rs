//! What an upstream gets of a mirror, and what a mirror makes of answers that are no pages.

use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::proxy::{Act, answer};
use super::{Mirror, Upstream};
use crate::databases::execute;
use crate::server::program;
use crate::waiting;

const ONCE: &str = "--once --rate off --lease 1s --upstream-timeout 1s";

/// The log of a run in which only the first request goes wrong.
fn log_of(mirror: &Mirror, upstream: &Upstream, act: Act) -> String {
    upstream.proxy.forget();
    let act = Mutex::new(Some(act));
    upstream
        .proxy
        .act(move |_| act.lock().unwrap().take().unwrap_or(Act::Pass));
    let (code, _, log) = mirror.run(upstream, ONCE);
    assert_eq!(code, Some(0), "{log}");
    log
}

#[tokio::test]
async fn an_answer_that_is_no_page_is_refused_with_a_reason_and_asked_for_again() {
    let upstream = Upstream::with(250).await;
    let mirror = Mirror::on(crate::databases::either().await).await;
    let gzip = "Content-Type: application/json\r\nContent-Encoding: GZIP\r\n";
    let empty = r#"{"records": [], "next_cursor": null}"#;
    for (act, words) in [
        (answer("200 OK", "", "<html>"), "not JSON"),
        (answer("200 OK", "", "{}"), "no page of imports"),
        (answer("200 OK", gzip, empty), "encoded as `GZIP`"),
        (answer("500 Internal Server Error", "", "oh"), "answers 500: oh"),
        (answer("502 Bad Gateway", "", ""), "answers 502"),
        (
            answer("429 Too Many Requests", "", "{\"error\": \"slow\"}"),
            "the upstream answers 429",
        ),
        // Longer than its length says, or shorter; and one without a length that ends early.
        (Act::Cut(900), "the connection broke"),
        (
            Act::Answer(b"HTTP/1.1 200 OK\r\n\r\n{\"records\": [".to_vec()),
            "cut off after 13 bytes",
        ),
        (Act::Answer(b"no HTTP".to_vec()), "the connection broke"),
        (Act::Endless(100 << 20), "longer than 16777216 bytes"),
        (Act::Silence, "the head of the answer took longer than 1s"),
        (Act::HeadOnly, "the body of the answer took longer than 1s"),
        (Act::Reset, "the connection broke"),
    ] {
        let log = log_of(&mirror, &upstream, act);
        assert!(log.contains(words), "{words}: {log}");
        mirror.assert_same(&upstream).await;
        assert_eq!(mirror.status()["ERROR"], "-", "{words}");
    }
}

#[tokio::test]
async fn retry_after_is_kept_to_in_both_forms() {
    let upstream = Upstream::with(5).await;
    let mirror = Mirror::on(crate::databases::either().await).await;
    for (status, headers, least_ms) in [
        ("429 Too Many Requests", "Retry-After: 2\r\n", 2_000),
        ("503 Service Unavailable", "Retry-After: 1\r\n", 1_000),
        // By a clock that has nothing to do with ours.
        (
            "503 Service Unavailable",
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:39 GMT\r\n",
            2_000,
        ),
        ("429 Too Many Requests", "Retry-After: never\r\n", 125),
    ] {
        log_of(&mirror, &upstream, answer(status, headers, ""));
        let seen = upstream.proxy.seen();
        let waited = seen[1].at - seen[0].at;
        assert!(waited >= Duration::from_millis(least_ms), "{headers}: {waited:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_no_key_goes_elsewhere() {
    let upstream = Upstream::with(5).await;
    let mirror = Mirror::on(crate::databases::either().await).await;
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let address = elsewhere.local_addr().unwrap();
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        // It repeats the key.
        let location = format!(
            "Location: http://{address}/api/v1/imports?token={}\r\n",
            upstream.key
        );
        upstream.proxy.act(move |_| answer(status, &location, ""));
        let (code, _, error) = mirror.run(&upstream, ONCE);
        assert_eq!(code, Some(1), "{error}");
        assert!(
            error.contains("redirects") && error.contains("is not followed"),
            "{error}"
        );
        assert!(elsewhere.accept().is_err(), "{status} was followed");
        assert!(!error.contains(&upstream.key), "{error}");
    }
    let echo = format!("bad: Token {} or so", upstream.key);
    let log = log_of(&mirror, &upstream, answer("500 Internal Server Error", "", &echo));
    assert!(log.contains("answers 500: bad: Token [key] or so"), "{log}");
    assert!(!log.contains(&upstream.key), "{log}");
    upstream
        .proxy
        .act(|_| answer("302 Found", "Location: /login\r\n", ""));
    mirror.run(&upstream, ONCE);
    let status = mirror.status();
    assert!(status["ERROR"].starts_with("the"), "{status:?}");
}

#[tokio::test]
async fn a_refused_key_ends_it_whether_it_runs_once_or_for_ever() {
    let upstream = Upstream::with(5).await;
    let mirror = Mirror::on(crate::databases::either().await).await;
    for options in ["--once", "--every 1h"] {
        let mut command = mirror.command(&upstream, options);
        let output = waiting::output(command.env("GATEWAY_UPSTREAM_KEY", "igw_wrong"));
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(
            error.contains("the key is refused") && error.contains("401"),
            "{error}"
        );
        assert!(!error.contains("igw_wrong"), "{error}");
        // The lease is free at once.
        assert_eq!(mirror.status()["HOLDER"], "-");
    }
}

#[tokio::test]
async fn a_path_that_is_not_there_ends_one_run_and_does_not_end_one_for_ever() {
    let upstream = Upstream::with(5).await;
    let mirror = Mirror::on(crate::databases::either().await).await;
    upstream.proxy.act(|_| answer("404 Not Found", "", ""));
    let (code, _, error) = mirror.run(&upstream, ONCE);
    assert_eq!((code, error.contains("answers 404")), (Some(1), true), "{error}");
    let process = mirror.start(&upstream, "--every 1s --rate off --lease 1s");
    let asked = AtomicUsize::new(0);
    waiting::eventually_blocking("asked again", || {
        asked.store(upstream.proxy.seen().len(), Ordering::Relaxed);
        if asked.load(Ordering::Relaxed) > 3 {
            Ok(())
        } else {
            Err(format!("{asked:?}"))
        }
    });
    upstream.proxy.act(|_| Act::Pass);
    waiting::eventually("the mirror filled", async || {
        waiting::is(mirror.rows().await.len(), &5)
    })
    .await;
    drop(process);
}

#[tokio::test]
async fn a_request_says_who_asks_and_shows_its_keys() {
    let upstream = Upstream::with(5).await;
    let mirror = Mirror::on(crate::databases::either().await).await;
    let folder = tempfile::TempDir::new().unwrap();
    let (key, token) = (folder.path().join("key"), folder.path().join("token"));
    std::fs::write(&key, format!("{}\n", upstream.key)).unwrap();
    std::fs::write(&token, format!("{}\n", upstream.account_token)).unwrap();
    let mut command = mirror.command(&upstream, "--once");
    command
        .env_remove("GATEWAY_UPSTREAM_KEY")
        .arg("--upstream-key-file")
        .arg(&key);
    let output = waiting::output(command.arg("--upstream-account-token-file").arg(&token));
    assert!(output.status.success(), "{output:?}");
    let head = upstream.proxy.seen()[0].head.to_ascii_lowercase();
    for line in [
        "user-agent: imports-gateway/",
        "accept-encoding: identity",
        &format!("authorization: token {}", upstream.key.to_ascii_lowercase()),
        &format!("account-token: {}", upstream.account_token.to_ascii_lowercase()),
    ] {
        assert!(head.contains(line), "{line}: {head}");
    }
}

#[tokio::test]
async fn the_rate_is_kept_across_processes() {
    for mirror in Mirror::on_each().await {
        let upstream = Upstream::with(1_500).await;
        // Each reads some pages and ends; the budget is one.
        for _ in 0..6 {
            mirror.done(&upstream, "--once --rate 7/s --lease 1s --max-pages 3");
        }
        let seen = upstream.proxy.seen();
        assert!(seen.len() >= 15, "{}", seen.len());
        for span in seen.windows(8) {
            let length = span[7].at - span[0].at;
            assert!(length > Duration::from_secs(1), "8 requests in {length:?}");
        }
    }
}

#[tokio::test]
async fn a_bad_record_is_kept_apart_and_stored_once_it_has_changed() {
    let upstream = Upstream::with(150).await;
    for mirror in Mirror::on_each().await {
        let rows = upstream.rows().await;
        let id = rows[42].id;
        let status = format!("\"status\":\"{}\"", rows[42].status.name());
        upstream.proxy.act(move |_| {
            let status = status.clone();
            Act::Change(Box::new(move |body| {
                let Some(start) = body.find(&format!("{{\"id\":{id},")) else {
                    return body;
                };
                let (before, after) = body.split_at(start);
                format!("{before}{}", after.replacen(&status, "\"status\":\"novel\"", 1))
            }))
        });
        let done = mirror.done(&upstream, ONCE);
        assert!(
            done.contains("149 stored") && !done.contains(" 0 refused"),
            "{done}"
        );
        assert_eq!(mirror.status()["REFUSED"], "1");
        let reasons =
            format!("SELECT 1 FROM sync_rejects WHERE import_id = {id} AND reason LIKE '%`status`%novel%'");
        assert_eq!(
            execute(
                &mirror.store,
                &format!("UPDATE sync_rejects SET reason = reason WHERE EXISTS ({reasons})"),
                vec![]
            )
            .await,
            Ok(1)
        );
        upstream.proxy.act(|_| Act::Pass);
        let mut row = rows[42].clone();
        row.updated_at = entity::Instant::now();
        upstream.put(&[row]).await;
        let done = mirror.done(&upstream, ONCE);
        assert!(done.contains("1 stored") && done.contains("0 refused"), "{done}");
        assert_eq!(mirror.status()["REFUSED"], "0");
        mirror.assert_same(&upstream).await;
    }
}

#[tokio::test]
async fn a_bad_record_is_not_absent() {
    let upstream = Upstream::with(50).await;
    for mirror in Mirror::on_each().await {
        mirror.done(&upstream, ONCE);
        let walking = format!("{ONCE} --reconcile-every 1s --overlap 1s");
        for spoil in ["\"status\":\"novel\",\"was\":", "\"id\":\"none\",\"was\":"] {
            let spoilt = spoil.split(':').next().unwrap().to_owned() + ":";
            upstream.proxy.act(move |_| {
                let (spoilt, spoil) = (spoilt.clone(), spoil);
                Act::Change(Box::new(move |body| body.replacen(&spoilt, spoil, 1)))
            });
            for _ in 0..3 {
                std::thread::sleep(Duration::from_millis(1_010));
                assert!(mirror.done(&upstream, &walking).contains(" 0 removed"), "{spoil}");
            }
        }
        mirror.assert_same(&upstream).await;
        upstream.proxy.act(|_| Act::Pass);
    }
}

#[test]
fn wrong_settings_are_refused_before_anything_is_opened() {
    let sync = |line: &str| {
        let mut command = program(&["sync"]);
        command
            .args(line.split_whitespace())
            .env("DATABASE_URL", "sqlite:///none/imports.db");
        let output = waiting::output(&mut command);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let base = "--account 1 --upstream http://127.0.0.1:1";
    let nothing = format!("{base} --once --upstream-key-file /dev/null --upstream-ca-file /dev/null");
    for (line, words) in [
        (String::new(), "--account"),
        (base.to_owned(), "--once|--every"),
        // All that files hold at once, whether it will be needed or not.
        (
            nothing.clone(),
            "--upstream-key-file /dev/null: a key is one line",
        ),
        (nothing, "--upstream-ca-file /dev/null: no certificate"),
        (format!("{base} --once"), "GATEWAY_UPSTREAM_KEY"),
        (format!("{base} --once --every 5m"), "cannot be used with"),
        (
            format!("{base} --once --upstream-key-file /none/key"),
            "/none/key",
        ),
        (format!("{base} --every 0s"), "longer than nothing"),
        (format!("{base} --once --rate 20"), "a rate is"),
        (format!("{base} --once --lease 31s"), "1s to 30s"),
        (format!("{base} --once --max-pages 0"), "--max-pages"),
        (
            "--account 1 --once --upstream http://key@host".to_owned(),
            "a user or a key",
        ),
        (
            "--account 1 --once --upstream http://host/api/v1/imports".to_owned(),
            "what stands before",
        ),
    ] {
        let (code, error) = sync(&line);
        assert_eq!(code, Some(2), "{line}: {error}");
        assert!(error.contains(words), "{line}: {error}");
    }
}

#[tokio::test]
async fn an_account_is_the_mirror_of_one_upstream() {
    let (one, other) = (Upstream::with(5).await, Upstream::with(7).await);
    let mirror = Mirror::on(crate::databases::either().await).await;
    mirror.done(&one, ONCE);
    let (code, _, error) = mirror.run(&other, ONCE);
    assert_eq!(code, Some(1));
    assert!(
        error.contains(&format!("is a mirror of {}", one.proxy.url())),
        "{error}"
    );
    mirror.assert_same(&one).await;
}

#[tokio::test]
async fn a_role_with_the_printed_grants_does_all_that_sync_does() {
    if !crate::gauntlet::tests_on("postgresql") {
        return;
    }
    let upstream = Upstream::with(30).await;
    let mut mirror = Mirror::on(crate::databases::postgres().await).await;
    let grants = waiting::output(&mut program(&["migrate", "grants", "--role", "mirror_writer"]));
    let grants = String::from_utf8(grants.stdout).unwrap();
    let made = format!("CREATE ROLE mirror_writer LOGIN; {grants}");
    sea_orm::ConnectionTrait::execute_unprepared(mirror.store.database(), &made)
        .await
        .unwrap();
    mirror.database =
        crate::databases::Database::at(&mirror.database.url.replacen("gateway@", "mirror_writer@", 1));
    // A bad record, which is good later, and one that two walks do not find.
    upstream.proxy.act(|_| {
        Act::Change(Box::new(|body| {
            body.replacen("\"status\":\"", "\"status\":\"no", 1)
        }))
    });
    let walking = format!("{ONCE} --reconcile-every 1s");
    mirror.done(&upstream, &walking);
    upstream.proxy.act(|_| Act::Pass);
    upstream.remove(&[upstream.rows().await[20].id]).await;
    for _ in 0..2 {
        std::thread::sleep(Duration::from_millis(1_010));
        mirror.done(&upstream, &walking);
    }
    mirror.assert_same(&upstream).await;
    let status = mirror.status();
    assert_eq!(
        (status["REMOVED"].as_str(), status["REFUSED"].as_str()),
        ("1", "0")
    );
}
