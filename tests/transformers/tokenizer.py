"""Tokenizers of the kinds that the architectures come with, for a few texts.

The trainers of WordPiece and Unigram break ties differently each time, so their vocabularies are counted here.
"""

import math
from collections import Counter

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

SIZE = 1000
# Longest piece of a word, in characters.
PIECE = 4


def words_of(tokenizer, texts):
    """Each word as the model will see it, with its count."""
    words = Counter()
    for text in texts:
        text = tokenizer.normalizer.normalize_str(text)
        words.update(word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text))
    return words


def most_common(counts, wanted):
    """In one order, whatever the counts' own."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:wanted]


def wordpiece(texts, pad):
    """BERT and DistilBERT."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    words = words_of(tokenizer, texts)
    characters = sorted({character for word in words for character in word})
    endings = Counter()
    for word, count in words.items():
        for length in range(2, min(PIECE, len(word) - 1) + 1):
            endings[f"##{word[-length:]}"] += count
    names = special + characters + [f"##{character}" for character in characters]
    names += [ending for ending, _ in most_common(endings, 200)]
    whole = {word: count for word, count in words.items() if len(word) > 1}
    names += [word for word, _ in most_common(whole, SIZE - len(names))]
    vocabulary = {name: i for i, name in enumerate(names)}
    tokenizer.model = models.WordPiece(vocabulary, unk_token="[UNK]")
    tokenizer.add_special_tokens(special)
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
    pieces, characters = Counter(), Counter()
    for word, count in words_of(tokenizer, texts).items():
        characters.update(dict.fromkeys(word, count))
        pieces[word] += count * PIECE
        for start in range(len(word)):
            for length in range(2, PIECE + 1):
                pieces[word[start : start + length]] += count
    wanted = SIZE - len(special) - len(characters)
    pieces = {piece: count for piece, count in pieces.items() if piece not in characters}
    counted = most_common(characters, len(characters)) + most_common(pieces, wanted)
    total = sum(count for _, count in counted)
    vocabulary = [(name, 0.0) for name in special] + [(name, math.log(count / total)) for name, count in counted]
    tokenizer.model = models.Unigram(vocabulary, unk_id=special.index("<unk>"))
    tokenizer.add_special_tokens(special)
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
    "modernbert": byte_level,
    "gte": wordpiece,
}
