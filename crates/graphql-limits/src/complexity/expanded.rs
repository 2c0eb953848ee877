//! The complexity of each operation with its fragments expanded, computed without expanding them.
//!
//! That of a fragment is computed once, after all that it spreads, so the work is one visit for each node of the text,
//! however much it expands to. Sums saturate. What is below `__schema` and `__type` is counted separately.

use std::collections::HashMap;

use async_graphql_parser::Pos;
use async_graphql_parser::types::{ExecutableDocument, Field, Selection, SelectionSet};

use super::definitions::{Definitions, is_introspection};
use crate::limits::Limits;
use crate::rejection::{Code, Rejection};

/// The size of the data that a selection set selects, or of the introspection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) depth: usize,
    pub(crate) nodes: usize,
    pub(crate) aliases: usize,
    /// Fields of introspection that are lists, above one another.
    pub(crate) lists: usize,
}

/// The complexity of a selection set, fragments expanded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Complexity {
    pub(crate) data: Size,
    pub(crate) introspection: Size,
    pub(crate) root_fields: usize,
    /// Selection sets above one another, this one included.
    pub(crate) nesting: usize,
    pub(crate) introspects: bool,
}

/// The complexity of each operation, by its name, and the number of nodes visited.
#[derive(Debug)]
pub(crate) struct Complexities<'a> {
    pub(crate) operations: HashMap<Option<&'a str>, Complexity>,
    pub(crate) steps: u64,
}

/// Checks the complexity of each operation, and of all together, against the limits.
///
/// # Errors
///
/// [`Code::QueryTooDeep`], [`Code::QueryTooComplex`].
pub(crate) fn check_complexity<'a>(
    document: &'a ExecutableDocument,
    definitions: &Definitions<'a>,
    limits: &Limits,
) -> Result<Complexities<'a>, Rejection> {
    let mut walk = Walk {
        fragments: HashMap::new(),
        steps: 0,
    };
    for &name in &definitions.fragment_order {
        if let Some(fragment) = document.fragments.get(name) {
            let complexity = walk.selection_set(&fragment.node.selection_set.node);
            walk.fragments.insert(name, complexity);
        }
    }
    let mut operations = HashMap::new();
    let (mut nodes, mut introspection_nodes) = (0usize, 0usize);
    for (name, operation) in document.operations.iter() {
        let complexity = walk.selection_set(&operation.node.selection_set.node);
        check(&complexity, operation.pos, limits)?;
        nodes = nodes.saturating_add(complexity.data.nodes);
        introspection_nodes = introspection_nodes.saturating_add(complexity.introspection.nodes);
        operations.insert(name.map(|name| name.as_str()), complexity);
    }
    not_too_complex(
        nodes,
        limits.expanded_nodes,
        "fields and fragments, expanded",
        Vec::new(),
    )?;
    not_too_complex(
        introspection_nodes,
        limits.introspection_nodes,
        "introspection fields, expanded",
        Vec::new(),
    )?;
    Ok(Complexities {
        operations,
        steps: walk.steps,
    })
}

fn check(complexity: &Complexity, pos: Pos, limits: &Limits) -> Result<(), Rejection> {
    let Complexity {
        data, introspection, ..
    } = complexity;
    not_too_deep(data.depth, limits.depth, "Fields", pos)?;
    not_too_deep(
        introspection.depth,
        limits.introspection_depth,
        "Introspection fields",
        pos,
    )?;
    not_too_deep(
        introspection.lists,
        limits.introspection_lists,
        "Lists of introspection",
        pos,
    )?;
    not_too_deep(complexity.nesting, limits.brackets, "Selection sets", pos)?;
    not_too_complex(
        complexity.root_fields,
        limits.root_fields,
        "root fields",
        vec![pos],
    )?;
    not_too_complex(data.aliases, limits.aliases, "aliases", vec![pos])?;
    not_too_complex(
        introspection.aliases,
        limits.aliases,
        "aliases in introspection",
        vec![pos],
    )
}

fn not_too_deep(count: usize, limit: usize, what: &str, pos: Pos) -> Result<(), Rejection> {
    if count <= limit {
        return Ok(());
    }
    let message =
        format!("{what} are nested {count} deep with fragments expanded; at most {limit} are accepted.");
    Err(Rejection::new(Code::QueryTooDeep, message, vec![pos]))
}

fn not_too_complex(count: usize, limit: usize, what: &str, locations: Vec<Pos>) -> Result<(), Rejection> {
    if count <= limit {
        return Ok(());
    }
    // A saturated count is no figure to show.
    let message = format!("There are more than {limit} {what}; at most {limit} are accepted.");
    Err(Rejection::new(Code::QueryTooComplex, message, locations))
}

struct Walk<'a> {
    fragments: HashMap<&'a str, Complexity>,
    steps: u64,
}

impl Walk<'_> {
    fn selection_set(&mut self, set: &SelectionSet) -> Complexity {
        let mut total = Complexity {
            nesting: usize::from(!set.items.is_empty()),
            ..Complexity::default()
        };
        for selection in &set.items {
            self.steps += 1;
            let inner = match &selection.node {
                Selection::Field(field) => self.field(&field.node),
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    from_outside(self.fragments.get(name).copied().unwrap_or_default())
                }
                Selection::InlineFragment(inline) => {
                    from_outside(self.selection_set(&inline.node.selection_set.node))
                }
            };
            total = total.join(inner);
        }
        total
    }

    /// What a field adds to the selection set that it is in.
    fn field(&mut self, field: &Field) -> Complexity {
        let below = self.selection_set(&field.selection_set.node);
        let name = field.name.node.as_str();
        let mut complexity = Complexity {
            root_fields: 1,
            nesting: 1 + below.nesting,
            ..below
        };
        if is_introspection(name) {
            complexity.introspection = below.data.join(below.introspection).under(field);
            complexity.data = Size::default();
            complexity.introspects = true;
        } else {
            complexity.data = below.data.under(field);
            if below.introspects {
                complexity.introspection.depth += 1;
            }
        }
        complexity
    }
}

/// What a fragment adds to the selection set that spreads it, by the complexity of its content.
fn from_outside(content: Complexity) -> Complexity {
    let nodes = content.data.nodes.saturating_add(1);
    Complexity {
        data: Size {
            nodes,
            ..content.data
        },
        nesting: 1 + content.nesting,
        ..content
    }
}

impl Complexity {
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

impl Size {
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
