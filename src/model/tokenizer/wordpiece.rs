//! WordPiece as BERT has it, from a `vocab.txt`.

use std::path::Path;

use fs_err as fs;
use tokenizers::decoders::wordpiece::WordPiece as WordPieceDecoder;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, Tokenizer};

use super::config::{TokenEntry, TokenizerConfig};
use crate::model::error::ModelError;
use crate::quote::Quoted;

/// Most bytes that the normalizer makes of one byte of a text.
pub(super) const EXPANSION: u64 = 6;

/// Builds the tokenizer that transformers builds of the same files.
pub(super) fn build(path: &Path, config: &TokenizerConfig) -> Result<Tokenizer, ModelError> {
    let bytes = fs::read(path).map_err(|e| ModelError::broken(path, e))?;
    let text = String::from_utf8(bytes).map_err(|_| ModelError::broken(path, "it is not UTF-8"))?;
    let special = Special::new(config);
    assemble(&text, &special, config).map_err(|reason| ModelError::broken(path, reason))
}

fn assemble(
    text: &str,
    special: &Special,
    config: &TokenizerConfig,
) -> Result<Tokenizer, tokenizers::Error> {
    let settings = &config.settings;
    let mut tokenizer = Tokenizer::new(model(text, &special.unknown.content)?);
    tokenizer.with_normalizer(Some(BertNormalizer::new(
        true,
        settings.tokenize_chinese_chars.unwrap_or(true),
        settings.strip_accents,
        settings.do_lower_case.unwrap_or(true),
    )))?;
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    tokenizer.with_decoder(Some(WordPieceDecoder::new("##".into(), true)));
    add_tokens(&mut tokenizer, special, config)?;
    let template = template(&tokenizer, special)?;
    tokenizer.with_post_processor(Some(template));
    Ok(tokenizer)
}

/// Reads one token a line; of two that are the same the last has the id, as in transformers.
fn model(text: &str, unknown: &str) -> Result<WordPiece, tokenizers::Error> {
    // Python takes all three for the end of a line.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    // An empty vocabulary, of the type that the builder takes.
    let mut vocabulary = WordPiece::read_bytes(b"")?;
    for (id, token) in text
        .strip_suffix('\n')
        .unwrap_or(&text)
        .split('\n')
        .enumerate()
    {
        vocabulary.insert(token.to_owned(), u32::try_from(id)?);
    }
    WordPiece::builder()
        .vocab(vocabulary)
        .unk_token(unknown.to_owned())
        .build()
}

/// The tokens that have a part of their own.
struct Special {
    unknown: AddedToken,
    begin: AddedToken,
    end: AddedToken,
    padding: AddedToken,
    mask: AddedToken,
}

impl Special {
    fn new(config: &TokenizerConfig) -> Self {
        let named = &config.settings.special;
        let token = |entry: &Option<TokenEntry>, usual: &str| match entry {
            Some(entry) => entry.token(true),
            None => AddedToken::from(usual, true),
        };
        Self {
            unknown: token(&named.unk_token, "[UNK]"),
            begin: token(&named.cls_token, "[CLS]"),
            end: token(&named.sep_token, "[SEP]"),
            padding: token(&named.pad_token, "[PAD]"),
            mask: token(&named.mask_token, "[MASK]"),
        }
    }

    fn all(&self) -> [&AddedToken; 5] {
        [
            &self.unknown,
            &self.end,
            &self.padding,
            &self.begin,
            &self.mask,
        ]
    }
}

/// Adds the tokens that are matched before words are cut.
///
/// # Errors
/// The id of a token that is not where the files say, or a special token without an id.
fn add_tokens(
    tokenizer: &mut Tokenizer,
    special: &Special,
    config: &TokenizerConfig,
) -> Result<(), tokenizers::Error> {
    for (&id, token) in &config.added {
        let token = token.clone();
        let content = token.content.clone();
        if token.special {
            tokenizer.add_special_tokens([token])?;
        } else {
            tokenizer.add_tokens([token])?;
        }
        let got = tokenizer.token_to_id(&content);
        if got != Some(id) {
            let got = got.map_or_else(|| "no id".to_owned(), |got| format!("the id {got}"));
            return Err(format!(
                "the added token {} would have {got}, where the files beside it say {id}",
                Quoted(&content)
            )
            .into());
        }
    }
    for token in special.all() {
        if tokenizer.token_to_id(&token.content).is_none() {
            return Err(format!(
                "the special token {} is not in it; name those of this vocabulary in special_tokens_map.json",
                Quoted(&token.content)
            )
            .into());
        }
        tokenizer.add_special_tokens([token.clone()])?;
    }
    Ok(())
}

/// Puts a text between the tokens that begin and end it.
fn template(
    tokenizer: &Tokenizer,
    special: &Special,
) -> Result<TemplateProcessing, tokenizers::Error> {
    let (begin, end) = (&special.begin.content, &special.end.content);
    let id = |token| tokenizer.token_to_id(token).unwrap_or_default();
    TemplateProcessing::builder()
        .try_single(format!("{begin}:0 $A:0 {end}:0"))?
        .try_pair(format!("{begin}:0 $A:0 {end}:0 $B:1 {end}:1"))?
        .special_tokens(vec![(begin.clone(), id(begin)), (end.clone(), id(end))])
        .build()
        .map_err(|e| e.to_string().into())
}
