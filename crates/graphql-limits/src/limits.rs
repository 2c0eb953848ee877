//! What a document and its variables may be at most, as plain numbers.

/// The limits of documents and variables. All are inclusive.
///
/// The defaults stand between what client libraries send (the deepest is the introspection query, 15
/// levels) and the edge at which the parser's recursion exhausts a thread's stack (about 1,300 levels on 2 MiB).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The size of a document's text, in bytes.
    pub document_bytes: usize,
    /// Lexical tokens of a document.
    pub tokens: usize,
    /// Brackets of any kind open at once, and selection sets open at once with fragments expanded.
    pub brackets: usize,
    /// Fields above one another, with fragments expanded.
    pub depth: usize,
    /// As `depth`, below `__schema` and `__type`.
    pub introspection_depth: usize,
    /// As `expanded_nodes`, below `__schema` and `__type`.
    pub introspection_nodes: usize,
    /// Listing fields of introspection (`fields`, `interfaces`, `possibleTypes`, `inputFields`) above one
    /// another: each level multiplies the answer.
    pub introspection_lists: usize,
    /// Aliases of an operation with fragments expanded; counted apart below `__schema` and `__type`.
    pub aliases: usize,
    /// Root fields of an operation with fragments expanded.
    pub root_fields: usize,
    /// Directives in a document's text, wherever they stand.
    pub directives: usize,
    /// Directives of one field, fragment, operation or variable.
    pub directives_per_location: usize,
    /// Operations in a document.
    pub operations: usize,
    /// Fragment definitions in a document.
    pub fragments: usize,
    /// Fields, spreads and inline fragments of all operations together, with fragments expanded.
    pub expanded_nodes: usize,
    /// Variables that an operation defines.
    pub variables: usize,
    /// Lists and objects above one another in the variables' JSON, the outermost object counted.
    pub variable_depth: usize,
    /// Items of one list in an argument.
    pub list_items: usize,
    /// The cost of an operation, in the points of [`Costs`](crate::Costs).
    pub cost: u64,
    /// Errors in one [`Rejection`](crate::Rejection).
    pub errors: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes: 16 * 1024,
            tokens: 2000,
            brackets: 32,
            depth: 10,
            introspection_depth: 15,
            introspection_nodes: 1000,
            introspection_lists: 2,
            aliases: 30,
            root_fields: 10,
            directives: 20,
            directives_per_location: 3,
            operations: 5,
            fragments: 20,
            expanded_nodes: 5000,
            variables: 50,
            variable_depth: 16,
            list_items: 250,
            cost: 1000,
            errors: 10,
        }
    }
}
