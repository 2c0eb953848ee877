//! Clients of ill will: the flood's requests in any order, and connections that are left in the midst of one.

use std::io::Write as _;

use super::HOSTILE;
use super::peace::{Peace, is_refusal};
use crate::gauntlet;
use crate::hostile::flood::{GROUPS, Seeds};
use crate::hostile::judge::judge;
use crate::rng::Rng;
use crate::server::{Ask, Server};

/// One request in so many is left without waiting for its answer.
const LEAVES: usize = 12;

/// Sends damaged requests, and judges every answer.
pub(super) fn flood(peace: &Peace, server: &Server, seeds: &Seeds, seed: u64) {
    let mut rng = Rng::new(seed);
    let mut known = server.client_of(HOSTILE);
    let mut stranger = server.stranger();
    while !peace.is_over() {
        let group = &GROUPS[rng.below(GROUPS.len())];
        let ask = (group.make)(&mut rng, seeds);
        if rng.below(LEAVES) == 0 {
            leave(server, &ask, &seeds.key, &mut rng);
        } else {
            let client = if group.is_known { &mut known } else { &mut stranger };
            let (answer, may_refuse) = peace.ask(client, &ask);
            if is_refusal(&answer) {
                assert!(
                    may_refuse,
                    "refused while nothing was broken: {ask:?}\n{}",
                    answer.text()
                );
                gauntlet::add("hostile requests refused amid a fault", 1);
            } else {
                judge(&ask, &answer);
                gauntlet::add("hostile requests answered as documented", 1);
                gauntlet::add(&format!("hostile requests answered with {}", answer.status), 1);
            }
        }
        peace.pause();
    }
}

/// Sends a request, or a part of it, and goes away.
fn leave(server: &Server, ask: &Ask, key: &str, rng: &mut Rng) {
    let bytes = ask
        .clone()
        .with("Authorization", format!("Bearer {key}"))
        .bytes(&server.address);
    let sent = if rng.below(2) == 0 {
        bytes.len()
    } else {
        rng.below(bytes.len())
    };
    // What is too large is cut off by the service.
    let _ = server.socket().write_all(&bytes[..sent]);
    gauntlet::add("connections left in the midst of a request", 1);
}
