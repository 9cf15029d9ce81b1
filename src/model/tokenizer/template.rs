//! The special tokens that a `tokenizer.json` puts around a text.

use crate::quote::Quoted;
use serde_json::Value;

/// Most pieces of a template, and most special tokens for one text.
const MAX_PIECES: usize = 64;
const MAX_SPECIAL: usize = 256;

/// Checks all templates in a post-processor: each has the text once, and few special tokens, which are known.
///
/// # Errors
/// What a template does not have.
pub(super) fn check(section: &Value) -> Result<(), String> {
    match section {
        Value::Object(fields) => {
            for name in ["single", "pair"] {
                if let Some(template) = fields.get(name) {
                    check_template(template, &section["special_tokens"], name == "single")?;
                }
            }
            fields.values().try_for_each(check)
        }
        Value::Array(parts) if parts.len() > MAX_SPECIAL => Err(format!(
            "a list of over {MAX_SPECIAL} in its post-processor"
        )),
        Value::Array(parts) => parts.iter().try_for_each(check),
        _ => Ok(()),
    }
}

fn check_template(template: &Value, special: &Value, single: bool) -> Result<(), String> {
    let pieces = template.as_array().map_or(&[][..], Vec::as_slice);
    if pieces.len() > MAX_PIECES {
        return Err(format!("a template of over {MAX_PIECES} pieces"));
    }
    let texts = pieces
        .iter()
        .filter_map(|piece| piece["Sequence"]["id"].as_str());
    let texts: Vec<&str> = texts.collect();
    if single && texts != ["A"] {
        return Err("a template that does not have the text once".to_owned());
    }
    let mut count = 0;
    for id in pieces
        .iter()
        .filter_map(|piece| piece["SpecialToken"]["id"].as_str())
    {
        let token = &special[id];
        let (ids, tokens) = (token["ids"].as_array(), token["tokens"].as_array());
        match (ids, tokens) {
            (Some(ids), Some(tokens)) if ids.len() == tokens.len() => count += ids.len(),
            _ => return Err(format!("a template with the unknown token {}", Quoted(id))),
        }
    }
    if count > MAX_SPECIAL {
        return Err(format!("over {MAX_SPECIAL} special tokens for a text"));
    }
    Ok(())
}
