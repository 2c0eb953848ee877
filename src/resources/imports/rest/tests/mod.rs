//! Query strings as clients write them: what is understood, what is refused, and laws over any.

mod asked;
mod laws;
mod refused;

use entity::{ImportStatus, Instant, imports};
use keyset::{Direction, Key};
use serde_json::json;

use super::{ParameterErrors, Question};
use crate::resources::imports::Column;
use crate::resources::sort;

/// As the settings have it by default.
const MOST_ITEMS: usize = 250;

fn parse(query: Option<&str>) -> Result<Question, ParameterErrors> {
    super::parse(query, MOST_ITEMS)
}

fn asked(query: &str) -> Question {
    parse(Some(query)).unwrap_or_else(|faults| panic!("{query:?}: {faults:?}"))
}

/// The parameters that are at fault.
fn blamed(query: &str) -> Vec<String> {
    let faults = parse(Some(query)).expect_err(query);
    faults.iter().map(|(parameter, _)| parameter.to_owned()).collect()
}

fn message(query: &str) -> String {
    let faults = parse(Some(query)).expect_err(query);
    let messages: Vec<_> = faults.iter().flat_map(|(_, messages)| messages).collect();
    assert_eq!(messages.len(), 1, "{query:?}: {faults:?}");
    messages[0].to_string()
}

fn echo(question: &Question) -> (serde_json::Value, serde_json::Value) {
    (json!(question.filtered_by), json!(question.sorted_by))
}

fn import() -> imports::Model {
    let instant = |micros| Instant::from_micros(micros).unwrap();
    imports::Model {
        account_id: 1,
        id: 1_240_000_001,
        completed_at: Some(instant(1_777_636_800_123_456)),
        file_name: "vehicles \"2\".csv".to_owned(),
        file_size: 20_480,
        note: None,
        kind: "VehicleImport".to_owned(),
        status: ImportStatus::PartiallyComplete,
        created_at: instant(1_777_636_740_000_000),
        updated_at: instant(1_777_636_800_123_456),
    }
}

/// The cursor of one import under these keys.
fn cursor(keys: &[(Column, Direction)]) -> String {
    let keys: Vec<_> = keys
        .iter()
        .map(|(column, direction)| Key {
            column: *column,
            direction: *direction,
        })
        .collect();
    keyset::encode(&sort::order(&keys).unwrap().position(&import()))
}
