"""Recordings joined from words that were spoken each by itself, so that the time of every word is known.

Numbers, dates, and words in no order (so that the decoder cannot guess what comes next), with pauses, other speeds, filters and noise.
"""

from dataclasses import dataclass

import numpy as np

from voices import DAYS, MONTHS, RATE, TENS, UNITS, WORDS


@dataclass
class Recording:
    samples: np.ndarray
    words: list
    times: list
    """(start, end) of each word, in seconds."""


def number(random, below):
    value = int(random.integers(below))
    words = []
    if value >= 1000:
        words += number_of(value // 1000) + ["thousand"]
    if value % 1000 >= 100:
        words += [UNITS[value % 1000 // 100], "hundred"] + (["and"] if value % 100 and random.random() < 0.5 else [])
    return words + (number_of(value % 100) if value % 100 or not words else [])


def number_of(value):
    if value < 20:
        return [UNITS[value]]
    return [TENS[value // 10 - 2]] + ([UNITS[value % 10]] if value % 10 else [])


def phrase(random, most):
    match int(random.integers(6)):
        case 0:
            words = number(random, 100000)
        case 1:
            words = [UNITS[each] for each in random.integers(0, 10, random.integers(1, most + 1))]
        case 2:
            words = [DAYS[random.integers(7)], MONTHS[random.integers(12)], *number_of(int(random.integers(1, 32)))]
        case _:
            words = [WORDS[each] for each in random.integers(0, len(WORDS), random.integers(1, most + 1))]
    return words[:most]


def faster(clip, factor):
    """As a tape that runs faster: shorter and higher."""
    at = np.arange(0, len(clip) - 1, factor)
    return np.interp(at, np.arange(len(clip)), clip).astype(np.float32)


def noise(random, count):
    """From white to red; of mean power 1."""
    spectrum = np.fft.rfft(random.standard_normal(count))
    spectrum *= np.arange(1, len(spectrum) + 1) ** (-random.uniform(0, 1))
    sound = np.fft.irfft(spectrum, count)
    return (sound / np.sqrt(np.mean(sound**2) + 1e-12)).astype(np.float32)


def record(random, clips, voices, seconds, most, hard=True):
    """
    One voice says as many words as fit.
    @param hard: with other speeds, filters and noise; else the clips as they are, with pauses
    """
    count = round(seconds * RATE)
    voice = voices[random.integers(len(voices))]
    factor = random.uniform(0.87, 1.15) if hard else 1.0
    samples, words, times = np.zeros(count, np.float32), [], []
    at = int(random.uniform(0.02, 0.3) * RATE)
    for word in phrase(random, most):
        takes = clips[voice, word]
        clip = takes[random.integers(len(takes))]
        if hard:
            clip = faster(clip, factor * random.uniform(0.95, 1.05)) * random.uniform(0.7, 1.4)
        if at + len(clip) > count - RATE // 50:
            break
        samples[at : at + len(clip)] += clip
        words.append(word)
        times.append((at / RATE, (at + len(clip)) / RATE))
        at += len(clip) + int(random.exponential(0.06) * RATE)
    if hard:
        if random.random() < 0.7:  # a tilt of up to 9 dB, a bend of up to 6, and at times a telephone's band
            spectrum = np.fft.rfft(samples)
            bins = np.linspace(0, 1, len(spectrum))
            gain = random.uniform(-9, 9) * (bins - 0.3) + random.uniform(-6, 6) * np.cos(np.pi * (bins * random.uniform(1, 4) + random.random()))
            if random.random() < 0.15:
                gain = gain - 40 * ((bins < 0.03) | (bins > 0.43))
            samples = np.fft.irfft(spectrum * 10 ** (gain / 20), count).astype(np.float32)
        samples = samples + 0.1 * 10 ** (-random.uniform(5, 45) / 20) * noise(random, count)
    return Recording(samples * 10 ** random.uniform(-1, 0.3), words, times)
