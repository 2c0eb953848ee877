//! A position as opaque text, and back.
//!
//! The text is URL-safe base64 without padding of: one byte with version and number of keys, one byte a key (column
//! code and direction), eight bytes a value (big-endian), and the CRC-32 of all before it. It begins with a letter, so
//! no client takes it for a number; its length is fixed by its first byte, so no cut text passes; the checksum sees
//! every damaged byte. It is no secret and grants nothing: the caller's scope is added elsewhere.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::{Column, Direction, Key, Kind, Order, Position, Row, Value};

/// The longest text that [`decode`] looks at. **Unit**: bytes.
pub const MAX_CURSOR_BYTES: usize = 256;

/// In the high half of the first byte: the text then begins with a letter from `E` to `H`.
const VERSION: u8 = 1;
const MAX_KEYS: usize = 0x0f;
const CHECKSUM_BYTES: usize = 4;
const VALUE_BYTES: usize = 8;
const LONGEST_BODY: usize = 1 + MAX_KEYS * (1 + VALUE_BYTES) + CHECKSUM_BYTES;
const LONGEST_TEXT: usize = LONGEST_BODY.div_ceil(3) * 4;

/// The text is no cursor: cut, damaged, empty, or made by something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorError;

/// The text of a position: the same text for the same row and order, every time and on every instance.
pub fn encode<C: Column>(position: &Position<C>) -> String {
    let text = CursorText::new(position.order(), |index| position.values()[index]);
    text.as_str().to_owned()
}

/// The text of the position where a row stands in an order: what [`encode`] gives for [`Order::position`].
pub fn encode_row<C: Column>(order: &Order<C>, row: &impl Row<C>) -> CursorText {
    CursorText::new(order, |index| row.value(order.keys()[index].column))
}

/// A cursor's text, in place: a page of rows has one each.
#[derive(Clone, Copy)]
pub struct CursorText {
    bytes: [u8; LONGEST_TEXT],
    len: usize,
}

impl CursorText {
    fn new<C: Column>(order: &Order<C>, value: impl Fn(usize) -> Value) -> Self {
        let keys = order.keys();
        debug_assert!(
            keys.len() <= MAX_KEYS,
            "an order has fewer keys than a table has sortable columns"
        );
        let mut body = [0; LONGEST_BODY];
        body[0] = (VERSION << 4) | (keys.len() as u8);
        let mut end = 1;
        for key in keys {
            body[end] = (key.column.code() << 1) | u8::from(key.direction == Direction::Desc);
            end += 1;
        }
        for index in 0..keys.len() {
            let (Value::Int(number) | Value::Instant(number)) = value(index) else {
                continue;
            };
            body[end..end + VALUE_BYTES].copy_from_slice(&number.to_be_bytes());
            end += VALUE_BYTES;
        }
        let checksum = crc32fast::hash(&body[..end]).to_be_bytes();
        body[end..end + CHECKSUM_BYTES].copy_from_slice(&checksum);
        end += CHECKSUM_BYTES;
        let mut bytes = [0; LONGEST_TEXT];
        let len = URL_SAFE_NO_PAD.encode_slice(&body[..end], &mut bytes);
        Self {
            bytes,
            len: len.expect("the longest body fits"),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes[..self.len]).expect("base64 is ASCII")
    }
}

/// The position that a text names.
///
/// # Errors
///
/// [`CursorError`] for anything that [`encode`] does not give, to the byte.
pub fn decode<C: Column>(text: &str, tie_break: Key<C>) -> Result<Position<C>, CursorError> {
    if text.is_empty() || text.len() > MAX_CURSOR_BYTES {
        return Err(CursorError);
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
    let (body, checksum) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(CursorError)?;
    let (&first, rest) = body.split_first().ok_or(CursorError)?;
    let count = usize::from(first & 0x0f);
    if first >> 4 != VERSION || count == 0 || rest.len() != count * (1 + VALUE_BYTES) {
        return Err(CursorError);
    }
    if crc32fast::hash(body).to_be_bytes() != *checksum {
        return Err(CursorError);
    }
    let (codes, numbers) = rest.split_at(count);
    let keys = codes
        .iter()
        .map(|code| key_of(*code))
        .collect::<Result<Vec<Key<C>>, _>>()?;
    let order = Order::new(&keys, tie_break).map_err(|_| CursorError)?;
    if order.keys() != keys {
        return Err(CursorError);
    }
    let mut values = Vec::with_capacity(count);
    for (key, chunk) in keys.iter().zip(numbers.as_chunks::<VALUE_BYTES>().0) {
        values.push(value_of(key.column.kind(), i64::from_be_bytes(*chunk))?);
    }
    Ok(Position::new(order, values))
}

fn key_of<C: Column>(code: u8) -> Result<Key<C>, CursorError> {
    let column = C::from_code(code >> 1).ok_or(CursorError)?;
    let direction = if code & 1 == 1 {
        Direction::Desc
    } else {
        Direction::Asc
    };
    Ok(Key { column, direction })
}

fn value_of(kind: Kind, number: i64) -> Result<Value, CursorError> {
    match kind {
        Kind::Int => Ok(Value::Int(number)),
        Kind::Instant if (Value::MIN_INSTANT..=Value::MAX_INSTANT).contains(&number) => {
            Ok(Value::Instant(number))
        }
        Kind::Instant | Kind::Name => Err(CursorError),
    }
}
