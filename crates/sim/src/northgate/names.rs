//! Names of people who do not exist.

use std::collections::HashMap;

use rand::RngExt;

const FIRST: &[&str] = &[
    "aisha", "alan", "alice", "amir", "anna", "arthur", "beth", "brian", "callum", "carol", "chloe",
    "claire", "daniel", "david", "deepa", "donna", "edith", "ellis", "emma", "ewan", "farah", "fiona",
    "frank", "gareth", "george", "grace", "hannah", "harry", "helen", "hugh", "imran", "irene", "isla",
    "jack", "james", "jane", "jodie", "karen", "kwame", "laura", "leah", "liam", "maria", "mark", "mei",
    "mohammed", "nadia", "nathan", "nina", "olive", "oscar", "paul", "peter", "priya", "rachel", "ravi",
    "rhys", "ruth", "sam", "sara", "sean", "sophie", "stella", "tara", "tom", "uma", "victor", "wendy",
    "yusuf", "zoe",
];

const LAST: &[&str] = &[
    "adams", "ahmed", "allen", "archer", "ash", "bailey", "baker", "barlow", "begum", "bell", "bennett",
    "birch", "booth", "bryant", "burton", "butler", "carr", "chapman", "clarke", "cole", "cooper", "cox",
    "crane", "croft", "dale", "davies", "dawson", "dixon", "doyle", "dunn", "eaton", "ellwood", "evans",
    "farrell", "fell", "fisher", "flint", "ford", "foster", "fraser", "gale", "gibson", "gill", "grant",
    "green", "hale", "hall", "hart", "hayes", "heath", "hill", "holt", "hughes", "hunt", "iqbal", "irving",
    "jarvis", "jones", "kaur", "keane", "kemp", "khan", "knight", "lamb", "lane", "lewis", "lloyd", "lowe",
    "marsh", "mason", "mills", "moore", "moss", "murphy", "nash", "newton", "nolan", "norris", "okafor",
    "osei", "owen", "page", "palmer", "patel", "pearce", "perry", "pike", "price", "quinn", "reed", "rhodes",
    "riley", "rowe", "shah", "sharp", "shaw", "singh", "stone", "swift", "thorne", "tucker", "vance", "wade",
    "walsh", "ward", "watts", "webb", "west", "wood", "wright", "york", "young",
];

/// Gives every person a name of their own: `ruth.marsh`, `ruth.marsh2`.
#[derive(Default)]
pub(super) struct Names {
    given: HashMap<(usize, usize), u32>,
}

impl Names {
    pub(super) fn next(&mut self, rng: &mut impl RngExt) -> String {
        let (first, last) = (rng.random_range(0..FIRST.len()), rng.random_range(0..LAST.len()));
        let count = self.given.entry((first, last)).or_insert(0);
        *count += 1;
        let (first, last) = (
            FIRST.get(first).copied().unwrap_or_default(),
            LAST.get(last).copied().unwrap_or_default(),
        );
        match *count {
            1 => format!("{first}.{last}"),
            number => format!("{first}.{last}{number}"),
        }
    }
}
