//! How old a mirror's imports are: told wherever they are read, and where operators look.

use imports_gateway::store::tokens;
use serde_json::{Value, json};

use super::proxy::Act;
use super::{Mirror, Upstream};
use crate::app::account_id;
use crate::databases::{execute, instant};
use crate::server::{Ask, Client, Server, Tenant};
use crate::waiting::{PATIENCE, eventually_blocking};

const ASKED: &str = "{ viewer { mirror { upstream phase lastPolledAt ageSeconds isComplete } }
    imports(first: 1) { mirror { upstream phase lastPolledAt ageSeconds isComplete } } }";
const PLAIN: &str = "{ viewer { name } imports(first: 1) { nodes { id } } }";
const LIST: &str = "/api/v1/imports?per_page=2";
const HOUR: u64 = 3600;

impl Mirror {
    /// The service over its database, with a key of the account.
    pub(super) async fn serve(&self, options: &[&str]) -> Server {
        let made = tokens::create(&self.store, 1, "", None, instant(0))
            .await
            .unwrap();
        let tenant = Tenant {
            key: made.unwrap().1.reveal().to_owned(),
            account_token: String::new(),
        };
        Server::over(&self.database.url, options, vec![tenant])
    }

    /// Sets all its instants back by an hour, and its interval to a second.
    async fn an_hour_ago(&self) {
        let back = |column: &str| match self.store.backend() {
            sea_orm::DbBackend::Sqlite => format!("{column} = {column} - 3600000000"),
            _ => format!("{column} = {column} - interval '1 hour'"),
        };
        let (polled, page) = (back("last_polled_at"), back("last_page_at"));
        let text = format!("UPDATE mirrors SET {polled}, {page}, interval_ms = 1000");
        assert_eq!(execute(&self.store, &text, Vec::new()).await, Ok(1));
    }
}

/// An age of an hour, and of what the test took since.
fn is_an_hour(seconds: u64) -> bool {
    (HOUR..HOUR + 10 * PATIENCE.as_secs()).contains(&seconds)
}

fn metric(client: &mut Client, name: &str) -> Option<f64> {
    let text = client.get("/metrics").text();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .map(str::to_owned);
    line.map(|line| line.trim().parse().unwrap())
}

const AGE: &str = "imports_gateway_mirror_age_seconds{account=\"1\"}";
const STALLED: &str = "imports_gateway_mirror_stalled{account=\"1\"}";

#[tokio::test]
async fn an_account_that_is_no_mirror_says_nothing_of_one() {
    for mirror in Mirror::on_each().await {
        let server = mirror.serve(&[]).await;
        let ready = server.wait_for("/readyz", 200);
        assert_eq!(ready.text(), "ready\n");
        let mut client = server.client();
        let nothing = json!({"viewer": {"mirror": null}, "imports": {"mirror": null}});
        assert_eq!(client.data(ASKED), nothing);
        let page = client.get(LIST);
        assert_eq!((page.status, page.header("age")), (200, None));
        assert_eq!(metric(&mut client, AGE), None);
        assert_eq!(metric(&mut client, STALLED), None);
    }
}

#[tokio::test]
async fn every_answer_tells_how_old_a_mirrors_imports_are() {
    let upstream = Upstream::with(5).await;
    for mirror in Mirror::on_each().await {
        mirror.done(&upstream, "--once --rate off");
        let server = mirror.serve(&[]).await;
        server.wait_for("/readyz", 200);
        let mut client = server.client();
        let told = client.data(ASKED);
        let fresh = &told["viewer"]["mirror"];
        assert_eq!(*fresh, told["imports"]["mirror"]);
        assert_eq!(fresh["upstream"], upstream.proxy.url());
        assert_eq!(
            (&fresh["phase"], &fresh["isComplete"]),
            (&json!("FOLLOWING"), &json!(true))
        );
        assert!(fresh["lastPolledAt"].as_str().unwrap().ends_with('Z'), "{fresh}");
        assert!(fresh["ageSeconds"].as_u64().unwrap() < HOUR, "{fresh}");

        mirror.an_hour_ago().await;
        // The same by every road to the account.
        let account = account_id(1);
        let road =
            format!("{{ node(id: \"{account}\") {{ ... on Account {{ mirror {{ phase ageSeconds }} }} }} }}");
        for (query, place) in [(ASKED, "/viewer"), (ASKED, "/imports"), (&road, "/node")] {
            let told = client.data(query);
            let old = told.pointer(&format!("{place}/mirror")).unwrap();
            assert!(is_an_hour(old["ageSeconds"].as_u64().unwrap()), "{place}: {told}");
            assert_eq!(old["phase"], "STALLED", "{place}");
        }
        // REST tells what the service saw when it last looked, which is within a second.
        eventually_blocking("an old page", || {
            let page = client.get(LIST);
            let is_old = page
                .header("age")
                .is_some_and(|age| is_an_hour(age.parse().unwrap()));
            is_old.then_some(()).ok_or_else(|| format!("{page:?}"))
        });
        let record = format!("/api/v1/imports/{}", upstream.rows().await[0].id);
        for target in [LIST, "/api/v1/imports/counts", &record] {
            let answer = client.get(target);
            assert!(
                answer.status == 200 && is_an_hour(answer.number("age")),
                "{answer:?}"
            );
        }
        for (target, status) in [("/api/v1/imports/x", 404), ("/api/v1/imports?per_page=x", 400)] {
            let answer = client.get(target);
            assert_eq!((answer.status, answer.header("age")), (status, None), "{target}");
        }
        assert!(is_an_hour(metric(&mut client, AGE).unwrap() as u64));
        assert_eq!(metric(&mut client, STALLED), Some(1.0));
        let ready = client.get("/readyz");
        assert_eq!(ready.status, 200);
        let line = ready.text();
        let line = line.strip_prefix("ready\nthe mirror of account 1 is stalled: no page for 3");
        assert!(
            line.is_some_and(|line| line.ends_with("nobody asks for one\n")),
            "{ready:?}"
        );
    }
}

