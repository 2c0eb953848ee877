//! Clients of accounts that stay as they are: every page of theirs is known beforehand.

use std::cell::RefCell;

use entity::imports;
use serde_json::{Value, json};

use super::peace::Peace;
use crate::gauntlet;
use crate::laws::question::{Filter, Sort};
use crate::laws::walk::{Door, Walk};
use crate::rng::Rng;
use crate::server::{Ask, Client};

/// Pages of one walk at the most.
const PAGES: usize = 25;
/// The largest page by GraphQL; twice that by REST. So a client stays within its account's budget.
const LARGEST: usize = 12;

/// The service over a socket.
pub(super) struct Outside<'a> {
    client: RefCell<Client>,
    peace: &'a Peace,
}

impl<'a> Outside<'a> {
    pub(super) fn new(peace: &'a Peace, client: Client) -> Self {
        Self {
            client: RefCell::new(client),
            peace,
        }
    }
}

impl Door for Outside<'_> {
    async fn data(&self, document: &str, variables: Value) -> Option<Value> {
        let ask = Ask::graphql(document, &variables);
        let mut body = self.peace.insist(&mut self.client.borrow_mut(), &ask)?;
        Some(body["data"].take())
    }
}

/// Random walks and windows by GraphQL, each page held against the sorted, filtered list.
pub(super) fn walk(peace: &Peace, client: Client, rows: &[imports::Model], seed: u64) {
    let mut rng = Rng::new(seed);
    let door = Outside::new(peace, client);
    while !peace.is_over() {
        let (sort, filter) = (Sort::any(&mut rng), Filter::any(&mut rng, rows));
        let walk = Walk::new(&door, rows, &sort, &filter);
        let size = 1 + rng.below(LARGEST);
        let from = (!rng.one_in(3)).then(|| rng.pick(rows));
        at_once(walk.walk(rng.one_in(2), size, from, 1 + rng.below(PAGES)));
        for _ in 0..4 {
            let mut bound = || (!rng.one_in(4)).then(|| rng.pick(rows));
            let (after, before) = (bound(), bound());
            let size = rng.below(LARGEST);
            at_once(walk.window(rng.one_in(2), size, after, before));
        }
    }
}

/// Nothing here waits but the thread.
pub(super) fn at_once<T>(asking: impl Future<Output = T>) -> T {
    futures_util::FutureExt::now_or_never(asking).expect("a blocking client")
}

/// The whole list by REST, over and over, the last id first, then the first.
pub(super) fn list(peace: &Peace, mut client: Client, rows: &[imports::Model], seed: u64) {
    let mut rng = Rng::new(seed);
    let mut ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    ids.sort_unstable();
    while !peace.is_over() {
        ids.reverse();
        let order = if ids.is_sorted() { "asc" } else { "desc" };
        // REST has no page of one.
        let size = 2 + rng.below(2 * LARGEST);
        let mut place = rng.below(ids.len());
        let mut position = String::new();
        if place > 0 {
            // The cursor of any row, as GraphQL gives it.
            let sort = [(crate::laws::question::Field::Id, order == "desc")];
            let row = rows.iter().find(|row| row.id == ids[place]).unwrap();
            position = format!("&start_cursor={}", Sort(sort.to_vec()).cursor(row));
        }
        for _ in 0..PAGES {
            let target = format!("/api/v1/imports?per_page={size}&sort%5Bid%5D={order}{position}");
            let Some(page) = peace.insist(&mut client, &Ask::get(&target)) else {
                return;
            };
            let end = ids.len().min(place + size);
            let found: Vec<_> = page["records"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| &it["id"])
                .collect();
            let expected: Vec<Value> = ids[place..end].iter().map(|id| json!(id)).collect();
            assert!(
                found.iter().copied().eq(&expected),
                "{target}\n{page}\nexpected {expected:?}"
            );
            assert_eq!(
                page["next_cursor"].is_null(),
                end == ids.len(),
                "{target}\n{page}"
            );
            gauntlet::add("pages of REST held against the list", 1);
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            place = end;
            position = format!("&start_cursor={next}");
        }
    }
}
