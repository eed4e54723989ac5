"""Words spoken by Debian's synthesisers, each by itself, at 16 kHz: the bank from which recordings are joined.

    apt-get install espeak-ng flite festival festvox-kdlpc16k festvox-kallpc16k

Licences, as /usr/share/doc/*/copyright has them: espeak-ng 1.51 (program and voice data GPL-3 or later; sound that it
makes is no part of it, and nothing of the program is kept), flite 2.2 with its voices awb, rms, slt and kal (CMU's, as BSD),
festvox-kdlpc16k and festvox-kallpc16k (University of Edinburgh's, as MIT). mbrola's voices are not free and are not used.
"""

import concurrent.futures
import pathlib
import subprocess
import tempfile
import wave
from dataclasses import dataclass

import numpy as np

RATE = 16000
UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
MONTHS = "january february march april may june july august september october november december".split()
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
WORDS = UNITS + TENS + ["hundred", "thousand", "and"] + MONTHS + DAYS

ACCENTS = ["en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-029", "en-gb-x-gbclan"]
VARIANTS = (
    "m1 m2 m3 m4 m5 m6 m7 f1 f2 f3 f4 f5 klatt klatt2 klatt3 klatt4 Alex Andrea Annie Denis Diogo Gene Jacky Lee Mario Michael "
    "anika adam belinda caleb david ed linda max paul rob steph travis victor zac"
).split()


@dataclass(frozen=True)
class Voice:
    name: str
    program: str
    setting: str


def known():
    """What is trained on: 40 variants of espeak-ng, its accents in turn, and three of flite's."""
    formants = [Voice(f"espeak-ng {ACCENTS[at % 6]}+{each}", "espeak-ng", f"{ACCENTS[at % 6]}+{each}") for at, each in enumerate(VARIANTS)]
    return formants + [Voice(f"flite {each}", "flite", each) for each in ("awb", "rms", "slt")]


def unknown():
    """Of another family than any that is trained on: diphones, of three voices."""
    return [
        Voice("festival kdl", "festival", "voice_ked_diphone"),
        Voice("festival kal", "festival", "voice_kal_diphone"),
        Voice("flite kal", "flite", "kal16"),
    ]


def resampled(samples, rate):
    """To 16 kHz by Fourier's series: short clips that end in silence."""
    if rate == RATE:
        return samples
    count = round(len(samples) * RATE / rate)
    spectrum = np.fft.rfft(samples)
    return np.fft.irfft(spectrum[: count // 2 + 1], count) * (count / len(samples))


def trimmed(samples):
    """Without what is more than 40 dB under the loudest 10 ms, but for 10 ms on each side; scaled to the same loudness."""
    frame = RATE // 100
    power = np.array([np.mean(samples[at : at + frame] ** 2) for at in range(0, len(samples) - frame, frame)])
    loud = np.flatnonzero(power > power.max() * 1e-4)
    clip = samples[max(0, loud[0] - 1) * frame : (loud[-1] + 2) * frame]
    return (clip / np.sqrt(np.mean(clip**2)) * 0.1).astype(np.float32)


def spoken(voice, word, speed, pitch):
    """@param speed, pitch: 1 as the voice is made; programs that have no pitch leave it"""
    with tempfile.TemporaryDirectory() as folder:
        out, text = pathlib.Path(folder) / "said.wav", pathlib.Path(folder) / "word.txt"
        text.write_text(word)
        match voice.program:
            case "espeak-ng":
                command = ["espeak-ng", "-v", voice.setting, "-s", f"{165 * speed:.0f}", "-p", f"{50 * pitch:.0f}", "-w", out, word]
            case "flite":
                command = ["flite", "-voice", voice.setting, "--setf", f"duration_stretch={1 / speed:.3f}", "-t", word, "-o", out]
            case "festival":
                stretch = f"(Parameter.set 'Duration_Stretch {1 / speed:.3f})"
                command = ["text2wave", "-eval", f"({voice.setting})", "-eval", stretch, text, "-o", out]
        subprocess.run(command, capture_output=True, check=True)
        with wave.open(str(out)) as sound:
            samples = np.frombuffer(sound.readframes(2**22), "<i2").astype(np.float64) / 32768
            return trimmed(resampled(samples, sound.getframerate()))


def bank(folder, voices, takes):
    """(voice name, word) → clips; made once and kept in the folder, one file a voice."""
    found = {}
    for voice in voices:
        path = folder / (voice.name.replace(" ", "-").replace("+", "-") + ".npz")
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            jobs = [(word, take) for word in WORDS for take in range(len(takes))]
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                clips = list(pool.map(lambda job: spoken(voice, job[0], *takes[job[1]]), jobs))
            np.savez(path.with_suffix(".new.npz"), **{f"{word} {take}": clip for (word, take), clip in zip(jobs, clips)})
            path.with_suffix(".new.npz").replace(path)
        with np.load(path) as kept:
            for name in kept.files:
                found.setdefault((voice.name, name.split()[0]), []).append(kept[name])
    return found
