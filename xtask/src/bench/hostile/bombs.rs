//! Documents that expand to billions of fields where nothing measures them first.

use crate::json::quote;

/// Bodies of requests: a chain of fragments, each of which spreads the next one two or eight times.
///
/// The first two have more fragments than a document may have; the last two as many as it may.
pub(super) fn bodies() -> Vec<String> {
    [(31, 2), (31, 8), (19, 2), (19, 8)]
        .into_iter()
        .map(|(levels, width)| format!(r#"{{"query":{}}}"#, quote(&fan_out(levels, width))))
        .collect()
}

fn fan_out(levels: u32, width: usize) -> String {
    let chain = (0..levels).map(|level| {
        let spreads = format!("...F{} ", level + 1).repeat(width);
        format!("fragment F{level} on Query{{{spreads}}}")
    });
    let chain: String = chain.collect();
    format!("{{...F0}}{chain}fragment F{levels} on Query{{__typename}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_is_small_and_spreads_each_fragment_several_times() {
        assert_eq!(
            fan_out(1, 2),
            "{...F0}fragment F0 on Query{...F1 ...F1 }fragment F1 on Query{__typename}"
        );
        assert!(bodies().iter().all(|body| body.len() < 4_096));
    }
}
