"""Trains `numbers-speech`, a small Whisper for spoken numbers, days and months, and measures it as it is kept (float16).

    pip install torch==2.13.0 transformers==5.24.0 tokenizers safetensors     (and the synthesisers that voices.py names)
    python train.py train <folder for states> [steps] [most minutes of this run]
    python train.py export <folder for states> <folder for the model>

80 mel bins, 4 s, d 96, 3 + 2 layers of 4 heads. From short recordings to long ones; beside the text, a linear map of the
encoder's states is trained to tell which word is heard at each frame, and is thrown away. Training goes on from the last state,
which is kept every ten minutes.
"""

import itertools
import json
import math
import pathlib
import sys
import time

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import nn
from torch.nn import functional as F
from transformers import PreTrainedTokenizerFast, WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

from recordings import record
from voices import RATE, WORDS, bank, known, unknown

WIDTH, SECONDS, LENGTH, BATCH = 96, 4, 20, 48
END, START, UNTIMED = len(WORDS), len(WORDS) + 1, len(WORDS) + 2
NUMBER = {word: at for at, word in enumerate(WORDS)}
HERE = pathlib.Path(__file__).resolve().parent
README, FROM, TO = HERE.parents[1] / "README.md", "<!-- speech: begin -->", "<!-- speech: end -->"
HOP, FRAMES = 160, SECONDS * 50
TAKES = [(0.85, 0.7), (1.0, 1.0), (1.0, 1.3), (1.25, 1.1)]
EXTRACTOR = WhisperFeatureExtractor(feature_size=80, chunk_length=SECONDS)
FILTERS = torch.from_numpy(EXTRACTOR.mel_filters).float()  # (frequency, mel)


def build():
    config = WhisperConfig(
        vocab_size=len(WORDS) + 3, num_mel_bins=80, d_model=WIDTH, encoder_layers=3, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=4 * WIDTH, decoder_ffn_dim=4 * WIDTH, max_source_positions=FRAMES,
        max_target_positions=LENGTH, decoder_start_token_id=START, pad_token_id=END, bos_token_id=END, eos_token_id=END,
        suppress_tokens=[], begin_suppress_tokens=[], median_filter_width=7,
    )  # fmt: skip
    return WhisperForConditionalGeneration(config)


def features(samples):
    """As WhisperFeatureExtractor makes them. // (recording, sample) → (recording, mel, frame)"""
    power = torch.stft(samples, 400, HOP, window=torch.hann_window(400), return_complex=True)[..., :-1].abs() ** 2
    logarithm = (FILTERS.T @ power).clamp(min=1e-10).log10()
    return (torch.maximum(logarithm, logarithm.amax((1, 2), keepdim=True) - 8) + 4) / 4


def warped(mel, random):
    """As longer or shorter throats would sound: the mel axis stretched by up to 12 %, and a band or a moment left out."""
    out = torch.empty_like(mel)
    for row, each in enumerate(mel):
        size = 80 * random.uniform(0.88, 1.12)
        stretched = F.interpolate(each.T[:, None], size=round(size), mode="linear")[:, 0, :80].T  # (mel, frame)
        out[row] = each.amin()
        out[row, : len(stretched)] = stretched
        if random.random() < 0.5:
            at, count = random.integers(0, 72), random.integers(1, 8)
            out[row, at : at + count] = each.mean()
    return out


def encoded(model, mel):
    """The encoder on sound of any length: positions count from the start."""
    encoder = model.model.encoder
    states = F.gelu(encoder.conv2(F.gelu(encoder.conv1(mel)))).permute(0, 2, 1)
    states = states + encoder.embed_positions.weight[: states.shape[1]]
    for layer in encoder.layers:
        states = layer(states, None)
    return encoder.layer_norm(states)  # (recording, frame, width)


def decoded(model, ids, states):
    return model.proj_out(model.model.decoder(input_ids=ids, encoder_hidden_states=states, use_cache=False).last_hidden_state)


