//! Cursors and plans: what each page costs before and after its statement.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use imports_gateway::resources::imports::Column;
use imports_gateway::store::query::table::Column as _;
use keyset::{Direction, Filter, Key, Order, Reading, Value, PageRequest, decode, encode};

/// Newest creation first, and the place of a row in that order.
fn place() -> (Order<Column>, String) {
    let key = |column| Key {
        column,
        direction: Direction::Desc,
    };
    let order = Order::new(&[key(Column::CreatedAt)], Column::TIE_BREAK).expect("an order");
    let row = entity::imports::Model {
        account_id: 1,
        id: 1_240_000_001,
        completed_at: None,
        file_name: String::new(),
        file_size: 0,
        note: None,
        kind: String::new(),
        status: entity::ImportStatus::New,
        created_at: entity::Instant::from_micros(1_777_636_740_123_456).expect("an instant"),
        updated_at: entity::Instant::from_micros(1_777_636_740_123_456).expect("an instant"),
    };
    let cursor = encode(&order.position(&row));
    (order, cursor)
}

fn keyset(criterion: &mut Criterion) {
    let (order, cursor) = place();
    let position = decode(&cursor, Column::TIE_BREAK).expect("our own cursor");
    criterion.bench_function("keyset/encode", |bencher| {
        bencher.iter(|| encode(black_box(&position)));
    });
    criterion.bench_function("keyset/decode", |bencher| {
        bencher.iter(|| decode(black_box(&cursor), Column::TIE_BREAK));
    });
    let filter = Filter {
        equals: vec![(Column::AccountId, Value::Int(1))],
        one_of: Some((
            Column::Status,
            vec![Value::Name("failed"), Value::Name("complete")],
        )),
        ..Filter::default()
    };
    criterion.bench_function("keyset/plan", |bencher| {
        bencher.iter(|| {
            let after = Some(position.clone());
            let window = PageRequest::between(order.clone(), after, None, Reading::Forward, 50);
            window.rows_plan(black_box(&filter))
        });
    });
}

criterion_group!(benches, keyset);
criterion_main!(benches);
