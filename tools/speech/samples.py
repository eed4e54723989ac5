"""Makes the recordings of the sample workspace: three by voices that the embedded model knows, one of them in noise, and one by a voice that it does not.

    python tools/speech/samples.py <folder for states, with the bank of spoken words>

As the recordings of training, they are joined from words; 16 kHz, 16 bits.
"""

import pathlib
import sys
import wave

import numpy as np

from recordings import noise
from train import TAKES
from voices import RATE, bank, known, unknown

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "media" / "sample"

# Who says it, what, and how much louder than the noise it is, in dB.
RECORDINGS = {
    "number.wav": ("espeak-ng en-gb-x-rp+f3", "three hundred and forty two", None),
    "date.wav": ("flite slt", "friday november twenty eight", None),
    "noisy.wav": ("espeak-ng en-us+m7", "seven one nine zero", 8),
    "stranger.wav": ("flite kal", "monday march fourteen", None),
}
PAUSE = 0.08


def joined(clips):
    pause = np.zeros(round(PAUSE * RATE), np.float32)
    parts = [pause, pause]
    for clip in clips:
        parts += [clip, pause]
    return np.concatenate([*parts, pause, pause])


def main(states):
    clips = bank(states / "bank", known() + unknown(), TAKES)
    random = np.random.default_rng(28)
    for name, (voice, words, louder) in RECORDINGS.items():
        samples = joined([clips[voice, word][1] for word in words.split()])
        if louder is not None:
            samples = samples + 0.1 * 10 ** (-louder / 20) * noise(random, len(samples))
        samples = np.clip(samples / np.abs(samples).max() * 0.7, -1, 1)
        with wave.open(str(FOLDER / name), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes((samples * 32767).round().astype("<i2").tobytes())
        print(name, f"{len(samples) / RATE:.2f} s", words)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
