//! Documents that a process keeps: how much memory they may take together.

use std::fs;

use crate::server::Server;

/// More than the cache may hold, with room for what an allocator leaves unused. **Unit**: bytes.
const MOST: u64 = 56 << 20;

fn memory_of(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// A document of one byte of text may take 70 of memory, so a cache that weighs texts alone holds far more than it says.
#[tokio::test]
async fn documents_of_any_kind_take_no_more_memory_than_their_cache_may() {
    let server = Server::start(&["--rate-limit", "off"]).await;
    let mut client = server.client();
    let mut ask = |document: &str| {
        let answer = client.graphql(document);
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    for _ in 0..50 {
        ask("{ viewer { id } }");
    }
    let before = memory_of(&server);
    let wide = "id ".repeat(1_900);
    for number in 0..200 {
        ask(&format!(
            "{{ x{number}: imports(first: 0) {{ nodes {{ {wide} }} }} }}"
        ));
        for small in 0..8 {
            ask(&format!("{{ a{number}x{small}: viewer {{ id }} }}"));
        }
    }
    let grown = memory_of(&server).saturating_sub(before);
    assert!(grown < MOST, "1,800 documents took {} MiB", grown >> 20);
}
