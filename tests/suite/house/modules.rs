//! The source tree as modules: which file each one is in, what it defines and what it names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::items::items;
use super::paths::Paths;
use super::tokens::{Token, tokens};

/// A module's path from its crate's root; the first element names the crate.
pub(crate) type ModulePath = Vec<String>;

/// What is known about a module.
pub(crate) struct Module {
    /// The file that it is written in.
    pub(crate) file: String,
    /// Names of items other than modules.
    pub(crate) items: BTreeSet<String>,
    /// What it names, tests and modules inside left out.
    pub(crate) paths: Paths,
}

/// All modules of a library and of the program beside it.
pub(crate) struct Tree {
    /// The text of every file below `src`, by its path from the root of the repository.
    pub(crate) files: BTreeMap<String, String>,
    /// The library's name, as its program imports it.
    pub(crate) library: String,
    /// All modules but those of tests.
    pub(crate) modules: BTreeMap<ModulePath, Module>,
    /// Files that are whole modules of tests.
    test_files: BTreeSet<String>,
}

impl Tree {
    /// Reads the folder `src` of a repository.
    pub(crate) fn read(repository: &Path, library: &str) -> Self {
        let mut files = BTreeMap::new();
        read_folder(repository, &repository.join("src"), &mut files);
        Self::new(files, library)
    }

    /// Makes the tree of the given files.
    pub(crate) fn new(files: BTreeMap<String, String>, library: &str) -> Self {
        let mut tree = Self {
            files,
            library: library.to_owned(),
            modules: BTreeMap::new(),
            test_files: BTreeSet::new(),
        };
        tree.add_file(vec![library.to_owned()], "src/lib.rs", "src", false);
        tree.add_file(vec!["main".to_owned()], "src/main.rs", "src", false);
        tree
    }

    /// Returns the files that no `mod` declares.
    pub(crate) fn undeclared_files(&self) -> Vec<&str> {
        let modules = self.modules.values().map(|module| &module.file);
        let declared: BTreeSet<_> = modules.chain(&self.test_files).collect();
        let files = self.files.keys().filter(|file| !declared.contains(file));
        files.map(String::as_str).collect()
    }

    /// Returns true for a file that is a whole module of tests.
    pub(crate) fn is_test_file(&self, file: &str) -> bool {
        self.test_files.contains(file)
    }

    /// Adds the module of a file, whose own modules lie in `folder`.
    fn add_file(&mut self, module: ModulePath, file: &str, folder: &str, is_test: bool) {
        if let Some(text) = self.files.get(file) {
            let tokens = tokens(text);
            if is_test {
                self.test_files.insert(file.to_owned());
            }
            self.add_module(module, file, folder, &tokens, is_test);
        }
    }

    /// Adds a module and those inside it; of tests only the files are of interest.
    fn add_module(
        &mut self,
        module: ModulePath,
        file: &str,
        folder: &str,
        tokens: &[Token],
        is_test: bool,
    ) {
        let mut names = BTreeSet::new();
        for item in items(tokens) {
            let Some(name) = item.name.map(str::to_owned) else {
                continue;
            };
            if item.keyword != "mod" {
                names.insert(name);
                continue;
            }
            let is_test = is_test || item.is_test;
            let inside = format!("{folder}/{name}");
            let child = [&module[..], &[name]].concat();
            if let Some(tokens) = item.tokens.last().and_then(|last| last.group('{')) {
                self.add_module(child, file, &inside, tokens, is_test);
            } else {
                self.add_file(child.clone(), &format!("{inside}.rs"), &inside, is_test);
                self.add_file(child, &format!("{inside}/mod.rs"), &inside, is_test);
            }
        }
        if !is_test {
            let module_of_file = Module {
                file: file.to_owned(),
                items: names,
                paths: Paths::of(tokens),
            };
            self.modules.insert(module, module_of_file);
        }
    }
}

/// Adds the Rust files below a folder, by their paths in the repository.
pub(crate) fn read_folder(repository: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_folder(repository, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(repository).unwrap();
            let name = name.to_str().unwrap().replace('\\', "/");
            files.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}
