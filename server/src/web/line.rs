//! What people type as one line: a reason, a reference, a note.

use crate::problem::Refusal;

/// The line without spaces around it; none where nothing was typed.
pub fn optional_line(
    text: Option<&str>,
    longest: usize,
    pointer: &str,
) -> Result<Option<String>, Refusal> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.chars().count() > longest || text.chars().any(char::is_control) {
        let words = format!("Write at most {longest} characters on one line.");
        return Err(Refusal::unprocessable("text-invalid", words).at(pointer));
    }
    Ok(Some(text.to_owned()))
}

/// The line, which has to be there.
pub fn line(text: &str, longest: usize, pointer: &str) -> Result<String, Refusal> {
    optional_line(Some(text), longest, pointer)?.ok_or_else(|| {
        let words = format!("Say why, in 1 to {longest} characters on one line.");
        Refusal::unprocessable("text-invalid", words).at(pointer)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_short_has_no_control_signs_and_is_there_where_it_has_to_be() {
        let told = |text: &str| line(text, 5, "#/reason").map_err(|refusal| refusal.code());
        assert_eq!(told(" why "), Ok("why".to_owned()));
        assert_eq!(told("éééé5"), Ok("éééé5".to_owned()));
        for wrong in ["", "   ", "123456", "a\nb", "\u{7}"] {
            assert_eq!(told(wrong), Err("text-invalid"), "{wrong:?}");
        }
        assert_eq!(optional_line(Some(" "), 5, "#/note").map_err(|r| r.code()), Ok(None));
        assert_eq!(optional_line(None, 5, "#/note").map_err(|r| r.code()), Ok(None));
    }
}
