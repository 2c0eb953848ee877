//! What a query string asks for.
//!
//! Takes parameters one by one, gives a filter, a page request and the two echoes, or every fault at once. Names are compared
//! after decoding, so brackets may be percent-encoded. What a name that is not ours means is `names`' to say.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::RangeInclusive;

use keyset::{Direction, Filter, Key, Order, PageRequest, Position};

use super::filters::Filters;
use super::names::{self, Known, START_AT, START_CURSOR};
use super::page::{FilteredBy, SortedBy};
use super::query::{Parameter, parameters};
use super::{ParameterErrors, time};
use crate::resources::arguments::{DEFAULT_PAGE, MAX_PAGE};
use crate::resources::imports::Column;
use crate::resources::sort::{self, Start};
use crate::store::query::is_search;
use crate::store::query::table::{Column as _, Kind};

/// The page sizes that can be asked for. **Unit**: rows.
pub const PER_PAGE: RangeInclusive<usize> = 2..=MAX_PAGE as usize;
/// The page size where none is asked for. **Unit**: rows.
pub const DEFAULT_PER_PAGE: usize = DEFAULT_PAGE as usize;

/// What the count of a page costs. **Unit**: points.
const COUNT_COST: u64 = 10;

/// A page that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Which imports, without the caller's scope.
    pub filter: Filter<Column>,
    /// The part of the list; its order and its size are those in force.
    pub window: PageRequest<Column>,
    /// The filters as they came in, in their order.
    pub filtered_by: Vec<FilteredBy>,
    /// The sort keys as they came in; the cursor's own without its tie-break, or the default, where there were none.
    pub sorted_by: Vec<SortedBy>,
}

impl Question {
    /// Whether a text is searched.
    #[must_use]
    pub fn is_search(&self) -> bool {
        is_search(&self.filter)
    }

    /// The price of the answer. **Unit**: points; one a row, and ten for the count.
    #[must_use]
    pub fn cost(&self) -> u64 {
        self.window.size() as u64 + COUNT_COST
    }
}

/// Reads the query string of a list: the text behind the `?`, if there is one. A comma list may have `most_items`.
///
/// # Errors
///
/// Every [fault](ParameterErrors) in it.
pub fn parse(query: Option<&str>, most_items: usize) -> Result<Question, ParameterErrors> {
    let mut faults = ParameterErrors::default();
    let parameters = parameters(query.unwrap_or_default(), &mut faults);
    let mut draft = Draft {
        filters: Filters::new(most_items),
        ..Draft::default()
    };
    let mut seen = HashSet::new();
    for parameter in &parameters {
        let is_repeated = !seen.insert(&*parameter.name);
        if let Err(message) = draft.take(parameter, is_repeated) {
            faults.add(&parameter.name, message);
        }
    }
    match draft.finish() {
        Ok(question) if faults.is_empty() => Ok(question),
        Ok(_) => Err(faults),
        Err((name, message)) => {
            faults.add(&name, message);
            Err(faults)
        }
    }
}

/// What is wrong with a parameter.
pub(super) type Message = Cow<'static, str>;

/// What was read so far.
#[derive(Default)]
struct Draft {
    filters: Filters,
    start: Option<Position<Column>>,
    /// The name of the parameter, its column and its value.
    start_at: Option<(String, Column, Start)>,
    per_page: Option<usize>,
    keys: Vec<Key<Column>>,
}

impl Draft {
    /// Takes in one parameter. **Errors**: what is wrong with it.
    fn take(&mut self, parameter: &Parameter<'_>, is_repeated: bool) -> Result<(), Message> {
        let name = match names::read(&parameter.name) {
            Known::PassedOver => return Ok(()),
            Known::Refused(message) => return Err(message.into()),
            Known::Ours(name) => name,
        };
        if is_repeated && !name.is_list() {
            return Err("must not be given twice".into());
        }
        let value = &*parameter.value;
        match (name.base, name.keys.as_slice()) {
            (START_CURSOR, []) => self.take_start(value),
            (START_AT, [field]) => self.take_start_at(&parameter.name, field, value),
            (START_AT, _) => Err("must have the form start_at[field]".into()),
            ("per_page", []) => self.take_size(value),
            (START_CURSOR | "per_page", _) => Err("must be given without brackets".into()),
            ("filter", path) => self.filters.take(path, value),
            ("sort", path) => self.take_key(path, value),
            _ => Err("is not accepted; use filter[field][operator]".into()),
        }
    }

