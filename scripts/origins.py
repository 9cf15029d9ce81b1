"""Tells whether topics and an index were made with the same model and the same quantization, as far as they say it.

Topics say it in FILE.manifest.json, an index of splade-export in the user data of its commit, and a collection that an
index lies in in its manifest.json. What does not say it, such as an index of Anserini, is not compared.
"""

import glob
import hashlib
import json
import os


def differences(topics, index):
    """Yields a sentence for each difference."""
    queries, documents = of_topics(topics), of_index(index)
    if queries is None or documents is None:
        return
    mine, theirs = queries["model"], documents["model"]
    # Topics that a table made name the small files of the model alone.
    other = sorted(name for name in mine.keys() & theirs.keys() if mine[name] != theirs[name])
    if other or not mine.keys() & theirs.keys():
        what = f" ({', '.join(other)})" if other else ""
        yield f"{topics} and {index} were made with different models{what}; their terms and weights do not belong together"
    if queries["quantization"] != documents["quantization"]:
        yield (
            f"{topics} and {index} have different quantizations: {shown(queries['quantization'])} and "
            f"{shown(documents['quantization'])}"
        )


def of_topics(path):
    """What the manifest beside the topics says; nothing if it is of another file."""
    manifest = read_json(f"{path}.manifest.json")
    try:
        with open(path, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        if digest != manifest["file"]["sha256"]:
            return None
        return {"model": dict(manifest["model"]), "quantization": manifest["quantization"]}
    except (OSError, KeyError, TypeError, ValueError):
        return None


def of_index(folder):
    """What the commit of an index says, else the collection in whose folder the index lies."""
    return of_commit(folder) or of_collection(os.path.dirname(os.path.abspath(folder)))


def of_commit(folder):
    try:
        # The newest commit has the largest generation, a number to base 36.
        newest = max(glob.glob(os.path.join(glob.escape(folder), "segments_*")), key=generation)
        with open(newest, "rb") as file:
            commit = file.read()
        return {name: json.loads(user_data(commit, f"splade-export.{name}")) for name in ("model", "quantization")}
    except (OSError, ValueError, IndexError):
        return None


def generation(path):
    return int(path.rpartition("_")[2], 36)


def user_data(commit, key):
    """The text that belongs to a key: both are written with their lengths before them."""
    key = bytes([len(key)]) + key.encode()
    at = commit.index(key) + len(key)
    length = shift = 0
    while True:
        byte = commit[at]
        at += 1
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return commit[at : at + length].decode()


def of_collection(folder):
    manifest = read_json(os.path.join(folder, "manifest.json"))
    try:
        return {"model": dict(manifest["model"]["files"]), "quantization": manifest["quantization"]}
    except (KeyError, TypeError, ValueError):
        return None


def read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def shown(quantization):
    if not isinstance(quantization, dict):
        return "none (float weights)"
    return ", ".join(f"{name} {value}" for name, value in sorted(quantization.items()))
