#!/usr/bin/env python3
"""Encodes a corpus on a Ray cluster: ``python -m splade_export.ray`` under a name beside slurm.sh."""

from splade_export.ray import main

main()
