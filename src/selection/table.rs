//! An output type as one table: each field with its name, its type, its description, what it needs to be read, and the
//! function that writes it. The macro `object` makes a type of such lines.

use async_graphql::registry::Registry;

use super::collect::Selected;
use super::compiled::{Compiled, Selection, Unlisted};
use crate::json::Json;

/// An object type of the schema.
pub trait Object: Sized + Send + Sync + 'static {
    /// Its name.
    const NAME: &'static str;
    /// What the schema says of it, a line each.
    const DESCRIPTION: &'static [&'static str];
    /// The interfaces that it implements, and the unions that it belongs to.
    const ABSTRACT: &'static [&'static str];
    /// Its fields, in the schema's order.
    const FIELDS: &'static [Field<Self>];
    /// What its fields are written from.
    type Source<'a>: Copy;
}

/// A function that writes a value of an object.
pub type Write<O> = fn(<O as Object>::Source<'_>, &mut Json);

/// A line of a table.
pub struct Field<O: Object> {
    /// Its name.
    pub name: &'static str,
    /// What the schema says of it, a line each.
    pub description: &'static [&'static str],
    /// Declares its type, and gives the type's name with `!` and `[]`.
    pub declare: fn(&mut Registry) -> String,
    /// What it needs to be read, besides what is selected below it.
    pub needs: Needs,
    /// How it is written.
    pub value: Value<O>,
}

/// How a field's value is written.
pub enum Value<O: Object> {
    /// By this function: a scalar, an enum, or a list of these.
    Leaf(Write<O>),
    /// By what this function makes of the selection below the field: an object, or a list of objects.
    Object(fn(&Selected<'_>) -> Result<Compiled<O>, Unlisted>),
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

/// What must be read for a selection, a bit each; what it does not need is not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs(u32);

impl Needs {
    /// Nothing.
    pub const NOTHING: Self = Self(0);
    /// The rows of the page, be it only to know how many they are.
    pub const ROWS: Self = Self(1 << 16);
    /// Whether there are rows on either side of the page.
    pub const FLAGS: Self = Self(1 << 17);
    /// How many rows there are from the start of the page on.
    pub const COUNT: Self = Self(1 << 18);
    /// Where the changes after this answer begin.
    pub const CHANGES: Self = Self(1 << 19);
    /// How the mirror of the caller's account stands.
    pub const MIRROR: Self = Self(1 << 20);

    /// Columns of the rows, a bit each, as the resource numbers them.
    #[must_use]
    pub const fn of_columns(bits: u16) -> Self {
        Self(bits as u32)
    }

    /// The columns.
    #[must_use]
    pub const fn columns(self) -> u16 {
        self.0 as u16
    }

    /// All of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is needed.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Makes an output type: its description, its name with the source that it is written from, and a line a field.
///
/// A line is `"name": Type = writer, needs Needs;` after the field's description. The type is Rust's, as the GraphQL
/// library maps it. The writer is `= function` of the source, or `=> Object = function` of what is selected of that object
/// and of the source. What it needs may be left out.
macro_rules! object {
    (
        $(#[doc = $description:expr])+
        $visibility:vis $type:ident<$lifetime:lifetime>($source:ty) $(is $abstract:literal)*;
        $(
            $(#[doc = $line:expr])+
            $name:literal: $of:ty $(= $leaf:expr)? $(=> $below:ty = $write:expr)? $(, needs $needs:expr)?;
        )+
    ) => {
        $(#[doc = $description])+
        #[derive(Debug)]
        $visibility struct $type;

        impl $crate::selection::table::Object for $type {
            const NAME: &'static str = stringify!($type);
            const DESCRIPTION: &'static [&'static str] = &[$($description),+];
            const ABSTRACT: &'static [&'static str] = &[$($abstract),*];
            const FIELDS: &'static [$crate::selection::table::Field<Self>] = &[
                $($crate::selection::table::Field::<Self> {
                    name: $name,
                    description: &[$($line),+],
                    declare: <$of as async_graphql::OutputType>::create_type_info,
                    needs: $crate::selection::table::Needs::NOTHING $(.and($needs))?,
                    value: $crate::selection::table::object!(@value $(= $leaf)? $(=> $below = $write)?),
                }),+
            ];
            type Source<$lifetime> = $source;
        }
    };
    (@value = $leaf:expr) => {
        $crate::selection::table::Value::<Self>::Leaf($leaf)
    };
    (@value => $below:ty = $write:expr) => {
        $crate::selection::table::Value::<Self>::Object(|selected| {
            $crate::selection::table::below::<Self, $below>(selected, $write)
        })
    };
}
pub(crate) use object;
