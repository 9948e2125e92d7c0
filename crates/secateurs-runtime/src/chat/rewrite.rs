//! A parsed template with Python's rules in place of the engine's.
//!
//! Operators, attributes, subscripts, slices and calls of methods become calls of functions of `operators`, and what a loop
//! goes through passes `__items`. The engine still parses, keeps scopes, and runs loops and macros.

use minijinja::machinery::Span;
use minijinja::machinery::ast::{self, CallArg, Expr, Spanned, Stmt};
use minijinja::{Error, Value};

use super::values::refuse;

/// The template with all its expressions rewritten.
pub(super) fn template<'a>(statement: &Stmt<'a>) -> Result<Stmt<'a>, Error> {
    Ok(match statement {
        Stmt::Template(node) => Stmt::Template(at(
            node,
            ast::Template {
                children: body(&node.children)?,
            },
        )),
        Stmt::EmitExpr(node) => Stmt::EmitExpr(at(
            node,
            ast::EmitExpr {
                expr: expression(&node.expr)?,
            },
        )),
        Stmt::EmitRaw(node) => Stmt::EmitRaw(at(node, ast::EmitRaw { raw: node.raw })),
        Stmt::ForLoop(node) => Stmt::ForLoop(at(node, for_loop(node)?)),
        Stmt::IfCond(node) => Stmt::IfCond(at(
            node,
            ast::IfCond {
                expr: expression(&node.expr)?,
                true_body: body(&node.true_body)?,
                false_body: body(&node.false_body)?,
            },
        )),
        Stmt::WithBlock(node) => Stmt::WithBlock(at(node, with_block(node)?)),
        Stmt::Set(node) => Stmt::Set(at(
            node,
            ast::Set {
                target: target(&node.target)?,
                expr: expression(&node.expr)?,
            },
        )),
        Stmt::SetBlock(node) => Stmt::SetBlock(at(
            node,
            ast::SetBlock {
                target: target(&node.target)?,
                filter: optional(node.filter.as_ref())?,
                body: body(&node.body)?,
            },
        )),
        Stmt::FilterBlock(node) => Stmt::FilterBlock(at(
            node,
            ast::FilterBlock {
                filter: expression(&node.filter)?,
                filter_span: node.filter_span,
                body: body(&node.body)?,
            },
        )),
        Stmt::Macro(node) => Stmt::Macro(at(node, macro_declaration(node)?)),
        Stmt::CallBlock(node) => Stmt::CallBlock(at(
            node,
            ast::CallBlock {
                call: at(&node.call, call_of_macro(&node.call)?),
                call_expr_span: node.call_expr_span,
                macro_decl: at(&node.macro_decl, macro_declaration(&node.macro_decl)?),
            },
        )),
        Stmt::Continue(node) => Stmt::Continue(at(node, ast::Continue)),
        Stmt::Break(node) => Stmt::Break(at(node, ast::Break)),
        Stmt::AutoEscape(_) => return Err(refuse("the tag autoescape is not supported")),
        Stmt::Do(_) => return Err(refuse("the tag do does not exist in chat templates")),
    })
}

fn body<'a>(statements: &[Stmt<'a>]) -> Result<Vec<Stmt<'a>>, Error> {
    statements.iter().map(template).collect()
}

fn for_loop<'a>(node: &ast::ForLoop<'a>) -> Result<ast::ForLoop<'a>, Error> {
    Ok(ast::ForLoop {
        target: target(&node.target)?,
        iter: function("__items", vec![expression(&node.iter)?], node.iter.span()),
        filter_expr: optional(node.filter_expr.as_ref())?,
        recursive: node.recursive,
        body: body(&node.body)?,
        else_body: body(&node.else_body)?,
    })
}

fn with_block<'a>(node: &ast::WithBlock<'a>) -> Result<ast::WithBlock<'a>, Error> {
    let assignments = node.assignments.iter();
    let assignments = assignments.map(|(name, value)| Ok((target(name)?, expression(value)?)));
    Ok(ast::WithBlock {
        assignments: assignments.collect::<Result<_, Error>>()?,
        body: body(&node.body)?,
    })
}

/// A macro, whose defaults must not use its other arguments: the engine does not know them yet.
fn macro_declaration<'a>(node: &ast::Macro<'a>) -> Result<ast::Macro<'a>, Error> {
    let names = node.args.iter().filter_map(|argument| match argument {
        Expr::Var(var) => Some(var.id),
        _ => None,
    });
    let defaults = format!("{:?}", node.defaults);
    if names.clone().any(|name| defaults.contains(&format!("id: {name:?}"))) {
        return Err(refuse(format!("a default of the macro {} uses another argument", node.name)));
    }
    Ok(ast::Macro {
        name: node.name,
        args: node.args.iter().map(target).collect::<Result<_, _>>()?,
        defaults: expressions(&node.defaults)?,
        body: body(&node.body)?,
    })
}

