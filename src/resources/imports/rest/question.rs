//! What a query string asks for.
//!
//! Takes parameters one by one, gives a filter, a window and the two echoes, or every fault at once. Names are compared
//! after decoding, so brackets may be percent-encoded. What a name that is not ours means is `names`' to say.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::RangeInclusive;

use entity::ImportStatus;
use keyset::{Direction, Filter, Key, Order, Position, Window};

use super::names::{self, Known, START_CURSOR};
use super::page::{FilteredBy, SortedBy, StatusFilter, TimeFilter};
use super::query::{Parameter, parameters};
use super::{Faults, time};
use crate::resources::imports::filter::{Asked, Bound, Operator};
use crate::resources::imports::sort;
use crate::store::imports::Column;

/// The page sizes that can be asked for. **Unit**: rows.
pub const PER_PAGE: RangeInclusive<usize> = 2..=100;
/// The page size where none is asked for. **Unit**: rows.
pub const DEFAULT_PER_PAGE: usize = 50;

/// What the count of a page costs. **Unit**: points.
const COUNT_COST: u64 = 10;

/// A page that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Which imports, without the caller's scope.
    pub filter: Filter<Column>,
    /// The part of the list; its order and its size are those in force.
    pub window: Window<Column>,
    /// The filters as they came in, in their order.
    pub filtered_by: Vec<FilteredBy>,
    /// The sort keys as they came in; the cursor's own without its tie-break, or the default, where there were none.
    pub sorted_by: Vec<SortedBy>,
}

impl Question {
    /// The price of the answer. **Unit**: points; one a row, and ten for the count.
    #[must_use]
    pub fn cost(&self) -> u64 {
        self.window.size() as u64 + COUNT_COST
    }
}

/// Reads the query string of a list: the text behind the `?`, if there is one. A comma list may have `most_items`.
///
/// **Errors**: every [fault](Faults) in it.
pub fn parse(query: Option<&str>, most_items: usize) -> Result<Question, Faults> {
    let mut faults = Faults::default();
    let parameters = parameters(query.unwrap_or_default(), &mut faults);
    let mut draft = Draft {
        most_items,
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
        Err(message) => {
            faults.add(START_CURSOR, message);
            Err(faults)
        }
    }
}

type Message = Cow<'static, str>;

/// What was read so far.
#[derive(Default)]
struct Draft {
    most_items: usize,
    start: Option<Position<Column>>,
    per_page: Option<usize>,
    /// The comma list of statuses, of all the parameters that gave a part of it.
    statuses: Option<String>,
    asked: Asked,
    filtered_by: Vec<FilteredBy>,
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
            ("per_page", []) => self.take_size(value),
            (START_CURSOR | "per_page", _) => Err("must be given without brackets".into()),
            ("filter", path) => self.take_filter(path, value),
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

    fn take_filter(&mut self, path: &[&str], value: &str) -> Result<(), Message> {
        match *path {
            ["status", "include"] | ["status", "include", _] if names::is_list(path) => {
                return self.take_statuses(value);
            }
            ["created_at", operator] => {
                let (bound, echo) = bound(operator, value)?;
                self.asked.created.push(bound);
                self.filtered_by.push(FilteredBy::CreatedAt(echo));
            }
            ["updated_at", operator] => {
                let (bound, echo) = bound(operator, value)?;
                self.asked.updated.push(bound);
                self.filtered_by.push(FilteredBy::UpdatedAt(echo));
            }
            ["status", _] => return Err("is no operator of status; use filter[status][include]".into()),
            [_, _] => return Err("is no filter; the fields are status, created_at and updated_at".into()),
            _ => return Err("must have the form filter[field][operator]".into()),
        }
        Ok(())
    }

    /// Takes statuses, and the first of them the place of their echo.
    fn take_statuses(&mut self, value: &str) -> Result<(), Message> {
        let list = match self.statuses.take() {
            Some(list) => format!("{list},{value}"),
            None => value.to_owned(),
        };
        self.asked.statuses = Some(statuses(&list, self.most_items)?);
        let echo = FilteredBy::Status(StatusFilter::Include(list.clone()));
        let place = self
            .filtered_by
            .iter_mut()
            .find(|one| matches!(one, FilteredBy::Status(_)));
        match place {
            Some(place) => *place = echo,
            None => self.filtered_by.push(echo),
        }
        self.statuses = Some(list);
        Ok(())
    }

    fn take_key(&mut self, path: &[&str], value: &str) -> Result<(), Message> {
        let [field] = *path else {
            return Err("must have the form sort[field]".into());
        };
        let column = Column::SORTABLE.into_iter().find(|column| column.name() == field);
        let column = column.ok_or("is no sort key; the keys are id, created_at and updated_at")?;
        let direction = match value {
            "asc" => Direction::Asc,
            "desc" => Direction::Desc,
            _ => return Err("must be asc or desc".into()),
        };
        self.keys.push(Key { column, direction });
        Ok(())
    }

    /// The question as a whole. **Errors**: what is wrong with the cursor.
    fn finish(self) -> Result<Question, Message> {
        // A key that stands twice never came this far.
        let asked = Some(&self.keys).filter(|keys| !keys.is_empty());
        let asked = asked.and_then(|keys| sort::order(keys).ok());
        let order: Order<Column> = sort::settle(asked, &[self.start.as_ref()]).map_err(|_| {
            "is a cursor of another sort; leave sort out to go on in the cursor's own, or start without a cursor"
        })?;
        let keys = if self.keys.is_empty() {
            order.named_keys()
        } else {
            &self.keys
        };
        let sorted_by = keys.iter().filter_map(|key| SortedBy::new(*key)).collect();
        let per_page = self.per_page.unwrap_or(DEFAULT_PER_PAGE);
        Ok(Question {
            filter: self.asked.filter(),
            window: Window::starting_at(order, self.start, per_page),
            filtered_by: self.filtered_by,
            sorted_by,
        })
    }
}

/// The statuses of a comma list, each once. **Errors**: too many elements, or one that is no status.
fn statuses(list: &str, most_items: usize) -> Result<Vec<ImportStatus>, Message> {
    if list.split(',').count() > most_items {
        return Err(format!("has too many elements; at most {most_items} are accepted").into());
    }
    let mut statuses = Vec::new();
    for name in list.split(',').map(|name| name.trim_matches(' ')) {
        let status = ImportStatus::from_name(name).ok_or_else(|| {
            let names = ImportStatus::ALL.map(ImportStatus::name).join(", ");
            format!("must be statuses, separated by commas, none of them empty; they are {names}")
        })?;
        if !statuses.contains(&status) {
            statuses.push(status);
        }
    }
    Ok(statuses)
}

/// A bound on an instant, and its echo. **Errors**: the operator or the instant is none.
fn bound(operator: &str, value: &str) -> Result<(Bound, TimeFilter), Message> {
    let (operator, echo): (_, fn(String) -> TimeFilter) = match operator {
        "lt" => (Operator::Lt, TimeFilter::Lt),
        "lte" => (Operator::Lte, TimeFilter::Lte),
        "gt" => (Operator::Gt, TimeFilter::Gt),
        "gte" => (Operator::Gte, TimeFilter::Gte),
        _ => return Err("is no operator of an instant; they are lt, lte, gt and gte".into()),
    };
    let moment = time::parse(value).map_err(|error| error.to_string())?;
    Ok((Bound { operator, moment }, echo(value.to_owned())))
}
