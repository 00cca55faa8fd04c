use std::{fmt, sync::LazyLock};

use jmespath::{Context, Rcvar, Runtime, Variable, ast::Ast};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use crate::functions;

/// A JMESPath expression, compiled once. Besides the standard functions it knows those of [`functions`].
///
/// Source: <https://jmespath.org/specification.html>
#[derive(Clone)]
pub struct Expression(jmespath::Expression<'static>);

/// What an expression is evaluated over: converted once, then searched many times.
#[derive(Clone, Debug)]
pub struct Root(Rcvar);

/// An expression that does not parse, or that does not fit what it is evaluated over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{expression}`: {why}")]
pub struct ExpressionError {
    /// The expression.
    pub expression: String,
    /// What the interpreter says. Holds no value.
    pub why: String,
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut runtime = Runtime::new();
    runtime.register_builtin_functions();
    functions::register(&mut runtime);
    runtime
});

impl Expression {
    /// Compiles an expression.
    ///
    /// # Errors
    /// Where it is not JMESPath.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        RUNTIME.compile(text).map(Self).map_err(|error| ExpressionError { expression: text.to_owned(), why: error.reason.to_string() })
    }

    /// What it finds in `root`; null where it finds nothing.
    ///
    /// # Errors
    /// Where a function in it is given what it does not take.
    pub fn evaluate(&self, root: &Root) -> Result<Value, ExpressionError> {
        // Not `Expression::search`: without a nightly compiler that one copies all of the root first.
        let mut context = Context::new(self.text(), &RUNTIME);
        jmespath::interpret(&root.0, self.ast(), &mut context)
            .map_err(|error| error.reason.to_string())
            .and_then(|found| serde_json::to_value(found).map_err(|error| error.to_string()))
            .map_err(|why| ExpressionError { expression: self.text().to_owned(), why })
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.as_str()
    }

    /// As it was understood.
    #[must_use]
    pub fn ast(&self) -> &Ast {
        self.0.as_ast()
    }
}

impl Root {
    /// The root that `value` is.
    #[must_use]
    pub fn new(value: Value) -> Self {
        // Every JSON value is a variable, so the conversion has nothing to fail on.
        Self(Rcvar::new(Variable::try_from(value).unwrap_or(Variable::Null)))
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.text())
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}
