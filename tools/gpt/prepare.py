"""Makes the text that the GPT learns from: the package descriptions of Debian's main archive, as running text.

    python prepare.py <folder>

Fetches `Translation-en.xz` where the folder lacks it, and checks that it is the one of point release 12.15. Writes to the
folder:

- `train.json`, `held.json`: lists of texts. A text is the short description, then the paragraphs of the long one, a line each.
- `tokenizer.json`: byte-level BPE, learned from the training texts.

A paragraph that many packages share is kept once. One package in fifty is held out, by the hash of its name; of those,
only the packages none of whose sentences stand in a training text.
"""

import hashlib
import json
import lzma
import pathlib
import re
import sys
import urllib.request

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

SOURCE = "http://deb.debian.org/debian/dists/bookworm/main/i18n/Translation-en.xz"
SHA256 = "a3d4a0bfd8e9242810b0885eda7c1a6e05dac15b333ddbaab03ba56f2dfa4bf0"
VOCABULARY = 4096
END = "<|endoftext|>"


def fetched(folder):
    path = folder / "Translation-en.xz"
    if not path.exists():
        path.write_bytes(urllib.request.urlopen(SOURCE).read())
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{path} is another release: its SHA-256 is {found}.")
    return lzma.decompress(content).decode("utf-8")


def descriptions(listing):
    """(package, short, paragraphs); a paragraph is a line, an item of a list is one of its own."""
    for stanza in listing.split("\n\n"):
        lines = stanza.split("\n")
        package = lines[0].removeprefix("Package: ")
        start = next((at for at, line in enumerate(lines) if line.startswith("Description-en: ")), None)
        if start is None:
            continue
        short = lines[start].removeprefix("Description-en: ").strip()
        paragraphs, open_one = [], False
        for line in lines[start + 1 :]:
            text = " ".join(line.split())
            if text == ".":
                open_one = False
            elif line.startswith("  ") and not re.match(r"[a-z(]", text):
                paragraphs.append(re.sub(r"^[*+o•·-]\s+", "- ", text))
                open_one = True
            elif open_one:
                paragraphs[-1] += " " + text
            elif text:
                paragraphs.append(text)
                open_one = True
        yield package, short[:1].upper() + short[1:], paragraphs


def sentences(text):
    return [part.strip() for line in text.split("\n") for part in re.split(r"(?<=[.!?:])\s+", line) if len(part) > 20]


def texts(listing):
    seen, train, held = set(), [], []
    for package, short, paragraphs in sorted(descriptions(listing)):
        fresh = [paragraph for paragraph in paragraphs if paragraph not in seen]
        seen.update(fresh)
        text = "\n".join([short, *fresh])
        if len(text) < 120:
            continue
        apart = int.from_bytes(hashlib.sha256(package.encode()).digest()[:4], "big") % 50 == 0
        (held if apart else train).append(text)
    known = {sentence for text in train for sentence in sentences(text)}
    return train, [text for text in held if known.isdisjoint(sentences(text))]


def tokenizer_of(train):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.train_from_iterator(
        train,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=[END],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        ),
    )
    return tokenizer


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    train, held = texts(fetched(folder))
    for name, kept in (("train", train), ("held", held)):
        (folder / f"{name}.json").write_text(json.dumps(kept, ensure_ascii=False))
        print(name, len(kept), "texts,", sum(len(text.encode()) for text in kept), "bytes")
    tokenizer_of(train).save(str(folder / "tokenizer.json"))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
