//! The rules for the source tree itself: no ring of imports, no long function, no long file, no raw text in messages.

mod imports;
mod items;
mod lengths;
mod messages;
mod modules;
mod paths;
mod rings;
mod tokens;

use std::collections::BTreeMap;
use std::path::Path;

use imports::imports;
use lengths::{long_files, long_functions};
use messages::raw_text;
use modules::{Tree, read_folder};
use rings::{describe, rings};

const MAX_FUNCTION_LINES: usize = 80;
const MAX_FILE_LINES: usize = 500;

fn house() -> Tree {
    Tree::read(Path::new(env!("CARGO_MANIFEST_DIR")), "splade_export")
}

#[test]
fn no_files_of_src_import_each_other_in_a_ring() {
    let imports = imports(&house());
    assert!(imports.len() > 20, "the checker reads too little");
    let rings = rings(&imports);
    assert!(rings.is_empty(), "{}", describe(&rings, &imports));
}

#[test]
fn every_file_of_src_belongs_to_a_module() {
    let house = house();
    let unused = house.undeclared_files();
    assert!(
        unused.is_empty(),
        "no `mod` declares these files: {unused:?}"
    );
}

#[test]
fn no_function_of_src_is_long() {
    let long = long_functions(&house(), MAX_FUNCTION_LINES);
    assert!(long.is_empty(), "functions too long:\n{}", long.join("\n"));
}

#[test]
fn no_file_of_src_is_long() {
    let long = long_files(&house().files, MAX_FILE_LINES);
    assert!(long.is_empty(), "files too long:\n{}", long.join("\n"));
}

#[test]
fn no_file_of_the_tests_is_long() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = BTreeMap::new();
    read_folder(repository, &repository.join("tests"), &mut files);
    let long = long_files(&files, MAX_FILE_LINES);
    assert!(long.is_empty(), "files too long:\n{}", long.join("\n"));
}

#[test]
fn no_message_has_text_of_others_as_it_is() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let house = house();
    let mut files = BTreeMap::new();
    read_folder(repository, &repository.join("python/src"), &mut files);
    files.extend(house.files.clone());
    let in_messages = |file: &&String| !house.is_test_file(file);
    let raw: Vec<_> = files
        .keys()
        .filter(in_messages)
        .flat_map(|file| raw_text(file, &files[file]))
        .collect();
    assert!(raw.is_empty(), "use `quote` for:\n{}", raw.join("\n"));
}

/// Makes a tree from pairs of path and text.
fn made(files: &[(&str, &str)]) -> Tree {
    let files = files
        .iter()
        .map(|&(path, text)| (path.to_owned(), text.to_owned()));
    Tree::new(files.collect(), "house")
}

/// Returns the rings of a made tree, each as its files.
fn made_rings(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    rings(&imports(&made(files)))
}

#[test]
fn two_files_that_name_each_other_are_a_ring() {
    let found = made_rings(&[
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a.rs", "use super::b::B; pub struct A(B);"),
        ("src/b.rs", "pub struct B; fn f() { crate::a::A::new(); }"),
    ]);
    assert_eq!(found, [["src/a.rs", "src/b.rs"]]);
}

#[test]
fn a_ring_of_three_is_found_and_its_neighbors_are_not_in_it() {
    let found = made_rings(&[
        ("src/lib.rs", "mod a; mod b; mod c; mod d; mod e;"),
        ("src/a.rs", "use crate::b::{self as other, deep::{self}};"),
        ("src/b.rs", "pub mod deep; use crate::c::C; pub struct B;"),
        ("src/b/deep.rs", "pub struct Deep;"),
        ("src/c.rs", "use crate::d::D; pub struct C;"),
        (
            "src/d.rs",
            "use crate::b::B; use crate::e::E; pub struct D;",
        ),
        ("src/e.rs", "pub struct E;"),
    ]);
    assert_eq!(found, [["src/b.rs", "src/c.rs", "src/d.rs"]]);
}

#[test]
fn a_name_that_is_exported_again_belongs_to_the_file_that_defines_it() {
    let files = |quantizer: &'static str| {
        made_rings(&[
            ("src/lib.rs", "mod impact;"),
            (
                "src/impact/mod.rs",
                "mod vector; mod quantizer; pub use quantizer::*; pub use vector::SparseVector; pub const MAX: u32 = 1;",
            ),
            ("src/impact/vector.rs", "pub struct SparseVector;"),
            ("src/impact/quantizer.rs", quantizer),
        ])
    };
    assert!(files("use super::SparseVector; pub struct Quantizer;").is_empty());
    assert_eq!(
        files("use super::MAX; pub struct Quantizer;"),
        [["src/impact/mod.rs", "src/impact/quantizer.rs"]]
    );
}

