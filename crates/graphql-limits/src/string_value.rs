//! The values of strings: escapes of one line's, the shared indent of a block.
//!
//! Source: the GraphQL specification, September 2026, "String Value".

/// The value of what stands between the quotes of a string of one line; `None` for an escape that is none.
pub(crate) fn line_value(inside: &str) -> Option<String> {
    let mut value = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some((before, escaped)) = rest.split_once('\\') {
        value.push_str(before);
        let sign = escaped.chars().next()?;
        rest = &escaped[sign.len_utf8()..];
        value.push(match sign {
            '"' | '\\' | '/' => sign,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => unicode(&mut rest)?,
            _ => return None,
        });
    }
    value.push_str(rest);
    Some(value)
}

/// The character of a Unicode escape, behind its `\u`; a pair of surrogates is one.
fn unicode(rest: &mut &str) -> Option<char> {
    if let Some(braced) = rest.strip_prefix('{') {
        let (digits, behind) = braced.split_once('}')?;
        *rest = behind;
        return char::from_u32(hexadecimal(digits)?);
    }
    let leading = four_digits(rest)?;
    if !(0xD800..0xDC00).contains(&leading) {
        return char::from_u32(leading);
    }
    *rest = rest.strip_prefix("\\u")?;
    let trailing = four_digits(rest).filter(|trailing| (0xDC00..0xE000).contains(trailing))?;
    char::from_u32(0x1_0000 + ((leading - 0xD800) << 10) + (trailing - 0xDC00))
}

fn four_digits(rest: &mut &str) -> Option<u32> {
    let digits = rest.get(..4)?;
    *rest = &rest[4..];
    hexadecimal(digits)
}

/// A number in hexadecimal digits alone, however many zeros it begins with.
fn hexadecimal(digits: &str) -> Option<u32> {
    let is_sound = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = digits.trim_start_matches('0');
    let number = if digits.is_empty() {
        Ok(0)
    } else {
        u32::from_str_radix(digits, 16)
    };
    number.ok().filter(|_| is_sound)
}

/// The lines of a text, whichever way they end.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let behind = &text[end..];
        rest = Some(behind.strip_prefix("\r\n").unwrap_or(&behind[1..]));
        Some(&text[..end])
    })
}

/// The value of a block string: without the indent that its lines share but for the first, and without blank lines at its
/// ends.
pub(crate) fn block_value(raw: &str) -> String {
    let indent_of = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let is_blank = |line: &&str| indent_of(line) == line.len();
    let all: Vec<&str> = lines(raw).collect();
    let common = all
        .iter()
        .skip(1)
        .filter(|line| !is_blank(line))
        .map(|line| indent_of(line))
        .min();
    let first = all.iter().position(|line| !is_blank(line)).unwrap_or(all.len());
    let end = all
        .iter()
        .rposition(|line| !is_blank(line))
        .map_or(first, |last| last + 1);
    let kept = all[first..end].iter().enumerate().map(|(place, line)| {
        let indent = if first + place == 0 {
            0
        } else {
            common.unwrap_or(0)
        };
        line.get(indent..).unwrap_or_default()
    });
    kept.collect::<Vec<_>>().join("\n")
}
