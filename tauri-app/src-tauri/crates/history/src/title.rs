//! Titles: made from the first words, or given by the person.

use crate::error::HistoryError;

/// The longest title that can be given.
pub const MAX_TITLE_CHARACTERS: usize = 200;

/// The longest title that is made.
const MADE_CHARACTERS: usize = 60;

/// The first words of a prompt, cut between words where there are any.
pub(crate) fn made_from(prompt: &str) -> String {
    let line = prompt.lines().find(|line| has_content(line)).unwrap_or_default();
    let visible: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut title = String::new();
    for word in visible.split_whitespace() {
        let length = title.chars().count();
        if length + 1 + word.chars().count() > MADE_CHARACTERS {
            if title.is_empty() {
                title.extend(word.chars().take(MADE_CHARACTERS - 1));
            }
            title.push('…');
            break;
        }
        if !title.is_empty() {
            title.push(' ');
        }
        title.push_str(word);
    }
    title
}

/// The title without outer spaces.
///
/// # Errors
/// [`HistoryError::TitleEmpty`], [`HistoryError::TitleTooLong`] or
/// [`HistoryError::TitleControlCharacter`].
pub(crate) fn check(title: &str) -> Result<&str, HistoryError> {
    let title = title.trim();
    if title.is_empty() {
        return Err(HistoryError::TitleEmpty);
    }
    let length = title.chars().count();
    if length > MAX_TITLE_CHARACTERS {
        return Err(HistoryError::TitleTooLong { length, limit: MAX_TITLE_CHARACTERS });
    }
    match title.chars().find(|character| character.is_control()) {
        Some(character) => Err(HistoryError::TitleControlCharacter(character)),
        None => Ok(title),
    }
}

/// Whether there is anything to see in it.
pub(crate) fn has_content(text: &str) -> bool {
    text.chars().any(|character| !character.is_whitespace() && !character.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_title_is_made_of_the_first_words() {
        assert_eq!(made_from("Why is the sky blue?"), "Why is the sky blue?");
        assert_eq!(made_from("\n  Olá,\tvocê  vem?\nMais"), "Olá, você vem?");
    }

    #[test]
    fn a_long_prompt_is_cut_between_words_and_a_long_word_within() {
        let made = made_from(&"banana ".repeat(20));
        assert_eq!(made, format!("{}…", ["banana"; 8].join(" ")));
        assert_eq!(made_from(&"漢".repeat(100)), format!("{}…", "漢".repeat(59)));
    }

    #[test]
    fn a_title_that_is_given_is_one_line_of_bounded_length() {
        assert_eq!(check("  Bolo de fubá "), Ok("Bolo de fubá"));
        assert_eq!(check(" \t"), Err(HistoryError::TitleEmpty));
        assert_eq!(check("a\nb"), Err(HistoryError::TitleControlCharacter('\n')));
        assert!(check(&"é".repeat(MAX_TITLE_CHARACTERS)).is_ok());
        let error = check(&"é".repeat(MAX_TITLE_CHARACTERS + 1)).unwrap_err();
        assert_eq!(error.to_string(), "the title has 201 characters; 200 are allowed");
    }

    proptest! {
        #[test]
        fn a_made_title_of_any_prompt_with_content_could_have_been_given(prompt in ".*") {
            prop_assume!(has_content(&prompt));
            let made = made_from(&prompt);
            prop_assert_eq!(check(&made), Ok(made.as_str()));
            prop_assert!(made.chars().count() <= MADE_CHARACTERS + 1);
        }
    }
}
