"""Tokenizers of the kinds that the architectures come with, trained on a few texts."""

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

SIZE = 1000


def wordpiece(texts, pad):
    """BERT and DistilBERT."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=SIZE, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    )
    return tokenizer, 0 if pad is None else pad


def byte_level(texts, pad):
    """RoBERTa."""
    special = arranged(["<s>", "</s>", "<unk>", "<mask>"], pad)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    ends = [(name, tokenizer.token_to_id(name)) for name in ("</s>", "<s>")]
    tokenizer.post_processor = processors.RobertaProcessing(*ends, trim_offsets=True, add_prefix_space=False)
    return tokenizer, tokenizer.token_to_id("<pad>")


def unigram(texts, pad):
    """XLM-RoBERTa and CamemBERT."""
    special = arranged(["<s>", "</s>", "<unk>", "<mask>"], pad)
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(" {2,}", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=SIZE, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[(name, tokenizer.token_to_id(name)) for name in ("<s>", "</s>")]
    )
    return tokenizer, tokenizer.token_to_id("<pad>")


def arranged(special, pad):
    """`<pad>` at the id `pad` (default 1), with entries that are never used before it where there are too few."""
    pad = 1 if pad is None else pad
    filler = [f"<unused{i}>" for i in range(max(0, pad - len(special)))]
    names = special[:pad] + filler
    return [*names, "<pad>", *special[pad:]]


TRAINERS = {
    "bert": wordpiece,
    "distilbert": wordpiece,
    "roberta": byte_level,
    "xlm-roberta": unigram,
    "camembert": unigram,
}
