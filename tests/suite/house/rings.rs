//! Rings: sets of files of which each one leads to all others by imports.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::imports::Imports;

/// Returns the rings, the files of each in order.
pub(crate) fn rings(imports: &Imports) -> Vec<Vec<String>> {
    let mut rings = BTreeSet::new();
    for file in imports.keys() {
        let reached = reachable(imports, file);
        let ring: BTreeSet<_> = reached
            .iter()
            .filter(|other| reachable(imports, other).contains(file))
            .cloned()
            .collect();
        if ring.len() > 1 {
            rings.insert(ring);
        }
    }
    rings
        .into_iter()
        .map(|ring| ring.into_iter().collect())
        .collect()
}

/// Returns all files that imports lead to from a file.
fn reachable(imports: &Imports, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        for next in imports.get(file).into_iter().flat_map(|to| to.keys()) {
            if reached.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    reached
}

/// Returns a message that names every ring, its imports and the names that tie it.
pub(crate) fn describe(rings: &[Vec<String>], imports: &Imports) -> String {
    let count = match rings.len() {
        1 => "1 ring".to_owned(),
        count => format!("{count} rings"),
    };
    let mut text = format!("{count} of imports; move what both need to a file of its own:\n");
    for ring in rings {
        writeln!(text, "ring of {} files", ring.len()).unwrap();
        for from in ring {
            for (to, names) in imports[from].iter().filter(|(to, _)| ring.contains(to)) {
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                writeln!(text, "  {from} imports {to}: {}", names.join(", ")).unwrap();
            }
        }
    }
    text
}
