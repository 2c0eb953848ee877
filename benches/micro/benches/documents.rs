//! Documents: what the usual one costs to check, and what the worst may (at most 5 ms): those that are refused, and those
//! that are accepted, with all that then happens to them before a database is read.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use graphql_limits::{Document, Limits, SchemaTypes, check, coerce};
use imports_gateway::graphql::execute::Plan;
use imports_gateway::graphql::schema::{self, Schema};
use imports_gateway::graphql::validation;
use micro::{PAGE, bombs, worst};
use serde_json::{Map, Value, json};

fn documents(criterion: &mut Criterion) {
    let gate = Gate {
        types: validation::types(&schema::sdl()).expect("a valid schema"),
        limits: Limits::default(),
        schema: schema::build(),
    };
    let document = gate.check(PAGE).expect("a valid document");
    let operation = document.operation(None).expect("one operation");
    let variables =
        json!({"first": 50, "after": "AQKB-cursor", "filter": {"status": {"include": ["FAILED"]}}});
    let variables = variables.as_object().expect("an object");

    criterion.bench_function("documents/check", |bencher| {
        bencher.iter(|| gate.check(black_box(PAGE)));
    });
    criterion.bench_function("documents/coerce", |bencher| {
        bencher.iter(|| {
            coerce(
                &document,
                operation,
                black_box(variables),
                &gate.types,
                &gate.limits,
            )
        });
    });
    for (name, text) in bombs(gate.limits.document_bytes) {
        assert!(gate.check(&text).is_none(), "{name} is refused");
        criterion.bench_function(&format!("documents/refused/{name}"), |bencher| {
            bencher.iter(|| gate.check(black_box(&text)).is_none());
        });
    }
    for (name, text, variables) in worst() {
        gate.whole(name, &text, &variables);
        criterion.bench_function(&format!("documents/accepted/{name}"), |bencher| {
            bencher.iter(|| gate.whole(name, black_box(&text), &variables));
        });
    }
}

struct Gate {
    types: SchemaTypes,
    limits: Limits,
    schema: Schema,
}

impl Gate {
    fn check(&self, text: &str) -> Option<Document> {
        check(text, &self.limits, true, &self.types).ok()
    }

    /// Everything that happens to a document when it is first seen, and to its variables: checked, coerced, validated by
    /// the library, compiled, dropped.
    fn whole(&self, name: &str, text: &str, variables: &Map<String, Value>) {
        let Some(document) = self.check(text) else {
            unreachable!("{name} is accepted")
        };
        let operation = &document.operations()[0];
        let coerced = coerce(&document, operation, variables, &self.types, &self.limits);
        assert!(coerced.is_ok(), "{name} can be paid for: {coerced:?}");
        let executable = document.executable();
        black_box(self.schema.validate(executable));
        for operation in document.operations() {
            black_box(Plan::of(executable, operation.name()));
        }
    }
}

criterion_group!(benches, documents);
criterion_main!(benches);
