//! Expressions compiled for many rows.

use crate::expression::expr::Expr;
use crate::expression::function::{Call, Exponent};

/// Rows that one instruction processes.
const ROWS: usize = 128;

/// An expression as instructions for a stack of columns: each passes over many rows at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    instructions: Vec<Instruction>,
    depth: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Instruction {
    Constant(f64),
    Variable(usize),
    Add,
    Multiply,
    Scale(f64),
    Shift(f64),
    Power(Exponent),
    Call(Call),
}

impl Program {
    /// Compiles an expression.
    pub fn new(expr: &Expr) -> Self {
        let mut instructions = Vec::new();
        compile(expr, &mut instructions);
        let (mut height, mut depth) = (0usize, 0);
        for instruction in &instructions {
            match instruction {
                Instruction::Constant(_) | Instruction::Variable(_) => height += 1,
                Instruction::Add | Instruction::Multiply => height -= 1,
                _ => {}
            }
            depth = depth.max(height);
        }
        Self { instructions, depth }
    }

    /// Values at rows of `d_input` variables, row-major.
    pub fn at(&self, x: &[f64], d_input: usize) -> Vec<f64> {
        let d_input = d_input.max(1);
        let mut stack = vec![[0.0; ROWS]; self.depth];
        let mut values = Vec::with_capacity(x.len() / d_input);
        for rows in x.chunks(ROWS * d_input) {
            let n_rows = rows.len() / d_input;
            self.run(rows, d_input, &mut stack);
            values.extend_from_slice(&stack[0][..n_rows]);
        }
        values
    }

    fn run(&self, x: &[f64], d_input: usize, stack: &mut [[f64; ROWS]]) {
        let n_rows = x.len() / d_input;
        let mut height = 0;
        for instruction in &self.instructions {
            match *instruction {
                Instruction::Constant(value) => {
                    stack[height][..n_rows].fill(value);
                    height += 1;
                }
                Instruction::Variable(index) => {
                    for (slot, row) in stack[height].iter_mut().zip(x.chunks_exact(d_input)) {
                        *slot = row.get(index).copied().unwrap_or(0.0);
                    }
                    height += 1;
                }
                Instruction::Add | Instruction::Multiply => {
                    height -= 1;
                    let (below, above) = stack.split_at_mut(height);
                    let pairs = below[height - 1][..n_rows].iter_mut().zip(&above[0]);
                    match instruction {
                        Instruction::Add => pairs.for_each(|(a, b)| *a += b),
                        _ => pairs.for_each(|(a, b)| *a *= b),
                    }
                }
                other => {
                    let top = stack[height - 1][..n_rows].iter_mut();
                    match other {
                        Instruction::Scale(factor) => top.for_each(|u| *u *= factor),
                        Instruction::Shift(constant) => top.for_each(|u| *u += constant),
                        Instruction::Power(exponent) => top.for_each(|u| *u = exponent.of(*u)),
                        Instruction::Call(call) => top.for_each(|u| *u = call.of(*u)),
                        _ => {}
                    }
                }
            }
        }
    }
}

fn compile(expr: &Expr, to: &mut Vec<Instruction>) {
    match expr {
        Expr::Constant(value) => to.push(Instruction::Constant(*value)),
        Expr::Variable(index) => to.push(Instruction::Variable(*index)),
        Expr::Sum(_) if expr.variables().is_empty() => to.push(Instruction::Constant(expr.at(&[]))),
        Expr::Product(_) if expr.variables().is_empty() => to.push(Instruction::Constant(expr.at(&[]))),
        Expr::Sum(parts) => fold(parts, Instruction::Shift, Instruction::Add, to),
        Expr::Product(parts) => fold(parts, Instruction::Scale, Instruction::Multiply, to),
        Expr::Power(base, exponent) => {
            compile(base, to);
            to.push(Instruction::Power(*exponent));
        }
        Expr::Call(call, argument) => {
            compile(argument, to);
            to.push(Instruction::Call(*call));
        }
    }
}

/// Compiles parts one after the other; constants come last and take no column of their own.
fn fold(parts: &[Expr], by_constant: fn(f64) -> Instruction, by_column: Instruction, to: &mut Vec<Instruction>) {
    let mut columns = 0;
    for part in parts.iter().filter(|part| !matches!(part, Expr::Constant(_))) {
        compile(part, to);
        columns += 1;
        if columns > 1 {
            to.push(by_column);
        }
    }
    to.extend(parts.iter().filter_map(|part| match part {
        Expr::Constant(value) => Some(by_constant(*value)),
        _ => None,
    }));
}
