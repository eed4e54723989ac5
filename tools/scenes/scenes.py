"""Scenes of one to three things on a plain ground, with what stands there in words and where.

One kind of thing, or two of which the first is left of or above the second, or three that stand in a row; the words go by
place: left before right, upper before lower. Some pairs of nouns are never put together for training (`is_kept_back`).
"""

import random
import zlib
from dataclasses import dataclass

from PIL import Image

from glyphs import things

SIZE = 64
NOUNS = {each.noun for each in things} | {each.plural for each in things}


@dataclass
class Scene:
    image: Image.Image
    words: list
    boxes: list
    """For each of the words the boxes (x, y, size) of what it names, none for words that are no nouns."""


def is_kept_back(one, other):
    """A tenth of the pairs, chosen by their names."""
    return zlib.crc32("+".join(sorted([one.noun, other.noun])).encode()) % 10 == 0


def ground(random):
    """A light colour that may turn into another one from top to bottom."""
    upper = [random.randint(150, 255) for _ in range(3)]
    lower = [random.randint(150, 255) for _ in range(3)] if random.random() < 0.4 else upper
    column = Image.new("RGB", (1, 2))
    column.putdata([tuple(upper), tuple(lower)])
    return column.resize((SIZE, SIZE), Image.BILINEAR)


def overlap(a, b):
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[2] and b[1] < a[1] + a[2]


def places(random, region, count, largest):
    """Boxes (x, y, size) within a region (x, y, width, height) that do not overlap; smaller where there is no room."""
    left, top, width, height = region
    for attempt in range(1000):
        most = max(12, min(largest - attempt // 10, width, height))
        size = random.randint(max(12, most - 8), most)
        boxes = []
        for _ in range(count):
            box = (left + random.randint(0, width - size), top + random.randint(0, height - size), size)
            if any(overlap(box, other) for other in boxes):
                break
            boxes.append(box)
        else:
            return boxes
    raise ValueError("no room")


def is_plain(placed, across):
    """Whether one kind is left of the other and not as much above it, or the other way round."""
    (left, upper), (right, lower) = [
        (sum(x + size / 2 for x, _, size in boxes) / len(boxes), sum(y + size / 2 for _, y, size in boxes) / len(boxes)) for boxes in placed
    ]
    dx, dy = abs(right - left), abs(lower - upper)
    return dx > 1.4 * dy if across else dy > 1.4 * dx


def make(random, pictures, pairs="trained"):
    """A scene. @param pairs "trained", or "kept back": two kinds whose nouns are never together in training"""
    kinds = 2 if pairs == "kept back" else random.choices([1, 2, 3], [0.2, 0.6, 0.2])[0]
    while True:
        chosen = random.sample(things, kinds)
        couples = [(a, b) for at, a in enumerate(chosen) for b in chosen[:at]]
        back = any(is_kept_back(a, b) for a, b in couples)
        if (not couples or back == (pairs == "kept back")) and len({each.noun for each in chosen}) == kinds:
            break
    across = random.random() < 0.5
    if kinds == 1:
        counts, regions, between = [random.choices([1, 2, 3], [0.4, 0.35, 0.25])[0]], [(0, 0, SIZE, SIZE)], []
    elif kinds == 2:
        most = random.choices([1, 2], [0.45, 0.55])[0]
        counts = [random.randint(1, most), random.randint(1, most)]
        half = SIZE // 2
        regions = [(0, 0, half, SIZE), (half, 0, half, SIZE)] if across else [(0, 0, SIZE, half), (0, half, SIZE, half)]
        between = ["left", "of"] if across else ["above"]
    else:
        counts, third = [1, 1, 1], SIZE // 3
        along = random.randint(0, SIZE - 28)
        regions = [(at * third, along, third, 28) if across else (along, at * third, 28, third) for at in range(3)]
        between = ["and"]
    largest = 32 if kinds == 1 else 28
    placed = [places(random, region, count, largest) for region, count in zip(regions, counts)]
    while kinds == 2 and not is_plain(placed, across):
        placed = [places(random, region, count, largest) for region, count in zip(regions, counts)]
    image, words, boxes = ground(random), [], []
    for at, (thing, count, own) in enumerate(zip(chosen, counts, placed)):
        for x, y, size in own:
            picture = pictures.sized(thing.emoji, size)
            image.paste(picture, (x, y), picture)
        said = ([] if at == 0 else between) + thing.words(count)
        words += said
        boxes += [own if word in (thing.noun, thing.plural) else [] for word in said]
    return Scene(image, words, boxes)


def vocabulary():
    """All words that captions are made of, after the three that are no words."""
    described = {each.adjective for each in things} - {None}
    plain = ["a", "an", "two", "three", "left", "of", "above", "and"]
    return ["<pad>", "<s>", "</s>", "<unk>", *plain, *sorted(described), *sorted(NOUNS - described)]


def stream(seed, pictures, pairs="trained"):
    """Scenes without end, the same for the same seed."""
    source = random.Random(seed)
    while True:
        yield make(source, pictures, pairs)
