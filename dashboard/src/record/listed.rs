//! A part of a long list: sorted as somebody asked, and cut into pages.

use serde::Deserialize;

/// Rows on a page: what still opens at once on an old laptop.
const ON_A_PAGE: usize = 50;

/// Which rows of a list are shown, and in which order.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Sought {
    #[serde(default)]
    pub(super) show: String,
    #[serde(default)]
    pub(super) sort: String,
    #[serde(default)]
    page: String,
}

/// The ways to the other parts of a list.
pub(super) struct Paging {
    /// "51 to 100 of 120".
    pub(super) words: String,
    /// The page before, from 1.
    pub(super) before: Option<usize>,
    /// The page after.
    pub(super) after: Option<usize>,
}

/// Ways to choose from, each with its word, what it is called, and whether it is the one.
pub(super) type Ways = Vec<(&'static str, &'static str, bool)>;

/// The way that was chosen, the first where it is none of them.
pub(super) fn chosen(ways: &[(&'static str, &'static str)], sought: &str) -> (&'static str, Ways) {
    let first = ways.first().map_or("", |(way, _)| *way);
    let chosen = ways.iter().find(|(way, _)| *way == sought).map_or(first, |(way, _)| *way);
    (chosen, ways.iter().map(|(way, words)| (*way, *words, *way == chosen)).collect())
}

impl Sought {
    /// The rows of the page that is sought, and the ways to the others; none where one page holds all.
    pub(super) fn part<T>(&self, rows: Vec<T>) -> (Vec<T>, Option<Paging>) {
        let all = rows.len();
        if all <= ON_A_PAGE {
            return (rows, None);
        }
        let last = all.div_ceil(ON_A_PAGE);
        let page = self.page.parse::<usize>().unwrap_or(1).clamp(1, last);
        let first = (page - 1) * ON_A_PAGE;
        let rows: Vec<T> = rows.into_iter().skip(first).take(ON_A_PAGE).collect();
        let paging = Paging {
            words: format!("{} to {} of {all}", first + 1, first + rows.len()),
            before: (page > 1).then(|| page - 1),
            after: (page < last).then(|| page + 1),
        };
        (rows, Some(paging))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_into_pages_and_no_row_is_lost() {
        let part = |page: &str, rows: usize| {
            let sought = Sought { page: page.into(), ..Sought::default() };
            let (rows, paging) = sought.part((1..=rows).collect());
            (rows.first().copied(), rows.last().copied(), paging.map(|paging| (paging.words, paging.before, paging.after)))
        };
        assert_eq!(part("", 0), (None, None, None));
        assert_eq!(part("9", 50), (Some(1), Some(50), None));
        assert_eq!(part("", 51), (Some(1), Some(50), Some(("1 to 50 of 51".into(), None, Some(2)))));
        assert_eq!(part("2", 51), (Some(51), Some(51), Some(("51 to 51 of 51".into(), Some(1), None))));
        // A page that is not there is the nearest that is.
        assert_eq!(part("7", 120).2, Some(("101 to 120 of 120".into(), Some(2), None)));
        for odd in ["0", "-1", "x", "99999999999999999999999"] {
            assert_eq!(part(odd, 120).0, Some(1), "{odd}");
        }
    }
}
