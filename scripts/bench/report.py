"""From runs to a table."""

REFERENCE = "sentence-transformers torch"


def agreement(weights, reference):
    """How the weights compare with the reference's, over all texts."""
    largest, shares, terms = 0.0, [], 0
    for mine, theirs in zip(weights, reference, strict=True):
        for column in mine.keys() | theirs.keys():
            largest = max(largest, abs(mine.get(column, 0.0) - theirs.get(column, 0.0)))
        union = len(mine.keys() | theirs.keys())
        shares.append(len(mine.keys() & theirs.keys()) / union if union else 1.0)
        terms += len(mine)
    return {
        "largest_difference": largest,
        "jaccard": sum(shares) / len(shares),
        "terms_per_document": terms / len(weights),
    }


def summary(result):
    machine = result["machine"]
    lines = [
        f"{machine['cpu']}, {machine['threads']} threads of {machine['cores']} cores, texts cut at "
        f"{machine['max_length']} tokens, medians of {machine['repetitions']} interleaved repetitions, "
        f"commit {machine['commit'] or 'unknown'}.",
        "",
        "Rates are with the model loaded (loading is under start). That of splade-export is from the first document read "
        "to the last byte of the collection written; the peers' is that of encoding alone, warm, at the best of the batch "
        f"sizes {', '.join(map(str, machine['batches']))}. Ratio, largest difference of a weight and Jaccard index of "
        f"the terms are against {REFERENCE}.",
    ]
    for model in result["models"]:
        lines += ["", f"### {model['model']}, {model['documents']} documents", "", *table(model["rows"])]
        missing = model["unsupported"] | model["problems"]
        lines += [""] * bool(missing)
        lines += [f"- not measured: {name}: {why.splitlines()[0]}" for name, why in missing.items()]
        for name, row in model["rows"].items():
            if row["timings"]:
                lines += ["", f"Stages of {name}:", "", *stages(row["timings"])]
    return "\n".join(lines) + "\n"


def table(rows):
    yield (
        "| system | documents/s | ratio | tokens/s | padding | peak memory | start | terms | largest difference | Jaccard |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    reference = rows.get(REFERENCE)
    for name, row in sorted(rows.items(), key=lambda item: -item[1]["documents_per_second"]):
        batch = f", batch {row['batch']}" if row["batch"] else ""
        rate = row["documents_per_second"]
        ratio = f"{rate / reference['documents_per_second']:.2f}" if reference else "–"
        padding = "–" if row["padding_share"] is None else f"{row['padding_share']:.1%}"
        difference, jaccard, terms = "–", "–", "–"
        if "jaccard" in row:
            difference = "" if name == REFERENCE else f"{row['largest_difference']:.1e}"
            jaccard = "" if name == REFERENCE else f"{row['jaccard']:.4f}"
            terms = f"{row['terms_per_document']:.0f}"
        yield (
            f"| {name}{batch} | {rate:.1f} | {ratio} | {row['tokens_per_second']:.0f} | {padding} "
            f"| {row['peak_memory_mb']:.0f} MB | {row['start_seconds']:.1f} s | {terms} | {difference} | {jaccard} |"
        )


def stages(timings):
    """Whatever the program wrote, a number a row."""
    yield "| stage | value |"
    yield "|---|--:|"
    yield from (f"| {name} | {value:g} |" for name, value in numbers("", timings))


def numbers(prefix, value):
    if isinstance(value, dict):
        for key, each in value.items():
            yield from numbers(f"{prefix}{key}." if isinstance(each, dict) else f"{prefix}{key}", each)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield prefix, value
