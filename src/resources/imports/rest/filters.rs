//! The filters of a query string.
//!
//! Takes parameters one by one, gives what they ask for and their echo. Different parameters of one filter are one list, or
//! bounds that must all hold.

use std::collections::HashMap;

use super::names;
use super::page::{BOUNDS, FilteredBy, SEARCHES};
use super::question::{Message, listed};
use super::time;
use crate::resources::filter::{
    Asked, Bound, Conditions, FilterLine, Filtered as _, Listed, OperatorKind, Search,
};
use crate::resources::imports::Column;
use crate::store::query::table::{Column as _, Kind};

/// What was read so far.
#[derive(Default)]
pub(super) struct Filters {
    most_items: usize,
    /// The operator and the comma list of each filter that takes one, of all the parameters that gave a part of it.
    lists: HashMap<&'static str, (&'static str, String)>,
    /// What each filter asks for, by its name.
    asked: HashMap<&'static str, Asked>,
    filtered_by: Vec<FilteredBy>,
}

impl Filters {
    /// None yet. A comma list may have `most_items`.
    pub(super) fn new(most_items: usize) -> Self {
        Self {
            most_items,
            ..Self::default()
        }
    }

    /// What is asked for, in the order of the schema, and the echo, in the order of the parameters.
    pub(super) fn finish(mut self) -> (Conditions<Column>, Vec<FilteredBy>) {
        let filters = Column::FILTERS.iter();
        let asked = filters.filter_map(|filter| Some((filter.column, self.asked.remove(filter.name())?)));
        (Conditions(asked.collect()), self.filtered_by)
    }

    /// Takes in one parameter: the keys of its name, and its value. **Errors**: what is wrong with it.
    pub(super) fn take(&mut self, path: &[&str], value: &str) -> Result<(), Message> {
        match (path, path.first().and_then(|field| names::filter(field))) {
            ([_, operator, ..], Some(filter)) if names::is_list(path) => {
                self.take_list(filter, operator, value)
            }
            ([_], Some(filter)) if filter.operators == OperatorKind::Flag => self.take_flag(filter, value),
            ([_, operator], Some(filter)) => {
                match filter.operators {
                    OperatorKind::Bounds => self.take_bound(filter, operator, value),
                    OperatorKind::Search { .. } => self.take_search(filter, operator, value),
                    OperatorKind::Flag => {
                        let field = filter.name();
                        Err(format!("is no operator of {field}; use filter[{field}]").into())
                    }
                    OperatorKind::Names { .. } | OperatorKind::Texts { .. } => {
                        let field = filter.name();
                        Err(format!("is no operator of {field}; use filter[{field}][include] or filter[{field}][exclude]").into())
                    }
                }
            }
            ([_, _], None) => {
                let fields = Column::FILTERS.iter().map(FilterLine::name);
                Err(format!("is no filter; the fields are {}", listed(fields)).into())
            }
            _ => Err("must have the form filter[field][operator]".into()),
        }
    }

    fn take_flag(&mut self, filter: &FilterLine<Column>, value: &str) -> Result<(), Message> {
        let flag = match value {
            "true" => true,
            "false" => false,
            _ => return Err("must be true or false".into()),
        };
        self.take_asked(filter, "", value, Asked::IsSet(flag));
        Ok(())
    }

    fn take_search(
        &mut self,
        filter: &FilterLine<Column>,
        operator: &str,
        value: &str,
    ) -> Result<(), Message> {
        let field = filter.name();
        let found = SEARCHES.iter().find(|search| search.name == operator);
        let found =
            found.ok_or_else(|| format!("is no operator of {field}; they are contains and starts_with"))?;
        let search = Search::new(found.operator, value)?;
        if self.asked.contains_key(field) {
            return Err(format!("must not be given beside another operator of {field}").into());
        }
        self.take_asked(filter, found.name, value, Asked::Search(search));
        Ok(())
    }

    fn take_asked(&mut self, filter: &FilterLine<Column>, operator: &'static str, value: &str, asked: Asked) {
        self.asked.insert(filter.name(), asked);
        self.filtered_by.push(FilteredBy {
            field: filter.name(),
            operator,
            value: value.to_owned(),
        });
    }

    fn take_bound(
        &mut self,
        filter: &FilterLine<Column>,
        operator: &str,
        value: &str,
    ) -> Result<(), Message> {
        let found = BOUNDS.iter().find(|bound| bound.name == operator);
        let found = found.ok_or("is no operator of an instant; they are lt, lte, gt and gte")?;
        let moment = time::parse(value).map_err(|error| error.to_string())?;
        let bound = Bound {
            operator: found.operator,
            moment,
        };
        let none = || Asked::Bounds(Vec::new());
        if let Asked::Bounds(bounds) = self.asked.entry(filter.name()).or_insert_with(none) {
            bounds.push(bound);
        }
        self.filtered_by.push(FilteredBy {
            field: filter.name(),
            operator: found.name,
            value: value.to_owned(),
        });
        Ok(())
    }

    /// Takes a part of a list, and the first of them the place of its echo.
    fn take_list(&mut self, filter: &FilterLine<Column>, operator: &str, value: &str) -> Result<(), Message> {
        let field = filter.name();
        let is_excluded = operator == "exclude";
        let operator = if is_excluded { "exclude" } else { "include" };
        let list = match self.lists.get(field) {
            Some((other, _)) if *other != operator => {
                return Err(format!("must not be given beside filter[{field}][{other}]").into());
            }
            Some((_, list)) => format!("{list},{value}"),
            None => value.to_owned(),
        };
        let asked = listed_items(filter, &list, is_excluded, self.most_items)?;
        self.asked.insert(field, asked);
        match self.filtered_by.iter_mut().find(|one| one.field == field) {
            Some(echo) => echo.value.clone_from(&list),
            None => self.filtered_by.push(FilteredBy {
                field,
                operator,
                value: list.clone(),
            }),
        }
        self.lists.insert(field, (operator, list));
        Ok(())
    }
}

/// The items of a comma list.
///
/// # Errors
///
/// Too many elements, an empty one, or one that is no name of the column.
fn listed_items(
    filter: &FilterLine<Column>,
    list: &str,
    is_excluded: bool,
    most_items: usize,
) -> Result<Asked, Message> {
    if list.split(',').count() > most_items {
        return Err(format!("has too many elements; at most {most_items} are accepted").into());
    }
    let items = list.split(',').map(|item| item.trim_matches(' '));
    match (filter.column.holds(), filter.operators) {
        (Kind::Names(all), OperatorKind::Names { several, .. }) => {
            let names = items.map(|asked| all.iter().copied().find(|name| *name == asked));
            let names: Option<Vec<_>> = names.collect();
            let names = names.ok_or_else(|| {
                let all = all.join(", ");
                format!("must be {several}, separated by commas, none of them empty; they are {all}")
            })?;
            Ok(Asked::Names(Listed::new(names, is_excluded)))
        }
        (_, OperatorKind::Texts { several, .. }) if items.clone().any(str::is_empty) => {
            Err(format!("must be {several}, separated by commas, none of them empty").into())
        }
        _ => Ok(Asked::Texts(Listed::new(items.map(str::to_owned), is_excluded))),
    }
}
