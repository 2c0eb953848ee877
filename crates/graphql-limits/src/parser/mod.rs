//! Parses an executable document, as the GraphQL specification's edition of September 2026 has it.
//!
//! Takes text that passed [`check_tokens`](crate::check_tokens), gives the document as async-graphql's executor and validator
//! know it. Their own parser knows the grammar of 2021: it refuses empty selection sets, descriptions of what is executed,
//! `\u{...}` and pairs of surrogates in strings, the directives of a variable behind its default value, and `-0`; and it takes
//! numbers and names that run into each other. Deliberately absent: type systems, which nobody sends.
//!
//! An empty selection set gets one inline fragment that is empty itself: for a validator that takes a selection set of no
//! selections for none.
//!
//! Source: the GraphQL specification, September 2026, "Language" and "Appendix C: Grammar Summary".

mod definitions;
mod values;

use async_graphql_parser::types::{
    ExecutableDocument, Field, FragmentDefinition, FragmentSpread, InlineFragment, OperationDefinition,
    OperationType, Selection, SelectionSet, TypeCondition, VariableDefinition,
};
use async_graphql_parser::{Pos, Positioned};
use async_graphql_value::Name;

use self::definitions::Definitions;
use self::values::Context;
use crate::lexer::{Lexer, Token};
use crate::rejection::{Code, Rejection};

