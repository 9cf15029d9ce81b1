//! The records of a corpus, parsed by many threads and given back in input order.
//!
//! ```text
//! one thread reads blocks of records ──▶ workers parse them ──▶ the caller takes them in order
//!        ▲                                                              │
//!        └──────────────────── a permit for the next block ◀────────────┘
//! ```

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::digest_chain::DigestChain;
use super::docids::DocidKey;
use super::error::CorpusError;
use super::fields::FieldSet;
use super::format::InputFormat;
use super::lines::MAX_LINE_MIB;
use super::position::Position;
use super::reader::CorpusOptions;
use super::record;
use super::record_error::{Excerpt, Place, RecordError, RecordProblem};
use super::schema::Schema;
use super::source::Source;
use super::source_reader::SourceReader;

/// Ends a block with the record that reaches so many bytes.
const BLOCK_BYTES: usize = 1 << 20;

/// Records as the caller takes them. Nothing in them was allocated on its own: what one thread allocates and another one
/// frees costs more than the copy.
#[derive(Default)]
pub(super) struct BlockRecords {
    /// What is hashed of the documents, one behind the other.
    pub hashed: Vec<u8>,
    /// The records in input order.
    pub records: Vec<BlockRecord>,
}

/// A record as the caller takes it.
pub(super) struct BlockRecord {
    /// The document, or why there is none.
    pub record: Result<BlockDocument, Box<RecordError>>,
    /// Source of the record, and its line, from 1.
    pub place: (usize, u64),
    /// Where the next record begins.
    pub end: Position,
}

/// What was found out about a document.
pub(super) struct BlockDocument {
    /// What is hashed of it, among the block's.
    pub hashed: Range<usize>,
    /// Its docid there.
    pub docid: Range<usize>,
    pub text_bytes: usize,
    pub key: DocidKey,
    /// The fields that its record had; `None` for a format without fields.
    pub fields: Option<FieldSet>,
}

/// What the caller takes: a source that begins, or records.
pub(super) enum Step {
    /// A source of this number and format begins, with its first record for messages.
    Source(InputFormat, Vec<u8>),
    /// Records in input order.
    Records(BlockRecords),
}

/// What is read, still in bytes.
struct Block {
    source: usize,
    name: Arc<str>,
    format: InputFormat,
    bytes: Vec<u8>,
    records: Vec<Raw>,
}

/// A record in the bytes of a block, which begins where the one before it ends.
struct Raw {
    bytes_end: usize,
    is_too_long: bool,
    line: u64,
    end: Position,
}

enum Item {
    Source(InputFormat, Vec<u8>),
    Block(Block),
    Failed(CorpusError),
}

type Parsed = Result<Step, CorpusError>;

/// Reads all sources with so many parsing threads, and gives what was read to `take`, in input order.
///
/// # Errors
/// Returns the first failure in input order, of the reading or of `take`.
pub(super) fn for_each(
    sources: &[Source],
    options: &CorpusOptions,
    threads: usize,
    bytes_read: &Arc<AtomicU64>,
    mut take: impl FnMut(Step) -> Result<(), CorpusError>,
) -> Result<(), CorpusError> {
    let schema = Schema::new(options.kind, options.id_field.as_deref(), &options.fields);
    let permits = 2 * threads + 2;
    let (permit_tx, permit_rx) = bounded::<()>(permits);
    let (work_tx, work_rx) = unbounded::<(u64, Item)>();
    let (parsed_tx, parsed_rx) = unbounded::<(u64, Parsed)>();
    for _ in 0..permits {
        // The channel has room for all of them.
        let _ = permit_tx.try_send(());
    }
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut output = BlockOutput {
                permits: permit_rx,
                work: work_tx,
                next: 0,
            };
            if let Err(error) = read(sources, options, bytes_read, &mut output) {
                output.send(Item::Failed(error));
            }
        });
        for _ in 0..threads.max(1) {
            let (work, parsed, schema) = (work_rx.clone(), parsed_tx.clone(), &schema);
            scope.spawn(move || {
                for (number, item) in work {
                    // A caller that failed takes no more.
                    if parsed.send((number, parse(item, schema))).is_err() {
                        return;
                    }
                }
            });
        }
        drop((work_rx, parsed_tx));
        let mut waiting = BTreeMap::new();
        let mut next = 0;
        // Owned here, so that a failure closes the channels and ends the threads.
        let (parsed_rx, permit_tx) = (parsed_rx, permit_tx);
        for (number, parsed) in &parsed_rx {
            waiting.insert(number, parsed);
            while let Some(parsed) = waiting.remove(&next) {
                take(parsed?)?;
                next += 1;
                // The reading may have ended.
                let _ = permit_tx.try_send(());
            }
        }
        Ok(())
    })
}

