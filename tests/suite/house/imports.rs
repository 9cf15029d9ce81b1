//! Which file takes which names from which file.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{ModulePath, Tree};

/// For every file, the files that it imports and the names that it takes from each.
pub(crate) type Imports = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Exports of exports are followed this far; more is a ring of `use` lines, which the compiler refuses.
const MAX_DEPTH: usize = 16;

/// Where a path leads.
enum Target {
    Module(ModulePath),
    Item { file: String, name: String },
}

/// Returns the imports between the files of a tree. A name that a file only exports again belongs to
/// the file that defines it; declaring a module imports nothing.
pub(crate) fn imports(tree: &Tree) -> Imports {
    let mut imports = Imports::new();
    for (path, module) in &tree.modules {
        let paths = &module.paths;
        let used = paths.bindings.iter().map(|binding| &binding.path);
        for named in used.chain(&paths.named) {
            if let Some(Target::Item { file, name }) = tree.resolve(path, named, 0) {
                add(&mut imports, &module.file, file, name);
            }
        }
        for glob in paths.bindings.iter().filter(|binding| binding.name == "*") {
            add_module(&mut imports, tree, path, &glob.path);
        }
        for quoted in &paths.quoted {
            add_module(&mut imports, tree, path, quoted);
        }
    }
    imports
}

fn add(imports: &mut Imports, from: &str, to: String, name: String) {
    if from != to {
        let names = imports.entry(from.to_owned()).or_default();
        names.entry(to).or_default().insert(name);
    }
}

/// Adds the import of whatever a path leads to, a module's file if it is a module.
fn add_module(imports: &mut Imports, tree: &Tree, from: &ModulePath, path: &[String]) {
    let (file, name) = match tree.resolve(from, path, 0) {
        Some(Target::Module(module)) => (
            tree.modules[&module].file.clone(),
            format!("module {}", module[1..].join("::")),
        ),
        Some(Target::Item { file, name }) => (file, name),
        None => return,
    };
    add(imports, &tree.modules[from].file, file, name);
}

impl Tree {
    /// Follows a path from a module; `None` if it leads out of the tree.
    fn resolve(&self, from: &ModulePath, path: &[String], depth: usize) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        if depth > MAX_DEPTH {
            return None;
        }
        match first.as_str() {
            "crate" => self.walk(from[..1].to_vec(), rest, depth),
            "self" => self.walk(from.clone(), rest, depth),
            "super" => {
                let mut module = from[..from.len() - 1].to_vec();
                let mut rest = rest;
                while rest.first().is_some_and(|segment| segment == "super") {
                    module.pop();
                    rest = &rest[1..];
                }
                self.walk(module, rest, depth)
            }
            name if *name == self.library && from[0] != self.library => {
                self.walk(vec![name.to_owned()], rest, depth)
            }
            _ => self.look_up(from, first, rest, depth),
        }
    }

    /// Follows the rest of a path that has led to a module.
    fn walk(&self, module: ModulePath, rest: &[String], depth: usize) -> Option<Target> {
        if !self.modules.contains_key(&module) {
            return None;
        }
        match rest.split_first() {
            None => Some(Target::Module(module)),
            Some((name, rest)) => self.look_up(&module, name, rest, depth),
        }
    }

    /// Finds a name in a module's scope: a module inside, an item, or what a `use` line brings.
    fn look_up(
        &self,
        module: &ModulePath,
        name: &str,
        rest: &[String],
        depth: usize,
    ) -> Option<Target> {
        let content = self.modules.get(module)?;
        let child = [&module[..], &[name.to_owned()]].concat();
        if self.modules.contains_key(&child) {
            return self.walk(child, rest, depth);
        }
        if content.items.contains(name) {
            return Some(Target::Item {
                file: content.file.clone(),
                name: name.to_owned(),
            });
        }
        for binding in &content.paths.bindings {
            // `use name::...;` binds a name that may be the path's own beginning.
            if binding.name == name && binding.path[0] != *name {
                let path = [&binding.path[..], rest].concat();
                return self.resolve(module, &path, depth + 1);
            }
        }
        let globs = content
            .paths
            .bindings
            .iter()
            .filter(|binding| binding.name == "*");
        globs
            .filter(|glob| glob.path.first().is_some_and(|first| first != name))
            .find_map(|glob| {
                let path = [&glob.path[..], &[name.to_owned()], rest].concat();
                self.resolve(module, &path, depth + 1)
            })
    }
}
