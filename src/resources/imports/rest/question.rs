//! What a query string asks for.
//!
//! Takes parameters one by one, gives a filter, a page request and the two echoes, or every fault at once. Names are compared
//! after decoding, so brackets may be percent-encoded. What a name that is not ours means is `names`' to say.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use keyset::{Direction, Filter, Key, Order, PageRequest, Position};

use super::names::{self, Known, START_CURSOR};
use super::page::{BOUNDS, FilteredBy, SortedBy};
use super::query::{Parameter, parameters};
use super::{ParameterErrors, time};
use crate::resources::arguments::{DEFAULT_PAGE, MAX_PAGE};
use crate::resources::filter::{Asked, Bound, Conditions, FilterLine, Filtered as _, OperatorKind};
use crate::resources::imports::Column;
use crate::resources::sort;
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
    /// The comma list of names of each column, of all the parameters that gave a part of it.
    lists: HashMap<Column, String>,
    /// What each column is filtered by.
    asked: HashMap<Column, Asked>,
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
        match (path, path.first().and_then(|field| names::filter(field))) {
            ([_, "include", ..], Some(filter)) if names::is_list(path) => self.take_names(filter, value),
            ([_, operator], Some(filter)) => self.take_bound(filter, operator, value),
            ([_, _], None) => {
                let fields = Column::FILTERS.iter().map(|filter| filter.column.name());
                Err(format!("is no filter; the fields are {}", listed(fields)).into())
            }
            _ => Err("must have the form filter[field][operator]".into()),
        }
    }

    fn take_bound(
        &mut self,
        filter: &FilterLine<Column>,
        operator: &str,
        value: &str,
    ) -> Result<(), Message> {
        let field = filter.column.name();
        if filter.operators != OperatorKind::Bounds {
            return Err(format!("is no operator of {field}; use filter[{field}][include]").into());
        }
        let found = BOUNDS.iter().find(|bound| bound.name == operator);
        let found = found.ok_or("is no operator of an instant; they are lt, lte, gt and gte")?;
        let moment = time::parse(value).map_err(|error| error.to_string())?;
        let bound = Bound {
            operator: found.operator,
            moment,
        };
        match self
            .asked
            .entry(filter.column)
            .or_insert(Asked::Bounds(Vec::new()))
        {
            Asked::Bounds(bounds) => bounds.push(bound),
            Asked::Names(_) => {}
        }
        self.filtered_by.push(FilteredBy {
            field,
            operator: found.name,
            value: value.to_owned(),
        });
        Ok(())
    }

    /// Takes names of a list, and the first of them the place of their echo.
    fn take_names(&mut self, filter: &FilterLine<Column>, value: &str) -> Result<(), Message> {
        let (column, field) = (filter.column, filter.column.name());
        let list = match self.lists.remove(&column) {
            Some(list) => format!("{list},{value}"),
            None => value.to_owned(),
        };
        let names = listed_names(filter, &list, self.most_items)?;
        self.asked.insert(column, Asked::Names(names));
        match self.filtered_by.iter_mut().find(|one| one.field == field) {
            Some(echo) => echo.value.clone_from(&list),
            None => self.filtered_by.push(FilteredBy {
                field,
                operator: "include",
                value: list.clone(),
            }),
        }
        self.lists.insert(column, list);
        Ok(())
    }

    fn take_key(&mut self, path: &[&str], value: &str) -> Result<(), Message> {
        let [field] = *path else {
            return Err("must have the form sort[field]".into());
        };
        let column = Column::SORTABLE
            .iter()
            .copied()
            .find(|column| column.name() == field);
        let column = column.ok_or_else(|| {
            let keys = Column::SORTABLE.iter().map(|column| column.name());
            format!("is no sort key; the keys are {}", listed(keys))
        })?;
        let direction = match value {
            "asc" => Direction::Asc,
            "desc" => Direction::Desc,
            _ => return Err("must be asc or desc".into()),
        };
        self.keys.push(Key { column, direction });
        Ok(())
    }

    /// The question as a whole. **Errors**: what is wrong with the cursor.
    fn finish(mut self) -> Result<Question, Message> {
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
        let sorted_by = keys.iter().map(|key| SortedBy::from(*key)).collect();
        let filters = Column::FILTERS.iter().map(|filter| filter.column);
        let asked = filters.filter_map(|column| Some((column, self.asked.remove(&column)?)));
        let asked = Conditions(asked.collect());
        let per_page = self.per_page.unwrap_or(DEFAULT_PER_PAGE);
        Ok(Question {
            filter: asked.filter(),
            window: PageRequest::starting_at(order, self.start, per_page),
            filtered_by: self.filtered_by,
            sorted_by,
        })
    }
}

/// The names of a comma list, each once.
///
/// # Errors
///
/// Too many elements, or one that is no name of the column.
fn listed_names(
    filter: &FilterLine<Column>,
    list: &str,
    most_items: usize,
) -> Result<Vec<&'static str>, Message> {
    if list.split(',').count() > most_items {
        return Err(format!("has too many elements; at most {most_items} are accepted").into());
    }
    let (Kind::Names(all), OperatorKind::Names { several, .. }) = (filter.column.holds(), filter.operators)
    else {
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    for asked in list.split(',').map(|name| name.trim_matches(' ')) {
        let name = all.iter().copied().find(|name| *name == asked).ok_or_else(|| {
            let all = all.join(", ");
            format!("must be {several}, separated by commas, none of them empty; they are {all}")
        })?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// `a, b and c`.
fn listed(names: impl Iterator<Item = &'static str>) -> String {
    let names: Vec<_> = names.collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}
