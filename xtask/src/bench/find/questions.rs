//! The questions of finding, each with the statement that one would write by hand.
//!
//! Takes the filled large account, whose names say what is rare; gives requests to the gateway. `{account}` in a statement is
//! the account.

use super::super::{client::Request, cluster::Cluster, fixture::ACCOUNT};
use crate::json::quote;

/// The names of the questions that ratios are made of.
pub(super) const NONE: &str = "search: nothing has it";
pub(super) const RARE: &str = "search: a rare name";
pub(super) const DAYS: &str = "counts per day and status, everything";

/// A request, and what is beside it.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) name: &'static str,
    pub(super) is_search: bool,
    pub(super) plain: Option<String>,
    /// The filter in variables, where the question is a list's; else it is the counts'.
    filter: Option<String>,
}

impl Question {
    fn search(name: &'static str, term: &str) -> Self {
        let pattern = term
            .replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_")
            .replace('\'', "''");
        Self {
            name,
            is_search: true,
            plain: Some(list(&format!("file_name ILIKE '%{pattern}%'"))),
            filter: Some(search(term)),
        }
    }

    fn list(name: &'static str, filter: &str, condition: &str) -> Self {
        Self {
            name,
            is_search: false,
            plain: Some(list(condition)),
            filter: Some(filter.to_owned()),
        }
    }

    /// The same document with another term; the same question where it searches nothing.
    pub(super) fn with_term(&self, term: &str) -> Self {
        let filter = if self.is_search {
            Some(search(term))
        } else {
            self.filter.clone()
        };
        Self {
            filter,
            ..self.clone()
        }
    }

    /// The same without the statement beside it.
    pub(super) fn without_plain(&self) -> Self {
        let plain = None;
        Self {
            plain,
            ..self.clone()
        }
    }

    /// Its first page, or the one behind a cursor, which is `null` or JSON.
    pub(super) fn request(&self, after: &str) -> Request {
        match &self.filter {
            Some(filter) => Request::graphql(PAGE, &format!(r#"{{"after":{after},"filter":{filter}}}"#)),
            None => Request::graphql(COUNTS, "{}"),
        }
    }
}

const PAGE: &str = "query ($after: String, $filter: ImportFilter) {
  imports(first: 50, after: $after, filter: $filter, sort: [{createdAt: DESC}]) {
    edges { cursor node { databaseId completedAt fileName fileSize note type status createdAt updatedAt } }
    pageInfo { hasNextPage endCursor }
    isSearchPartial
  }
}";

const COUNTS: &str =
    "{ importCounts(by: DAY) { total isExact reachedAt buckets { start total byStatus { status count } } } }";

fn search(term: &str) -> String {
    format!(r#"{{"fileName":{{"contains":{}}}}}"#, quote(term))
}

/// A page by hand.
fn list(condition: &str) -> String {
    format!(
        "SELECT * FROM imports WHERE account_id = {{account}} AND {condition} ORDER BY created_at DESC, id DESC LIMIT 51"
    )
}

/// All of them.
///
/// # Errors
///
/// In words.
pub(super) fn questions(cluster: &Cluster) -> Result<Vec<Question>, String> {
    // Of those that no other has the one created first, which a walk meets last.
    let rare = cluster.ask(&format!(
        "SELECT min(file_name) FROM imports WHERE account_id = {ACCOUNT} AND file_name ~ '[a-z]{{3}}'
         GROUP BY file_name_search ORDER BY count(*), min(created_at) LIMIT 1"
    ))?;
    let kind = cluster.ask(&format!(
        "SELECT type FROM imports WHERE account_id = {ACCOUNT} GROUP BY type ORDER BY count(*) LIMIT 1"
    ))?;
    if rare.is_empty() || kind.is_empty() {
        return Err("the large account has no names".to_owned());
    }
    let excluded = [
        "NEW",
        "QUEUED",
        "PROCESSING",
        "PARTIALLY_COMPLETE",
        "FAILED",
        "COMPLETE",
        "INCOMPLETE",
        "ROLLED_BACK",
        "ROLLING_BACK",
    ];
    let exclude = |statuses: &[&str]| {
        let names: Vec<_> = statuses.iter().map(|status| quote(status)).collect();
        let stored: Vec<_> = statuses
            .iter()
            .map(|status| format!("'{}'", status.to_lowercase()))
            .collect();
        (
            format!(r#"{{"status":{{"exclude":[{}]}}}}"#, names.join(",")),
            format!("status NOT IN ({})", stored.join(", ")),
        )
    };
    let (one, nine) = (exclude(&["COMPLETE"]), exclude(&excluded));
    let typed = kind.replace('\'', "''");
    Ok(vec![
        Question::search(RARE, &rare),
        Question::search("search: a common name", ".csv"),
        Question::search(NONE, "zqxj wvkq"),
        Question::search("search: common pieces that never meet", "csv.vehicles"),
        Question::search("search: punctuation alone", "--"),
        Question::search("search: one letter", "e"),
        Question::search("search: 256 letters", &"e".repeat(256)),
        Question::list("all but one status", &one.0, &one.1),
        Question::list("all but nine statuses", &nine.0, &nine.1),
        Question::list(
            "a rare type",
            &format!(r#"{{"type":{{"include":[{}]}}}}"#, quote(&kind)),
            &format!("type = '{typed}'"),
        ),
        Question {
            name: DAYS,
            is_search: false,
            plain: Some(
                "SELECT date_trunc('day', created_at, 'UTC'), status, count(*) FROM imports
                 WHERE account_id = {account} GROUP BY 1, 2 ORDER BY 1"
                    .to_owned(),
            ),
            filter: None,
        },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_no_pattern_and_ends_no_literal() {
        let question = Question::search(NONE, r"50%_o'clock\");
        let plain = question.plain.as_deref().unwrap_or_default();
        assert!(plain.contains(r"ILIKE '%50\%\_o''clock\\%'"), "{plain}");
        let body = question.request("null").body.unwrap_or_default();
        assert!(body.contains(r#""contains":"50%_o'clock\\""#), "{body}");
        assert!(
            question
                .with_term("x")
                .request("null")
                .body
                .is_some_and(|body| body.contains(r#""contains":"x""#))
        );
    }
}
