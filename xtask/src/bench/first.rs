//! What a document costs when it is seen for the first time: the time of its first request over that of its second.
//!
//! Takes the gateway, gives one [`Ratio`]. Each document is the usual page under another operation name, asked for twice
//! over a kept connection.

use std::time::{Duration, Instant};

use super::{
    cases::page,
    client::Connection,
    figures::{Ratio, middle},
    fixture::Positions,
    load::Target,
};

/// Documents a repetition.
const DOCUMENTS: u32 = 300;

/// Asks, after a first document that warms up.
///
/// # Errors
///
/// An answer that is no success.
pub(super) fn measure(target: &Target, at: &Positions, repetitions: u32) -> Result<Ratio, String> {
    let mut connection = Connection::open(&target.address, target.key.as_deref())?;
    let mut timed = |name: &str| -> Result<[Duration; 2], String> {
        let mut request = page(
            50,
            at.spread.first().map(|position| position.cursor.as_str()),
            &[],
            "",
        );
        request.body = request.body.map(|body| body.replace("ImportsPage", name));
        let mut timed = || {
            let start = Instant::now();
            connection.ask(&request).map(|()| start.elapsed())
        };
        Ok([timed()?, timed()?])
    };
    timed("Warm")?;
    let mut each = Vec::new();
    for repetition in 0..repetitions {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for document in 0..DOCUMENTS {
            let [once, again] = timed(&format!("Page{repetition}x{document}"))?;
            first.push(once.as_secs_f64());
            second.push(again.as_secs_f64());
        }
        each.push(middle(first) / middle(second));
    }
    Ok(Ratio::new(
        "a document's first request / its second, time",
        &each,
        1.5,
        2.0,
    ))
}
