//! Names of terms that Elasticsearch takes as names of features.

/// Returns a term as the name of a feature. Elasticsearch takes a dot in a name for a path, so a dot becomes `%2E`, and a
/// percent sign `%25`: no two terms get one name, and the rule can be taken back. Queries follow it too.
pub(super) fn feature_name(term: &str) -> String {
    term.replace('%', "%25").replace('.', "%2E")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_rule_can_be_taken_back(term in "[a-z.%2E5]{0,12}") {
            let name = feature_name(&term);
            prop_assert!(!name.contains('.'));
            prop_assert_eq!(name.replace("%2E", ".").replace("%25", "%"), term);
        }
    }
}
