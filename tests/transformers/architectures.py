"""The small random checkpoints: which, and how their weights are drawn."""

import math

import torch
from transformers import (
    BertConfig,
    BertForMaskedLM,
    CamembertConfig,
    CamembertForMaskedLM,
    DistilBertConfig,
    DistilBertForMaskedLM,
    GteConfig,
    GteForMaskedLM,
    ModernBertConfig,
    ModernBertForMaskedLM,
    RobertaConfig,
    RobertaForMaskedLM,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
)

CLASSES = {
    "bert": (BertConfig, BertForMaskedLM),
    "distilbert": (DistilBertConfig, DistilBertForMaskedLM),
    "roberta": (RobertaConfig, RobertaForMaskedLM),
    "xlm-roberta": (XLMRobertaConfig, XLMRobertaForMaskedLM),
    "camembert": (CamembertConfig, CamembertForMaskedLM),
    "modernbert": (ModernBertConfig, ModernBertForMaskedLM),
    "gte": (GteConfig, GteForMaskedLM),
}

# What DistilBERT calls these.
DISTILBERT_NAMES = {
    "hidden_size": "dim",
    "num_hidden_layers": "n_layers",
    "num_attention_heads": "n_heads",
    "intermediate_size": "hidden_dim",
    "hidden_act": "activation",
}


def checkpoint(kind, *, dtype=torch.float32, shard=None, extra_columns=0, pad=None, max_length=None, own=None, layout="plain", stated_length=None, activation="relu", queries=None, **config):
    """`extra_columns`: columns of the decoder for which the tokenizer has no entry; `pad`: the padding token's id;
    `max_length`: tokens a text that are asked for, else the default; `own`: keys of the configuration in the form of
    the model's own code; `layout`: see `layouts.py`; `stated_length`: tokens a text that the folder states;
    `activation`: that of `1_SpladePooling`; `queries`: what encodes them (`same`, `second`, `table`, or `ones`, which no
    folder states), if that is compared."""
    return {
        "kind": kind,
        "dtype": dtype,
        "shard": shard,
        "extra_columns": extra_columns,
        "pad": pad,
        "max_length": max_length,
        "own": own,
        "layout": layout,
        "stated_length": stated_length,
        "activation": activation,
        "queries": queries,
        "config": config,
    }


def rope(theta):
    return {"rope_type": "default", "rope_theta": theta}


