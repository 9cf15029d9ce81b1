"""Makes a model that costs next to nothing, to measure everything but the encoder.

Usage: made_table_model.py TOKENIZER FOLDER
  TOKENIZER  the tokenizer.json to use

The model is an ONNX file whose weights are a row of a table, chosen by a text's first two tokens. A row has 180 terms
that are not zero, about as many as a SPLADE model gives a text of 240 tokens.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

ROWS = 256
TERMS = 180
INPUTS = ["input_ids", "attention_mask"]


def table(columns):
    random = numpy.random.default_rng(1)
    # Some terms are common and most are rare, as in every language.
    shares = 1 / (numpy.arange(columns) + 50)
    order = random.permutation(columns)
    rows = numpy.zeros((ROWS, columns), dtype=numpy.float32)
    for row in rows:
        terms = order[random.choice(columns, TERMS, replace=False, p=shares / shares.sum())]
        row[terms] = 0.01 + 3 * random.random(TERMS) ** 3
    return rows


def model(columns):
    constants = {
        "table": table(columns),
        "places": numpy.array([1, 2], dtype=numpy.int64),
        "factors": numpy.array([7, 1], dtype=numpy.int64),
        "rows": numpy.array(ROWS, dtype=numpy.int64),
        "axis": numpy.array([1], dtype=numpy.int64),
    }
    nodes = [
        helper.make_node("Gather", ["input_ids", "places"], ["first"], axis=1),
        helper.make_node("Gather", ["attention_mask", "places"], ["present"], axis=1),
        helper.make_node("Mul", ["first", "present"], ["ids"]),
        helper.make_node("Mul", ["ids", "factors"], ["mixed"]),
        helper.make_node("ReduceSum", ["mixed", "axis"], ["number"], keepdims=0),
        helper.make_node("Mod", ["number", "rows"], ["row"]),
        helper.make_node("Gather", ["table", "row"], ["weights"], axis=0),
    ]
    graph = helper.make_graph(
        nodes,
        "table",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in INPUTS],
        [helper.make_tensor_value_info("weights", TensorProto.FLOAT, ["batch", columns])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def main(tokenizer, folder):
    described = json.loads(tokenizer.read_text(encoding="utf-8"))
    columns = len(described["model"]["vocab"])
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    onnx.save(model(columns), unfinished / "model.onnx")
    shutil.copy(tokenizer, unfinished / "tokenizer.json")
    unfinished.rename(folder)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
