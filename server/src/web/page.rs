//! Pages of a list: how many rows, and after which.

use crate::problem::Refusal;

const ROWS: u16 = 50;
const ROWS_AT_MOST: u16 = 200;

/// A parsed `?limit=` and `?after=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<C> {
    pub limit: u16,
    pub after: Option<C>,
}

impl<C> Page<C> {
    pub fn parse(
        limit: Option<&str>,
        after: Option<&str>,
        cursor: impl Fn(&str) -> Option<C>,
    ) -> Result<Self, Refusal> {
        let limit = match limit {
            None => ROWS,
            Some(text) => {
                text.parse().ok().filter(|rows| (1..=ROWS_AT_MOST).contains(rows)).ok_or_else(
                    || {
                        let words = "Ask for 1 to 200 rows.";
                        Refusal::unprocessable("page-invalid", words).at("query:limit")
                    },
                )?
            }
        };
        let after = after
            .map(|text| {
                cursor(text).ok_or_else(|| {
                    let words = "This page cannot be found. Begin at the first one.";
                    Refusal::bad_request("cursor-invalid", words).at("query:after")
                })
            })
            .transpose()?;
        Ok(Self { limit, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_1_to_200_rows_and_a_cursor_of_ours() {
        let cursor = |text: &str| (text == "good").then_some(());
        let code = |limit, after| Page::parse(limit, after, cursor).map_err(|r| r.code());
        assert_eq!(code(None, None), Ok(Page { limit: 50, after: None }));
        assert_eq!(code(Some("200"), Some("good")), Ok(Page { limit: 200, after: Some(()) }));
        for wrong in ["0", "-1", "1000000000", "201", "ten", ""] {
            assert_eq!(code(Some(wrong), None), Err("page-invalid"), "{wrong:?}");
        }
        assert_eq!(code(None, Some("bad")), Err("cursor-invalid"));
    }
}
