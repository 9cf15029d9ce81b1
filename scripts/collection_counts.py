"""Prints what an index of a collection must hold, for build_index.sh to compare with.

Usage: collection_counts.py COLLECTION
Prints one line: documents, empty ones, postings, sum of impacts, and the folder to index.
"""

import os
import sys

from impact_files import InputError, count_collection, read_manifest


def main(collection):
    manifest = os.path.join(collection, "manifest.json")
    parts = os.path.join(collection, "documents")
    if os.path.isfile(manifest):
        if not os.path.isdir(parts):
            raise InputError(f"{collection} has a manifest.json but no folder documents/")
        counts, folder = read_manifest(manifest), parts
    else:
        counts, folder = count_collection(collection), collection
    if counts[0] == counts[1]:
        raise InputError(f"{folder} holds no document with terms: there is nothing to index")
    print(*counts, folder)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except InputError as error:
        sys.exit(f"error: {error}")
