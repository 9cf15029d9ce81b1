"""Where a checkpoint's files go in its folder: the layouts of the families.

plain          configuration, weights and tokenizer at the root
modules        sentence-transformers' modules.json, with the model and its tokenizer in a folder of their own
router         sentence-transformers' router, with the side of documents in a folder of its own
router-table   the same, with a table and a tokenizer for queries in another, as sparse-encoder's inference-free models
token-weights  BAAI/bge-m3's: pytorch_model.bin without a head, and sparse_linear.pt
bin            pytorch_model.bin alone, as naver/splade-cocondenser-ensembledistil
vocab-bin      pytorch_model.bin of the old kind, and vocab.txt without tokenizer.json, as naver/splade_v2_max
both           model.safetensors and pytorch_model.bin, as AxelPCG/splade-pt-br
two-models     the same, with a second model for queries, as naver/efficient-splade-VI-BT-large-doc
idf            the plain one with a table for queries, as opensearch-project's
"""

import json

import torch
from safetensors.torch import save_file

TYPES = "sentence_transformers.sparse_encoder.models"
TRANSFORMER = {
    "modules": "0_MLMTransformer",
    "router": "document_0_MLMTransformer",
    "router-table": "document_0_MLMTransformer",
}
QUERY_MODEL = "query_0_MLMTransformer"
QUERY_TABLE = "query_0_SparseStaticEmbedding"


def write(folder, name, value):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(value), encoding="utf-8")


def transformer(folder, spec):
    """The folder of the configuration and the weights."""
    return folder / TRANSFORMER.get(spec["layout"], "")


def finish(folder, spec, model):
    """Writes what a layout has beside the checkpoint and the tokenizer."""
    here = transformer(folder, spec)
    if spec["stated_length"]:
        write(here, "sentence_bert_config.json", {"max_seq_length": spec["stated_length"], "do_lower_case": False})
    pooling = {"pooling_strategy": "max", "activation_function": "relu", "word_embedding_dimension": None}
    if spec["layout"] == "modules":
        paths = {"MLMTransformer": "0_MLMTransformer", "SpladePooling": "1_SpladePooling"}
        modules = [
            {"idx": i, "name": str(i), "path": path, "type": f"{TYPES}.{kind}"}
            for i, (kind, path) in enumerate(paths.items())
        ]
        write(folder, "modules.json", modules)
        write(folder, "1_SpladePooling/config.json", pooling)
    if spec["layout"] in ("router", "router-table"):
        route = ["document_0_MLMTransformer", "document_1_SpladePooling"]
        queries = [QUERY_TABLE] if spec["layout"] == "router-table" else route
        write(folder, "modules.json", [{"idx": 0, "name": "0", "path": "", "type": f"{TYPES}.Router"}])
        kinds = {name: f"{TYPES}.{name.split('_')[-1]}" for name in (*queries, *route)}
        write(folder, "router_config.json", {"types": kinds, "structure": {"query": queries, "document": route}})
        write(folder, "document_1_SpladePooling/config.json", pooling)
    if spec["layout"] == "token-weights":
        token_weights(folder, model)
    if spec["layout"] in ("bin", "vocab-bin", "two-models"):
        (folder / "model.safetensors").unlink()
    if spec["layout"] in ("bin", "vocab-bin", "two-models", "both"):
        save_pickled(folder, model, spec)
    if spec["activation"] != "relu":
        write(folder, "1_SpladePooling/config.json", {**pooling, "activation_function": spec["activation"]})


def save_pickled(folder, model, spec):
    torch.save(
        model.state_dict(),
        folder / "pytorch_model.bin",
        _use_new_zipfile_serialization=spec["layout"] != "vocab-bin",
    )


def save_tokenizer(folder, spec, tokenizer):
    if spec["layout"] != "vocab-bin":
        tokenizer.save(str(folder / "tokenizer.json"))
        return
    names = [tokenizer.id_to_token(column) + "\n" for column in range(tokenizer.get_vocab_size())]
    (folder / "vocab.txt").write_text("".join(names), encoding="utf-8")
    write(folder, "tokenizer_config.json", {"do_lower_case": True, "tokenizer_class": "DistilBertTokenizer"})


def table_weight(column):
    """The weight of a term in the table for queries; some have none."""
    return column % 97 / 16


def save_table(folder, spec, tokenizer):
    if spec["layout"] == "router-table":
        table = folder / QUERY_TABLE
        table.mkdir()
        weights = [table_weight(column) for column in range(tokenizer.get_vocab_size())]
        save_file({"weight": torch.tensor(weights)}, table / "model.safetensors")
        write(folder, f"{QUERY_TABLE}/config.json", {"frozen": False})
        tokenizer.save(str(table / "tokenizer.json"))
        return
    terms = {tokenizer.id_to_token(column): table_weight(column) for column in range(tokenizer.get_vocab_size())}
    write(folder, "idf.json", terms)


def token_weights(folder, model):
    (folder / "model.safetensors").unlink()
    body = {name.removeprefix("roberta."): t for name, t in model.state_dict().items() if name.startswith("roberta.")}
    torch.save(body, folder / "pytorch_model.bin")
    layer = torch.nn.Linear(model.config.hidden_size, 1)
    torch.nn.init.normal_(layer.weight, std=0.3)
    # Most tokens have a weight, as those of a text that has a few only.
    torch.nn.init.constant_(layer.bias, 4)
    torch.save(layer.half().state_dict(), folder / "sparse_linear.pt")


def logits_of_token_weights(folder, model):
    """Returns the logits of a text whose tokens each have a weight for their own term alone."""
    layer = torch.nn.Linear(model.config.hidden_size, 1)
    layer.load_state_dict({name: t.float() for name, t in torch.load(folder / "sparse_linear.pt").items()})

    def logits(ids):
        with torch.no_grad():
            hidden = model.roberta(input_ids=torch.tensor([ids])).last_hidden_state[0]
            # FlagEmbedding takes the weights themselves: what the logarithm that comes later makes of these.
            weights = torch.relu(layer(hidden)[:, 0]).double().expm1()
        all_columns = torch.zeros(len(ids), model.config.vocab_size, dtype=torch.double)
        all_columns[torch.arange(len(ids)), torch.tensor(ids)] = weights
        return all_columns

    return logits
