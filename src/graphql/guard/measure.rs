//! The size of each operation with its fragments expanded, without expanding them.
//!
//! Fragments are measured in dependency order and each once, so a document's measure costs one visit a node of
//! its text, however much it expands to. Sums saturate. What lies below `__schema` and `__type` is measured apart.

use std::collections::HashMap;

use async_graphql::Pos;
use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};

use super::limits::Limits;
use super::outline::{Outline, is_introspection};
use super::refusal::{Code, Refusal};

/// One side of a measure: data, or introspection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) depth: usize,
    pub(super) nodes: usize,
    pub(super) aliases: usize,
    /// Listing fields of introspection above one another.
    pub(super) lists: usize,
}

/// A selection set, fragments expanded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Measure {
    pub(super) data: Part,
    pub(super) introspection: Part,
    pub(super) root_fields: usize,
    /// Selection sets above one another, this one included.
    pub(super) nesting: usize,
    pub(super) introspects: bool,
}

/// The measures of all operations, keyed by name, and the nodes visited.
#[derive(Debug)]
pub(super) struct Measured<'a> {
    pub(super) operations: HashMap<Option<&'a str>, Measure>,
    pub(super) steps: u64,
}

/// Measures a document.
///
/// Errors: an operation, or all together, beyond a limit.
pub(super) fn measure<'a>(
    document: &'a ExecutableDocument,
    outline: &Outline<'a>,
    limits: &Limits,
) -> Result<Measured<'a>, Refusal> {
    let mut walk = Walk {
        fragments: HashMap::new(),
        steps: 0,
    };
    for &name in &outline.order {
        if let Some(fragment) = document.fragments.get(name) {
            let measure = walk.selection_set(&fragment.node.selection_set.node);
            walk.fragments.insert(name, measure);
        }
    }
    let mut operations = HashMap::new();
    let (mut nodes, mut introspection_nodes) = (0usize, 0usize);
    for (name, operation) in document.operations.iter() {
        let measure = walk.selection_set(&operation.node.selection_set.node);
        check(&measure, operation.pos, limits)?;
        nodes = nodes.saturating_add(measure.data.nodes);
        introspection_nodes = introspection_nodes.saturating_add(measure.introspection.nodes);
        operations.insert(name.map(|name| name.as_str()), measure);
    }
    complex(
        nodes,
        limits.expanded_nodes,
        "fields and fragments, expanded",
        Vec::new(),
    )?;
    complex(
        introspection_nodes,
        limits.introspection_nodes,
        "introspection fields, expanded",
        Vec::new(),
    )?;
    Ok(Measured {
        operations,
        steps: walk.steps,
    })
}

fn check(measure: &Measure, pos: Pos, limits: &Limits) -> Result<(), Refusal> {
    let Measure {
        data, introspection, ..
    } = measure;
    deep(data.depth, limits.depth, "Fields", pos)?;
    deep(
        introspection.depth,
        limits.introspection_depth,
        "Introspection fields",
        pos,
    )?;
    deep(
        introspection.lists,
        limits.introspection_lists,
        "Lists of introspection",
        pos,
    )?;
    deep(measure.nesting, limits.brackets, "Selection sets", pos)?;
    complex(measure.root_fields, limits.root_fields, "root fields", vec![pos])?;
    complex(data.aliases, limits.aliases, "aliases", vec![pos])?;
    complex(
        introspection.aliases,
        limits.aliases,
        "aliases in introspection",
        vec![pos],
    )
}

fn deep(count: usize, limit: usize, what: &str, pos: Pos) -> Result<(), Refusal> {
    if count <= limit {
        return Ok(());
    }
    let message =
        format!("{what} are nested {count} deep with fragments expanded; at most {limit} are accepted.");
    Err(Refusal::new(Code::QueryTooDeep, message, vec![pos]))
}

fn complex(count: usize, limit: usize, what: &str, locations: Vec<Pos>) -> Result<(), Refusal> {
    if count <= limit {
        return Ok(());
    }
    // A saturated count is no figure to show.
    let message = format!("There are more than {limit} {what}; at most {limit} are accepted.");
    Err(Refusal::new(Code::QueryTooComplex, message, locations))
}

struct Walk<'a> {
    fragments: HashMap<&'a str, Measure>,
    steps: u64,
}

impl Walk<'_> {
    fn selection_set(&mut self, set: &SelectionSet) -> Measure {
        let mut total = Measure {
            nesting: usize::from(!set.items.is_empty()),
            ..Measure::default()
        };
        for selection in &set.items {
            self.steps += 1;
            let inner = match &selection.node {
                Selection::Field(field) => self.field(&field.node),
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    opened(self.fragments.get(name).copied().unwrap_or_default())
                }
                Selection::InlineFragment(inline) => {
                    opened(self.selection_set(&inline.node.selection_set.node))
                }
            };
            total = total.join(inner);
        }
        total
    }

    /// A field as a measure of the selection set around it.
    fn field(&mut self, field: &Field) -> Measure {
        let below = self.selection_set(&field.selection_set.node);
        let name = field.name.node.as_str();
        let mut measure = Measure {
            root_fields: 1,
            nesting: 1 + below.nesting,
            ..below
        };
        if is_introspection(name) {
            measure.introspection = below.data.join(below.introspection).under(field);
            measure.data = Part::default();
            measure.introspects = true;
        } else {
            measure.data = below.data.under(field);
            if below.introspects {
                measure.introspection.depth += 1;
            }
        }
        measure
    }
}

/// A fragment's content, seen from the selection set that spreads it.
fn opened(content: Measure) -> Measure {
    let nodes = content.data.nodes.saturating_add(1);
    Measure {
        data: Part {
            nodes,
            ..content.data
        },
        nesting: 1 + content.nesting,
        ..content
    }
}

impl Measure {
    fn join(self, other: Self) -> Self {
        Self {
            data: self.data.join(other.data),
            introspection: self.introspection.join(other.introspection),
            root_fields: self.root_fields.saturating_add(other.root_fields),
            nesting: self.nesting.max(other.nesting),
            introspects: self.introspects || other.introspects,
        }
    }
}

impl Part {
    fn join(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            nodes: self.nodes.saturating_add(other.nodes),
            aliases: self.aliases.saturating_add(other.aliases),
            lists: self.lists.max(other.lists),
        }
    }

    fn under(self, field: &Field) -> Self {
        let name = field.name.node.as_str();
        let is_list = matches!(name, "fields" | "interfaces" | "possibleTypes" | "inputFields");
        Self {
            depth: self.depth + 1,
            nodes: self.nodes.saturating_add(1),
            aliases: self.aliases.saturating_add(usize::from(field.alias.is_some())),
            lists: self.lists + usize::from(is_list),
        }
    }
}
