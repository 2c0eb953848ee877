//! As much of Markdown as the README needs: sections, fenced blocks, and tables between two comments.

use serde_json::Value;

/// A part of the text under a heading of the second level.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub(super) title: &'a str,
    pub(super) text: &'a str,
    pub(super) blocks: Vec<Block>,
}

/// A fenced block. **Shape**: the text ends with a line end, where it has any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) language: &'static str,
    pub(super) text: String,
}

/// The languages that mean something here.
const LANGUAGES: [&str; 7] = ["sh", "shell", "text", "json", "graphql", "ini", "toml"];

impl Block {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

/// The sections of a text, from the first heading of the second level on.
pub(super) fn sections(text: &str) -> Vec<Section<'_>> {
    let parts = text.split("\n## ").skip(1);
    parts
        .map(|part| {
            let (title, text) = part.split_once('\n').unwrap_or((part, ""));
            Section {
                title,
                text,
                blocks: blocks(text),
            }
        })
        .collect()
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => {
                let known = LANGUAGES.into_iter().find(|known| *known == language);
                let language = known.unwrap_or_else(|| panic!("a block of `{language}`"));
                open = Some(Block {
                    language,
                    text: String::new(),
                });
            }
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block that does not end: {open:?}");
    blocks
}

/// The lines between `<!-- table: NAME -->` and `<!-- end -->`.
pub(super) fn table<'a>(text: &'a str, name: &str) -> &'a str {
    let start = format!("<!-- table: {name} -->\n");
    let (_, rest) = text
        .split_once(&start)
        .unwrap_or_else(|| panic!("no table `{name}`"));
    let (table, _) = rest.split_once("<!-- end -->").expect("a table ends");
    table
}

/// The cells of a row.
pub(super) fn cells(row: &str) -> Vec<String> {
    let row = row.trim().trim_start_matches('|').trim_end_matches('|');
    row.split(" | ").map(|cell| cell.trim().to_owned()).collect()
}

/// Whether an output is the one shown, in which `…` stands for the rest of a word.
pub(super) fn matches(shown: &str, output: &str) -> bool {
    let (mut shown, mut output) = (shown.lines(), output.lines());
    loop {
        match (shown.next(), output.next()) {
            (None, None) => return true,
            (Some(shown), Some(output)) if line_matches(shown, output) => {}
            _ => return false,
        }
    }
}

fn line_matches(shown: &str, output: &str) -> bool {
    let (shown, output): (Vec<_>, Vec<_>) = (shown.split(' ').collect(), output.split(' ').collect());
    shown.len() == output.len()
        && shown
            .iter()
            .zip(output)
            .all(|(shown, output)| match shown.strip_suffix('…') {
                Some(start) => output.len() > start.len() && output.starts_with(start),
                None => *shown == output,
            })
}

#[test]
fn a_text_is_read_as_sections_with_their_blocks() {
    let text =
        "# T\n```sh\nno\n```\n## One\n```sh\na \\\n  b\n```\ntext\n```json\n{}\n```\n## Two\nnothing\n";
    let sections = sections(text);
    assert_eq!(
        sections.iter().map(|one| one.title).collect::<Vec<_>>(),
        ["One", "Two"]
    );
    let block = |language, text: &str| Block {
        language,
        text: text.to_owned(),
    };
    assert_eq!(
        sections[0].blocks,
        [block("sh", "a \\\n  b\n"), block("json", "{}\n")]
    );
    assert!(sections[1].blocks.is_empty() && sections[1].text == "nothing\n");
}

#[test]
fn a_table_is_what_stands_between_its_comments() {
    let text = "<!-- table: a -->\n| x | y |\n<!-- end -->\n<!-- table: b -->\n| z |\n<!-- end -->\n";
    assert_eq!((table(text, "a"), table(text, "b")), ("| x | y |\n", "| z |\n"));
    assert_eq!(cells("| `x` | a or b |"), ["`x`", "a or b"]);
}

#[test]
fn an_ellipsis_stands_for_the_rest_of_a_word_and_for_nothing_else() {
    assert!(matches("id: 1\ntoken: iga_…\n", "id: 1\ntoken: iga_abc\n"));
    for output in [
        "id: 1\n",
        "id: 1\ntoken: iga_\n",
        "id: 1\ntoken: igw_abc\n",
        "id: 1\ntoken: iga_a b\n",
        "id: 2\ntoken: iga_a\n",
        "id: 1\ntoken: iga_a\nmore\n",
    ] {
        assert!(!matches("id: 1\ntoken: iga_…\n", output), "{output}");
    }
}