#[test]
fn a_ring_through_a_renamed_and_starred_export_is_found() {
    let found = made_rings(&[
        ("src/lib.rs", "mod a; mod b; mod front;"),
        (
            "src/front.rs",
            "pub use crate::a::A as First; pub use crate::b::*;",
        ),
        ("src/a.rs", "use crate::front::B; pub struct A(B);"),
        ("src/b.rs", "pub struct B(Vec<crate::front::First>);"),
    ]);
    assert_eq!(found, [["src/a.rs", "src/b.rs"]]);
}

#[test]
fn paths_in_macros_and_attributes_count() {
    let found = made_rings(&[
        ("src/lib.rs", "mod a; mod b; mod c;"),
        (
            "src/a.rs",
            "pub fn a() { println!(\"{}\", crate::b::b()); }",
        ),
        (
            "src/b.rs",
            "#[serde(with = \"crate::c\")] pub struct T; pub fn b() {}",
        ),
        ("src/c.rs", "use super::a; pub fn c() { a::a() }"),
    ]);
    // A module that an attribute names counts as its file, because what is taken from it is not said.
    assert_eq!(found, [["src/a.rs", "src/b.rs", "src/c.rs"]]);
}

#[test]
fn tests_and_declarations_are_no_imports() {
    let found = made_rings(&[
        ("src/lib.rs", "pub mod a; #[cfg(test)] mod tests;"),
        (
            "src/a.rs",
            "pub mod b; pub struct A; #[cfg(test)] mod tests { use super::b::B; }",
        ),
        ("src/a/b.rs", "use super::A; pub struct B(A);"),
        ("src/tests.rs", "use crate::a::A;"),
    ]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_program_beside_the_library_has_modules_of_its_own() {
    let found = made_rings(&[
        ("src/lib.rs", "pub mod a;"),
        ("src/a.rs", "pub struct A;"),
        ("src/main.rs", "mod cli; fn main() { cli::run() }"),
        (
            "src/cli/mod.rs",
            "mod flags; use house::a::A; pub fn run() { flags::parse() } pub struct Code;",
        ),
        (
            "src/cli/flags.rs",
            "use crate::cli::Code; pub fn parse() {}",
        ),
    ]);
    assert_eq!(found, [["src/cli/flags.rs", "src/cli/mod.rs"]]);
}

#[test]
fn the_message_names_the_files_and_what_ties_them() {
    let tree = made(&[
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a.rs", "use super::b::B; pub struct A(B);"),
        ("src/b.rs", "use super::a::A; pub struct B;"),
    ]);
    let imports = imports(&tree);
    assert_eq!(
        describe(&rings(&imports), &imports),
        "1 ring of imports; move what both need to a file of its own:\n\
         ring of 2 files\n  src/a.rs imports src/b.rs: B\n  src/b.rs imports src/a.rs: A\n"
    );
}

#[test]
fn long_functions_are_found_in_methods_tests_and_macros() {
    let body = "\n".repeat(3);
    let tree = made(&[(
        "src/lib.rs",
        &format!(
            "fn short() {{}}\nfn long() {{{body}}}\nimpl X {{ fn method() {{{body}}} }}\n\
             proptest! {{ fn property(x in 0..1) {{{body}}} }}\n#[cfg(test)] mod t {{ fn test() {{{body}}} }}"
        ),
    )]);
    assert_eq!(
        long_functions(&tree, 3),
        [
            "src/lib.rs:2: long has 4 lines, at most 3",
            "src/lib.rs:6: method has 4 lines, at most 3",
            "src/lib.rs:10: property has 4 lines, at most 3",
            "src/lib.rs:14: test has 4 lines, at most 3",
        ]
    );
    assert!(long_functions(&tree, 4).is_empty());
    assert_eq!(
        long_files(&tree.files, 16),
        ["src/lib.rs has 17 lines, at most 16"]
    );
    assert!(long_files(&tree.files, 17).is_empty());
}

#[test]
fn a_file_without_a_declaration_is_found() {
    let tree = made(&[("src/lib.rs", "mod a;"), ("src/a.rs", ""), ("src/b.rs", "")]);
    assert_eq!(tree.undeclared_files(), ["src/b.rs"]);
}