/// What is assigned to: names, tuples of them, and fields of namespaces.
fn target<'a>(node: &Expr<'a>) -> Result<Expr<'a>, Error> {
    Ok(match node {
        Expr::Var(var) => Expr::Var(at(var, ast::Var { id: var.id })),
        Expr::GetAttr(field) if field.name.starts_with('_') => {
            return Err(refuse(format!(
                "a field of a namespace cannot be called {}",
                field.name
            )));
        }
        Expr::GetAttr(field) => Expr::GetAttr(at(
            field,
            ast::GetAttr {
                expr: target(&field.expr)?,
                name: field.name,
            },
        )),
        Expr::List(list) => Expr::List(at(
            list,
            ast::List {
                items: list.items.iter().map(target).collect::<Result<_, _>>()?,
            },
        )),
        Expr::Tuple(tuple) => Expr::Tuple(at(
            tuple,
            ast::Tuple {
                items: tuple.items.iter().map(target).collect::<Result<_, _>>()?,
            },
        )),
        other => return Err(refuse(format!("nothing can be assigned to a {}", other.description()))),
    })
}

fn expression<'a>(node: &Expr<'a>) -> Result<Expr<'a>, Error> {
    let span = node.span();
    Ok(match node {
        Expr::Var(var) if matches!(var.id, "self" | "super" | "varargs" | "kwargs") => {
            return Err(refuse(format!("{} is not supported", var.id)));
        }
        Expr::Var(var) => Expr::Var(at(var, ast::Var { id: var.id })),
        Expr::Const(constant) => Expr::Const(at(
            constant,
            ast::Const {
                value: constant.value.clone(),
            },
        )),
        Expr::Slice(slice) => {
            let part = |part: &Option<Expr<'a>>| match part {
                Some(part) => expression(part),
                None => Ok(constant(Value::from(()), span)),
            };
            let parts = [part(&slice.start)?, part(&slice.stop)?, part(&slice.step)?];
            let arguments = [expression(&slice.expr)?].into_iter().chain(parts);
            function("__slice", arguments.collect(), span)
        }
        Expr::UnaryOp(unary) => match unary.op {
            ast::UnaryOpKind::Not => Expr::UnaryOp(at(
                unary,
                ast::UnaryOp {
                    op: ast::UnaryOpKind::Not,
                    expr: expression(&unary.expr)?,
                },
            )),
            ast::UnaryOpKind::Neg => function("__negate", vec![expression(&unary.expr)?], span),
        },
        Expr::BinOp(binary) => binary_operation(binary, span)?,
        Expr::Compare(compare) => comparison(compare, span)?,
        Expr::IfExpr(choice) => Expr::IfExpr(at(
            choice,
            ast::IfExpr {
                test_expr: expression(&choice.test_expr)?,
                true_expr: expression(&choice.true_expr)?,
                false_expr: optional(choice.false_expr.as_ref())?,
            },
        )),
        Expr::Filter(filter) => Expr::Filter(at(
            filter,
            ast::Filter {
                name: filter.name,
                expr: optional(filter.expr.as_ref())?,
                args: arguments(&filter.args)?,
            },
        )),
        Expr::Test(test) => Expr::Test(at(
            test,
            ast::Test {
                name: test.name,
                expr: expression(&test.expr)?,
                args: arguments(&test.args)?,
            },
        )),
        Expr::GetAttr(field) => {
            let name = constant(field.name.into(), span);
            function("__attribute", vec![expression(&field.expr)?, name], span)
        }
        Expr::GetItem(item) => {
            let subscript = expression(&item.subscript_expr)?;
            function("__item", vec![expression(&item.expr)?, subscript], span)
        }
        Expr::Call(call) => method_or_call(call)?,
        Expr::List(list) => Expr::List(at(
            list,
            ast::List {
                items: expressions(&list.items)?,
            },
        )),
        Expr::Tuple(tuple) => Expr::Tuple(at(
            tuple,
            ast::Tuple {
                items: expressions(&tuple.items)?,
            },
        )),
        Expr::Map(map) => {
            let entries = map.keys.iter().zip(&map.values).flat_map(|(key, value)| [key, value]);
            function("__dict", entries.map(expression).collect::<Result<_, _>>()?, span)
        }
    })
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

/// `value.name(..)` becomes a call of `__method`; functions, macros and loops are called by the engine.
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

/// `dict(a, b=c)` as `__dict_of(a, 'b', c)`.
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

fn call_of_macro<'a>(call: &ast::Call<'a>) -> Result<ast::Call<'a>, Error> {
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

fn expressions<'a>(nodes: &[Expr<'a>]) -> Result<Vec<Expr<'a>>, Error> {
    nodes.iter().map(expression).collect()
}

fn optional<'a>(node: Option<&Expr<'a>>) -> Result<Option<Expr<'a>>, Error> {
    node.map(expression).transpose()
}

fn function<'a>(name: &'a str, arguments: Vec<Expr<'a>>, span: Span) -> Expr<'a> {
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

/// A node in the place of another.
fn at<T, U>(node: &Spanned<T>, new: U) -> Spanned<U> {
    Spanned::new(new, node.span())
}
