//! Lengths and arguments of all functions.

use crate::rust::file::tokens_outside_tests;
use crate::rust::function::find_functions;
use crate::tree::Source;

/// The functions of the sources, methods of traits included.
#[derive(Debug, Default)]
pub struct Functions {
    pub count: usize,
    /// Lengths of the functions with a body.
    pub lines: Vec<usize>,
    /// Places, `path:line name`, of the functions with a tuple as an argument.
    pub with_tuple: Vec<String>,
}

impl Functions {
    pub fn read(sources: &[Source]) -> Self {
        let mut all = Self::default();
        for source in sources {
            for function in find_functions(&tokens_outside_tests(source.text)) {
                all.count += 1;
                all.lines.extend(Some(function.n_lines).filter(|lines| *lines > 0));
                if function.has_tuple {
                    let place = format!("{}:{} {}", source.path, function.line, function.name);
                    all.with_tuple.push(place);
                }
            }
        }
        all
    }
}
