//! Tables for people: a head and rows of text in columns.

use std::fmt::Write as _;

/// The text of a table: columns two spaces apart, each as wide as its widest cell, one line a row.
///
/// Control characters are escaped, so that no name reaches the terminal as a command; an empty cell is `-`, so that a
/// line always has as many words as the head, where no cell has a space.
#[must_use]
pub fn render<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let head = head.map(str::to_owned);
    let lines: Vec<[String; N]> = std::iter::once(&head)
        .chain(rows)
        .map(|cells| std::array::from_fn(|column| printable(&cells[column])))
        .collect();
    let widths: [usize; N] = std::array::from_fn(|column| {
        let widths = lines.iter().map(|cells| cells[column].chars().count());
        widths.max().unwrap_or_default()
    });
    let mut text = String::new();
    for cells in &lines {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            // Writing to a String cannot fail.
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn printable(cell: &str) -> String {
    if cell.trim().is_empty() {
        return "-".to_owned();
    }
    let escaped = cell.chars().map(|character| {
        if character.is_control() {
            character.escape_default().to_string()
        } else {
            character.to_string()
        }
    });
    escaped.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            ["1".to_owned(), "Ümläut & Co".to_owned(), String::new()],
            ["1000".to_owned(), "a".to_owned(), "x".to_owned()],
        ];
        let expected = "ID    NAME         END\n1     Ümläut & Co  -\n1000  a            x\n";
        assert_eq!(render(["ID", "NAME", "END"], &rows), expected);
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let text = render(["NAME"], &[["\u{1b}[2Ja\nb\r".to_owned()]]);
        assert_eq!(text, "NAME\n\\u{1b}[2Ja\\nb\\r\n");
    }
}
