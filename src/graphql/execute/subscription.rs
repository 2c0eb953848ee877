//! Subscriptions: what one asks for, and how its answers are written.

use std::sync::Arc;

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Name, Pos, Variables};
use entity::imports;

use super::arguments::Arguments;
use super::kept::Kept;
use super::{FailedField, root_set};
use crate::changes::Event;
use crate::json::Json;
use crate::resources::imports::changes::Told;
use crate::resources::imports::{ChangesQuestion, ImportChange, ImportFilter};
use crate::resources::table::fields;
use crate::resources::{FieldError, ListItems};
use crate::selection::collect::{Collected, Selected, conditions};
use crate::selection::compiled::{Selection, Unlisted};
use crate::store::query::table::Fields;

/// A subscription, ready to run.
#[derive(Debug)]
pub struct SubscriptionPlan {
    operation: Option<String>,
    /// Its root field; `None` where it selects none, which no valid document does.
    kept: Kept<Option<Root>>,
}

/// The root field of a subscription.
#[derive(Debug)]
struct Root {
    key: Name,
    at: Pos,
    arguments: Arguments,
    selected: Result<Arc<Selection<ImportChange>>, Unlisted>,
}

/// A subscription with its arguments.
#[derive(Debug)]
pub struct Subscription {
    /// What it asks for.
    pub question: ChangesQuestion,
    key: Name,
    at: Pos,
    selected: Arc<Selection<ImportChange>>,
}

impl SubscriptionPlan {
    /// The plan of a subscription of a valid document, by its name.
    pub(super) fn of(document: &ExecutableDocument, operation: Option<&str>) -> Self {
        let set = root_set(document, operation);
        let conditions = set.map_or(Vec::new(), |set| conditions(&document.fragments, set));
        Self {
            operation: operation.map(str::to_owned),
            kept: Kept::new(conditions, |variables| {
                Root::compile(document, operation, variables)
            }),
        }
    }

    /// The subscription with these variables, coerced.
    ///
    /// # Errors
    ///
    /// What is wrong with its arguments.
    pub fn subscribe(
        &self,
        document: &ExecutableDocument,
        variables: &Variables,
        most: ListItems,
    ) -> Result<Subscription, FailedField> {
        let operation = self.operation.as_deref();
        let compile = |variables: &Variables| Root::compile(document, operation, variables);
        let root = self.kept.get(variables, compile);
        let Some(root) = root.as_ref() else {
            let failure = FieldError::Internal("a subscription selects nothing".to_owned());
            return Err(failed(&Name::new("subscription"), Pos::default(), failure));
        };
        root.subscribe(variables, most)
            .map_err(|failure| failed(&root.key, root.at, failure))
    }

    /// The field that no table lists, if one is selected.
    #[cfg(test)]
    pub(super) fn unlisted(&self, document: &ExecutableDocument) -> Option<Unlisted> {
        let root = Root::compile(document, self.operation.as_deref(), &Variables::default());
        root.and_then(|root| root.selected.err())
    }
}

impl Root {
    fn compile(
        document: &ExecutableDocument,
        operation: Option<&str>,
        variables: &Variables,
    ) -> Option<Self> {
        let set = root_set(document, operation)?;
        let fields = Selected::new(&document.fragments, variables, set).fields(&["Subscription"]);
        let Collected { key, field, below } = fields.first()?;
        let selected = match field.node.name.node.as_str() {
            "importChanges" => Selection::compile(below).map(Arc::new),
            name => Err(Unlisted {
                type_name: "Subscription",
                field: name.to_owned(),
            }),
        };
        Some(Self {
            key: (*key).clone(),
            at: field.pos,
            arguments: Arguments::of(&field.node),
            selected,
        })
    }

    fn subscribe(&self, variables: &Variables, most: ListItems) -> Result<Subscription, FieldError> {
        let selected = self.selected.as_ref();
        let selected = selected.map_err(|unlisted| FieldError::Internal(unlisted.to_string()))?;
        let after: Option<String> = self.arguments.get(variables, "after")?;
        let filter: Option<ImportFilter> = self.arguments.get(variables, "filter")?;
        Ok(Subscription {
            question: ChangesQuestion::of(after.as_deref(), filter.as_ref(), most)?,
            key: self.key.clone(),
            at: self.at,
            selected: Arc::clone(selected),
        })
    }
}

impl Subscription {
    /// The columns that its answers are written from.
    #[must_use]
    pub fn fields(&self) -> Fields {
        fields(&self.selected)
    }

    /// Writes the answer that an event makes, for the account that the event's import belongs to.
    pub fn write(&self, event: &Event<imports::Model>, account_id: i64, json: &mut Json) {
        json.raw("{\"data\":{\"");
        json.raw(&self.key);
        json.raw("\":");
        self.selected.write(Told { event, account_id }, json);
        json.raw("}}");
    }

    /// Its field, with a reason why there are no events.
    #[must_use]
    pub fn failed(&self, failure: FieldError) -> FailedField {
        failed(&self.key, self.at, failure)
    }
}

fn failed(key: &Name, at: Pos, failure: FieldError) -> FailedField {
    FailedField {
        key: key.clone(),
        index: None,
        at,
        failure,
    }
}
