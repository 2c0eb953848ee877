//! The schema definition language text, as `printSchema` of graphql-js writes it.
//!
//! Takes the library's text, gives the same definitions in the form in which most tools print a schema that they read by
//! introspection: so the text in the repository and the text that a tool prints can be compared as they are. What every
//! GraphQL service has goes without saying: the built-in directives, which some tools refuse to see defined again, and
//! roots that have their usual names. Deliberately absent: extensions and definitions of directives, which this schema has
//! not.
//!
//! Source: GraphQL specification, October 2025, "Type System"; graphql-js 16, `utilities/printSchema.js`.

use std::fmt::Display;

use async_graphql::parser::types::{
    ConstDirective, FieldDefinition, InputValueDefinition, TypeDefinition, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Name, Positioned, parser};

/// The longest description that stands on the line of its quotes. **Unit**: UTF-16 code units.
const ONE_LINE: usize = 70;

/// Writes a schema's text in the form of graphql-js.
///
/// # Errors
///
/// The text is no schema.
pub(super) fn like_graphql_js(text: &str) -> Result<String, parser::Error> {
    Ok(print(&types(text)?))
}

/// The types of a schema's text.
///
/// # Errors
///
/// The text is no schema.
pub(super) fn types(text: &str) -> Result<Vec<TypeDefinition>, parser::Error> {
    let definitions = parser::parse_schema(text)?.definitions.into_iter();
    let types = definitions.filter_map(|definition| match definition {
        TypeSystemDefinition::Type(ty) => Some(ty.node),
        TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
    });
    Ok(types.collect())
}

/// Writes types in the form of graphql-js.
pub(super) fn print(types: &[TypeDefinition]) -> String {
    types.iter().map(type_text).collect::<Vec<_>>().join("\n\n") + "\n"
}

type Described = Option<Positioned<String>>;

fn type_text(ty: &TypeDefinition) -> String {
    let name = &ty.name.node;
    let head = |kind: &str| format!("{}{kind} {name}", description(&ty.description, "", true));
    let directives = directives(&ty.directives);
    match &ty.kind {
        TypeKind::Scalar => head("scalar") + &directives,
        TypeKind::Object(object) => {
            head("type") + &implements(&object.implements) + &directives + &fields(&object.fields)
        }
        TypeKind::Interface(interface) => {
            head("interface") + &implements(&interface.implements) + &fields(&interface.fields)
        }
        TypeKind::Union(union) => {
            let members = union.members.iter().map(|member| member.node.as_str());
            format!("{} = {}", head("union"), members.collect::<Vec<_>>().join(" | "))
        }
        TypeKind::Enum(values) => {
            let values = values.values.iter().enumerate().map(|(place, value)| {
                let value = &value.node;
                let described = description(&value.description, "  ", place == 0);
                format!(
                    "{described}  {}{}",
                    value.value.node,
                    self::directives(&value.directives)
                )
            });
            head("enum") + &block(values)
        }
        TypeKind::InputObject(input) => {
            let inputs = input.fields.iter().enumerate();
            let inputs = inputs.map(|(place, input)| described_input(&input.node, "  ", place == 0));
            head("input") + &directives + &block(inputs)
        }
    }
}

fn implements(interfaces: &[Positioned<Name>]) -> String {
    let names = interfaces.iter().map(|interface| interface.node.as_str());
    let names = names.collect::<Vec<_>>().join(" & ");
    if names.is_empty() {
        names
    } else {
        format!(" implements {names}")
    }
}

fn fields(fields: &[Positioned<FieldDefinition>]) -> String {
    block(fields.iter().enumerate().map(|(place, field)| {
        let field = &field.node;
        let described = description(&field.description, "  ", place == 0);
        let (name, ty) = (&field.name.node, &field.ty.node);
        let (arguments, directives) = (arguments(&field.arguments), directives(&field.directives));
        format!("{described}  {name}{arguments}: {ty}{directives}")
    }))
}

fn arguments(arguments: &[Positioned<InputValueDefinition>]) -> String {
    if arguments.is_empty() {
        return String::new();
    }
    if arguments
        .iter()
        .all(|argument| argument.node.description.is_none())
    {
        let inputs = arguments.iter().map(|argument| input(&argument.node));
        return format!("({})", inputs.collect::<Vec<_>>().join(", "));
    }
    let inputs = arguments.iter().enumerate();
    let inputs = inputs.map(|(place, argument)| described_input(&argument.node, "    ", place == 0));
    format!("(\n{}\n  )", inputs.collect::<Vec<_>>().join("\n"))
}

fn described_input(value: &InputValueDefinition, indent: &str, is_first: bool) -> String {
    format!(
        "{}{indent}{}",
        description(&value.description, indent, is_first),
        input(value)
    )
}

