//! Arguments of filters, functions and methods, bound to names as Python does.

use minijinja::value::Kwargs;
use minijinja::{Error, Value};

use super::values::refuse;

/// Arguments of a call.
pub(in crate::chat) struct Arguments {
    pub(in crate::chat) positional: Vec<Value>,
    pub(in crate::chat) named: Vec<(String, Value)>,
}

impl Arguments {
    pub(in crate::chat) fn new(positional: &[Value], named: &Kwargs) -> Result<Self, Error> {
        let named = named.args().map(|name| Ok((name.to_owned(), named.peek(name)?)));
        Ok(Self {
            positional: positional.to_vec(),
            named: named.collect::<Result<_, Error>>()?,
        })
    }

    /// The arguments by the names of parameters; surplus, unknown and repeated arguments are errors.
    pub(in crate::chat) fn bind<const N: usize>(self, names: [&str; N]) -> Result<[Option<Value>; N], Error> {
        if self.positional.len() > N {
            let n_given = self.positional.len();
            return Err(refuse(format!(
                "{n_given} arguments are given, at most {N} are accepted"
            )));
        }
        let mut bound = [const { None }; N];
        for (place, value) in bound.iter_mut().zip(self.positional) {
            *place = Some(value);
        }
        for (name, value) in self.named {
            let place = names
                .iter()
                .position(|known| *known == name)
                .map(|index| &mut bound[index]);
            match place {
                Some(place) if place.is_none() => *place = Some(value),
                Some(_) => return Err(refuse(format!("the argument {name} was given twice"))),
                None => return Err(refuse(format!("there is no argument {name}"))),
            }
        }
        Ok(bound)
    }

    /// Checks that there are no arguments.
    pub(in crate::chat) fn none(self) -> Result<(), Error> {
        self.bind([]).map(|[]| ())
    }

    /// Takes exactly one argument.
    pub(in crate::chat) fn one(self) -> Result<Value, Error> {
        let [value] = self.bind([""])?;
        required(value)
    }
}

/// Takes an argument without a default.
pub(in crate::chat) fn required(argument: Option<Value>) -> Result<Value, Error> {
    argument.ok_or_else(|| refuse("an argument is missing"))
}
