//! Documents at random: the same bytes whenever one is run, and whatever directives say that all of it is wanted.
//!
//! Each is sent when it is first seen, once more when it is known, and again with directives on its selections that leave
//! nothing out. That the bytes are the right ones is held by graphql-js, in `tests/executor-oracle`.

use serde_json::{Value as Json, json};

use crate::app::{TestApp, row};
use crate::gauntlet;
use crate::rng::Rng;

const IMPORT: [&str; 11] = [
    "id",
    "databaseId",
    "completedAt",
    "fileName",
    "fileSize",
    "note",
    "type",
    "status",
    "createdAt",
    "updatedAt",
    "__typename",
];
const BOUND: [&str; 5] = ["lt", "lte", "gt", "gte", "__typename"];

/// Where a directive can stand.
const PLACE: &str = "§";
/// Directives that leave nothing out.
const ALL: [&str; 4] = [
    " @include(if: true)",
    " @skip(if: false)",
    " @include(if: $yes)",
    " @skip(if: $no)",
];
/// A document may have twenty.
const MOST_DIRECTIVES: usize = 15;

/// A random document in the making; a fragment is defined where it is first spread.
struct Document {
    rng: Rng,
    fragments: String,
    count: usize,
}

impl Document {
    /// Some leaves, under their names or one alias each, loose or in fragments on `on`.
    fn leaves(&mut self, names: &[&str], on: &[&str]) -> String {
        let mut text = String::from("{");
        for _ in 0..=self.rng.below(5) {
            let name = *self.rng.pick(names);
            let field = if self.rng.one_in(3) {
                format!("x_{name}: {name}{PLACE}")
            } else {
                format!("{name}{PLACE}")
            };
            match self.rng.below(4) {
                0 => text += &format!(" ... on {}{PLACE} {{ {field} }}", self.rng.pick(on)),
                1 => {
                    self.count += 1;
                    let (name, on) = (format!("F{}", self.count), *self.rng.pick(on));
                    self.fragments += &format!(" fragment {name} on {on} {{ {field} }}");
                    text += &format!(" ...{name}{PLACE}");
                }
                2 => text += &format!(" ...{PLACE} {{ {field} }}"),
                _ => text += &format!(" {field}"),
            }
        }
        text + " }"
    }

    fn import(&mut self) -> String {
        if self.rng.one_in(4) {
            return self.leaves(&["id"], &["Node", "Import"]);
        }
        self.leaves(&IMPORT, &["Import"])
    }

    fn connection(&mut self) -> String {
        let mut text = String::from("{");
        for _ in 0..=self.rng.below(5) {
            let field = match self.rng.below(8) {
                0 => format!("edges{PLACE} {{ cursor node{PLACE} {} }}", self.import()),
                1 => format!("edges {{ c: cursor __typename node {} }}", self.import()),
                2 => format!("nodes{PLACE} {}", self.import()),
                3 => {
                    let names = [
                        "hasNextPage",
                        "hasPreviousPage",
                        "startCursor",
                        "endCursor",
                        "__typename",
                    ];
                    format!("pageInfo {}", self.leaves(&names, &["PageInfo"]))
                }
                4 => "estimatedRemainingCount".to_owned(),
                5 => {
                    let (created, updated) = (
                        self.leaves(&BOUND, &["DateTimeBound"]),
                        self.leaves(&BOUND, &["DateTimeBound"]),
                    );
                    format!("filteredBy {{ status {{ include }} createdAt {created} updatedAt {updated} }}")
                }
                6 => {
                    let names = ["id", "createdAt", "updatedAt"];
                    format!("perPage sortedBy {}", self.leaves(&names, &["ImportSortedBy"]))
                }
                _ => format!("__typename{PLACE}"),
            };
            text += " ";
            text += &field;
        }
        text + " }"
    }

    fn arguments(&mut self) -> String {
        let size = [
            "first: 2",
            "last: 2",
            "first: $size",
            "last: 0",
            "first: 101",
            "after: $cursor",
            "before: $cursor",
        ];
        let filter = [
            "",
            "filter: $filter",
            "filter: {status: {include: [FAILED, $status]}}",
            "filter: null",
            "filter: {createdAt: {between: {gte: \"1970-01-01T00:00:00.0000001Z\", lt: $instant}}}",
            "filter: {updatedAt: {gte: $instant}, status: {include: FAILED}}",
        ];
        let sort = [
            "",
            "sort: $sort",
            "sort: [{createdAt: DESC}, {id: ASC}]",
            "sort: {updatedAt: ASC}",
            "sort: []",
        ];
        let parts = [
            *self.rng.pick(&size),
            *self.rng.pick(&filter),
            *self.rng.pick(&sort),
        ];
        parts.join(" ")
    }