def targets(recordings, frames):
    """What is read, what is written (−100 where nothing is), and what is heard in each frame (the last class: nothing)."""
    read = torch.full((len(recordings), LENGTH), END)
    written = torch.full((len(recordings), LENGTH), -100)
    heard = torch.full((len(recordings), frames), len(WORDS))
    for row, each in enumerate(recordings):
        ids = [NUMBER[word] for word in each.words]
        read[row, : 2 + len(ids)] = torch.tensor([START, UNTIMED, *ids])
        written[row, 1 : 2 + len(ids)] = torch.tensor([*ids, END])
        for id, (start, end) in zip(ids, each.times):
            heard[row, round(start * 50) : round(end * 50)] = id
    return read, written, heard


@torch.no_grad()
def transcripts(model, mel):
    states = encoded(model, mel)
    ids = torch.tensor([[START, UNTIMED]]).repeat(len(mel), 1)
    for _ in range(LENGTH - 2):
        ids = torch.cat([ids, decoded(model, ids, states)[:, -1:, : END + 1].argmax(-1)], 1)
    return [[WORDS[each] for each in itertools.takewhile(lambda each: each != END, row[2:])] for row in ids.tolist()]


def edits(said, meant):
    row = list(range(len(meant) + 1))
    for at, word in enumerate(said, 1):
        before, row[0] = row[0], at
        for to, other in enumerate(meant, 1):
            before, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, before + (word != other))
    return row[-1]


def word_errors(model, recordings):
    wrong = 0
    for at in range(0, len(recordings), 64):
        part = recordings[at : at + 64]
        said = transcripts(model, features(torch.from_numpy(np.stack([each.samples for each in part]))))
        wrong += sum(edits(each, one.words) for each, one in zip(said, part))
    return wrong / sum(len(each.words) for each in recordings)


def many(seed, clips, voices, count, hard):
    random = np.random.default_rng(seed)
    made = (record(random, clips, voices, SECONDS, 8, hard) for _ in itertools.count())
    return list(itertools.islice((each for each in made if each.words), count))


