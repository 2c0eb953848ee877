//! The guard: what the usual question costs to check, and what the worst may (at most 5 ms): documents that it refuses,
//! and documents that it accepts, with all that then happens to them before a database is read.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use imports_gateway::graphql::execute::Plan;
use imports_gateway::graphql::guard::coerce::coerce;
use imports_gateway::graphql::guard::document::{Document, check};
use imports_gateway::graphql::guard::instant;
use imports_gateway::graphql::guard::limits::Limits;
use imports_gateway::graphql::guard::table::Types;
use imports_gateway::graphql::schema::{self, Schema};
use micro::{PAGE, bombs, worst};
use serde_json::{Map, Value, json};

fn guard(criterion: &mut Criterion) {
    let gate = Gate {
        types: Types::from_sdl(&schema::sdl(), instant::is_instant).expect("a sound schema"),
        limits: Limits::default(),
        schema: schema::build(),
    };
    let document = gate.check(PAGE).expect("a sound document");
    let operation = document.operation(None).expect("one operation");
    let variables =
        json!({"first": 50, "after": "AQKB-cursor", "filter": {"status": {"include": ["FAILED"]}}});
    let variables = variables.as_object().expect("an object");

    criterion.bench_function("guard/check", |bencher| {
        bencher.iter(|| gate.check(black_box(PAGE)));
    });
    criterion.bench_function("guard/coerce", |bencher| {
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
        criterion.bench_function(&format!("guard/refused/{name}"), |bencher| {
            bencher.iter(|| gate.check(black_box(&text)).is_none());
        });
    }
    for (name, text, variables) in worst() {
        gate.whole(name, &text, &variables);
        criterion.bench_function(&format!("guard/accepted/{name}"), |bencher| {
            bencher.iter(|| gate.whole(name, black_box(&text), &variables));
        });
    }
}

struct Gate {
    types: Types,
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

criterion_group!(benches, guard);
criterion_main!(benches);