    fn root(&mut self, key: usize) -> String {
        match self.rng.below(8) {
            0 => format!("r{key}: import(id: $id) {}", self.import()),
            1 => format!(
                "r{key}: importByDatabaseId(databaseId: \"{}\") {}",
                self.rng.below(5),
                self.import()
            ),
            2 => {
                let names = ["status", "count", "capped", "__typename"];
                format!(
                    "r{key}: importStatusCounts {}",
                    self.leaves(&names, &["ImportStatusCount"])
                )
            }
            3 => format!(
                "r{key}: node(id: $id) {{ __typename ... on Import {} ... on Account {{ name }} }}",
                self.import()
            ),
            4 => format!(
                "r{key}: nodes(ids: [$id, \"x\", $id]) {{ id ... on Import {} }}",
                self.import()
            ),
            5 => format!(
                "r{key}: viewer{PLACE} {}",
                self.leaves(&["id", "databaseId", "name"], &["Account"])
            ),
            _ => format!(
                "r{key}: imports({}){PLACE} {}",
                self.arguments(),
                self.connection()
            ),
        }
    }
}

/// The text with directives at some of its places.
fn with_directives(rng: &mut Rng, text: &str) -> String {
    let mut parts = text.split(PLACE);
    let mut written = parts.next().unwrap_or_default().to_owned();
    let mut left = MOST_DIRECTIVES;
    for part in parts {
        if left > 0 && rng.one_in(3) {
            left -= 1;
            written += *rng.pick(&ALL);
        }
        written += part;
    }
    written
}

const VARIABLES: &str = "($size: Int, $cursor: String, $filter: ImportFilter, $status: ImportStatus = NEW, \
    $instant: DateTime = \"2020-01-01T00:00:00Z\", $sort: [ImportSort!], $id: ID = \"eA\", $yes: Boolean!, $no: Boolean = false)";

fn variables(rng: &mut Rng, cursor: &Json, id: &Json) -> Json {
    let mut variables = json!({"yes": true});
    let choices = [
        ("size", json!(1)),
        ("cursor", cursor.clone()),
        (
            "filter",
            json!({"status": {"include": ["COMPLETE", "FAILED"]}, "createdAt": null}),
        ),
        ("status", json!("COMPLETE")),
        ("instant", json!("2030-05-01T00:00:00+02:00")),
        ("sort", json!([{"createdAt": "ASC"}])),
        ("id", id.clone()),
        ("size", Json::Null),
        ("sort", json!([])),
    ];
    for (name, value) in choices {
        if rng.one_in(2) {
            variables[name] = value;
        }
    }
    variables
}

/// The document with these root fields, which declares the variables that it uses, and no others.
fn operation(case: usize, roots: &str, fragments: &str) -> String {
    let declared = VARIABLES.trim_matches(['(', ')']).split(", ");
    let is_used = |one: &&str| {
        let name = one.split(':').next().unwrap_or_default();
        roots.contains(name) || fragments.contains(name)
    };
    let used: Vec<_> = declared.filter(is_used).collect();
    let head = if used.is_empty() {
        String::new()
    } else {
        format!("({})", used.join(", "))
    };
    format!("query Case{case}{head} {{ {roots} }}{fragments}")
}

#[tokio::test]
async fn a_document_answers_the_same_whenever_it_is_run_and_with_directives_that_leave_nothing_out() {
    for app in TestApp::on_each().await {
        let caller = app.account("Acme \"quoted\"").await;
        let rows: Vec<_> = (1..=4).map(|id| row(caller.id, id)).collect();
        app.fill(&rows).await;
        let edge = app
            .data(
                &caller.key,
                "{ imports(first: 1) { edges { cursor node { id } } } }",
                json!({}),
            )
            .await;
        let edge = &edge["imports"]["edges"][0];
        let mut document = Document {
            rng: Rng::new(gauntlet::seed(7)),
            fragments: String::new(),
            count: 0,
        };
        let (mut answered, mut compared) = (0, 0);
        for case in 0..300 {
            document.fragments.clear();
            let roots: Vec<_> = (0..=document.rng.below(3))
                .map(|key| document.root(key))
                .collect();
            let roots = roots.join(" ");
            let plain = operation(
                case,
                &roots.replace(PLACE, ""),
                &document.fragments.replace(PLACE, ""),
            );
            let left_out = format!("{roots} out: viewer @skip(if: $yes) {{ name }}");
            let conditional =
                with_directives(&mut document.rng, &format!("{left_out}{}", document.fragments));
            let (roots, fragments) = conditional
                .split_once(" fragment")
                .map_or((conditional.as_str(), String::new()), |(roots, rest)| {
                    (roots, format!(" fragment{rest}"))
                });
            let conditional = operation(case, roots, &fragments);
            for _ in 0..2 {
                let sent = variables(&mut document.rng, &edge["cursor"], &edge["node"]["id"]);
                let first = app.query(&caller.key, &plain, sent.clone()).await;
                let second = app.query(&caller.key, &plain, sent.clone()).await;
                assert_eq!(second.body, first.body, "{plain} {sent}");
                assert_eq!(second.status, first.status, "{plain} {sent}");
                let wanted = app.query(&caller.key, &conditional, sent.clone()).await;
                // Its errors stand elsewhere in the text.
                assert_eq!(wanted.codes(), first.codes(), "{conditional} {sent}");
                assert_eq!(
                    wanted.json["data"].to_string(),
                    first.json["data"].to_string(),
                    "{conditional} {sent}"
                );
                compared += 2;
                answered += usize::from(first.json.get("data").is_some());
            }
        }
        // Most documents are valid: else nothing would have been compared.
        assert!(answered > 300, "{answered}");
        gauntlet::add("answers of known documents compared with their first", compared);
    }
}
