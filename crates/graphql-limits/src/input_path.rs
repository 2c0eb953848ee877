//! Where an input value is: in which argument or variable, and under which keys.
//!
//! A message shows the path as it was written, so that of a variable's value begins with the variable. For programs there
//! is the dotted path from the field's argument, which is the same for a literal and for a variable. A value in a
//! directive's argument has no such path.

/// The path of a value in an argument or in a variable.
#[derive(Clone, Copy)]
pub(crate) enum InputPath<'p> {
    /// An argument, or a path that begins with one.
    Argument(&'p str),
    /// A directive's argument.
    DirectiveArgument(&'p str),
    /// A variable.
    Variable {
        name: &'p str,
        /// The path at which it is first used, if it is.
        used_at: Option<&'p str>,
    },
    /// A key of an input object; the items of a list have the path of the list.
    Key(&'p InputPath<'p>, &'p str),
}

impl InputPath<'_> {
    /// The path for a message: `filter.createdAt`, or `$filter.createdAt` in a variable.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Argument(path) | Self::DirectiveArgument(path) => (*path).to_owned(),
            Self::Variable { name, .. } => format!("${name}"),
            Self::Key(parent, key) => format!("{}.{key}", parent.shown()),
        }
    }

    /// The dotted path from the field's argument; `None` in a directive, and in a variable that no field uses.
    pub(crate) fn argument(&self) -> Option<String> {
        match self {
            Self::Argument(path) => Some((*path).to_owned()),
            Self::DirectiveArgument(_) => None,
            Self::Variable { used_at, .. } => used_at.map(str::to_owned),
            Self::Key(parent, key) => Some(format!("{}.{key}", parent.argument()?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::InputPath;

    #[test]
    fn a_variable_is_shown_by_its_name_and_has_the_path_of_the_argument_it_is_used_in() {
        let literal = InputPath::Argument("filter");
        let of_literal = InputPath::Key(&literal, "createdAt");
        let variable = InputPath::Variable {
            name: "f",
            used_at: Some("filter"),
        };
        let of_variable = InputPath::Key(&variable, "createdAt");
        assert_eq!(of_literal.shown(), "filter.createdAt");
        assert_eq!(of_variable.shown(), "$f.createdAt");
        assert_eq!(of_literal.argument(), of_variable.argument());
        let unused = InputPath::Variable {
            name: "f",
            used_at: None,
        };
        assert_eq!(InputPath::Key(&unused, "createdAt").argument(), None);
    }
}
