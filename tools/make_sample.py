"""Makes the matrix files of the sample workspace, media/sample, from one sentence.

The numbers are not a trained model's. They are made so that the attention means something: every word is a vector of
its meaning and a vector of its place, and one head reads both: the first part of its queries and keys looks for the
same or a related word ("it" is given a good part of "cat", so it looks back at the cat), the last part for the word
before. So its weights show the diagonal beside the main one, and words that belong together.

    python tools/make_sample.py        (needs numpy and safetensors)
"""

import json
import pathlib
import zlib

import numpy as np
from safetensors.numpy import save_file

SENTENCE = "the cat slept on the warm mat because it was tired"
MEANING, PLACE, HEAD = 24, 8, 32
PERIODS = [3.0, 5.0, 7.0, 11.0]
FOLDER = pathlib.Path(__file__).resolve().parent.parent / "media" / "sample"


def meaning(word: str) -> np.ndarray:
    """A direction of its own for every word, the same wherever it stands. (MEANING,)"""
    vector = np.random.default_rng(zlib.crc32(word.encode())).normal(size=MEANING)
    return vector / np.linalg.norm(vector)


def related(word: str) -> np.ndarray:
    """The word's meaning with a share of what it refers to. (MEANING,)"""
    kin = {"it": "cat", "tired": "slept", "mat": "on"}
    vector = meaning(word) + (1.4 * meaning(kin[word]) if word in kin else 0)
    return vector / np.linalg.norm(vector)


def place(position: int) -> np.ndarray:
    """Sines and cosines of the position (Vaswani et al. 2017, section 3.5), with short periods. (PLACE,)"""
    periods = np.array(PERIODS)
    angle = 2 * np.pi * position / periods
    return np.concatenate([np.sin(angle), np.cos(angle)]) / 2


def one_before() -> np.ndarray:
    """Turns the vector of a place into the vector of the place before it, from the right. (PLACE, PLACE)"""
    matrix = np.zeros((PLACE, PLACE))
    for at, period in enumerate(PERIODS):
        step = 2 * np.pi / period
        sine, cosine = at, at + PLACE // 2
        matrix[sine, sine] = matrix[cosine, cosine] = np.cos(step)
        matrix[cosine, sine] = -np.sin(step)
        matrix[sine, cosine] = np.sin(step)
    return matrix


def softmax(scores: np.ndarray) -> np.ndarray:
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def main() -> None:
    words = SENTENCE.split()
    # (n, d_model)
    x = np.stack([np.concatenate([related(word), place(at)]) for at, word in enumerate(words)])

    # One part of the head reads meanings through a shared random basis, the other reads places.
    basis = np.linalg.qr(np.random.default_rng(11).normal(size=(MEANING, MEANING)))[0][:, : HEAD - PLACE]
    likeness, nearness = 3.9, 4.2
    # (d_model, d_k)
    w_q = np.zeros((MEANING + PLACE, HEAD))
    w_k = np.zeros((MEANING + PLACE, HEAD))
    w_q[:MEANING, : HEAD - PLACE] = w_k[:MEANING, : HEAD - PLACE] = likeness * basis
    w_q[MEANING:, HEAD - PLACE :] = nearness * one_before()
    w_k[MEANING:, HEAD - PLACE :] = nearness * np.eye(PLACE)
    # (d_model, d_v)
    w_v = np.random.default_rng(12).normal(size=(MEANING + PLACE, HEAD)) / np.sqrt(MEANING + PLACE)

    x, w_q, w_k, w_v = (matrix.astype(np.float32) for matrix in (x, w_q, w_k, w_v))
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    weights = softmax(q.astype(np.float64) @ k.astype(np.float64).T / np.sqrt(HEAD))

    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, matrix in {"Q": q, "K": k, "V": v}.items():
        np.save(FOLDER / f"{name}.npy", matrix)
    np.savez_compressed(FOLDER / "qkv.npz", Q=q, K=k, V=v)
    for stem in ("Q", "qkv", "projections"):
        write(f"{stem}.tokens.json", json.dumps(words))
    save_file({"X": x, "W_Q": w_q, "W_K": w_k, "W_V": w_v}, FOLDER / "projections.safetensors")
    write("weights.csv", table(words, weights))
    # Shape and name tell nothing here: the extension asks.
    np.save(FOLDER / "mystery.npy", (q @ k.T).astype(np.float32))
    rounded = {name: np.round(matrix.astype(float), 4).tolist() for name, matrix in {"Q": q, "K": k, "V": v}.items()}
    write("qkv.json", json.dumps({"tokens": words, **rounded}))


def table(words: list[str], weights: np.ndarray) -> str:
    rows = [",".join(["", *words])]
    rows += [",".join([word, *(f"{weight:.6f}" for weight in row)]) for word, row in zip(words, weights)]
    return "\n".join(rows)


def write(name: str, text: str) -> None:
    (FOLDER / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
