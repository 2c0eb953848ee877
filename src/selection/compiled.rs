//! A selection of one object type, ready to write: for each field the text before its value and the function that
//! writes the value.

use std::fmt;

use super::collect::Selected;
use super::table::{Needs, Object, Value, Write};
use crate::json::Json;

/// What is selected of objects of type `O`.
pub struct Selection<O: Object> {
    entries: Vec<Entry<O>>,
    /// What closes the object.
    end: Box<str>,
    needs: Needs,
}

struct Entry<O: Object> {
    /// The text from the value before, or from the start of the object, up to this value: `{"id":` or `,"name":`.
    prefix: Box<str>,
    write: EntryWrite<O>,
}

enum EntryWrite<O: Object> {
    Leaf(Write<O>),
    Object(Box<dyn WriteObject<O>>),
}

/// A field of `O` with the selection below it.
pub struct Compiled<O: Object> {
    needs: Needs,
    write: Box<dyn WriteObject<O>>,
}

/// A field is selected that its type's table does not have. The schema is declared from the tables, so no valid document
/// does that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the type {type_name} has no field {field}")]
pub struct Unlisted {
    /// The type.
    pub type_name: &'static str,
    /// The field.
    pub field: String,
}

trait WriteObject<O: Object>: Send + Sync {
    fn write(&self, source: O::Source<'_>, json: &mut Json);
}

struct Below<O: Object, P: Object> {
    selection: Selection<P>,
    write: fn(&Selection<P>, O::Source<'_>, &mut Json),
}

impl<O: Object, P: Object> WriteObject<O> for Below<O, P> {
    fn write(&self, source: O::Source<'_>, json: &mut Json) {
        (self.write)(&self.selection, source, json);
    }
}

impl<O: Object> Compiled<O> {
    pub(super) fn new<P: Object>(
        selection: Selection<P>,
        write: fn(&Selection<P>, O::Source<'_>, &mut Json),
    ) -> Self {
        Self {
            needs: selection.needs,
            write: Box::new(Below { selection, write }),
        }
    }
}

impl<O: Object> Selection<O> {
    /// Compiles what is selected.
    ///
    /// # Errors
    ///
    /// [`Unlisted`].
    pub fn compile(selected: &Selected<'_>) -> Result<Self, Unlisted> {
        let types: Vec<&str> = [O::NAME].iter().chain(O::ABSTRACT).copied().collect();
        let mut entries = Vec::new();
        let mut needs = Needs::NOTHING;
        let mut text = String::from("{");
        for (index, collected) in selected.fields(&types).into_iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(&format!("\"{}\":", collected.key));
            let name = collected.field.node.name.node.as_str();
            if name == "__typename" {
                // The same for every object: part of the text before the next value.
                text.push_str(&format!("\"{}\"", O::NAME));
                continue;
            }
            let listed = O::FIELDS.iter().find(|field| field.name == name);
            let field = listed.ok_or_else(|| Unlisted {
                type_name: O::NAME,
                field: name.to_owned(),
            })?;
            needs = needs.and(field.needs);
            let write = match field.value {
                Value::Leaf(write) => EntryWrite::Leaf(write),
                Value::Object(compile) => {
                    let below = compile(&collected.below)?;
                    needs = needs.and(below.needs);
                    EntryWrite::Object(below.write)
                }
            };
            let prefix = std::mem::take(&mut text).into();
            entries.push(Entry { prefix, write });
        }
        text.push('}');
        Ok(Self {
            entries,
            end: text.into(),
            needs,
        })
    }

    /// What must be read to write it.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// Writes an object.
    pub fn write(&self, source: O::Source<'_>, json: &mut Json) {
        for entry in &self.entries {
            json.raw(&entry.prefix);
            match &entry.write {
                EntryWrite::Leaf(write) => write(source, json),
                EntryWrite::Object(below) => below.write(source, json),
            }
        }
        json.raw(&self.end);
    }
}

impl<O: Object> fmt::Debug for Selection<O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefixes = self.entries.iter().map(|entry| &entry.prefix);
        formatter.debug_list().entries(prefixes).entry(&self.end).finish()
    }
}
