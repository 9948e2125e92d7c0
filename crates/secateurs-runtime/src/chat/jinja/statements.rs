//! Statements of a parsed template, with all their expressions rewritten.
//!
//! The items of a loop pass `__items`. The engine still parses, keeps scopes, and runs loops and macros.

use minijinja::Error;
use minijinja::machinery::ast::{self, Expr, Stmt};

use super::expressions::{at, call_of_macro, expression, expressions, function, optional};
use crate::chat::python::values::refuse;

/// Rewrites all expressions of the template.
pub(in crate::chat) fn template<'a>(statement: &Stmt<'a>) -> Result<Stmt<'a>, Error> {
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
        Stmt::SetBlock(node) => {
            let new = ast::SetBlock {
                target: target(&node.target)?,
                filter: optional(node.filter.as_ref())?,
                body: body(&node.body)?,
            };
            Stmt::SetBlock(at(node, new))
        }
        Stmt::FilterBlock(node) => {
            let new = ast::FilterBlock {
                filter: expression(&node.filter)?,
                filter_span: node.filter_span,
                body: body(&node.body)?,
            };
            Stmt::FilterBlock(at(node, new))
        }
        Stmt::Macro(node) => Stmt::Macro(at(node, macro_declaration(node)?)),
        Stmt::CallBlock(node) => Stmt::CallBlock(at(node, call_block(node)?)),
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

fn call_block<'a>(node: &ast::CallBlock<'a>) -> Result<ast::CallBlock<'a>, Error> {
    Ok(ast::CallBlock {
        call: at(&node.call, call_of_macro(&node.call)?),
        call_expr_span: node.call_expr_span,
        macro_decl: at(&node.macro_decl, macro_declaration(&node.macro_decl)?),
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

/// Rewrites a macro; its defaults must not use its other arguments, which the engine does not know yet.
fn macro_declaration<'a>(node: &ast::Macro<'a>) -> Result<ast::Macro<'a>, Error> {
    let names = node.args.iter().filter_map(|argument| match argument {
        Expr::Var(var) => Some(var.id),
        _ => None,
    });
    let defaults = format!("{:?}", node.defaults);
    if names.clone().any(|name| defaults.contains(&format!("id: {name:?}"))) {
        return Err(refuse(format!(
            "a default of the macro {} uses another argument",
            node.name
        )));
    }
    Ok(ast::Macro {
        name: node.name,
        args: node.args.iter().map(target).collect::<Result<_, _>>()?,
        defaults: expressions(&node.defaults)?,
        body: body(&node.body)?,
    })
}

/// Rewrites targets of an assignment: names, tuples, and fields of namespaces.
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
