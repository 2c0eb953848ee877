//! What is compiled of an operation, kept for the next run.

use std::sync::{Arc, OnceLock};

use async_graphql::{Name, Variables};
use graphql_limits::conditions::is_true;

/// How many variables `@skip` and `@include` may read for what is compiled to be kept: there is one for each combination of
/// their values. With more, an operation is compiled for each run.
const MOST_CONDITIONS: usize = 2;

/// What is compiled of an operation, for each combination of the values that `@skip` and `@include` read.
#[derive(Debug)]
pub(super) struct Kept<T> {
    /// The variables that they read.
    conditions: Vec<Name>,
    compiled: Vec<OnceLock<Arc<T>>>,
}

impl<T> Kept<T> {
    /// Nothing yet. A single combination is compiled at once, by `compile`, which is given no variables.
    pub(super) fn new(conditions: Vec<Name>, compile: impl FnOnce(&Variables) -> T) -> Self {
        let combinations = match conditions.len() {
            count @ 0..=MOST_CONDITIONS => 1 << count,
            _ => 0,
        };
        let compiled: Vec<_> = (0..combinations).map(|_| OnceLock::new()).collect();
        if let [only] = compiled.as_slice() {
            only.get_or_init(|| Arc::new(compile(&Variables::default())));
        }
        Self { conditions, compiled }
    }

    /// What is compiled for these values, by `compile` where it is not there.
    pub(super) fn get(&self, variables: &Variables, compile: impl FnOnce(&Variables) -> T) -> Arc<T> {
        match self.compiled.get(self.combination(variables)) {
            Some(kept) => Arc::clone(kept.get_or_init(|| Arc::new(compile(variables)))),
            None => Arc::new(compile(variables)),
        }
    }

    /// Which combination of the conditions' values this is.
    pub(super) fn combination(&self, variables: &Variables) -> usize {
        let bits = self.conditions.iter().take(MOST_CONDITIONS).enumerate();
        bits.fold(0, |bits, (place, name)| {
            bits | usize::from(is_true(name, variables)) << place
        })
    }

    /// How many combinations are kept.
    #[cfg(test)]
    pub(super) fn combinations(&self) -> usize {
        self.compiled.len()
    }
}
