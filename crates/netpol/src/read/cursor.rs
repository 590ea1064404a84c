//! Walks an untyped object, collects every violation with its field, reads null as absent.

use std::cell::RefCell;

use serde_json::{Map, Value};

use super::policy::NUMBER;
use crate::invalid::{Invalid, Place, Problem};
use crate::policy::{Note, NoteKind};

/// The member at the end of a way of keys.
pub(crate) fn at<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().try_fold(value, |value, key| value.get(key))
}

/// The text at the end of a way of keys.
pub(crate) fn text_at<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a str> {
    at(value, keys)?.as_str()
}

/// Collects what is found on the way.
#[derive(Default)]
pub(crate) struct Sink {
    problems: RefCell<Vec<(String, Problem)>>,
    notes: RefCell<Vec<Note>>,
}

impl Sink {
    /// The value if nothing was wrong, else every problem of the object.
    pub(crate) fn finish<T>(
        self,
        value: Option<T>,
        object: &str,
        place: Option<&Place>,
    ) -> Result<(T, Vec<Note>), Vec<Invalid>> {
        let problems = self.problems.into_inner();
        match value {
            Some(value) if problems.is_empty() => Ok((value, self.notes.into_inner())),
            _ => Err(problems
                .into_iter()
                .map(|(field, problem)| Invalid {
                    object: object.to_owned(),
                    field,
                    problem,
                    place: place.cloned(),
                })
                .collect()),
        }
    }
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

/// A value and the way to it.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    value: &'a Value,
    parent: Option<&'a Cursor<'a>>,
    step: Step<'a>,
    sink: &'a Sink,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn root(value: &'a Value, sink: &'a Sink) -> Self {
        Self { value, parent: None, step: Step::Root, sink }
    }

    pub(crate) const fn value(&self) -> &'a Value {
        self.value
    }

    /// The field's name as `spec.ingress[0]`.
    pub(crate) fn field(&self) -> String {
        let parent = self.parent.map(Cursor::field).unwrap_or_default();
        match self.step {
            Step::Root => parent,
            Step::Key(key) if parent.is_empty() => key.to_owned(),
            Step::Key(key) => format!("{parent}.{key}"),
            Step::Index(index) => format!("{parent}[{index}]"),
        }
    }

    pub(crate) fn report(&self, problem: Problem) {
        self.sink.problems.borrow_mut().push((self.field(), problem));
    }

    pub(crate) fn report_at(&self, key: &str, problem: Problem) {
        let field = self.field();
        let field = if field.is_empty() { key.to_owned() } else { format!("{field}.{key}") };
        self.sink.problems.borrow_mut().push((field, problem));
    }

    pub(crate) fn note(&self, kind: NoteKind) {
        self.sink.notes.borrow_mut().push(Note { field: self.field(), kind });
    }

    /// A member that is there and not null.
    pub(crate) fn get<'b>(&'b self, key: &'b str) -> Option<Cursor<'b>>
    where
        'a: 'b,
    {
        let value = self.object()?.get(key).filter(|v| !v.is_null())?;
        Some(Cursor { value, parent: Some(self), step: Step::Key(key), sink: self.sink })
    }

    /// A member that must be there.
    pub(crate) fn require<'b>(&'b self, key: &'b str) -> Option<Cursor<'b>>
    where
        'a: 'b,
    {
        let found = self.get(key);
        if found.is_none() && self.value.is_object() {
            self.report_at(key, Problem::Missing);
        }
        found
    }

    /// The entries of a list.
    pub(crate) fn items<'b>(&'b self) -> impl Iterator<Item = Cursor<'b>>
    where
        'a: 'b,
    {
        let list = self.value.as_array();
        if list.is_none() {
            self.wrong_type("a list");
        }
        list.into_iter().flatten().enumerate().map(|(index, value)| Cursor {
            value,
            parent: Some(self),
            step: Step::Index(index),
            sink: self.sink,
        })
    }

    /// The members of a map whose keys are data.
    pub(crate) fn members<'b>(&'b self) -> impl Iterator<Item = (&'a str, Cursor<'b>)>
    where
        'a: 'b,
    {
        self.object().into_iter().flatten().map(|(key, value)| {
            (
                key.as_str(),
                Cursor { value, parent: Some(self), step: Step::Key(key), sink: self.sink },
            )
        })
    }

    pub(crate) fn object(&self) -> Option<&'a Map<String, Value>> {
        let object = self.value.as_object();
        if object.is_none() {
            self.wrong_type("an object");
        }
        object
    }

    pub(crate) fn string(&self) -> Option<&'a str> {
        let string = self.value.as_str();
        if string.is_none() {
            self.wrong_type("a string");
        }
        string
    }

    pub(crate) fn integer(&self) -> Option<i64> {
        let integer = self.value.as_i64();
        if integer.is_none() {
            self.wrong_type("an integer");
        }
        integer
    }

    pub(crate) fn wrong_type(&self, expected: &'static str) {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean (quote it if a word such as yes, on or n is meant)",
            Value::Number(_) if expected == "a string" => "a number (quote it)",
            Value::Number(_) => "a number",
            Value::String(_) if expected == NUMBER => "a string (write it without quotes)",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.report(Problem::Type { expected, found });
    }

    /// Reports members that the API does not have.
    pub(crate) fn only(&self, fields: &[&'static str]) {
        for key in self.value.as_object().into_iter().flat_map(Map::keys) {
            if !fields.contains(&key.as_str()) {
                let nearest = fields
                    .iter()
                    .copied()
                    .filter(|f| strsim::osa_distance(f, key) <= 2)
                    .min_by_key(|f| strsim::osa_distance(f, key));
                self.report_at(key, Problem::UnknownField { nearest });
            }
        }
    }
}