fn input(value: &InputValueDefinition) -> String {
    let default = value
        .default_value
        .as_ref()
        .map(|default| format!(" = {}", default.node));
    let (name, ty) = (&value.name.node, &value.ty.node);
    format!(
        "{name}: {ty}{}{}",
        default.unwrap_or_default(),
        directives(&value.directives)
    )
}

fn block(lines: impl Iterator<Item = String>) -> String {
    let lines = lines.collect::<Vec<_>>().join("\n");
    if lines.is_empty() {
        lines
    } else {
        format!(" {{\n{lines}\n}}")
    }
}

fn directives(directives: &[Positioned<ConstDirective>]) -> String {
    let one = |directive: &Positioned<ConstDirective>| {
        let directive = &directive.node;
        let pair = |(name, value): &(Positioned<Name>, Positioned<_>)| {
            format!("{}: {}", name.node, show(&value.node))
        };
        let arguments: Vec<_> = directive.arguments.iter().map(pair).collect();
        let name = &directive.name.node;
        if arguments.is_empty() {
            format!(" @{name}")
        } else {
            format!(" @{name}({})", arguments.join(", "))
        }
    };
    directives.iter().map(one).collect()
}

fn show(value: &impl Display) -> String {
    value.to_string()
}

/// A description as a block string and its line's end; nothing where there is none.
fn description(described: &Described, indent: &str, is_first: bool) -> String {
    let Some(text) = described.as_ref().map(|described| described.node.as_str()) else {
        return String::new();
    };
    let blank = if indent.is_empty() || is_first { "" } else { "\n" };
    let escaped = text.replace("\"\"\"", "\\\"\"\"");
    let is_long = text.encode_utf16().count() > ONE_LINE;
    let is_spread = is_long || text.contains('\n') || text.ends_with(['"', '\\']);
    let around = if is_spread { "\n" } else { "" };
    let block = format!("\"\"\"{around}{escaped}{around}\"\"\"");
    format!("{blank}{indent}{}\n", block.replace('\n', &format!("\n{indent}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `printSchema(buildSchema(text))` of graphql 16.15 gives for the same definitions.
    const PRINTED: &str = r#"interface Node {
  id: ID!
}

"""The roots."""
type Query implements Node & Other {
  id: ID!

  """Short."""
  old: Int @deprecated(reason: "gone")

  """
  Seventy-one code units are one more than stand on one line with quotes.
  """
  long: String!

  """
  Ends in a "quote"
  """
  imports(first: Int = 10, after: [String!]): [Int]

  """Described."""
  filtered(
    """First line."""
    filter: Filter

    """
    Two
    lines.
    
    And a paragraph.
    """
    size: Int! = 3
  ): Int
}

scalar DateTime @specifiedBy(url: "https://www.rfc-editor.org/rfc/rfc3339")

"""A choice."""
input Filter @oneOf {
  """One."""
  a: Int

  """Two."""
  b: Int
}

enum Status {
  NEW

  """Done."""
  OLD
}
"#;

    #[test]
    fn the_text_is_that_of_graphql_js() {
        let library = "interface Node {\n\tid: ID!\n}\n\"\"\"\nThe roots.\n\"\"\"\ntype Query implements Node & Other {\n\tid: ID!
\t\"\"\"\n\tShort.\n\t\"\"\"\n\told: Int @deprecated(reason: \"gone\")
\t\"\"\"\n\tSeventy-one code units are one more than stand on one line with quotes.\n\t\"\"\"\n\tlong: String!
\t\"\"\"\n\tEnds in a \"quote\"\n\t\"\"\"\n\timports(first: Int = 10, after: [String!]): [Int]
\t\"\"\"\n\tDescribed.\n\t\"\"\"\n\tfiltered(\"\"\"First line.\"\"\" filter: Filter,
\t\"\"\"\n\tTwo\n\tlines.\n\n\tAnd a paragraph.\n\t\"\"\" size: Int! = 3): Int\n}
scalar DateTime @specifiedBy(url: \"https://www.rfc-editor.org/rfc/rfc3339\")
\"\"\"\nA choice.\n\"\"\"\ninput Filter @oneOf {\n\t\"\"\"\n\tOne.\n\t\"\"\"\n\ta: Int\n\t\"\"\"\n\tTwo.\n\t\"\"\"\n\tb: Int\n}
enum Status {\n\tNEW\n\t\"\"\"Done.\"\"\"\n\tOLD\n}
directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @oneOf on INPUT_OBJECT
schema {\n\tquery: Query\n}\n";
        assert_eq!(like_graphql_js(library).expect("a schema"), PRINTED);
    }

    #[test]
    fn its_own_text_is_left_as_it_is() {
        assert_eq!(like_graphql_js(PRINTED).expect("a schema"), PRINTED);
    }
}
