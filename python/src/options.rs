//! Keyword arguments, each taken by its name.

use std::collections::BTreeMap;

use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use splade_export::quoted;

use crate::errors::setting;

/// Keyword arguments. What is `None` counts as not given, so that the library's own defaults are the only ones.
pub struct Options<'py>(Bound<'py, PyDict>);

impl<'py> Options<'py> {
    /// Takes the arguments over.
    pub fn new(given: &Bound<'py, PyDict>) -> PyResult<Self> {
        Ok(Self(given.copy()?))
    }

    /// Takes an option.
    pub fn take<T: FromPyObjectOwned<'py>>(&self, name: &str) -> PyResult<Option<T>> {
        let Some(value) = self.0.get_item(name)? else {
            return Ok(None);
        };
        self.0.del_item(name)?;
        if value.is_none() {
            return Ok(None);
        }
        let taken = value.extract::<T>().map_err(Into::<PyErr>::into);
        taken.map(Some).map_err(|error| {
            let cause = error.value(self.0.py()).to_string();
            PyTypeError::new_err(format!("{name}: {cause}"))
        })
    }

    /// Takes an option that is on or off.
    pub fn flag(&self, name: &str) -> PyResult<bool> {
        Ok(self.take(name)?.unwrap_or(false))
    }

    /// Takes an option that is one of some words.
    pub fn choice<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> PyResult<Option<T>> {
        let given = self.take::<String>(name)?;
        given.map(|given| choose(name, &given, words)).transpose()
    }

    /// Takes an option that is a text or a number.
    pub fn text(&self, name: &str) -> PyResult<Option<String>> {
        let given = self.take::<Bound<'py, PyAny>>(name)?;
        given.map(|given| Ok(given.str()?.to_string())).transpose()
    }

    /// Takes an option that the library reads from a text.
    pub fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        name: &str,
    ) -> PyResult<Option<T>> {
        let given = self.text(name)?;
        let parsed = given.map(|given| given.parse());
        let parsed = parsed.transpose();
        parsed.map_err(|error| setting(format!("`{name}`: {error}")))
    }

    /// Refuses what nobody has taken.
    pub fn end(self) -> PyResult<()> {
        // A map orders them, so that the message is the same at each call.
        let left: BTreeMap<String, Bound<'py, PyAny>> = self.0.extract()?;
        match left.keys().next() {
            Some(name) => Err(PyTypeError::new_err(format!(
                "there is no option {}",
                quoted(name)
            ))),
            None => Ok(()),
        }
    }
}

/// Finds what a word stands for.
pub fn choose<T: Copy>(name: &str, given: &str, words: &[(&str, T)]) -> PyResult<T> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == given) {
        return Ok(*value);
    }
    let (last, others) = words
        .split_last()
        .map_or(("", words), |(last, others)| (last.0, others));
    let others: Vec<&str> = others.iter().map(|(word, _)| *word).collect();
    Err(setting(format!(
        "`{name}` is {} or {last}, not {}",
        others.join(", "),
        quoted(given)
    )))
}
