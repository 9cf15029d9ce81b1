//! Prints a synthetic `JsonVectorCollection`, or topics for it: `synthetic_collection documents|topics FROM TO`.

#[path = "../tests/suite/common/synthetic.rs"]
mod synthetic;

use std::io::{self, BufWriter, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, from, to] = arguments.as_slice() else {
        return Err("usage: synthetic_collection documents|topics FROM TO".into());
    };
    let (from, to): (u64, u64) = (from.parse()?, to.parse()?);
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let synthetic = synthetic::Synthetic::default();
    match kind.as_str() {
        "documents" => synthetic.write(from..to, &mut out)?,
        "topics" => synthetic.write_topics(to - from, &mut out)?,
        _ => return Err("the first argument is documents or topics".into()),
    }
    out.flush()?;
    Ok(())
}