/// Where blocks go, in their order.
struct BlockOutput {
    permits: Receiver<()>,
    work: Sender<(u64, Item)>,
    next: u64,
}

impl BlockOutput {
    /// Sends an item as soon as there is room; returns false if nobody wants it.
    fn send(&mut self, item: Item) -> bool {
        let number = self.next;
        self.next += 1;
        self.permits.recv().is_ok() && self.work.send((number, item)).is_ok()
    }
}

fn read(
    sources: &[Source],
    options: &CorpusOptions,
    bytes_read: &Arc<AtomicU64>,
    output: &mut BlockOutput,
) -> Result<(), CorpusError> {
    for (number, source) in sources.iter().enumerate() {
        let mut reader = SourceReader::open(source, options.format, bytes_read)?;
        let format = reader.format();
        let mut block = Block::new(number, source, format);
        let mut is_first = true;
        while reader.advance()? {
            if std::mem::take(&mut is_first) {
                let first = reader.record().unwrap_or_default().to_vec();
                if !output.send(Item::Source(format, first)) {
                    return Ok(());
                }
            }
            block.add(&reader);
            if block.bytes.len() >= BLOCK_BYTES {
                let full = std::mem::replace(&mut block, Block::new(number, source, format));
                if !output.send(Item::Block(full)) {
                    return Ok(());
                }
            }
        }
        // A source without records is a source too.
        if is_first && !output.send(Item::Source(format, Vec::new())) {
            return Ok(());
        }
        if !output.send(Item::Block(block)) {
            return Ok(());
        }
    }
    Ok(())
}

impl Block {
    fn new(source: usize, from: &Source, format: InputFormat) -> Self {
        Self {
            source,
            name: Arc::clone(&from.name),
            format,
            bytes: Vec::new(),
            records: Vec::new(),
        }
    }

    /// Adds the current record of a source.
    fn add(&mut self, reader: &SourceReader) {
        let record = reader.record();
        self.bytes.extend_from_slice(record.unwrap_or_default());
        let (lines, offset) = reader.position();
        self.records.push(Raw {
            bytes_end: self.bytes.len(),
            is_too_long: record.is_none(),
            line: reader.line(),
            end: Position {
                source: self.source,
                offset,
                lines,
            },
        });
    }
}

fn parse(item: Item, schema: &Schema) -> Parsed {
    let block = match item {
        Item::Failed(error) => return Err(error),
        Item::Source(format, first) => return Ok(Step::Source(format, first)),
        Item::Block(block) => block,
    };
    let mut begin = 0;
    let mut parsed = BlockRecords {
        hashed: Vec::with_capacity(block.bytes.len()),
        records: Vec::with_capacity(block.records.len()),
    };
    for raw in &block.records {
        let bytes = &block.bytes[begin..raw.bytes_end];
        begin = raw.bytes_end;
        let record = if raw.is_too_long {
            Err(RecordProblem::LineTooLong(MAX_LINE_MIB))
        } else {
            parse_record(bytes, block.format, schema, &mut parsed.hashed)
        };
        parsed.records.push(BlockRecord {
            record: record.map_err(|problem| {
                let source = Arc::clone(&block.name);
                let place = Place {
                    source,
                    line: raw.line,
                };
                Box::new(problem.at(place, Excerpt::of(bytes)))
            }),
            place: (block.source, raw.line),
            end: raw.end,
        });
    }
    Ok(Step::Records(parsed))
}

/// Parses a record, and appends what is hashed of it.
fn parse_record(
    bytes: &[u8],
    format: InputFormat,
    schema: &Schema,
    hashed: &mut Vec<u8>,
) -> Result<BlockDocument, RecordProblem> {
    let (document, fields) = record::parse(bytes, format, schema)?;
    let begin = hashed.len();
    let docid = DigestChain::write(&document, hashed);
    Ok(BlockDocument {
        hashed: begin..hashed.len(),
        docid,
        text_bytes: document.text.len(),
        key: DocidKey::of(&document.docid),
        fields,
    })
}
