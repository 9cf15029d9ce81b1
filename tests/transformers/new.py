"""GTE in NumPy, from its description, for checkpoints of the model's own code (`model_type` new), which transformers
does not read with all their settings.

Zhang et al. 2024, "mGTE": a BERT whose attention rotates queries and keys by their positions (Su et al. 2021), whose
feed-forward layer is gated (Shazeer 2020), and whose query, key and value are one matrix. Its context is made longer by
"NTK-aware" scaling of the rotations: the base and, once more, all frequencies are scaled.
"""

import json
import math

import numpy as np
from safetensors.numpy import load_file, save_file


def save(folder, model, config):
    """Writes a model of transformers under the names and with the configuration of the model's own code."""
    model.save_pretrained(folder)
    path = folder / "model.safetensors"
    tensors = {name.replace("gte.", "new.", 1): tensor for name, tensor in load_file(path).items()}
    save_file(tensors, path)
    saved = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    del saved["rope_parameters"]
    saved |= {"model_type": "new", "architectures": ["NewForMaskedLM"], "position_embedding_type": "rope"}
    saved |= {"layer_norm_type": "layer_norm", "pack_qkv": True, **config}
    (folder / "config.json").write_text(json.dumps(saved), encoding="utf-8")


class New:
    """A checkpoint, computed in double precision."""

    def __init__(self, folder):
        self.config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        tensors = load_file(folder / "model.safetensors")
        self.tensors = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}

    def dense(self, name, x):
        product = x @ self.tensors[f"{name}.weight"].T
        return product + self.tensors.get(f"{name}.bias", 0.0)

    def norm(self, name, x):
        centered = x - x.mean(-1, keepdims=True)
        deviation = np.sqrt((centered**2).mean(-1, keepdims=True) + self.config["layer_norm_eps"])
        return centered / deviation * self.tensors[f"{name}.weight"] + self.tensors[f"{name}.bias"]

    def angles(self, length, size):
        """For each position and each pair of a head's values."""
        scaling = self.config.get("rope_scaling") or {"factor": 1.0}
        base = self.config["rope_theta"] * scaling["factor"]
        frequencies = base ** (-np.arange(0, size, 2) / size) / scaling["factor"] ** (2 / size)
        return np.outer(np.arange(length), frequencies)

    def attention(self, name, x):
        length, hidden = x.shape
        heads = self.config["num_attention_heads"]
        size = hidden // heads
        joined = self.dense(f"{name}.qkv_proj", x).reshape(length, 3, heads, size)
        query, key, value = (joined[:, i].transpose(1, 0, 2) for i in range(3))
        angles = self.angles(length, size)
        scores = rotated(query, angles) @ rotated(key, angles).transpose(0, 2, 1) / math.sqrt(size)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        context = weights / weights.sum(-1, keepdims=True) @ value
        return self.dense(f"{name}.o_proj", context.transpose(1, 0, 2).reshape(length, hidden))

    def feed_forward(self, name, x):
        up, gate = np.split(self.dense(f"{name}.up_gate_proj", x), 2, axis=-1)
        return self.dense(f"{name}.down_proj", up * gelu(gate))

    def logits(self, ids):
        words = self.tensors["new.embeddings.word_embeddings.weight"]
        x = words[ids]
        if "new.embeddings.token_type_embeddings.weight" in self.tensors:
            x = x + self.tensors["new.embeddings.token_type_embeddings.weight"][0]
        x = self.norm("new.embeddings.LayerNorm", x)
        for index in range(self.config["num_hidden_layers"]):
            layer = f"new.encoder.layer.{index}"
            x = self.norm(f"{layer}.attn_ln", x + self.attention(f"{layer}.attention", x))
            x = self.norm(f"{layer}.mlp_ln", x + self.feed_forward(f"{layer}.mlp", x))
        x = self.norm("lm_head.norm", gelu(self.dense("lm_head.dense", x)))
        decoder = words if self.config["tie_word_embeddings"] else self.tensors["lm_head.decoder.weight"]
        return x @ decoder.T + self.tensors["lm_head.decoder.bias"]


def rotated(x, angles):
    """Rotates the values i and i + d/2 of each head, `[heads, length, d]`, by their angle."""
    first, second = np.split(x, 2, axis=-1)
    cosine, sine = np.cos(angles), np.sin(angles)
    return np.concatenate([first * cosine - second * sine, second * cosine + first * sine], axis=-1)


def gelu(x):
    return x * 0.5 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))
