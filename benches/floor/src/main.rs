//! The floor: what the same stack serves with nothing around one fixed query.
//!
//! Takes the database's URL, an account and an address as arguments; answers `GET /imports?created_at=...&id=...&rows=N`
//! with the rows just before that position, newest creation first, all nine fields of each. Deliberately absent: keys,
//! limits, filters, sorts, counts, logs and cursors. Written as most people would by hand: serde's derived structs,
//! prepared statements, a pool of four connections.
// A program for the benchmark: where it listens is all that it says.
#![allow(clippy::print_stdout)]

use std::env;
use std::error::Error;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_postgres::{NoTls, Row};

const CONNECTIONS: usize = 4;

const PAGE: &str = "\
    SELECT id, completed_at, file_name, file_size, note, type, status, created_at, updated_at \
    FROM imports WHERE account_id = $1 AND (created_at, id) < ($2, $3) \
    ORDER BY created_at DESC, id DESC LIMIT $4";

/// A position in the list and a number of rows.
#[derive(Debug, Deserialize)]
struct Window {
    created_at: DateTime<Utc>,
    id: i64,
    rows: i64,
}

/// The body of an answer.
#[derive(Debug, Serialize)]
struct Page {
    records: Vec<Import>,
}

/// One import, as the service's REST shows it.
#[derive(Debug, Serialize)]
struct Import {
    id: i64,
    completed_at: Option<DateTime<Utc>>,
    file_name: String,
    file_size: String,
    note: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    status: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<&Row> for Import {
    type Error = tokio_postgres::Error;

    fn try_from(row: &Row) -> Result<Self, Self::Error> {
        let file_size: i64 = row.try_get(3)?;
        Ok(Self {
            id: row.try_get(0)?,
            completed_at: row.try_get(1)?,
            file_name: row.try_get(2)?,
            file_size: file_size.to_string(),
            note: row.try_get(4)?,
            kind: row.try_get(5)?,
            status: row.try_get(6)?,
            created_at: row.try_get(7)?,
            updated_at: row.try_get(8)?,
        })
    }
}

/// What each request needs.
#[derive(Clone, Debug)]
struct Shared {
    pool: Pool,
    account_id: i64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut next = |name: &str| arguments.next().ok_or_else(|| format!("{name} is missing"));
    let (url, account_id, listen) = (next("the URL")?, next("the account")?, next("the address")?);
    let manager = Manager::from_config(
        url.parse()?,
        NoTls,
        ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        },
    );
    let shared = Shared {
        pool: Pool::builder(manager).max_size(CONNECTIONS).build()?,
        account_id: account_id.parse()?,
    };
    let router = Router::new().route("/imports", get(imports)).with_state(shared);
    let listener = TcpListener::bind(listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

async fn imports(
    State(shared): State<Shared>,
    Query(window): Query<Window>,
) -> Result<Json<Page>, StatusCode> {
    let page = page(&shared, &window).await;
    page.map(Json).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn page(shared: &Shared, window: &Window) -> Result<Page, Box<dyn Error + Send + Sync>> {
    let client = shared.pool.get().await?;
    let statement = client.prepare_cached(PAGE).await?;
    let rows = client
        .query(
            &statement,
            &[&shared.account_id, &window.created_at, &window.id, &window.rows],
        )
        .await?;
    let records = rows.iter().map(Import::try_from).collect::<Result<_, _>>()?;
    Ok(Page { records })
}
