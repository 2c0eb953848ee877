//! The index for searches in accounts of millions, which only who wants it has: PostgreSQL alone, and beside the changes.
//!
//! It is two indexes: the trigrams of the folded names, and the few rows whose names are too long to be stored folded. Both
//! are built while the table is written, which no transaction can do, so that a build that was broken off leaves something
//! behind: the next one starts anew.

use std::sync::Arc;

use sea_orm_migration::sea_orm::sqlx::postgres::PgConnection;
use sea_orm_migration::sea_orm::sqlx::{self, AssertSqlSafe, Connection as _, Executor as _};
use sea_orm_migration::sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement,
};

/// What there is of the index, for the role that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchIndex {
    /// It is being built, or its build was broken off.
    Unfinished,
    /// It is there, and row security holds for the role: `LIKE` is then a condition of no index.
    Hidden,
    /// It is there, in a database whose character type takes letters of ASCII alone for letters.
    OfAscii,
    /// It is there.
    Whole,
}

/// The indexes, each with how it is built; `{schema}` is that of the extension.
const INDEXES: [(&str, &str); 2] = [
    (
        "imports_name_trigrams",
        "ON imports USING gin (file_name_search {schema}.gin_trgm_ops)",
    ),
    (
        "imports_long_names",
        "ON imports (account_id, id) WHERE file_name_search IS NULL",
    ),
];

/// What there is of the index; `None`: nothing. Reads only.
///
/// # Errors
///
/// That of the database.
pub async fn status(db: &DatabaseConnection) -> Result<Option<SearchIndex>, DbErr> {
    if db.get_database_backend() == DbBackend::Sqlite {
        return Ok(None);
    }
    let [(trigrams, _), (long_names, _)] = INDEXES;
    let text = format!(
        "SELECT count(*), count(*) FILTER (WHERE indisvalid), bool_or(row_security_active(indrelid)),
                (SELECT datctype IN ('C', 'POSIX') FROM pg_database WHERE datname = current_database())
         FROM pg_index WHERE indexrelid IN (to_regclass('{trigrams}'), to_regclass('{long_names}'))"
    );
    let statement = Statement::from_string(DbBackend::Postgres, text);
    let Some(row) = db.query_one_raw(statement).await? else {
        return Ok(None);
    };
    let (there, valid): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    if there == 0 {
        return Ok(None);
    }
    let (is_hidden, is_of_ascii): (bool, bool) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
    Ok(Some(match () {
        () if valid < INDEXES.len() as i64 => SearchIndex::Unfinished,
        () if is_hidden => SearchIndex::Hidden,
        () if is_of_ascii => SearchIndex::OfAscii,
        () => SearchIndex::Whole,
    }))
}

/// Builds what is missing of the index, and its extension; whether anything was. The schema must be up.
///
/// # Errors
///
/// A right that the role lacks, by its name; an extension that the server does not have; else that of the database. Searches
/// go on as they did; what was built by then stays, unused.
pub async fn build(db: &DatabaseConnection) -> Result<bool, DbErr> {
    let mut connection = alone(db).await?;
    let done = build_by(&mut connection).await;
    // Nothing depends on a goodbye.
    let _ = connection.close().await;
    done
}

/// Takes the index away; whether there was any of it. The extension stays.
///
/// # Errors
///
/// That of the database.
pub async fn drop(db: &DatabaseConnection) -> Result<bool, DbErr> {
    let mut connection = alone(db).await?;
    let mut is_any = false;
    for (name, _) in INDEXES {
        if validity(&mut connection, name).await?.is_some() {
            run(
                &mut connection,
                &format!("DROP INDEX CONCURRENTLY IF EXISTS {name}"),
            )
            .await
            .map_err(failed)?;
            is_any = true;
        }
    }
    let _ = connection.close().await;
    Ok(is_any)
}

