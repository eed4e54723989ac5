"""Draws the pictures of the sample workspace: three scenes as the embedded captioner knows them, and a photograph, which it does not.

    pip install pillow==13.0.0 scikit-image==0.25.2     (and Debian's fonts-noto-color-emoji)
    python tools/scenes/samples.py

The photograph is “Chelsea”, which comes with scikit-image: CC0 by the photographer, Stéfan van der Walt.
"""

import pathlib

from PIL import Image
from skimage import data

from glyphs import Noto, Pictures
from scenes import SIZE

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "media" / "sample"

# The colour of the ground, and what stands where: emoji, x, y, size.
SCENES = {
    "apple-and-cats.png": ((214, 228, 240), [("🍎", 4, 19, 25), ("🐱", 38, 4, 24), ("🐱", 37, 34, 24)]),
    "rocket-and-moon.png": ((190, 196, 232), [("🌙", 20, 3, 24), ("🚀", 22, 35, 26)]),
    "three-penguins.png": ((232, 244, 248), [("🐧", 3, 5, 22), ("🐧", 36, 9, 22), ("🐧", 18, 38, 22)]),
}


def draw(ground, placed, pictures):
    image = Image.new("RGB", (SIZE, SIZE), ground)
    for emoji, x, y, size in placed:
        picture = pictures.sized(emoji, size)
        image.paste(picture, (x, y), picture)
    return image


noto = Pictures(Noto())
for name, (ground, placed) in SCENES.items():
    draw(ground, placed, noto).save(FOLDER / name, optimize=True)
Image.fromarray(data.chelsea()).save(FOLDER / "cat.jpg", quality=88)
