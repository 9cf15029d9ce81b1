//! Sorted runs -> lists of postings, term by term.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Write};

use super::protobuf::{put_list_head, put_posting, put_varint};
use super::run::{Entry, RunReader};

/// Hands each term to `each`, with the runs that have it, in the order of their documents. Each of them must be moved on
/// to its next entry.
pub(super) fn merge(
    runs: &mut [RunReader],
    mut each: impl FnMut(&mut [RunReader], &[usize]) -> io::Result<()>,
) -> io::Result<()> {
    let term = |run: &RunReader| run.entry.as_ref().map(|entry| entry.term.clone());
    let mut heap: BinaryHeap<Reverse<(Vec<u8>, usize)>> = runs
        .iter()
        .enumerate()
        .filter_map(|(at, run)| Some(Reverse((term(run)?, at))))
        .collect();
    let mut having = Vec::new();
    while let Some(Reverse((least, first))) = heap.pop() {
        having.clear();
        having.push(first);
        while heap.peek().is_some_and(|Reverse((term, _))| *term == least) {
            having.extend(heap.pop().map(|Reverse((_, at))| at));
        }
        each(runs, &having)?;
        for &at in &having {
            heap.extend(term(&runs[at]).map(|term| Reverse((term, at))));
        }
    }
    Ok(())
}

/// Returns the number of different terms.
pub(super) fn count_terms(runs: &mut [RunReader]) -> io::Result<u64> {
    let mut terms = 0;
    merge(runs, |runs, having| {
        terms += 1;
        having.iter().try_for_each(|&at| runs[at].skip_rest())
    })?;
    Ok(terms)
}

/// The entry of a term over several runs, and the first posting of each of them but the first.
struct Joined {
    entry: Entry,
    links: Vec<Vec<u8>>,
}

/// Joins the entries of a term. Docids become those of the whole index.
fn join(runs: &[RunReader], having: &[usize]) -> Joined {
    let mut joined = Joined {
        entry: Entry::default(),
        links: Vec::new(),
    };
    let whole = &mut joined.entry;
    let entries = having
        .iter()
        .filter_map(|&at| Some((runs[at].base, runs[at].entry.as_ref()?)));
    for (base, entry) in entries {
        if whole.df == 0 {
            whole.term.clone_from(&entry.term);
            (whole.first, whole.first_impact) = (base + entry.first, entry.first_impact);
        } else {
            let mut link = Vec::new();
            put_posting(
                &mut link,
                base + entry.first - whole.last,
                entry.first_impact,
            );
            whole.rest += link.len() as u64;
            joined.links.push(link);
        }
        whole.last = base + entry.last;
        whole.df += entry.df;
        whole.cf += entry.cf;
        whole.rest += entry.rest;
    }
    joined
}

fn copy_postings(
    runs: &mut [RunReader],
    having: &[usize],
    links: &[Vec<u8>],
    out: &mut impl Write,
) -> io::Result<()> {
    for (i, &at) in having.iter().enumerate() {
        if let Some(link) = i.checked_sub(1).and_then(|i| links.get(i)) {
            out.write_all(link)?;
        }
        runs[at].copy_rest(out)?;
    }
    Ok(())
}

/// Merges runs into one whose docids are those of the whole index.
pub(super) fn write_run(runs: &mut [RunReader], out: &mut impl Write) -> io::Result<()> {
    let mut head = Vec::new();
    merge(runs, |runs, having| {
        let joined = join(runs, having);
        head.clear();
        joined.entry.put(&mut head);
        out.write_all(&head)?;
        copy_postings(runs, having, &joined.links, out)
    })
}

/// Merges runs into the postings lists of the index.
pub(super) fn write_lists(runs: &mut [RunReader], out: &mut impl Write) -> io::Result<()> {
    let (mut head, mut length) = (Vec::new(), Vec::new());
    merge(runs, |runs, having| {
        let Joined { entry, links } = join(runs, having);
        head.clear();
        put_list_head(&mut head, &entry.term, entry.df, entry.cf);
        put_posting(&mut head, entry.first, entry.first_impact);
        length.clear();
        put_varint(&mut length, head.len() as u64 + entry.rest);
        out.write_all(&length)?;
        out.write_all(&head)?;
        copy_postings(runs, having, &links, out)
    })
}
