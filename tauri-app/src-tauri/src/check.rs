//! Checks what the page passes, by name, before anything is done with it.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde_json::Value;

use crate::error::AppError;

/// The longest title or search, in characters.
pub(crate) const MAX_LINE_CHARACTERS: usize = 200;

/// One line of text without the space around it.
///
/// # Errors
/// `text_empty`, `text_too_long` or `text_control_character`, with the parameter's name.
pub(crate) fn line(name: &str, text: &str) -> Result<String, AppError> {
    let text = text.trim();
    let length = text.chars().count();
    if text.is_empty() {
        return Err(AppError::new("text_empty", format!("`{name}` is empty"))
            .hint("write something")
            .value("parameter", name));
    }
    if length > MAX_LINE_CHARACTERS {
        let message =
            format!("`{name}` has {length} characters; {MAX_LINE_CHARACTERS} are allowed");
        return Err(AppError::new("text_too_long", message)
            .hint("shorten it")
            .value("parameter", name)
            .value("length", length)
            .value("limit", MAX_LINE_CHARACTERS));
    }
    match text.chars().find(|character| character.is_control()) {
        None => Ok(text.to_owned()),
        Some(character) => {
            let character = format!("U+{:04X}", u32::from(character));
            let message = format!("`{name}` holds the control character {character}");
            Err(AppError::new("text_control_character", message)
                .hint("remove it: it probably came along with a copied text")
                .value("parameter", name)
                .value("character", character))
        }
    }
}

/// `value`, if it is absent or lies in `allowed`.
///
/// # Errors
/// `out_of_range` with the parameter's name, its value and what is allowed.
pub(crate) fn range<T>(
    name: &str,
    value: Option<T>,
    allowed: RangeInclusive<T>,
) -> Result<Option<T>, AppError>
where
    T: PartialOrd + Display + Copy + Into<Value>,
{
    match value {
        Some(found) if !allowed.contains(&found) => {
            let (low, high) = (*allowed.start(), *allowed.end());
            Err(AppError::new(
                "out_of_range",
                format!("`{name}` is {found}; {low} to {high} is allowed"),
            )
            .hint("choose a value in between")
            .value("parameter", name)
            .value("value", found)
            .value("from", low)
            .value("to", high))
        }
        fine => Ok(fine),
    }
}

/// `id`, if it has the form of one. Whether something has this id is looked up later.
///
/// # Errors
/// `unknown_…` as for an id that nothing has.
pub(crate) fn id(id: &str, unknown: impl FnOnce() -> AppError) -> Result<&str, AppError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !id.is_empty() && id.len() <= 64 && id.bytes().all(plain) { Ok(id) } else { Err(unknown()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_back_without_the_space_around_it() {
        assert_eq!(line("title", " Olá 🦉 ").unwrap(), "Olá 🦉");
    }

    #[test]
    fn a_line_that_is_empty_too_long_or_no_line_is_refused_by_its_name() {
        let code = |text: &str| line("title", text).unwrap_err().code;
        assert_eq!(code(" \t"), "text_empty");
        assert_eq!(code(&"é".repeat(MAX_LINE_CHARACTERS + 1)), "text_too_long");
        assert_eq!(code("a\nb"), "text_control_character");
        let error = line("title", "a\u{7}b").unwrap_err();
        assert_eq!(error.message, "`title` holds the control character U+0007");
    }

    #[test]
    fn a_value_outside_of_its_range_is_refused_with_the_range() {
        assert_eq!(range("topP", Some(0.5), 0.0..=1.0).unwrap(), Some(0.5));
        assert_eq!(range("topP", None, 0.0..=1.0).unwrap(), None);
        let error = range("threads", Some(600_u32), 0..=512).unwrap_err();
        assert_eq!(error.message, "`threads` is 600; 0 to 512 is allowed");
        assert!(range("temperature", Some(f64::NAN), 0.0..=5.0).is_err());
    }

    #[test]
    fn what_has_not_the_form_of_an_id_is_like_an_unknown_one() {
        let unknown = || AppError::new("unknown_model", "no");
        assert_eq!(id("demo", unknown).unwrap(), "demo");
        for wrong in ["", "../x", "a b", &"a".repeat(65), "é"] {
            assert_eq!(id(wrong, unknown).unwrap_err().code, "unknown_model");
        }
    }
}