    fn take_start(&mut self, cursor: &str) -> Result<(), Message> {
        if cursor.trim().is_empty() {
            return Ok(());
        }
        let position = sort::position(cursor).map_err(
            |_| "is no cursor of this API; use a start_cursor or next_cursor exactly as it was given",
        )?;
        self.start = Some(position);
        Ok(())
    }

    fn take_size(&mut self, size: &str) -> Result<(), Message> {
        let digits = Some(size).filter(|size| size.bytes().all(|byte| byte.is_ascii_digit()));
        let size = digits.and_then(|digits| digits.parse().ok());
        let size = size.filter(|size| PER_PAGE.contains(size)).ok_or_else(|| {
            let (least, most) = (PER_PAGE.start(), PER_PAGE.end());
            format!("must be a whole number from {least} to {most}")
        })?;
        self.per_page = Some(size);
        Ok(())
    }

    fn take_start_at(&mut self, name: &str, field: &str, value: &str) -> Result<(), Message> {
        let column = sort_key(field)?;
        let value = match column.holds() {
            Kind::Instant => Start::Moment(time::parse(value).map_err(|error| error.to_string())?),
            _ => Start::Number(value.parse().map_err(|_| "must be a whole number of 64 bits")?),
        };
        if self.start_at.is_some() {
            return Err("must not be given beside another start_at".into());
        }
        self.start_at = Some((name.to_owned(), column, value));
        Ok(())
    }

    fn take_key(&mut self, path: &[&str], value: &str) -> Result<(), Message> {
        let [field] = *path else {
            return Err("must have the form sort[field]".into());
        };
        let column = sort_key(field)?;
        let direction = match value {
            "asc" => Direction::Asc,
            "desc" => Direction::Desc,
            _ => return Err("must be asc or desc".into()),
        };
        self.keys.push(Key { column, direction });
        Ok(())
    }

    /// The question as a whole. **Errors**: the parameter that does not fit the others, and why.
    fn finish(mut self) -> Result<Question, (String, Message)> {
        // A key that stands twice never came this far.
        let asked = Some(&self.keys).filter(|keys| !keys.is_empty());
        let asked = asked.and_then(|keys| sort::order(keys).ok());
        let order: Order<Column> = match &self.start_at {
            None => sort::settle(asked, &[self.start.as_ref()]).map_err(|_| {
                let message = "is a cursor of another sort; leave sort out to go on in the cursor's own, or start \
                               without a cursor";
                (START_CURSOR.to_owned(), message.into())
            })?,
            Some((name, column, value)) => {
                let fault = |message: Message| (name.clone(), message);
                if self.start.is_some() {
                    return Err(fault("must not be given beside start_cursor".into()));
                }
                let order = sort::order_from(asked, *column).map_err(|key| {
                    fault(format!("must be of the first sort key, which is {}", key.column.name()).into())
                })?;
                self.start = Some(Position::at(order.clone(), value.value(&order)));
                order
            }
        };
        let keys = if self.keys.is_empty() {
            order.named_keys()
        } else {
            &self.keys
        };
        let sorted_by = keys.iter().map(|key| SortedBy::from(*key)).collect();
        let (asked, filtered_by) = self.filters.finish();
        let per_page = self.per_page.unwrap_or(DEFAULT_PER_PAGE);
        Ok(Question {
            filter: asked.filter(),
            window: PageRequest::starting_at(order, self.start, per_page),
            filtered_by,
            sorted_by,
        })
    }
}

/// The sort key of this name.
fn sort_key(field: &str) -> Result<Column, Message> {
    let mut keys = Column::SORTABLE.iter().copied();
    keys.find(|column| column.name() == field).ok_or_else(|| {
        let keys = Column::SORTABLE.iter().map(|column| column.name());
        format!("is no sort key; the keys are {}", listed(keys)).into()
    })
}

/// `a, b and c`.
pub(super) fn listed(names: impl Iterator<Item = &'static str>) -> String {
    let names: Vec<_> = names.collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}