def keep(path, state):
    torch.save(state, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def train(folder, steps, minutes):
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    clips, voices = bank(folder / "bank", known(), TAKES), [each.name for each in known()]
    model, listener = build(), nn.Linear(WIDTH, len(WORDS) + 1)
    parameters = [each for each in itertools.chain(model.parameters(), listener.parameters()) if each.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=2e-3, weight_decay=0.01, betas=(0.9, 0.98))
    step, path = 0, folder / "state.pt"
    if path.exists():
        state = torch.load(path)
        model.load_state_dict(state["model"])
        listener.load_state_dict(state["listener"])
        optimiser.load_state_dict(state["optimiser"])
        step = state["step"]
    state = lambda: {"model": model.state_dict(), "listener": listener.state_dict(), "optimiser": optimiser.state_dict(), "step": step}  # noqa: E731
    # A seed of its own for each run: what is gone on with hears other recordings.
    random, held = np.random.default_rng(step + 1), many(10**9, clips, voices, 128, True)
    begun = kept = time.time()
    while step < steps and time.time() - begun < 60 * minutes:
        share = step / steps
        rate = 2e-3 * min(1, (step + 1) / 300) * (0.5 * (1 + math.cos(math.pi * share)) * 0.98 + 0.02)
        for group in optimiser.param_groups:
            group["lr"] = rate
        # Two thirds of the way to four seconds and eight words; before, every fourth batch is long already from a third on.
        seconds = SECONDS if share > 0.66 or (share > 0.33 and step % 4 == 0) else 1.0 + 4.5 * share
        made = [record(random, clips, voices, seconds, max(1, round(2 * seconds))) for _ in range(BATCH)]
        mel = warped(features(torch.from_numpy(np.stack([each.samples for each in made]))), random)
        states = encoded(model, mel)
        read, written, heard = targets(made, states.shape[1])
        told = F.cross_entropy(decoded(model, read, states).flatten(0, 1), written.flatten())
        loss = told + (1 - 0.8 * share) * F.cross_entropy(listener(states).flatten(0, 1), heard.flatten())
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        step += 1
        if step % 100 == 0:
            print(step, f"{(time.time() - begun) / 60:.1f} min", f"{seconds:.1f} s", f"text {told.item():.4f} all {loss.item():.4f}", flush=True)
        if step % 1000 == 0:
            print("word errors on known voices, with noise", word_errors(model, held), flush=True)
        if time.time() - kept > 600:
            keep(path, state())
            kept = time.time()
    keep(path, state())


def tokenizer():
    """Each word with the space before it, as Whisper's own has them: by these its alignment tells words apart."""
    special = ["<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>"]
    numbered = {"\u0120" + word: number for word, number in NUMBER.items()} | {each: len(WORDS) + at for at, each in enumerate(special)}
    own = Tokenizer(models.WordLevel(numbered, unk_token="<|endoftext|>"))
    own.pre_tokenizer, own.decoder = pre_tokenizers.ByteLevel(add_prefix_space=True), decoders.ByteLevel()
    own.add_special_tokens(special)
    return PreTrainedTokenizerFast(
        tokenizer_object=own, bos_token="<|endoftext|>", eos_token="<|endoftext|>", pad_token="<|endoftext|>", unk_token="<|endoftext|>",
        model_max_length=LENGTH,
    )  # fmt: skip


@torch.no_grad()
def crossings(model, one):
    """The weights of every head for a recording's own text. // (layer, head, token, frame)"""
    mel = features(torch.from_numpy(one.samples)[None])
    read = torch.tensor([[START, UNTIMED, *(NUMBER[word] for word in one.words), END]])
    model.set_attn_implementation("eager")
    given = model.model.decoder(input_ids=read, encoder_hidden_states=encoded(model, mel), output_attentions=True, use_cache=False)
    model.set_attn_implementation("sdpa")
    return torch.stack(given.cross_attentions)[:, 0]  # (layer, head, token, frame), rows from START to END


def pointing(model, recordings):
    """How often a head's weights, where a word is written, are largest within the word as it was said; and by chance."""
    hits, chance, count = 0, 0.0, 0
    for one in recordings:
        rows = crossings(model, one)[:, :, 1:-2].argmax(-1)  # (layer, head, word)
        for at, (start, end) in enumerate(one.times):
            peak = (rows[:, :, at] + 0.5) / 50
            hits = hits + ((peak >= start) & (peak <= end)).float()
            chance, count = chance + (end - start) / SECONDS, count + 1
    return hits / count, chance / count


def warping(cost):
    """The cheapest way from the first cell to the last: for each row the first column."""
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0
    for row, column in itertools.product(range(rows), range(columns)):
        total[row + 1, column + 1] = cost[row, column] + min(total[row, column], total[row, column + 1], total[row + 1, column])
    first, row, column = [0] * rows, rows, columns
    while row > 0 and column > 0:
        first[row - 1] = column - 1
        row, column = min((row - 1, column - 1), (row - 1, column), (row, column - 1), key=lambda each: total[each])
    return first


def alignment_errors(model, recordings, heads):
    """Seconds between where words begin and where alignment, as OpenAI does it, has them begin; all known texts."""
    errors = []
    for one in recordings:
        weights = crossings(model, one)
        chosen = torch.stack([weights[layer, head] for layer, head in heads])  # (head, token, frame)
        spoken = math.ceil((one.times[-1][1] + 0.2) * 50)
        chosen = chosen[:, :, :spoken] / chosen[:, :, :spoken].sum(-1, keepdim=True)
        chosen = (chosen - chosen.mean(1, keepdim=True)) / chosen.std(1, keepdim=True, unbiased=False)
        smooth = F.pad(chosen, (3, 3), mode="reflect").unfold(-1, 7, 1).median(-1).values.mean(0)
        first = warping(-smooth[1:-1].double().numpy())
        errors += [abs(first[at] / 50 - start) for at, (start, _) in enumerate(one.times)]
    return errors


def export(states, folder):
    model = build()
    model.load_state_dict(torch.load(states / "state.pt")["model"])
    model.half().save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    EXTRACTOR.save_pretrained(folder)
    measured = WhisperForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    clips, foreign = bank(states / "bank", known(), TAKES), bank(states / "bank", unknown(), TAKES[:2] + TAKES[3:])
    own, others = [each.name for each in known()], [each.name for each in unknown()]
    plain = many(10**9 + 1, clips, own, 600, False)
    share, chance = pointing(measured, plain[:200])
    order = sorted(itertools.product(range(2), range(4)), key=lambda at: -share[at])
    heads = sorted(at for at in order if share[at] >= max(0.8, share[order[0]] - 0.1)) or order[:1]
    generation = measured.generation_config
    # Else transformers takes none of it when the model is read again.
    generation._from_model_config = False
    generation.alignment_heads = [list(each) for each in heads]
    generation.no_timestamps_token_id, generation.is_multilingual, generation.max_length = UNTIMED, False, LENGTH
    generation.suppress_tokens, generation.begin_suppress_tokens, generation.forced_decoder_ids = [], [], None
    generation.save_pretrained(folder)
    errors = alignment_errors(measured, plain[200:400], heads)
    foreign_errors = alignment_errors(measured, many(10**9 + 2, foreign, others, 200, False), heads)
    facts = {
        "known voices": own,
        "unknown voices": others,
        "parameters": sum(each.numel() for each in measured.parameters()),
        "word errors, known voices": word_errors(measured, plain),
        "word errors, known voices, with noise and other speeds": word_errors(measured, many(10**9 + 3, clips, own, 600, True)),
        "word errors, unknown voices": {
            each: word_errors(measured, many(10**9 + 4, foreign, [each], 200, False)) for each in others
        },
        "peaks within the true word, by layer and head": share.tolist(),
        "peaks within the true word, by chance": chance,
        "seconds between true and aligned beginnings, known voices": {"median": float(np.median(errors)), "mean": float(np.mean(errors))},
        "seconds between true and aligned beginnings, unknown voices": {
            "median": float(np.median(foreign_errors)), "mean": float(np.mean(foreign_errors)),
        },
    }  # fmt: skip
    (folder / "measured.json").write_text(json.dumps(facts, indent=2) + "\n")
    (folder / "README.md").write_text((HERE / "card.md").read_text().format(**said(facts)))
    for file in folder.iterdir():
        file.chmod(0o644)
    before, rest = README.read_text().split(FROM)
    README.write_text(f"{before}{FROM}\n\n{tables(facts)}\n\n{TO}{rest.split(TO)[1]}")
    print(json.dumps(facts, indent=2))


def percent(share):
    return f"{100 * share:.1f} %"


def said(facts):
    """What is measured, as the model's card and README say it."""
    peaks = facts["peaks within the true word, by layer and head"]
    moments = {which: facts[f"seconds between true and aligned beginnings, {which} voices"]["median"] for which in ("known", "unknown")}
    return {
        "parameters": f"{facts['parameters']:,}",
        "known": percent(facts["word errors, known voices"]),
        "noisy": percent(facts["word errors, known voices, with noise and other speeds"]),
        "unknown": ", ".join(f"{percent(share)} ({voice})" for voice, share in facts["word errors, unknown voices"].items()),
        "peak": percent(max(itertools.chain(*peaks))),
        "chance": percent(facts["peaks within the true word, by chance"]),
        "moment": f"{1000 * moments['known']:.0f}",
        "strange": f"{1000 * moments['unknown']:.0f}",
    }


def tables(facts):
    """What README says of it."""
    own, unknown = said(facts), facts["word errors, unknown voices"]
    titles = ["known voices", "known voices, with noise and other speeds", *unknown]
    shares = [own["known"], own["noisy"], *map(percent, unknown.values())]
    row = lambda cells: f"| {' | '.join(cells)} |"  # noqa: E731
    peaks = facts["peaks within the true word, by layer and head"]
    return "\n".join([
        "Words that are written wrongly, left out or made up (600 recordings of known voices, 200 of each that it never heard):", "",
        row(titles), row(["---:"] * len(titles)), row(shares), "",
        f"How often a head's cross-attention, where a word is about to be written, is largest within that word as it is said (by chance {own['chance']}):", "",
        row(["layer", *(f"head {at}" for at in range(4))]), row(["---:"] * 5),
        *(row([str(layer), *map(percent, heads)]) for layer, heads in enumerate(peaks)), "",
        f"Where a word begins by alignment is {own['moment']} ms (median) from where it does, and {own['strange']} ms by voices that it never heard.",
    ])  # fmt: skip


if __name__ == "__main__":
    torch.set_num_threads(1)
    match sys.argv[1:]:
        case ["train", states, *more]:
            train(pathlib.Path(states), *(int(each) for each in (more + ["9000", "90"][len(more) :])))
        case ["export", states, folder]:
            export(pathlib.Path(states), pathlib.Path(folder))
        case _:
            sys.exit(__doc__)
