//! Writes the made checkpoint of the tests: `cargo run --release --example tiny_model -- FOLDER`

#[path = "../tests/suite/common/tiny_model.rs"]
mod tiny_model;

fn main() {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: tiny_model FOLDER");
        std::process::exit(2);
    };
    tiny_model::write(folder.as_ref(), 1);
}
