"""The things that scenes are made of, and their pictures: Noto Color Emoji's, or another style's to see what carries over.

A thing is an adjective, where two glyphs share a noun, the noun, its plural, and its code points.
"""

import functools
import pathlib

from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
"""Of Debian's fonts-noto-color-emoji 2.042 (SIL Open Font License 1.1)."""

THINGS = """
-|cat|cats|🐱
-|dog|dogs|🐶
-|lion|lions|🦁
-|frog|frogs|🐸
-|pig|pigs|🐷
-|panda|pandas|🐼
-|fox|foxes|🦊
-|monkey|monkeys|🐵
-|rabbit|rabbits|🐰
-|mouse|mice|🐭
-|koala|koalas|🐨
-|owl|owls|🦉
-|penguin|penguins|🐧
-|chick|chicks|🐤
-|fish|fish|🐟
-|whale|whales|🐳
-|octopus|octopuses|🐙
-|crab|crabs|🦀
-|bee|bees|🐝
-|ladybird|ladybirds|🐞
-|butterfly|butterflies|🦋
-|snail|snails|🐌
-|turtle|turtles|🐢
-|snake|snakes|🐍
-|elephant|elephants|🐘
red|apple|apples|🍎
green|apple|apples|🍏
-|banana|bananas|🍌
-|lemon|lemons|🍋
-|orange|oranges|🍊
-|pear|pears|🍐
-|pineapple|pineapples|🍍
-|strawberry|strawberries|🍓
-|melon|melons|🍉
-|carrot|carrots|🥕
-|tomato|tomatoes|🍅
-|mushroom|mushrooms|🍄
-|pizza|pizzas|🍕
-|burger|burgers|🍔
-|cake|cakes|🎂
-|cookie|cookies|🍪
-|egg|eggs|🥚
-|car|cars|🚗
-|taxi|taxis|🚕
-|bus|buses|🚌
-|tractor|tractors|🚜
-|rocket|rockets|🚀
-|boat|boats|⛵
-|bicycle|bicycles|🚲
-|plane|planes|✈️
-|tree|trees|🌳
-|palm|palms|🌴
-|cactus|cactuses|🌵
-|rose|roses|🌹
-|tulip|tulips|🌷
-|sunflower|sunflowers|🌻
-|sun|suns|🌞
-|moon|moons|🌙
-|star|stars|⭐
-|cloud|clouds|☁️
-|snowman|snowmen|⛄
-|house|houses|🏠
-|castle|castles|🏰
-|clock|clocks|⏰
-|key|keys|🔑
-|bell|bells|🔔
-|umbrella|umbrellas|☂️
-|balloon|balloons|🎈
-|gift|gifts|🎁
-|guitar|guitars|🎸
-|drum|drums|🥁
-|football|footballs|⚽
-|crown|crowns|👑
-|hat|hats|🎩
-|shoe|shoes|👟
-|robot|robots|🤖
-|ghost|ghosts|👻
red|book|books|📕
green|book|books|📗
blue|book|books|📘
red|heart|hearts|❤️
green|heart|hearts|💚
blue|heart|hearts|💙
yellow|heart|hearts|💛
"""


class Thing:
    def __init__(self, line):
        adjective, self.noun, self.plural, self.emoji = line.split("|")
        self.adjective = None if adjective == "-" else adjective

    def words(self, count):
        """One of it, two of it: ["a", "red", "apple"], ["two", "red", "apples"]."""
        described = [] if self.adjective is None else [self.adjective]
        if count > 1:
            return [{2: "two", 3: "three"}[count], *described, self.plural]
        first = (described or [self.noun])[0]
        return ["an" if first[0] in "aeiou" else "a", *described, self.noun]


things = [Thing(line) for line in THINGS.split()]


def in_square(image):
    """A picture without its margin, in the middle of the smallest square around it."""
    image = image.crop(image.getbbox())
    size = max(image.size)
    square = Image.new("RGBA", (size, size))
    square.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
    return square


class Noto:
    """The glyphs of the font, at its only size."""

    def __init__(self):
        self.font = ImageFont.truetype(FONT, 109)

    @functools.cache
    def picture(self, emoji):
        image = Image.new("RGBA", (160, 160))
        ImageDraw.Draw(image).text((12, 12), emoji, font=self.font, embedded_color=True)
        return in_square(image)


class Folder:
    """Glyphs of another style, as files named by their code points (1f34e.png)."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    @functools.cache
    def picture(self, emoji):
        names = ["-".join(f"{ord(each):x}" for each in emoji), f"{ord(emoji[0]):x}"]
        found = next(path for name in names if (path := self.path / f"{name}.png").exists())
        return in_square(Image.open(found).convert("RGBA"))


class Pictures:
    """A style's pictures in any size, each made once."""

    def __init__(self, style):
        self.style = style

    @functools.cache
    def sized(self, emoji, size):
        return self.style.picture(emoji).resize((size, size), Image.BICUBIC)
