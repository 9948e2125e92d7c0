//! Expressions with Python's rules in place of the engine's.
//!
//! Operators, attributes, subscripts, slices and calls of methods become calls of functions that `environment` adds.

use minijinja::machinery::Span;
use minijinja::machinery::ast::{self, CallArg, Expr, Spanned};
use minijinja::{Error, Value};

use crate::chat::python::values::refuse;

/// Rewrites an expression.
pub(in crate::chat) fn expression<'a>(node: &Expr<'a>) -> Result<Expr<'a>, Error> {
    let span = node.span();
    Ok(match node {
        Expr::Var(var) if matches!(var.id, "self" | "super" | "varargs" | "kwargs") => {
            return Err(refuse(format!("{} is not supported", var.id)));
        }
        Expr::Var(var) => variable(var.id, span),
        Expr::Const(fixed) => constant(fixed.value.clone(), span),
        Expr::Slice(node) => slice(node, span)?,
        Expr::UnaryOp(unary) if matches!(unary.op, ast::UnaryOpKind::Neg) => {
            function("__negate", vec![expression(&unary.expr)?], span)
        }
        Expr::BinOp(binary) => binary_operation(binary, span)?,
        Expr::Compare(compare) => comparison(compare, span)?,
        Expr::GetAttr(field) => {
            let name = constant(field.name.into(), span);
            function("__attribute", vec![expression(&field.expr)?, name], span)
        }
        Expr::GetItem(item) => {
            let subscript = expression(&item.subscript_expr)?;
            function("__item", vec![expression(&item.expr)?, subscript], span)
        }
        Expr::Call(call) => method_or_call(call)?,
        Expr::Map(map) => {
            let entries = map.keys.iter().zip(&map.values).flat_map(|(key, value)| [key, value]);
            function("__dict", entries.map(expression).collect::<Result<_, _>>()?, span)
        }
        Expr::UnaryOp(_) | Expr::IfExpr(_) | Expr::Filter(_) | Expr::Test(_) | Expr::List(_) | Expr::Tuple(_) => {
            same_with_parts(node)?
        }
    })
}

/// Rewrites the parts of an expression that the engine itself evaluates.
fn same_with_parts<'a>(node: &Expr<'a>) -> Result<Expr<'a>, Error> {
    Ok(match node {
        Expr::UnaryOp(not) => {
            let (op, expr) = (ast::UnaryOpKind::Not, expression(&not.expr)?);
            Expr::UnaryOp(at(not, ast::UnaryOp { op, expr }))
        }
        Expr::IfExpr(choice) => {
            let new = ast::IfExpr {
                test_expr: expression(&choice.test_expr)?,
                true_expr: expression(&choice.true_expr)?,
                false_expr: optional(choice.false_expr.as_ref())?,
            };
            Expr::IfExpr(at(choice, new))
        }
        Expr::Filter(filter) => {
            let new = ast::Filter {
                name: filter.name,
                expr: optional(filter.expr.as_ref())?,
                args: arguments(&filter.args)?,
            };
            Expr::Filter(at(filter, new))
        }
        Expr::Test(test) => {
            let new = ast::Test {
                name: test.name,
                expr: expression(&test.expr)?,
                args: arguments(&test.args)?,
            };
            Expr::Test(at(test, new))
        }
        Expr::List(list) => {
            let items = expressions(&list.items)?;
            Expr::List(at(list, ast::List { items }))
        }
        Expr::Tuple(tuple) => {
            let items = expressions(&tuple.items)?;
            Expr::Tuple(at(tuple, ast::Tuple { items }))
        }
        other => expression(other)?,
    })
}

fn slice<'a>(slice: &ast::Slice<'a>, span: Span) -> Result<Expr<'a>, Error> {
    let mut parts = vec![expression(&slice.expr)?];
    for part in [&slice.start, &slice.stop, &slice.step] {
        parts.push(match part {
            Some(part) => expression(part)?,
            None => constant(Value::from(()), span),
        });
    }
    Ok(function("__slice", parts, span))
}

fn binary_operation<'a>(binary: &Spanned<ast::BinOp<'a>>, span: Span) -> Result<Expr<'a>, Error> {
    use ast::BinOpKind::{Add, Concat, Div, Eq, FloorDiv, Gt, Gte, In, Lt, Lte, Mul, Ne, Pow, Rem, ScAnd, ScOr, Sub};
    let (left, right) = (expression(&binary.left)?, expression(&binary.right)?);
    let symbol = match binary.op {
        ScAnd | ScOr => {
            return Ok(Expr::BinOp(at(
                binary,
                ast::BinOp {
                    op: binary.op,
                    left,
                    right,
                },
            )));
        }
        Eq => "==",
        Ne => "!=",
        Lt => "<",
        Lte => "<=",
        Gt => ">",
        Gte => ">=",
        Add => "+",
        Sub => "-",
        Mul => "*",
        Div => "/",
        FloorDiv => "//",
        Rem => "%",
        Pow => "**",
        Concat => "~",
        In => "in",
    };
    Ok(function(
        "__operate",
        vec![left, constant(symbol.into(), span), right],
        span,
    ))
}

