//! Values that Python iterates over once, and views of dicts.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectRepr};

/// Items that are no list: they cannot be printed, indexed or written as JSON.
#[derive(Debug)]
pub(in crate::chat) enum Stream {
    /// A generator, which returns every item once.
    Once(Arc<Mutex<VecDeque<Value>>>),
    /// A view of a dict or a range, which has a length and can be read again.
    View(Vec<Value>),
}

impl Stream {
    /// The result of filters such as `map`.
    pub(in crate::chat) fn once(items: Vec<Value>) -> Value {
        Value::from_object(Self::Once(Arc::new(Mutex::new(items.into()))))
    }

    /// The result of `dict.items` and the like.
    pub(in crate::chat) fn view(items: Vec<Value>) -> Value {
        Value::from_object(Self::View(items))
    }

    /// The remaining items; a generator has none afterwards.
    pub(in crate::chat) fn take(&self) -> Vec<Value> {
        match self {
            Self::Once(items) => {
                let mut items = items.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut *items).into()
            }
            Self::View(items) => items.clone(),
        }
    }

    /// The next item, removed from a generator.
    pub(in crate::chat) fn first(&self) -> Option<Value> {
        match self {
            Self::Once(items) => items.lock().unwrap_or_else(PoisonError::into_inner).pop_front(),
            Self::View(items) => items.first().cloned(),
        }
    }

    /// Number of items of a view; a generator has no length.
    pub(in crate::chat) fn length(&self) -> Option<usize> {
        match self {
            Self::Once(_) => None,
            Self::View(items) => Some(items.len()),
        }
    }
}

impl Object for Stream {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match &**self {
            Self::Once(items) => Enumerator::Iter(Box::new(Rest(Arc::clone(items)))),
            Self::View(items) => Enumerator::Values(items.clone()),
        }
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        self.length()
    }

    /// Python's truth of an iterator: a generator is true even if it is empty.
    fn is_true(self: &Arc<Self>) -> bool {
        self.length() != Some(0)
    }
}

/// Takes items out of a generator one by one.
struct Rest(Arc<Mutex<VecDeque<Value>>>);

impl Iterator for Rest {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.0.lock().unwrap_or_else(PoisonError::into_inner).len();
        (left, Some(left))
    }
}
