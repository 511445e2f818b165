//! Whether two headers speak of one person. What is absent contradicts nothing.

use std::collections::BTreeSet;

use crate::domain::patient::Patient;

/// Nothing in the two says that they are different people.
pub fn may_be_same(a: &Patient, b: &Patient) -> bool {
    !differs(&a.id, &b.id) && !differs(&a.birth_date, &b.birth_date) && !is_other_name(a, b)
}

/// What is strange about two patients of one intake, in a sentence without either's data.
pub fn doubt(a: &Patient, b: &Patient) -> Option<&'static str> {
    let has_same_id = is_same(&a.id, &b.id);
    if has_same_id && is_other_name(a, b) {
        Some("Another study here has the same patient ID but another name; they are kept apart")
    } else if has_same_id && differs(&a.birth_date, &b.birth_date) {
        Some("Another study here has the same patient ID but another birth date; they are kept apart")
    } else if is_same(&a.birth_date, &b.birth_date) && differs(&a.id, &b.id) && has_same_name(a, b) {
        Some("Another study here has the same name and birth date but another patient ID; they are kept apart")
    } else {
        None
    }
}

fn has_same_name(a: &Patient, b: &Patient) -> bool {
    !words(a).is_empty() && !words(b).is_empty() && !is_other_name(a, b)
}

fn is_same(a: &str, b: &str) -> bool {
    !a.is_empty() && a.trim() == b.trim()
}

fn differs(a: &str, b: &str) -> bool {
    !a.is_empty() && !b.is_empty() && a.trim() != b.trim()
}

/// Names contradict each other when neither holds all words of the other: `Doe^Jane` and `DOE^Jane^Q` do not.
fn is_other_name(a: &Patient, b: &Patient) -> bool {
    let (a, b) = (words(a), words(b));
    !a.is_empty() && !b.is_empty() && !a.is_subset(&b) && !b.is_subset(&a)
}

/// The words of the alphabetic group in lower case.
fn words(patient: &Patient) -> BTreeSet<String> {
    let group = patient.name.split('=').find(|group| !group.trim().is_empty()).unwrap_or_default();
    let words = group.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patient(id: &str, name: &str, birth_date: &str) -> Patient {
        Patient { id: id.into(), name: name.into(), birth_date: birth_date.into(), sex: String::new() }
    }

    #[test]
    fn spelling_does_not_make_another_person_but_a_name_id_or_birth_date_does() {
        let jane = patient("1", "Doe^Jane", "19600102");
        assert!(may_be_same(&jane, &patient("1", "DOE^JANE^Q", "19600102")));
        assert!(may_be_same(&jane, &patient("", "", "")));
        assert!(!may_be_same(&jane, &patient("2", "Doe^Jane", "19600102")));
        assert!(!may_be_same(&jane, &patient("1", "Doe^John", "19600102")));
        assert!(!may_be_same(&jane, &patient("1", "Doe^Jane", "19610102")));
    }

    #[test]
    fn a_doubt_is_told_only_where_something_agrees() {
        let jane = patient("1", "Doe^Jane", "19600102");
        assert!(doubt(&jane, &jane).is_none());
        assert!(doubt(&jane, &patient("1", "Roe^Jane", "19600102")).is_some());
        assert!(doubt(&jane, &patient("1", "Doe^Jane", "19700102")).is_some());
        assert!(doubt(&jane, &patient("2", "Doe^Jane", "19600102")).is_some());
        assert!(doubt(&jane, &patient("2", "Doe^Jane", "")).is_none());
        assert!(doubt(&jane, &patient("2", "Roe^Richard", "19600102")).is_none());
    }
}