async fn build_by(connection: &mut PgConnection) -> Result<bool, DbErr> {
    let mut is_any = false;
    let mut schema = None;
    for (name, definition) in INDEXES {
        match validity(connection, name).await? {
            Some(true) => continue,
            // Nobody else builds it while the lock is ours.
            Some(false) => run(connection, &format!("DROP INDEX CONCURRENTLY IF EXISTS {name}"))
                .await
                .map_err(failed)?,
            None => {}
        }
        if schema.is_none() {
            schema = Some(extended(connection).await?);
        }
        let definition = definition.replace("{schema}", schema.as_deref().unwrap_or_default());
        let built = run(
            connection,
            &format!("CREATE INDEX CONCURRENTLY {name} {definition}"),
        )
        .await;
        built.map_err(|error| match code(&error).as_deref() {
            Some(DENIED) => DbErr::Migration(format!(
                "the role may not build an index ({}): it must own the table `imports`, and have CREATE on its schema",
                message(&error)
            )),
            _ => failed(error),
        })?;
        is_any = true;
    }
    Ok(is_any)
}

/// Makes sure of the extension; gives its schema, quoted.
async fn extended(connection: &mut PgConnection) -> Result<String, DbErr> {
    let (role, database): (String, String) =
        sqlx::query_as("SELECT quote_ident(current_user), quote_ident(current_database())")
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
    let made = run(connection, "CREATE EXTENSION IF NOT EXISTS pg_trgm").await;
    made.map_err(|error| match code(&error).as_deref() {
        Some(DENIED) => DbErr::Migration(format!(
            "the role {role} may not create the extension pg_trgm: ask for `CREATE EXTENSION pg_trgm` in the database \
             {database}, or for `GRANT CREATE ON DATABASE {database} TO {role}` ({})",
            message(&error)
        )),
        // Its control file is not there.
        Some("0A000" | "58P01") => DbErr::Migration(format!(
            "the server does not have the extension pg_trgm: ask for PostgreSQL's contrib modules there ({})",
            message(&error)
        )),
        _ => failed(error),
    })?;
    let schema = "SELECT quote_ident(nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace
                  WHERE extname = 'pg_trgm'";
    sqlx::query_scalar(schema)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Whether an index is complete; `None` where there is none of that name.
async fn validity(connection: &mut PgConnection, name: &str) -> Result<Option<bool>, DbErr> {
    let text = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)";
    let found = sqlx::query_scalar(text).bind(name).fetch_optional(connection);
    found.await.map_err(failed)
}

/// A connection of its own, on which nothing is cut short, with the lock that only one build has.
///
/// The lock is another than that of the changes and is never waited for by one statement: a build waits for all statements
/// that began before it, and would wait for those that wait for it.
async fn alone(db: &DatabaseConnection) -> Result<PgConnection, DbErr> {
    let acquired = db.get_postgres_connection_pool().acquire().await;
    let mut connection = acquired
        .map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))?
        .detach();
    run(&mut connection, "SET statement_timeout = 0; SET lock_timeout = 0")
        .await
        .map_err(failed)?;
    // The key is arbitrary and ours: "igwsrchi" as eight bytes.
    let lock = "SELECT pg_try_advisory_lock(x'6967777372636869'::bigint)";
    while !sqlx::query_scalar::<_, bool>(lock)
        .fetch_one(&mut connection)
        .await
        .map_err(failed)?
    {
        run(&mut connection, "SELECT pg_sleep(0.2)")
            .await
            .map_err(failed)?;
    }
    Ok(connection)
}

async fn run(connection: &mut PgConnection, text: &str) -> Result<(), sqlx::Error> {
    let text = sqlx::raw_sql(AssertSqlSafe(text.to_owned()));
    connection.execute(text).await.map(|_| ())
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
}

/// SQLSTATE's insufficient_privilege.
const DENIED: &str = "42501";

fn code(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

fn message(error: &sqlx::Error) -> String {
    error
        .as_database_error()
        .map_or_else(|| error.to_string(), |error| error.message().to_owned())
}
