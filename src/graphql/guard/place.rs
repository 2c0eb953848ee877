//! Where a value stands: in which argument, and under which keys.
//!
//! A value has two names. For a person it is where they wrote it, so that of a variable begins with the variable; for
//! a program it is the dotted path from the field's argument, the same for a literal and for a variable. A directive's
//! argument is no field's, so what stands there has the first name only.

/// A place in an argument or in a variable.
#[derive(Clone, Copy)]
pub(super) enum Place<'p> {
    /// An argument, or a path that begins with one.
    Argument(&'p str),
    /// A directive's argument.
    OfDirective(&'p str),
    /// A variable.
    Variable {
        name: &'p str,
        /// The path at which it is first used, if it is.
        used_at: Option<&'p str>,
    },
    /// A key of an input object; the items of a list stand where the list does.
    Key(&'p Place<'p>, &'p str),
}

impl Place<'_> {
    /// The path for a message: `filter.createdAt`, or `$filter.createdAt` in a variable.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Argument(path) | Self::OfDirective(path) => (*path).to_owned(),
            Self::Variable { name, .. } => format!("${name}"),
            Self::Key(parent, key) => format!("{}.{key}", parent.shown()),
        }
    }

    /// The dotted path from the field's argument; `None` in a directive, and in a variable that no field uses.
    pub(super) fn argument(&self) -> Option<String> {
        match self {
            Self::Argument(path) => Some((*path).to_owned()),
            Self::OfDirective(_) => None,
            Self::Variable { used_at, .. } => used_at.map(str::to_owned),
            Self::Key(parent, key) => Some(format!("{}.{key}", parent.argument()?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_variable_is_shown_by_its_name_and_told_by_the_argument_it_stands_in() {
        let literal = Place::Argument("filter");
        let of_literal = Place::Key(&literal, "createdAt");
        let variable = Place::Variable {
            name: "f",
            used_at: Some("filter"),
        };
        let of_variable = Place::Key(&variable, "createdAt");
        assert_eq!(of_literal.shown(), "filter.createdAt");
        assert_eq!(of_variable.shown(), "$f.createdAt");
        assert_eq!(of_literal.argument(), of_variable.argument());
        let unused = Place::Variable {
            name: "f",
            used_at: None,
        };
        assert_eq!(Place::Key(&unused, "createdAt").argument(), None);
    }
}
