"""Makes the recordings of the sample workspace: three by voices that the embedded model knows, one of them in noise, and one by a voice that it does not.

    python tools/speech/samples.py <folder for states, with the bank of spoken words>

As the recordings of training, they are joined from words, so that it is known when each is said: `said.json` of the fixtures has that.
16 kHz, 16 bits.
"""

import json
import pathlib
import sys
import wave

import numpy as np

from recordings import noise
from train import TAKES
from voices import RATE, bank, known, unknown

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER, SAID = ROOT / "media" / "sample", ROOT / "test" / "fixtures" / "models" / "numbers-speech" / "said.json"

# Who says it, what, and how much louder than the noise it is, in dB.
RECORDINGS = {
    "number.wav": ("espeak-ng en-gb-x-rp+f3", "three hundred and forty two", None),
    "date.wav": ("flite slt", "friday november twenty eight", None),
    "noisy.wav": ("espeak-ng en-us+m7", "seven one nine zero", 8),
    "stranger.wav": ("flite kal", "monday march fourteen", None),
}
PAUSE = 0.08


def joined(clips):
    """The samples, and (start, end) of each word in seconds."""
    pause = np.zeros(round(PAUSE * RATE), np.float32)
    parts, times, at = [pause, pause], [], 2 * len(pause)
    for clip in clips:
        parts += [clip, pause]
        times.append((at / RATE, (at + len(clip)) / RATE))
        at += len(clip) + len(pause)
    return np.concatenate([*parts, pause, pause]), times


def main(states):
    clips = bank(states / "bank", known() + unknown(), TAKES)
    random = np.random.default_rng(28)
    said = {}
    for name, (voice, words, louder) in RECORDINGS.items():
        samples, times = joined([clips[voice, word][1] for word in words.split()])
        said[name] = {"voice": voice, "words": words.split(), "times": [[round(each, 4) for each in pair] for pair in times]}
        if louder is not None:
            samples = samples + 0.1 * 10 ** (-louder / 20) * noise(random, len(samples))
        samples = np.clip(samples / np.abs(samples).max() * 0.7, -1, 1)
        with wave.open(str(FOLDER / name), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes((samples * 32767).round().astype("<i2").tobytes())
        print(name, f"{len(samples) / RATE:.2f} s", words)
    SAID.parent.mkdir(exist_ok=True)
    SAID.write_text(json.dumps(said, indent=2) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
