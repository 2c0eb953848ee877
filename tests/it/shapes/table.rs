//! A table where nothing lies in the order of any sort.

use std::time::Duration;

use entity::{Instant, imports};
use imports_gateway::resources::imports::Column;
use imports_gateway::store::{Settings, Store};
use keyset::{Order, Position};
use sea_orm::{
    ColumnTrait as _, DbBackend, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use crate::databases::execute;

/// The account of 60 % of the rows.
pub(super) const ACCOUNT: i64 = 1;
/// The first `created_at`. **Unit**: microseconds.
pub(super) const START: i64 = 1_700_000_000_000_000;
/// Over which `created_at` is spread; `updated_at` lies up to a tenth later. **Unit**: microseconds.
pub(super) const SPAN: i64 = 60_000_000_000_000;
/// As many rows of the account at most have one `created_at`; the same number have one `updated_at`.
pub(super) const TIES: usize = 300;

/// A store whose statements and connections may take as long as a busy machine needs.
pub(super) async fn patient(url: &str) -> Store {
    let settings = Settings {
        acquire_timeout: Duration::from_secs(60),
        statement_timeout: Duration::from_secs(120),
        ..Settings::new(url)
    };
    Store::open(&settings).await.unwrap()
}

/// Fills the table, and counts what is in it for the planner.
pub(super) async fn fill(store: &Store, rows: i64) {
    insert(store, rows).await;
    let analyze = match store.backend() {
        DbBackend::Sqlite => "ANALYZE",
        _ => "VACUUM ANALYZE imports",
    };
    execute(store, analyze, Vec::new()).await.unwrap();
}

/// Inserts the rows: every fifth row of the account is of another status than `complete`, a twentieth of these rare.
///
/// 3 to 4 rows of the account have one `created_at`, [`TIES`] the middle one. Rows are stored in the order of
/// a hash, so that no neighbour in an index is a neighbour in the table.
pub(super) async fn insert(store: &Store, rows: i64) {
    let instant = |micros: &str| match store.backend() {
        DbBackend::Sqlite => micros.to_owned(),
        _ => format!("timestamptz '1970-01-01T00:00:00Z' + ({micros}) * interval '1 microsecond'"),
    };
    let middle = rows / 2;
    let burst = TIES as i64 * 5 / 3;
    let created = format!(
        "{START} + (CASE WHEN g >= {middle} AND g < {middle} + {burst} THEN {middle} ELSE g / 5 * 5 END) * {}",
        SPAN / rows
    );
    let updated = format!(
        "CASE WHEN g % {} = 0 THEN {START} + {SPAN} / 2 ELSE {created} + hash * 2791 END",
        rows / TIES as i64
    );
    let text = format!(
        "INSERT INTO imports (account_id, id, file_name, file_size, note, type, status, created_at, updated_at)
         WITH RECURSIVE numbers AS (SELECT CAST(1 AS bigint) AS g UNION ALL SELECT g + 1 FROM numbers WHERE g < {rows}),
              hashed AS (SELECT g, (g * 48271) % 2147483647 AS hash FROM numbers)
         SELECT CASE WHEN g % 5 < 3 THEN {ACCOUNT} ELSE 2 + g % 9 END, 1000 + g, 'vehicles-' || g || '.csv', g,
                CASE WHEN g % 3 = 0 THEN 'a note of some length' END, 'VehicleImport',
                CASE WHEN hash % 5 > 0 THEN 'complete' WHEN hash % 20 = 0 THEN 'failed' WHEN hash % 25 = 0 THEN 'new'
                     WHEN hash % 35 = 0 THEN 'queued' WHEN hash % 55 = 0 THEN 'rolled_back'
                     WHEN hash % 65 = 0 THEN 'incomplete' WHEN hash % 85 = 0 THEN 'unsupported'
                     WHEN hash % 95 = 0 THEN 'processing' WHEN hash % 1150 = 0 THEN 'rolling_back'
                     ELSE 'partially_complete' END,
                {}, {}
         FROM hashed ORDER BY hash % 100003",
        instant(&created),
        instant(&updated),
    );
    execute(store, &text, Vec::new()).await.unwrap();
}

/// Where the row is that has `before` rows of the account in front of it in `order`.
pub(super) async fn position(store: &Store, order: &Order<Column>, before: u64) -> Position<Column> {
    let mut select = imports::Entity::find().filter(imports::Column::AccountId.eq(ACCOUNT));
    for key in order.keys() {
        let column = match key.column {
            Column::CreatedAt => imports::Column::CreatedAt,
            Column::UpdatedAt => imports::Column::UpdatedAt,
            _ => imports::Column::Id,
        };
        select = select.order_by(
            column,
            match key.direction {
                keyset::Direction::Asc => sea_orm::Order::Asc,
                keyset::Direction::Desc => sea_orm::Order::Desc,
            },
        );
    }
    let row = select.offset(before).one(store.database()).await.unwrap();
    order.position(&row.unwrap())
}

/// The instant before which about that share of the rows was created. **Unit**: percent.
pub(super) fn instant_at(percent: i64) -> i64 {
    Instant::from_micros(START + SPAN / 100 * percent)
        .unwrap()
        .micros()
}
