//! An output type as one table: each field with its name, its type, its description, what it needs to be read, and the
//! function that writes it.

use async_graphql::OutputType;
use async_graphql::registry::Registry;

use super::collect::Selected;
use super::compiled::{Compiled, Selection, Unlisted};
use crate::json::Json;

/// An object type of the schema.
pub trait Object: Sized + Send + Sync + 'static {
    /// Its name.
    const NAME: &'static str;
    /// What the schema says of it.
    const DESCRIPTION: &'static str;
    /// The interfaces that it implements.
    const IMPLEMENTS: &'static [&'static str] = &[];
    /// Its fields, in the schema's order.
    const FIELDS: &'static [Field<Self>];
    /// What its fields are written from.
    type Source<'a>: Copy;
}

/// A function that writes a value of an object.
pub type Write<O> = fn(<O as Object>::Source<'_>, &mut Json);

/// A line of a table.
pub struct Field<O: Object> {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    /// Declares the field's type, and gives its name with `!` and `[]`.
    pub(super) declare: fn(&mut Registry) -> String,
    pub(super) needs: Needs,
    pub(super) value: Value<O>,
}

/// How a field's value is written.
pub(super) enum Value<O: Object> {
    /// By this function.
    Leaf(Write<O>),
    /// By what this function makes of the selection below the field.
    Object(fn(&Selected<'_>) -> Result<Compiled<O>, Unlisted>),
}

/// A field of a scalar, of an enum or of a list of these; its type is `T`.
pub const fn leaf<O: Object, T: OutputType>(
    name: &'static str,
    description: &'static str,
    write: Write<O>,
) -> Field<O> {
    Field {
        name,
        description,
        declare: T::create_type_info,
        needs: Needs::NOTHING,
        value: Value::Leaf(write),
    }
}

/// A field of an object or of a list of objects; its type is `T`. What is selected below it goes through [`below`].
pub const fn object<O: Object, T: OutputType>(
    name: &'static str,
    description: &'static str,
    compile: fn(&Selected<'_>) -> Result<Compiled<O>, Unlisted>,
) -> Field<O> {
    Field {
        name,
        description,
        declare: T::create_type_info,
        needs: Needs::NOTHING,
        value: Value::Object(compile),
    }
}

/// Compiles what is selected of objects of type `P` below a field of `O`, which `write` writes.
///
/// # Errors
///
/// [`Unlisted`].
pub fn below<O: Object, P: Object>(
    selected: &Selected<'_>,
    write: fn(&Selection<P>, O::Source<'_>, &mut Json),
) -> Result<Compiled<O>, Unlisted> {
    Ok(Compiled::new(Selection::compile(selected)?, write))
}

impl<O: Object> Field<O> {
    /// The field, which needs this to be read, besides what is selected below it.
    #[must_use]
    pub const fn needs(self, needs: Needs) -> Self {
        Self { needs, ..self }
    }
}

/// What must be read for a selection; what it does not need is not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Columns of the rows, a bit each, as the resource numbers them.
    pub columns: u32,
    /// The rows of the page, be it only to know how many they are.
    pub rows: bool,
    /// Whether there are rows on either side of the page.
    pub flags: bool,
    /// How many rows there are from the start of the page on.
    pub count: bool,
}

impl Needs {
    /// Nothing.
    pub const NOTHING: Self = Self {
        columns: 0,
        rows: false,
        flags: false,
        count: false,
    };
    /// The rows of a page.
    pub const ROWS: Self = Self {
        rows: true,
        ..Self::NOTHING
    };
    /// Whether there are rows on either side of a page.
    pub const FLAGS: Self = Self {
        flags: true,
        ..Self::NOTHING
    };
    /// The number of rows.
    pub const COUNT: Self = Self {
        count: true,
        ..Self::NOTHING
    };

    /// The columns of these bits.
    #[must_use]
    pub const fn columns(columns: u32) -> Self {
        Self {
            columns,
            ..Self::NOTHING
        }
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            columns: self.columns | other.columns,
            rows: self.rows | other.rows,
            flags: self.flags | other.flags,
            count: self.count | other.count,
        }
    }
}