/// Parses a document.
///
/// It goes as deep as brackets are nested, which is bounded before.
///
/// # Errors
///
/// [`Code::ParseFailed`] for what is no document; [`Code::ValidationFailed`] for an operation, a fragment or an object's key
/// defined twice, or an operation without a name beside others; [`Code::OperationResolutionFailure`] where there is no operation.
pub(crate) fn parse(text: &str) -> Result<ExecutableDocument, Rejection> {
    let mut parser = Parser::new(text)?;
    let mut definitions = Definitions::default();
    loop {
        parser.definition(&mut definitions)?;
        if parser.token == Token::End {
            return match parser.invalid {
                Some(rejection) => Err(rejection),
                None => definitions.into_document(),
            };
        }
    }
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    /// The token that is next, and where it begins.
    token: Token<'t>,
    pos: Pos,
    /// What the document cannot hold, though it is one: the first key that an object has twice, or number beyond all types.
    invalid: Option<Rejection>,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Result<Self, Rejection> {
        let mut lexer = Lexer::new(text);
        let (pos, token) = lexer.next()?;
        Ok(Self {
            lexer,
            token,
            pos,
            invalid: None,
        })
    }

    /// Takes the next token.
    fn take(&mut self) -> Result<Token<'t>, Rejection> {
        let (pos, token) = self.lexer.next()?;
        self.pos = pos;
        Ok(std::mem::replace(&mut self.token, token))
    }

    /// Takes the next token if it is this one.
    fn takes(&mut self, sign: char) -> Result<bool, Rejection> {
        let is_it = self.token == Token::Sign(sign);
        if is_it {
            self.take()?;
        }
        Ok(is_it)
    }

    fn expect(&mut self, sign: char) -> Result<(), Rejection> {
        if self.takes(sign)? {
            return Ok(());
        }
        self.expected(&format!("`{sign}`"))
    }

    fn expected<T>(&self, what: &str) -> Result<T, Rejection> {
        let message = format!("The document is not GraphQL: expected {what}.");
        Err(Rejection::new(Code::ParseFailed, message, vec![self.pos]))
    }

    fn name(&mut self) -> Result<Positioned<Name>, Rejection> {
        let Token::Name(name) = self.token else {
            return self.expected("a name");
        };
        let name = Positioned::new(Name::new(name), self.pos);
        self.take()?;
        Ok(name)
    }

    fn definition(&mut self, definitions: &mut Definitions) -> Result<(), Rejection> {
        let pos = self.pos;
        let is_described = self.description()?;
        let ty = match self.token {
            Token::Sign('{') if !is_described => {
                let operation = self.operation(OperationType::Query)?;
                definitions
                    .operations
                    .push((None, Positioned::new(operation, pos)));
                return Ok(());
            }
            Token::Name("query") => OperationType::Query,
            Token::Name("mutation") => OperationType::Mutation,
            Token::Name("subscription") => OperationType::Subscription,
            Token::Name("fragment") => {
                self.take()?;
                let (name, fragment) = self.fragment()?;
                definitions.fragments.push((name, Positioned::new(fragment, pos)));
                return Ok(());
            }
            _ => return self.expected("an operation or a fragment"),
        };
        self.take()?;
        let name = match self.token {
            Token::Name(_) => Some(self.name()?),
            _ => None,
        };
        let operation = self.operation(ty)?;
        definitions
            .operations
            .push((name, Positioned::new(operation, pos)));
        Ok(())
    }

    /// Passes over a description; whether there is one.
    fn description(&mut self) -> Result<bool, Rejection> {
        let is_there = matches!(self.token, Token::Text(_));
        if is_there {
            self.take()?;
        }
        Ok(is_there)
    }

    /// The rest of an operation, from its variables on.
    fn operation(&mut self, ty: OperationType) -> Result<OperationDefinition, Rejection> {
        let mut variable_definitions = Vec::new();
        if self.takes('(')? {
            loop {
                variable_definitions.push(self.variable()?);
                if self.takes(')')? {
                    break;
                }
            }
        }
        Ok(OperationDefinition {
            ty,
            variable_definitions,
            directives: self.directives(Context::Variable)?,
            selection_set: self.selection_set()?,
        })
    }

    fn variable(&mut self) -> Result<Positioned<VariableDefinition>, Rejection> {
        let pos = self.pos;
        self.description()?;
        self.expect('$')?;
        let name = self.name()?;
        self.expect(':')?;
        let var_type = Positioned::new((), self.pos);
        let var_type = Positioned::new(self.ty()?, var_type.pos);
        let default_value = if self.takes('=')? {
            let value = self.value(Context::Constant)?;
            // No variable is in it, so that it is constant.
            value
                .node
                .into_const()
                .map(|constant| Positioned::new(constant, value.pos))
        } else {
            None
        };
        let definition = VariableDefinition {
            name,
            var_type,
            directives: self.directives(Context::Constant)?,
            default_value,
        };
        Ok(Positioned::new(definition, pos))
    }

    fn fragment(&mut self) -> Result<(Name, FragmentDefinition), Rejection> {
        if self.token == Token::Name("on") {
            return self.expected("the fragment's name, which cannot be `on`");
        }
        let name = self.name()?.node;
        if self.token != Token::Name("on") {
            return self.expected("`on` and a type");
        }
        let fragment = FragmentDefinition {
            type_condition: self.type_condition()?,
            directives: self.directives(Context::Variable)?,
            selection_set: self.selection_set()?,
        };
        Ok((name, fragment))
    }

    /// A type condition; `on` is next.
    fn type_condition(&mut self) -> Result<Positioned<TypeCondition>, Rejection> {
        let pos = self.pos;
        self.take()?;
        if !matches!(self.token, Token::Name(_)) {
            return self.expected("a type behind `on`, as no fragment has that name");
        }
        Ok(Positioned::new(TypeCondition { on: self.name()? }, pos))
    }

    fn selection_set(&mut self) -> Result<Positioned<SelectionSet>, Rejection> {
        let pos = self.pos;
        if !self.takes('{')? {
            return self.expected("a selection set, `{`");
        }
        let mut items = Vec::new();
        while !self.takes('}')? {
            let pos = self.pos;
            items.push(Positioned::new(self.selection()?, pos));
        }
        if items.is_empty() {
            items.push(Positioned::new(nothing(pos), pos));
        }
        Ok(Positioned::new(SelectionSet { items }, pos))
    }

    fn selection(&mut self) -> Result<Selection, Rejection> {
        let pos = self.pos;
        if self.token != Token::Spread {
            if !matches!(self.token, Token::Name(_)) {
                return self.expected("a field, a fragment or `}`");
            }
            return Ok(Selection::Field(Positioned::new(self.field()?, pos)));
        }
        self.take()?;
        if matches!(self.token, Token::Name(name) if name != "on") {
            let spread = FragmentSpread {
                fragment_name: self.name()?,
                directives: self.directives(Context::Variable)?,
            };
            return Ok(Selection::FragmentSpread(Positioned::new(spread, pos)));
        }
        let type_condition = match self.token {
            Token::Name(_) => Some(self.type_condition()?),
            _ => None,
        };
        let inline = InlineFragment {
            type_condition,
            directives: self.directives(Context::Variable)?,
            selection_set: self.selection_set()?,
        };
        Ok(Selection::InlineFragment(Positioned::new(inline, pos)))
    }

    fn field(&mut self) -> Result<Field, Rejection> {
        let first = self.name()?;
        let (alias, name) = if self.takes(':')? {
            (Some(first), self.name()?)
        } else {
            (None, first)
        };
        let arguments = self.arguments(Context::Variable)?;
        let directives = self.directives(Context::Variable)?;
        let selection_set = if self.token == Token::Sign('{') {
            self.selection_set()?
        } else {
            Positioned::default()
        };
        Ok(Field {
            alias,
            name,
            arguments,
            directives,
            selection_set,
        })
    }
}

/// A selection of nothing.
fn nothing(pos: Pos) -> Selection {
    let inline = InlineFragment {
        type_condition: None,
        directives: Vec::new(),
        selection_set: Positioned::new(SelectionSet::default(), pos),
    };
    Selection::InlineFragment(Positioned::new(inline, pos))
}

#[cfg(test)]
mod tests;
