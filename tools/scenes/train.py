"""Trains the captioner of scenes; export.py makes a checkpoint of it.

    pip install torch==2.13.0 transformers==5.24.0 pillow==13.0.0     (and Debian's fonts-noto-color-emoji)
    python train.py train <folder for states> [steps] [most minutes of this run]

A ViT (64 px, patches of 8, d 64, 4 layers × 4 heads) and a GPT-2 (2 × 4) with cross-attention, as transformers'
VisionEncoderDecoderModel. Training goes on from the last state, which is kept every ten minutes.
"""

import itertools
import math
import pathlib
import sys
import time

import numpy as np
import torch
from torch.nn import functional as F
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
    ViTModel,
)

from glyphs import Noto, Pictures
from scenes import SIZE, stream, vocabulary

WIDTH, PATCH, LENGTH, BATCH = 64, 8, 20, 64
PAD, START, END = 0, 1, 2
WORDS = vocabulary()
NUMBER = {word: at for at, word in enumerate(WORDS)}


def build():
    encoder = ViTConfig(
        hidden_size=WIDTH, num_hidden_layers=4, num_attention_heads=4, intermediate_size=4 * WIDTH, image_size=SIZE, patch_size=PATCH,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )
    decoder = GPT2Config(
        vocab_size=len(WORDS), n_positions=LENGTH, n_embd=WIDTH, n_layer=2, n_head=4, add_cross_attention=True, is_decoder=True,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=START, eos_token_id=END, pad_token_id=PAD,
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = START, PAD, END
    return VisionEncoderDecoderModel(config=config, encoder=ViTModel(encoder, add_pooling_layer=False), decoder=GPT2LMHeadModel(decoder))


def tensors(scenes):
    """Pixels as the image processor gives them, and ids that end with END and go on with PAD."""
    pixels = np.stack([np.asarray(each.image, np.float32) for each in scenes]).transpose(0, 3, 1, 2) / 127.5 - 1
    ids = torch.full((len(scenes), LENGTH), PAD)
    for row, each in enumerate(scenes):
        said = [NUMBER[word] for word in each.words] + [END]
        ids[row, : len(said)] = torch.tensor(said)
    return torch.from_numpy(pixels), ids  # (scene, channel, y, x), (scene, word)


def shifted(ids):
    return torch.cat([torch.full((len(ids), 1), START), ids[:, :-1]], 1)


@torch.no_grad()
def captions(model, pixels):
    """Greedily, as words."""
    seen = model.encoder(pixels).last_hidden_state
    ids = torch.full((len(pixels), 1), START)
    for _ in range(LENGTH - 1):
        logits = model.decoder(input_ids=ids, encoder_hidden_states=seen).logits[:, -1]
        ids = torch.cat([ids, logits.argmax(-1, keepdim=True)], 1)
    return [[WORDS[each] for each in itertools.takewhile(lambda each: each != END, row[1:])] for row in ids.tolist()]


@torch.no_grad()
def exact(model, scenes, size=256):
    hits = 0
    for at in range(0, len(scenes), size):
        part = scenes[at : at + size]
        hits += sum(said == each.words for said, each in zip(captions(model, tensors(part)[0]), part))
    return hits / len(scenes)


def keep(path, state):
    torch.save(state, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def train(folder, steps, minutes):
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    model = build()
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01, betas=(0.9, 0.98))
    step, path = 0, folder / "state.pt"
    if path.exists():
        state = torch.load(path)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        step = state["step"]
    pictures = Pictures(Noto())
    # A seed of its own for each run: what is gone on with sees other scenes.
    source, held = stream(step + 1, pictures), list(itertools.islice(stream(-1, pictures), 256))
    begun = kept = time.time()
    while step < steps and time.time() - begun < 60 * minutes:
        rate = 2e-3 * min(1, (step + 1) / 200) * (0.5 * (1 + math.cos(math.pi * step / steps)) * 0.98 + 0.02)
        for group in optimiser.param_groups:
            group["lr"] = rate
        pixels, ids = tensors(list(itertools.islice(source, BATCH)))
        logits = model.decoder(input_ids=shifted(ids), encoder_hidden_states=model.encoder(pixels).last_hidden_state).logits
        loss = F.cross_entropy(logits.flatten(0, 1), ids.flatten(), ignore_index=PAD)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        step += 1
        if step % 200 == 0:
            print(step, f"{(time.time() - begun) / 60:.1f} min", f"loss {loss.item():.4f}", flush=True)
        if step % 2000 == 0:
            print("exact on fresh scenes", exact(model, held), flush=True)
        if time.time() - kept > 600 or step == steps:
            keep(path, {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "step": step})
            kept = time.time()
    keep(path, {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "step": step})


if __name__ == "__main__":
    torch.set_num_threads(1)
    match sys.argv[1:]:
        case ["train", states, *more]:
            train(pathlib.Path(states), *(int(each) for each in (more + ["30000", "90"][len(more) :])))
        case _:
            sys.exit(__doc__)
