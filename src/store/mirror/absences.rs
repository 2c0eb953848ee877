//! Imports that full walks do not find: marked by the first, removed at the end of the second in a row.
//!
//! The same holds for an import that the upstream has in an older version than the one stored, as after a clock was set back:
//! the second walk in a row that finds that same version writes it.

use entity::{Instant, imports};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbErr, Value};

use super::{column, places, rows, run};

/// Marks what a page of a full walk does not have and ought to, between two ids; whether anything is marked.
pub(super) async fn mark(
    transaction: &DatabaseTransaction,
    account_id: i64,
    walk: i64,
    (first, last): (i64, i64),
    ids: &[i64],
) -> Result<bool, DbErr> {
    let others = match ids.len() {
        0 => String::new(),
        count => format!(" AND id NOT IN ({})", places(5, count)),
    };
    let text = format!(
        "INSERT INTO mirror_absences (account_id, import_id, since_walk, last_walk) \
         SELECT account_id, id, CAST($2 AS bigint), CAST($2 AS bigint) FROM imports \
         WHERE account_id = $1 AND id BETWEEN $3 AND $4{others} \
         ON CONFLICT (account_id, import_id) DO UPDATE SET last_walk = excluded.last_walk, older_version = NULL, \
         since_walk = CASE WHEN mirror_absences.older_version IS NULL THEN mirror_absences.since_walk \
         ELSE excluded.since_walk END"
    );
    let mut values: Vec<Value> = vec![account_id.into(), walk.into(), first.into(), last.into()];
    values.extend(ids.iter().map(|id| Value::from(*id)));
    Ok(run(transaction, text, values).await? > 0)
}

/// Takes the marks from imports that are there.
pub(super) async fn found(
    transaction: &DatabaseTransaction,
    account_id: i64,
    ids: &[i64],
) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    let text = format!(
        "DELETE FROM mirror_absences WHERE account_id = $1 AND older_version IS NULL AND import_id IN ({})",
        places(2, ids.len())
    );
    let ids = ids.iter().map(|id| Value::from(*id));
    run(
        transaction,
        text,
        std::iter::once(account_id.into()).chain(ids).collect(),
    )
    .await?;
    Ok(())
}

/// Marks rows that a full walk found in an older version; gives those that an earlier walk found in the same.
pub(super) async fn older(
    transaction: &DatabaseTransaction,
    account_id: i64,
    walk: i64,
    page: &[imports::Model],
) -> Result<Vec<imports::Model>, DbErr> {
    let backend = transaction.get_database_backend();
    let mut again = Vec::new();
    for row in page {
        let known =
            "SELECT since_walk, older_version FROM mirror_absences WHERE account_id = $1 AND import_id = $2";
        let found = rows(transaction, known, vec![account_id.into(), row.id.into()]).await?;
        if let Some(found) = found.first() {
            let (since, version): (i64, Option<Instant>) =
                (column(found, "since_walk")?, column(found, "older_version")?);
            if since < walk && version == Some(row.updated_at) {
                again.push(row.clone());
            }
        }
        let mark = "INSERT INTO mirror_absences (account_id, import_id, since_walk, last_walk, older_version) \
                    VALUES ($1, $2, $3, $3, $4) ON CONFLICT (account_id, import_id) DO UPDATE SET \
                    last_walk = excluded.last_walk, older_version = excluded.older_version, \
                    since_walk = CASE WHEN mirror_absences.older_version = excluded.older_version \
                    THEN mirror_absences.since_walk ELSE excluded.since_walk END";
        let values = vec![
            account_id.into(),
            row.id.into(),
            walk.into(),
            row.updated_at.value(backend),
        ];
        run(transaction, mark, values).await?;
    }
    Ok(again)
}

/// At the end of a walk: removes the imports that it and the one before did not find, and the marks that are done with.
pub(super) async fn remove(
    transaction: &DatabaseTransaction,
    account_id: i64,
    walk: i64,
) -> Result<u64, DbErr> {
    let values = || vec![Value::from(account_id), Value::from(walk)];
    let remove = "DELETE FROM imports WHERE account_id = $1 AND id IN (SELECT import_id FROM mirror_absences \
                  WHERE account_id = $1 AND last_walk = $2 AND since_walk < $2 AND older_version IS NULL)";
    let removed = run(transaction, remove, values()).await?;
    let forget = "DELETE FROM mirror_absences WHERE account_id = $1 AND (last_walk < $2 OR since_walk < $2)";
    run(transaction, forget, values()).await?;
    let count = "UPDATE mirrors SET rows_removed = rows_removed + $2 WHERE account_id = $1";
    let counted = i64::try_from(removed).unwrap_or(i64::MAX);
    run(transaction, count, vec![account_id.into(), counted.into()]).await?;
    Ok(removed)
}

/// Forgets what a walk that is begun again has marked.
pub(super) async fn forget(
    transaction: &DatabaseTransaction,
    account_id: i64,
    walk: i64,
) -> Result<(), DbErr> {
    let values = || vec![Value::from(account_id), Value::from(walk)];
    let new = "DELETE FROM mirror_absences WHERE account_id = $1 AND since_walk = $2";
    run(transaction, new, values()).await?;
    let again = "UPDATE mirror_absences SET last_walk = $2 - 1 WHERE account_id = $1 AND last_walk = $2";
    run(transaction, again, values()).await?;
    Ok(())
}