# Every architecture tied and untied, in every float type, whole and in shards; sizes that are no multiples of
# anything; every activation; epsilons large enough to be seen; padding ids that move RoBERTa's positions.
CHECKPOINTS = {
    "bert": checkpoint("bert", layer_norm_eps=1e-2),
    "bert-untied-fp16": checkpoint(
        "bert", dtype=torch.float16, tie_word_embeddings=False, hidden_act="gelu_new", num_attention_heads=2
    ),
    "bert-sharded-bf16": checkpoint(
        "bert", dtype=torch.bfloat16, shard="150KB", hidden_act="relu", hidden_size=72, num_attention_heads=3
    ),
    "bert-spare-columns": checkpoint("bert", extra_columns=37, num_attention_heads=1, intermediate_size=200),
    "distilbert": checkpoint("distilbert", hidden_size=80, num_attention_heads=5),
    "distilbert-untied-bf16": checkpoint(
        "distilbert", dtype=torch.bfloat16, tie_word_embeddings=False, hidden_act="relu"
    ),
    "distilbert-sharded-fp16": checkpoint("distilbert", dtype=torch.float16, shard="100KB", num_attention_heads=8),
    "roberta": checkpoint("roberta", layer_norm_eps=1e-5),
    "roberta-untied-pad-0": checkpoint(
        "roberta", tie_word_embeddings=False, pad=0, hidden_act="gelu_pytorch_tanh", layer_norm_eps=1e-3
    ),
    "roberta-sharded-fp16": checkpoint("roberta", dtype=torch.float16, shard="100KB", max_position_embeddings=300),
    "xlm-roberta": checkpoint("xlm-roberta", extra_columns=2, layer_norm_eps=1e-5, num_attention_heads=2),
    "xlm-roberta-untied-bf16": checkpoint(
        "xlm-roberta", dtype=torch.bfloat16, tie_word_embeddings=False, pad=3, hidden_size=96
    ),
    "camembert": checkpoint("camembert", hidden_act="relu", layer_norm_eps=1e-5),
    "camembert-untied-sharded": checkpoint("camembert", tie_word_embeddings=False, shard="150KB", pad=5),
    # Windows smaller and larger than most texts, that divide no length, and texts far over 512 tokens.
    "modernbert": checkpoint("modernbert", local_attention=16, num_hidden_layers=4),
    "modernbert-long": checkpoint(
        "modernbert", max_length=1100, max_position_embeddings=1500, num_hidden_layers=4, num_attention_heads=2
    ),
    "modernbert-untied-biased-bf16": checkpoint(
        "modernbert",
        dtype=torch.bfloat16,
        tie_word_embeddings=False,
        attention_bias=True,
        mlp_bias=True,
        norm_bias=True,
        classifier_bias=True,
        classifier_activation="relu",
        hidden_activation="gelu_pytorch_tanh",
        local_attention=10,
        layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        num_hidden_layers=3,
        rope_parameters={
            "full_attention": rope(3000.0),
            "sliding_attention": rope(100.0),
        },
    ),
    "modernbert-without-decoder-bias": checkpoint(
        "modernbert",
        decoder_bias=False,
        norm_bias=True,
        local_attention=32,
        max_position_embeddings=700,
        norm_eps=1e-2,
    ),
    "gte": checkpoint("gte", layer_norm_eps=1e-2),
    "gte-long-untied-fp16": checkpoint(
        "gte",
        dtype=torch.float16,
        tie_word_embeddings=False,
        type_vocab_size=0,
        max_length=900,
        max_position_embeddings=1000,
        rope_parameters=rope(500.0),
        hidden_act="relu",
    ),
    # One weight for each token, as BAAI/bge-m3, and the files that it has.
    "token-weights": checkpoint("xlm-roberta", layout="token-weights", layer_norm_eps=1e-5),
    # Folders as sentence-transformers makes them; the length is what they state.
    "modules": checkpoint("bert", layout="modules", stated_length=33),
    "router": checkpoint("distilbert", layout="router", stated_length=29),
    # The folders of the models that people use, where none above is like them.
    "naver-cocondenser": checkpoint("bert", layout="bin", queries="same"),
    "naver-v2-max": checkpoint("distilbert", layout="vocab-bin", queries="same"),
    "naver-efficient": checkpoint("distilbert", layout="two-models", queries="second"),
    "opensearch-doc-v3": checkpoint("distilbert", layout="idf", activation="log1p_relu", queries="table"),
    "opensearch-multilingual": checkpoint("bert", layout="idf", queries="table"),
    "opensearch-doc-v3-gte": checkpoint(
        "gte", own={"rope_theta": 700.0}, rope_parameters=rope(700.0), layout="idf", activation="log1p_relu", queries="table"
    ),
    "naver-v3-doc": checkpoint("distilbert", layout="bin", queries="ones"),
    "inference-free": checkpoint("distilbert", layout="router-table", stated_length=31, queries="table"),
    "pixie": checkpoint(
        "modernbert", layout="modules", stated_length=45, local_attention=16, num_hidden_layers=4, queries="same"
    ),
    "ibm-granite": checkpoint("roberta", dtype=torch.bfloat16, queries="same"),
    "portuguese": checkpoint("bert", layout="both", stated_length=40, queries="same"),
    # In the form of the model's own code, without and with scaling of its positions.
    "new": checkpoint("gte", own={"rope_theta": 20000.0}, rope_parameters=rope(20000.0), layer_norm_eps=1e-4),
    "new-scaled-untied": checkpoint(
        "gte",
        own={"rope_theta": 500.0, "rope_scaling": {"type": "ntk", "factor": 8.0}},
        tie_word_embeddings=False,
        max_length=700,
        max_position_embeddings=800,
        num_attention_heads=2,
    ),
}


def build(spec, columns, seed):
    """A masked language model with `columns` columns and weights of some size."""
    config_class, model_class = CLASSES[spec["kind"]]
    sizes = {
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 128,
        "hidden_act": "gelu",
        "max_position_embeddings": 80,
        "pad_token_id": spec["pad_id"],
        **spec["config"],
    }
    if spec["kind"] == "modernbert":
        sizes.pop("hidden_act")
    if spec["kind"] == "distilbert":
        sizes = {DISTILBERT_NAMES.get(name, name): value for name, value in sizes.items()}
    config = config_class(vocab_size=columns, **sizes)
    torch.manual_seed(seed)
    model = model_class(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(draw(name, parameter.shape))
    return model


def draw(name, shape):
    """Values under which no part of the model can be left out unnoticed: logits reach from about -14 to 7."""
    normal = torch.randn(shape)
    if name == "head.norm.bias":
        # Without a bias of the decoder's it alone leaves columns at zero.
        return 2 * normal
    if "norm" in name.lower():
        return 1 + 0.2 * normal if name.endswith("weight") else 0.2 * normal
    if "embeddings" in name or "decoder.weight" in name or "vocab_projector.weight" in name:
        return 0.3 * normal
    if len(shape) == 2:
        return normal * 1.5 / math.sqrt(shape[1])
    if name in DECODER_BIASES:
        # Below zero, so that the maximum over tokens leaves many columns at zero.
        return normal - 4
    return 0.3 * normal


DECODER_BIASES = {
    "cls.predictions.bias",
    "cls.predictions.decoder.bias",
    "decoder.bias",
    "vocab_projector.bias",
    "lm_head.bias",
    "lm_head.decoder.bias",
}
