//! Checks what the user typed before anything is done with it.

use crate::error::AppError;

/// The longest prompt, in characters. At four bytes each it still fits in one line of the
/// engine's protocol, with room for the rest of the message.
pub(crate) const MAX_PROMPT_CHARACTERS: usize = 200_000;

/// The prompt as it is sent: with the line ends of Unix.
///
/// # Errors
/// `prompt_empty`, `prompt_too_long` or `prompt_control_character`.
pub(crate) fn check(prompt: &str) -> Result<String, AppError> {
    if prompt.trim().is_empty() {
        return Err(
            AppError::new("prompt_empty", "the prompt is empty").hint("type something first")
        );
    }
    let length = prompt.chars().count();
    if length > MAX_PROMPT_CHARACTERS {
        return Err(AppError::new(
            "prompt_too_long",
            format!("the prompt has {length} characters; {MAX_PROMPT_CHARACTERS} are allowed"),
        )
        .hint("shorten it, or ask in several parts")
        .value("length", length)
        .value("limit", MAX_PROMPT_CHARACTERS));
    }
    let prompt = prompt.replace("\r\n", "\n").replace('\r', "\n");
    match prompt.chars().find(|character| is_forbidden(*character)) {
        None => Ok(prompt),
        Some(character) => {
            let name = format!("U+{:04X}", u32::from(character));
            Err(AppError::new(
                "prompt_control_character",
                format!("the prompt holds the control character {name}"),
            )
            .hint("remove it: it probably came along with a copied text")
            .value("character", name))
        }
    }
}

/// Control characters other than line feed and tab have no meaning in a prompt.
fn is_forbidden(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(prompt: &str) -> String {
        check(prompt).unwrap_err().code
    }

    #[test]
    fn text_of_any_language_with_lines_and_tabs_is_fine() {
        for prompt in ["Once", "Olá, é você?\n\tsim", "日本語 🦉 \u{200d}"] {
            assert_eq!(check(prompt).unwrap(), prompt);
        }
    }

    #[test]
    fn line_ends_become_those_of_unix() {
        assert_eq!(check("a\r\nb\rc").unwrap(), "a\nb\nc");
    }

    #[test]
    fn nothing_but_space_is_empty() {
        for prompt in ["", " ", "\n\t ", "\u{3000}"] {
            assert_eq!(code(prompt), "prompt_empty");
        }
    }

    #[test]
    fn the_limit_counts_characters_not_bytes() {
        assert!(check(&"é".repeat(MAX_PROMPT_CHARACTERS)).is_ok());
        let error = check(&"é".repeat(MAX_PROMPT_CHARACTERS + 1)).unwrap_err();
        assert_eq!(error.code, "prompt_too_long");
        assert_eq!(error.message, "the prompt has 200001 characters; 200000 are allowed");
    }

    #[test]
    fn a_control_character_is_named() {
        for character in ['\0', '\u{7}', '\u{1b}', '\u{7f}', '\u{85}'] {
            let error = check(&format!("a{character}b")).unwrap_err();
            assert_eq!(error.code, "prompt_control_character");
            assert!(error.message.contains(&format!("U+{:04X}", u32::from(character))));
        }
    }
}
