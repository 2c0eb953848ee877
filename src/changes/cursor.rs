//! A point of the feed as opaque text, and back.
//!
//! The text is URL-safe base64 without padding of a version byte, the history, the point and the CRC-32 of all before it. It
//! begins with another letter than the cursor of a page. It is no secret and grants nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::store::changes::Point;

/// The text then begins with `I`.
const VERSION: u8 = 0x20;
const NUMBERS: usize = 4;
const BODY: usize = 1 + NUMBERS * 8;
const CHECKSUM: usize = 4;

/// A point, and the history of the database that it is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangesCursor {
    /// The history.
    pub history: u64,
    /// The point.
    pub point: Point,
}

/// The text is no cursor of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCursor;

impl ChangesCursor {
    /// The text: 50 letters.
    #[must_use]
    pub fn encode(self) -> String {
        let Point {
            transaction,
            sequence,
            noted_at,
        } = self.point;
        let numbers = [
            self.history,
            transaction,
            sequence.cast_unsigned(),
            noted_at.cast_unsigned(),
        ];
        let mut bytes = vec![VERSION];
        numbers
            .iter()
            .for_each(|number| bytes.extend(number.to_be_bytes()));
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a text names.
    ///
    /// # Errors
    ///
    /// [`NoCursor`] for anything that [`encode`](Self::encode) does not give, to the byte.
    pub fn decode(text: &str) -> Result<Self, NoCursor> {
        // No text is decoded that is longer than one of ours.
        if text.len() != (BODY + CHECKSUM).div_ceil(3) * 4 - 2 {
            return Err(NoCursor);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NoCursor)?;
        let (body, checksum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(NoCursor)?;
        let (&version, numbers) = body.split_first().ok_or(NoCursor)?;
        let &[history, transaction, sequence, noted_at] = numbers.as_chunks::<8>().0 else {
            return Err(NoCursor);
        };
        if version != VERSION || crc32fast::hash(body).to_be_bytes() != *checksum {
            return Err(NoCursor);
        }
        Ok(Self {
            history: u64::from_be_bytes(history),
            point: Point {
                transaction: u64::from_be_bytes(transaction),
                sequence: i64::from_be_bytes(sequence),
                noted_at: i64::from_be_bytes(noted_at),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_no_damaged_one_does() {
        let point = Point {
            transaction: u64::MAX,
            sequence: -3,
            noted_at: 1_700_000_000_000_000,
        };
        let cursor = ChangesCursor {
            history: 0x0123_4567_89ab_cdef,
            point,
        };
        let text = cursor.encode();
        assert!(text.starts_with('I') && text.len() == 50, "{text}");
        assert_eq!(ChangesCursor::decode(&text), Ok(cursor));
        for place in 0..text.len() {
            for letter in ["A", "B", "_", "é", ""] {
                let mut damaged = text.clone();
                damaged.replace_range(place..=place, letter);
                let same = damaged == text;
                assert_eq!(ChangesCursor::decode(&damaged).is_ok(), same, "{damaged}");
            }
        }
        assert_eq!(ChangesCursor::decode(""), Err(NoCursor));
    }
}
