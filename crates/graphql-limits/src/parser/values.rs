//! What stands in brackets and behind `@`: types, values, arguments, directives.

use async_graphql_parser::Positioned;
use async_graphql_parser::types::{BaseType, Directive, Type};
use async_graphql_value::indexmap::IndexMap;
use async_graphql_value::{Name, Number, Value};

use super::Parser;
use crate::lexer::Token;
use crate::rejection::{Code, Rejection, quote};

type Arguments = Vec<(Positioned<Name>, Positioned<Value>)>;

/// Where values stand: whether variables may be among them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    Variable,
    Constant,
}

impl Parser<'_> {
    pub(super) fn ty(&mut self) -> Result<Type, Rejection> {
        let base = if self.takes('[')? {
            let inner = self.ty()?;
            self.expect(']')?;
            BaseType::List(Box::new(inner))
        } else {
            BaseType::Named(self.name()?.node)
        };
        Ok(Type {
            base,
            nullable: !self.takes('!')?,
        })
    }

    pub(super) fn directives(&mut self, context: Context) -> Result<Vec<Positioned<Directive>>, Rejection> {
        let mut directives = Vec::new();
        loop {
            let pos = self.pos;
            if !self.takes('@')? {
                return Ok(directives);
            }
            let directive = Directive {
                name: self.name()?,
                arguments: self.arguments(context)?,
            };
            directives.push(Positioned::new(directive, pos));
        }
    }

    pub(super) fn arguments(&mut self, context: Context) -> Result<Arguments, Rejection> {
        let mut arguments = Vec::new();
        if !self.takes('(')? {
            return Ok(arguments);
        }
        loop {
            let name = self.name()?;
            self.expect(':')?;
            arguments.push((name, self.value(context)?));
            if self.takes(')')? {
                return Ok(arguments);
            }
        }
    }

    pub(super) fn value(&mut self, context: Context) -> Result<Positioned<Value>, Rejection> {
        let pos = self.pos;
        let value = match &mut self.token {
            Token::Sign('[') => {
                self.take()?;
                let mut items = Vec::new();
                while !self.takes(']')? {
                    items.push(self.value(context)?.node);
                }
                return Ok(Positioned::new(Value::List(items), pos));
            }
            Token::Sign('{') => {
                self.take()?;
                let mut fields = IndexMap::new();
                while !self.takes('}')? {
                    let key = self.name()?;
                    self.expect(':')?;
                    let value = self.value(context)?.node;
                    if fields.insert(key.node.clone(), value).is_some() {
                        let message = format!("The key {} is given twice in one object.", quote(&key.node));
                        let rejection = Rejection::new(Code::ValidationFailed, message, vec![key.pos]);
                        self.invalid.get_or_insert(rejection);
                    }
                }
                return Ok(Positioned::new(Value::Object(fields), pos));
            }
            Token::Sign('$') if context == Context::Variable => {
                self.take()?;
                return Ok(Positioned::new(Value::Variable(self.name()?.node), pos));
            }
            Token::Sign('$') => {
                return self.expected("a value that is the same for every request, without variables");
            }
            Token::Text(text) => Value::String(std::mem::take(text)),
            Token::Number(text) => {
                // JSON has no whole number below zero that is zero.
                let text = if *text == "-0" { "0" } else { *text };
                Value::Number(text.parse().unwrap_or_else(|_| {
                    let message = "The number is larger than any type holds.";
                    let rejection = Rejection::new(Code::ValidationFailed, message, vec![pos]);
                    self.invalid.get_or_insert(rejection);
                    Number::from(0)
                }))
            }
            Token::Name("true") => Value::Boolean(true),
            Token::Name("false") => Value::Boolean(false),
            Token::Name("null") => Value::Null,
            Token::Name(name) => Value::Enum(Name::new(*name)),
            _ => return self.expected("a value"),
        };
        self.take()?;
        Ok(Positioned::new(value, pos))
    }
}
