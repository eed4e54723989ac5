"""Makes src/models/processors/tokenizer/unicode.ts and unicode-scripts.ts: what the `tokenizers` library takes for punctuation, for an accent, and for
nothing at all, asked of the library itself, code point by code point. Its tables are older than those of a JavaScript
engine, and a token's id depends on them.

    pip install tokenizers==0.23.3
    python tools/unicode_tables.py && npx prettier --write src/models/processors/tokenizer/unicode*.ts
"""

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import tokenizers
from tokenizers.normalizers import BertNormalizer, StripAccents
from tokenizers.pre_tokenizers import BertPreTokenizer, Digits, UnicodeScripts, Whitespace

OUTPUT = Path(__file__).resolve().parent.parent / "src/models/processors/tokenizer/unicode.ts"

CODE_POINTS = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
OFF = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
CLEAN = BertNormalizer(**{**OFF, "clean_text": True})
STRIP = BertNormalizer(**{**OFF, "strip_accents": True})
CHINESE = BertNormalizer(**{**OFF, "handle_chinese_chars": True})
SPLIT = BertPreTokenizer()
WORDS = Whitespace()
DIGITS = Digits(individual_digits=True)
SCRIPTS = UnicodeScripts()


def is_removed(character: str) -> bool:
    return CLEAN.normalize_str(f"a{character}b") == "ab"


def is_accent(character: str) -> bool:
    # Only what decomposes no further; the others are made of these.
    return STRIP.normalize_str(f"a{character}") == "a" and unicodedata.normalize("NFD", character) == character


def is_mark(character: str) -> bool:
    return StripAccents().normalize_str(f"a{character}") == "a"


def is_chinese(character: str) -> bool:
    return CHINESE.normalize_str(character) == f" {character} "


def is_punctuation(character: str) -> bool:
    return len(SPLIT.pre_tokenize_str(f"a{character}b")) == 3


def is_word(character: str) -> bool:
    return len(WORDS.pre_tokenize_str(f"a{character}")) == 1 and not character.isspace()


def is_numeric(character: str) -> bool:
    return len(DIGITS.pre_tokenize_str(f"a{character}a")) == 3


def scripts() -> list[str]:
    """The characters of each script that the pre-tokeniser UnicodeScripts tells apart; the first are of none."""
    found: dict[str, list[int]] = {}
    none: list[int] = []
    for code in CODE_POINTS:
        character = chr(code)
        # Of no script is what leaves the one before it and the one behind it together.
        if not SCRIPTS.pre_tokenize_str(character):
            none.append(code)
            continue
        for representative, codes in sorted(found.items(), key=lambda one: -one[1][-1]):
            if len(SCRIPTS.pre_tokenize_str(representative + character)) == 1:
                codes.append(code)
                break
        else:
            found[character] = [code]
    members = [set(codes) for codes in [none, *found.values()]]
    return [ranges(lambda character, of=of: ord(character) in of) for of in members]


def ranges(predicate: Callable[[str], bool]) -> str:
    found: list[list[int]] = []
    for code in CODE_POINTS:
        if not predicate(chr(code)):
            continue
        if found and code in (found[-1][1] + 1, 0xE000 if found[-1][1] == 0xD7FF else -1):
            found[-1][1] = code
        else:
            found.append([code, code])
    return " ".join(f"{a:x}" if a == b else f"{a:x}-{b:x}" for a, b in found)


TEMPLATE = """/** Code points as the `tokenizers` library (tokenizers {version}) classes them. Made by tools/unicode_tables.py. */

/** Removed from text before anything else: control and format characters, private use. */
export const removed = '{removed}';

/** Removed with accents by BERT's normaliser: nonspacing marks. */
export const accents = '{accents}';

/** Removed by the normaliser StripAccents: combining marks of every kind. */
export const marks = '{marks}';

/** Tokens by themselves: CJK ideographs. */
export const ideographs = '{ideographs}';

/** Tokens by themselves: punctuation and ASCII symbols. */
export const punctuation = '{punctuation}';

/** Parts of words: `\\w` of the pre-tokeniser Whitespace. */
export const words = '{words}';

/** Numbers, for the pre-tokeniser Digits. */
export const numbers = '{numbers}';
"""

SCRIPTS_TEMPLATE = """/**
 * The characters of each script that UnicodeScripts of the `tokenizers` library (tokenizers {version}) tells apart; the first are of
 * none. Made by tools/unicode_tables.py.
 */
export const scripts: readonly string[] = {scripts};
"""


if __name__ == "__main__":
    OUTPUT.write_text(
        TEMPLATE.format(
            version=tokenizers.__version__,
            removed=ranges(is_removed),
            accents=ranges(is_accent),
            marks=ranges(is_mark),
            ideographs=ranges(is_chinese),
            punctuation=ranges(is_punctuation),
            words=ranges(is_word),
            numbers=ranges(is_numeric),
        ),
        encoding="utf-8",
    )
    OUTPUT.with_name("unicode-scripts.ts").write_text(
        SCRIPTS_TEMPLATE.format(version=tokenizers.__version__, scripts=json.dumps(scripts())), encoding="utf-8"
    )