fn comparison<'a>(compare: &ast::Compare<'a>, span: Span) -> Result<Expr<'a>, Error> {
    use ast::CompareOpKind::{Eq, Gt, Gte, In, Lt, Lte, Ne, NotIn};
    let mut parts = vec![expression(&compare.expr)?];
    for operation in &compare.ops {
        let symbol = match operation.op {
            Eq => "==",
            Ne => "!=",
            Lt => "<",
            Lte => "<=",
            Gt => ">",
            Gte => ">=",
            In => "in",
            NotIn => "not in",
        };
        parts.extend([constant(symbol.into(), span), expression(&operation.expr)?]);
    }
    Ok(function("__operate", parts, span))
}

/// Rewrites `value.name(..)` to a call of `__method`; functions, macros and loops are called by the engine.
fn method_or_call<'a>(call: &Spanned<ast::Call<'a>>) -> Result<Expr<'a>, Error> {
    let method = match &call.expr {
        Expr::Var(name) if name.id == "dict" => return dict_call(call),
        Expr::GetAttr(method) => method,
        _ => return Ok(Expr::Call(at(call, call_of_macro(call)?))),
    };
    let name = constant(method.name.into(), call.span());
    let mut all = vec![CallArg::Pos(expression(&method.expr)?), CallArg::Pos(name)];
    all.extend(arguments(&call.args)?);
    let expr = variable("__method", call.span());
    Ok(Expr::Call(at(call, ast::Call { expr, args: all })))
}

/// Rewrites `dict(a, b=c)` to `__dict_of(a, 'b', c)`.
fn dict_call<'a>(call: &Spanned<ast::Call<'a>>) -> Result<Expr<'a>, Error> {
    let span = call.span();
    let mut parts = vec![constant(Value::UNDEFINED, span)];
    for (index, argument) in call.args.iter().enumerate() {
        match argument {
            CallArg::Pos(value) if index == 0 => parts[0] = expression(value)?,
            CallArg::Kwarg(name, value) => parts.extend([constant((*name).into(), span), expression(value)?]),
            _ => return Err(refuse("dict takes one value and names")),
        }
    }
    Ok(function("__dict_of", parts, span))
}

pub(in crate::chat) fn call_of_macro<'a>(call: &ast::Call<'a>) -> Result<ast::Call<'a>, Error> {
    Ok(ast::Call {
        expr: expression(&call.expr)?,
        args: arguments(&call.args)?,
    })
}

fn arguments<'a>(arguments: &[CallArg<'a>]) -> Result<Vec<CallArg<'a>>, Error> {
    let rewritten = arguments.iter().map(|argument| {
        Ok(match argument {
            CallArg::Pos(value) => CallArg::Pos(expression(value)?),
            CallArg::Kwarg(name, value) => CallArg::Kwarg(name, expression(value)?),
            CallArg::PosSplat(value) => CallArg::PosSplat(expression(value)?),
            CallArg::KwargSplat(value) => CallArg::KwargSplat(expression(value)?),
        })
    });
    rewritten.collect()
}

pub(in crate::chat) fn expressions<'a>(nodes: &[Expr<'a>]) -> Result<Vec<Expr<'a>>, Error> {
    nodes.iter().map(expression).collect()
}

pub(in crate::chat) fn optional<'a>(node: Option<&Expr<'a>>) -> Result<Option<Expr<'a>>, Error> {
    node.map(expression).transpose()
}

pub(in crate::chat) fn function<'a>(name: &'a str, arguments: Vec<Expr<'a>>, span: Span) -> Expr<'a> {
    let call = ast::Call {
        expr: variable(name, span),
        args: arguments.into_iter().map(CallArg::Pos).collect(),
    };
    Expr::Call(Spanned::new(call, span))
}

fn variable(name: &str, span: Span) -> Expr<'_> {
    Expr::Var(Spanned::new(ast::Var { id: name }, span))
}

fn constant<'a>(value: Value, span: Span) -> Expr<'a> {
    Expr::Const(Spanned::new(ast::Const { value }, span))
}

/// Puts a node in the place of another.
pub(in crate::chat) fn at<T, U>(node: &Spanned<T>, new: U) -> Spanned<U> {
    Spanned::new(new, node.span())
}
