"""Encodes texts with one of the peers, in a process of its own, and writes down what it took.

Usage: peer.py SETTINGS.json
SETTINGS has: system (torch, onnx, openvino: sentence-transformers' backends; onnxruntime: ONNX Runtime from Python with
the pooling on the host, as fastembed does it), model (a folder that prepare.py made), texts (JSON Lines with `text`),
batch, max_length, threads, result (the file to write), weights (a file for them, or null).

The result's `seconds` are those of encoding alone, with the model loaded and warm; `start_seconds` those before it.
"""

import json
import os
import sys
import time

STARTED = time.perf_counter()
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "true"

WARM_UP = 8


class SentenceTransformers:
    def __init__(self, settings):
        import sentence_transformers
        import torch
        from sentence_transformers import SparseEncoder
        from sentence_transformers.base.modules import Transformer
        from sentence_transformers.sparse_encoder.modules import SpladePooling

        torch.set_num_threads(settings["threads"])
        self.version = f"sentence-transformers {sentence_transformers.__version__}, torch {torch.__version__}"
        backend = settings["system"]
        options = {"backend": backend, "model_kwargs": self.options(backend, settings)}
        transformer = Transformer(
            os.path.join(settings["model"], backend),
            transformer_task="fill-mask",
            max_seq_length=settings["max_length"],
            **options,
        )
        self.batch = settings["batch"]
        self.model = SparseEncoder(modules=[transformer, SpladePooling("max")], device="cpu")
        self.padded = self.tokens = 0
        forward = transformer.forward

        def counted(features, **kwargs):
            self.padded += features["attention_mask"].numel()
            self.tokens += int(features["attention_mask"].sum())
            return forward(features, **kwargs)

        transformer.forward = counted

    def options(self, backend, settings):
        if backend == "openvino":
            import openvino

            self.runtime = f", openvino {openvino.__version__}"
            return {"ov_config": {"INFERENCE_NUM_THREADS": str(settings["threads"])}}
        if backend == "onnx":
            import onnxruntime

            self.runtime = f", onnxruntime {onnxruntime.__version__}"
            session = onnxruntime.SessionOptions()
            session.intra_op_num_threads = settings["threads"]
            return {"provider": "CPUExecutionProvider", "session_options": session}
        self.runtime = ""
        return {}

    def encode(self, texts):
        self.padded = self.tokens = 0
        return self.model.encode(texts, batch_size=self.batch, show_progress_bar=False)

    @staticmethod
    def rows(weights):
        """Each text's columns and weights."""
        weights = weights.coalesce()
        rows = [([], []) for _ in range(weights.shape[0])]
        for row, column, weight in zip(*weights.indices().tolist(), weights.values().tolist()):
            rows[row][0].append(column)
            rows[row][1].append(weight)
        return rows


class HostPooling:
    """Batches in the order of the input, whole logits as an array on the host, pooled there."""

    def __init__(self, settings):
        import numpy
        import onnxruntime
        import tokenizers

        self.numpy = numpy
        self.version = f"onnxruntime {onnxruntime.__version__}, numpy {numpy.__version__}"
        self.runtime = ""
        folder = os.path.join(settings["model"], "onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = settings["threads"]
        self.session = onnxruntime.InferenceSession(
            os.path.join(folder, "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self.inputs = {each.name for each in self.session.get_inputs()}
        self.tokenizer = tokenizers.Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        self.tokenizer.enable_truncation(settings["max_length"])
        self.tokenizer.enable_padding(pad_id=0)
        self.batch = settings["batch"]
        self.padded = self.tokens = 0

    def encode(self, texts):
        self.padded = self.tokens = 0
        found = []
        for start in range(0, len(texts), self.batch):
            found += self.encode_batch(texts[start : start + self.batch])
        return found

    def encode_batch(self, texts):
        numpy = self.numpy
        encodings = self.tokenizer.encode_batch(texts)
        ids = numpy.array([encoding.ids for encoding in encodings], dtype=numpy.int64)
        mask = numpy.array([encoding.attention_mask for encoding in encodings], dtype=numpy.int64)
        self.padded += mask.size
        self.tokens += int(mask.sum())
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)}
        (logits,) = self.session.run(None, {name: value for name, value in inputs.items() if name in self.inputs})
        weights = numpy.log1p(numpy.maximum(logits, 0)) * mask[:, :, None]
        pooled = weights.max(axis=1)
        columns = [row.nonzero()[0] for row in pooled]
        return [(each, row[each]) for each, row in zip(columns, pooled)]

    @staticmethod
    def rows(weights):
        return [(columns.tolist(), values.tolist()) for columns, values in weights]


def main(path):
    with open(path, encoding="utf-8") as file:
        settings = json.load(file)
    with open(settings["texts"], encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    system = (HostPooling if settings["system"] == "onnxruntime" else SentenceTransformers)(settings)
    started = time.perf_counter() - STARTED
    system.encode(texts[:WARM_UP])
    before = time.perf_counter()
    weights = system.encode(texts)
    seconds = time.perf_counter() - before
    result = {
        "version": system.version + system.runtime,
        "start_seconds": started,
        "seconds": seconds,
        "tokens": system.tokens,
        "padded_tokens": system.padded,
    }
    with open(settings["result"], "w", encoding="utf-8") as file:
        json.dump(result, file)
    if settings["weights"]:
        with open(settings["weights"], "w", encoding="utf-8") as file:
            for columns, values in system.rows(weights):
                file.write(json.dumps([columns, values]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
