//! How many statements each question takes: one where there is something to read, none where there is not.

use serde_json::json;

use crate::app::{TestApp, account_id, import_id, row};
use crate::databases::execute;

/// A range that no instant is in.
const NEVER: &str = "{createdAt: {between: {gte: \"2026-05-02T00:00:00Z\", lt: \"2026-05-01T00:00:00Z\"}}}";

const EVERYTHING: &str =
    "edges { cursor node { id note } } nodes { fileName } perPage estimatedRemainingCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } filteredBy { __typename } sortedBy { id }";

#[tokio::test]
async fn a_question_takes_one_statement_or_none() {
    for app in TestApp::on_each().await {
        let caller = app.account("Acme").await;
        let rows: Vec<_> = (1..=20).map(|id| row(caller.id, id)).collect();
        app.fill(&rows).await;
        let cursor = async |id| {
            let document = "query ($last: Int!) { imports(last: $last) { pageInfo { startCursor } } }";
            let page = app.data(&caller.key, document, json!({ "last": id })).await;
            page["imports"]["pageInfo"]["startCursor"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let (fifth, seventh, tenth) = (cursor(5).await, cursor(7).await, cursor(10).await);
        assert_eq!(
            execute(&app.store, "DELETE FROM imports WHERE id = 7", Vec::new()).await,
            Ok(1)
        );
        let (first, second) = (import_id(caller.id, 1), import_id(caller.id, 2));
        for (statements, question) in [
            // Nothing of a row, a flag or a count is selected.
            (0, "viewer { id databaseId name }".to_owned()),
            // How a mirror stands is asked only where it is selected.
            (1, "viewer { id mirror { phase } }".to_owned()),
            (1, "imports { mirror { ageSeconds } }".to_owned()),
            (2, "imports { nodes { id } mirror { ageSeconds } }".to_owned()),
            (0, "__typename".to_owned()),
            (0, "__schema { queryType { name } }".to_owned()),
            (0, "imports { __typename }".to_owned()),
            (0, "imports { perPage filteredBy { status { include } } sortedBy { id } }".to_owned()),
            (0, "imports { pageInfo { __typename } }".to_owned()),
            (0, format!("imports(after: \"{tenth}\", filter: {NEVER}) {{ perPage }}")),
            // No row can be on the page.
            (0, "imports(first: 0) { nodes { id } edges { cursor } perPage }".to_owned()),
            (0, "imports(last: 0) { pageInfo { startCursor endCursor } }".to_owned()),
            (0, format!("imports(after: \"{fifth}\", before: \"{tenth}\") {{ nodes {{ id }} estimatedRemainingCount }}")),
            // No row can meet the filter.
            (0, format!("imports(filter: {NEVER}) {{ {EVERYTHING} }}")),
            (0, format!("imports(filter: {NEVER}, last: 3) {{ {EVERYTHING} }}")),
            (0, format!("imports(filter: {NEVER}, after: \"{tenth}\") {{ {EVERYTHING} }}")),
            (0, format!("imports(filter: {NEVER}, sort: [{{createdAt: ASC}}]) {{ {EVERYTHING} }}")),
            (0, format!("importStatusCounts(filter: {NEVER}) {{ status count }}")),
            // No id can be an import's.
            (0, "node(id: \"x\") { id }".to_owned()),
            (0, "import(id: \"x\") { id }".to_owned()),
            (0, "nodes(ids: [\"x\", \"\", \"SW1wb3J0OjE\"]) { id }".to_owned()),
            (0, "nodes(ids: []) { id }".to_owned()),
            (0, format!("node(id: \"{}\") {{ id }}", account_id(caller.id))),
            (0, format!("import(id: \"{}\") {{ id }}", import_id(caller.id + 1, 1))),
            // A page, whatever of it is selected.
            (1, "imports { nodes { id } }".to_owned()),
            (1, "imports { nodes { __typename } }".to_owned()),
            (1, "imports { pageInfo { hasNextPage } }".to_owned()),
            (1, "imports(first: 0) { pageInfo { hasPreviousPage } }".to_owned()),
            (1, "imports { pageInfo { startCursor } }".to_owned()),
            (1, "imports { estimatedRemainingCount }".to_owned()),
            (1, "imports(first: 0) { nodes { id } estimatedRemainingCount }".to_owned()),
            (1, format!("imports {{ {EVERYTHING} }}")),
            (1, format!("imports(last: 3) {{ {EVERYTHING} }}")),
            (1, format!("imports(after: \"{tenth}\") {{ {EVERYTHING} }}")),
            (1, format!("imports(before: \"{tenth}\") {{ {EVERYTHING} }}")),
            (1, format!("imports(after: \"{tenth}\", before: \"{fifth}\") {{ {EVERYTHING} }}")),
            (1, format!("imports(after: \"{fifth}\", before: \"{tenth}\") {{ {EVERYTHING} }}")),
            (1, format!("imports(filter: {{status: {{include: [NEW, FAILED]}}}}) {{ {EVERYTHING} }}")),
            (1, format!("imports(sort: [{{createdAt: ASC}}, {{updatedAt: DESC}}]) {{ {EVERYTHING} }}")),
            // Where the row of the bound is gone, the flag behind it takes one more; without the flag, it does not.
            (2, format!("imports(after: \"{seventh}\") {{ {EVERYTHING} }}")),
            (1, format!("imports(after: \"{seventh}\") {{ nodes {{ id }} estimatedRemainingCount }}")),
            // Single objects, and many in one.
            (1, format!("import(id: \"{first}\") {{ id }}")),
            (1, "importByDatabaseId(databaseId: \"1\") { note }".to_owned()),
            (1, format!("node(id: \"{first}\") {{ id }}")),
            (1, format!("nodes(ids: [\"{first}\", \"{second}\", \"{first}\", \"x\"]) {{ id }}")),
            (1, "importStatusCounts { status }".to_owned()),
            (1, "importStatusCounts(filter: {status: {include: [NEW]}}) { count }".to_owned()),
            // Each root field by itself.
            (3, "a: imports { nodes { id } } b: importStatusCounts { count } viewer { id } c: imports { estimatedRemainingCount }".to_owned()),
        ] {
            let document = format!("{{ {question} }}");
            let taken = app.statements(caller.id, &document, json!({})).await;
            assert_eq!(taken, statements, "{question}");
        }
    }
}

#[tokio::test]
async fn a_part_that_is_skipped_is_not_read() {
    let document = "query ($rows: Boolean!, $flags: Boolean!, $count: Boolean!) { imports {
        nodes @include(if: $rows) { id }
        pageInfo { hasNextPage @include(if: $flags) }
        estimatedRemainingCount @skip(if: $count) } }";
    for app in TestApp::on_each().await {
        let caller = app.account("Acme").await;
        for (rows, flags, skip_count, statements) in [
            (false, false, true, 0),
            (true, false, true, 1),
            (false, true, true, 1),
            (false, false, false, 1),
            (true, true, false, 1),
        ] {
            let variables = json!({"rows": rows, "flags": flags, "count": skip_count});
            let taken = app.statements(caller.id, document, variables).await;
            assert_eq!(taken, statements, "{rows} {flags} {skip_count}");
        }
    }
}