#[tokio::test]
async fn a_mirror_that_cannot_be_read_takes_no_service_away() {
    let upstream = Upstream::with(5).await;
    for mirror in Mirror::on_each().await {
        mirror.done(&upstream, "--once --rate off");
        let never = match mirror.store.backend() {
            sea_orm::DbBackend::Sqlite => "9223372036854775807",
            _ => "'infinity'",
        };
        let text = format!("UPDATE mirrors SET last_polled_at = {never}");
        assert_eq!(execute(&mirror.store, &text, Vec::new()).await, Ok(1));
        let server = mirror.serve(&[]).await;
        server.wait_for("/readyz", 200);
        let mut client = server.client();
        let page = client.get(LIST);
        assert_eq!((page.status, page.header("age")), (200, None));
        client.data(PLAIN);
        // Who asks for it is told.
        let asked = client.graphql(ASKED);
        assert!(asked.json()["errors"][0]["message"].is_string(), "{asked:?}");
        assert_eq!(client.get("/readyz").status, 200);
    }
}

#[tokio::test]
async fn a_304_tells_its_age_anew_and_what_selects_the_mirror_has_no_tag() {
    let upstream = Upstream::with(5).await;
    for mirror in Mirror::on_each().await {
        mirror.done(&upstream, "--once --rate off");
        let server = mirror.serve(&[]).await;
        let mut client = server.client();
        let not_modified = |client: &mut Client| {
            // A checkpoint of the server changes every tag.
            eventually_blocking("a 304", || {
                let page = client.get(LIST);
                let tag = page.header("etag").ok_or_else(|| format!("{page:?}"))?;
                let again = client.ask(&Ask::get(LIST).with("If-None-Match", tag));
                let has_age = again.status == 304 && again.header("age").is_some();
                if has_age {
                    Ok(again)
                } else {
                    Err(format!("{again:?}"))
                }
            })
        };
        assert!(not_modified(&mut client).number("age") < HOUR);
        mirror.an_hour_ago().await;
        eventually_blocking("a 304 of an old answer", || {
            let again = not_modified(&mut client);
            let is_old = is_an_hour(again.number("age"));
            is_old.then_some(()).ok_or_else(|| format!("{again:?}"))
        });
        let target = |query: &str| format!("/graphql?query={}", query.replace([' ', '\n'], "%20"));
        let tagged = |client: &mut Client, query: &str| {
            let answer = client.get(&target(query));
            assert_eq!(answer.status, 200, "{answer:?}");
            answer.header("etag").is_some()
        };
        eventually_blocking("a tag where no mirror is selected", || {
            tagged(&mut client, PLAIN).then_some(()).ok_or_else(String::new)
        });
        assert!(!tagged(&mut client, ASKED));
    }
}

#[tokio::test]
async fn the_age_grows_while_the_upstream_is_away_and_the_reason_is_told() {
    let upstream = Upstream::with(5).await;
    for mirror in Mirror::on_each().await {
        upstream.proxy.act(|_| Act::Pass);
        let _process = mirror.start(&upstream, "--every 1s --rate off");
        let server = mirror.serve(&[]).await;
        let mut client = server.client();
        let following = |told: &Value| told["viewer"]["mirror"]["ageSeconds"].is_u64();
        eventually_blocking("the first poll", || {
            let told = client.data(ASKED);
            following(&told).then_some(()).ok_or_else(|| told.to_string())
        });
        upstream.proxy.act(|_| Act::Reset);
        eventually_blocking("a failure that is known", || {
            let error = mirror.status()["ERROR"].clone();
            (error != "-").then_some(()).ok_or(error)
        });
        mirror.an_hour_ago().await;
        let told = client.data(ASKED);
        let told = &told["viewer"]["mirror"];
        assert!(is_an_hour(told["ageSeconds"].as_u64().unwrap()), "{told}");
        assert_eq!(told["phase"], "STALLED");
        eventually_blocking("the reason", || {
            let ready = client.get("/readyz").text();
            let is_told =
                ready.contains(" is stalled: no page for 3") && ready.contains("the connection broke");
            is_told.then_some(()).ok_or(ready)
        });
        // As soon as it is back, so is the account.
        upstream.proxy.act(|_| Act::Pass);
        eventually_blocking("a young mirror", || {
            let told = client.data(ASKED);
            let mirror = &told["viewer"]["mirror"];
            let is_young = mirror["phase"] == "FOLLOWING" && mirror["ageSeconds"].as_u64() < Some(HOUR);
            is_young.then_some(()).ok_or_else(|| told.to_string())
        });
        eventually_blocking("nothing to tell", || {
            let ready = client.get("/readyz").text();
            (ready == "ready\n").then_some(()).ok_or(ready)
        });
    }
}
