//! What of looking and searching has been told to the record already.

use std::time::{Duration, Instant};

use crate::domain::uid::StudyUid;

/// Words that stand for so long were searched for; what was on the way to them was not.
const SEARCH_SETTLES_AFTER: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub struct AccessState {
    /// The open study whose picture is known to have been on screen.
    pub shown: Option<StudyUid>,
    /// The words that stand now, and since when.
    standing: Option<(String, Instant)>,
    told: String,
}

impl AccessState {
    /// Whether words stand that may have to be told soon.
    pub fn has_unsettled_search(&self) -> bool {
        self.standing.is_some()
    }

    /// The words that stand now; what was searched for, once for each search.
    pub fn settled_search(&mut self, words: &str) -> Option<String> {
        if words.is_empty() {
            self.told.clear();
        }
        if words.is_empty() || words == self.told {
            self.standing = None;
            return None;
        }
        match &self.standing {
            Some((standing, since)) if standing == words => {
                if since.elapsed() < SEARCH_SETTLES_AFTER {
                    return None;
                }
            }
            _ => {
                self.standing = Some((words.to_owned(), Instant::now()));
                return None;
            }
        }
        self.standing = None;
        words.clone_into(&mut self.told);
        Some(self.told.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_once_they_stand_and_again_after_another_search() {
        let mut access = AccessState::default();
        assert_eq!(access.settled_search("eff"), None);
        assert_eq!(access.settled_search("effu"), None);
        let earlier = Instant::now().checked_sub(SEARCH_SETTLES_AFTER).unwrap();
        access.standing = Some(("effu".to_owned(), earlier));
        assert_eq!(access.settled_search("effu").as_deref(), Some("effu"));
        assert_eq!(access.settled_search("effu"), None);
        assert!(!access.has_unsettled_search());
        assert_eq!(access.settled_search(""), None);
        assert_eq!(access.settled_search("effu"), None);
        assert!(access.has_unsettled_search());
    }
}
