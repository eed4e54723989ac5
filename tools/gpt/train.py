"""Trains a small GPT-2 on what prepare.py wrote.

    python train.py <folder of prepare.py> <steps>

Matrices of the blocks learn by Muon, the rest by AdamW; the rate rises over the first steps, stays, and falls in a straight
line to zero over the last 30 %. State is kept every few minutes in `state.pt`: a run that ended before its last step goes
on from there, with more steps if told so, as long as the rate had not begun to fall. The weights go to `model.pt`.
"""

import json
import pathlib
import sys
import time

import torch
from tokenizers import Tokenizer
from transformers import GPT2Config, GPT2LMHeadModel

CONFIG = dict(
    vocab_size=4096,
    n_positions=256,
    n_embd=256,
    n_layer=5,
    n_head=8,
    resid_pdrop=0.0,
    embd_pdrop=0.0,
    attn_pdrop=0.0,
    bos_token_id=0,
    eos_token_id=0,
)
CONTEXT = 256
BATCH = 16
RATE = 2e-3
RISE, FALL = 100, 0.3
SEED = 7


def stream(texts, tokenizer, seed):
    """Windows of CONTEXT + 1 tokens, pass after pass; each pass puts the texts in another order. // (BATCH, CONTEXT + 1)"""
    documents = [torch.tensor([*encoded.ids, 0], dtype=torch.int16) for encoded in tokenizer.encode_batch(texts)]
    generator = torch.Generator().manual_seed(seed)
    while True:
        order = torch.randperm(len(documents), generator=generator).tolist()
        line = torch.cat([documents[at] for at in order])
        windows = line[: (len(line) - 1) // CONTEXT * CONTEXT + 1].unfold(0, CONTEXT + 1, CONTEXT)
        for start in range(0, len(windows) - BATCH + 1, BATCH):
            yield windows[start : start + BATCH].long()


def share(step, steps):
    """Of the full rate, at a step."""
    fall = int(steps * FALL)
    return min(1.0, (step + 1) / RISE, (steps - step) / fall)


def optimizers(model):
    inner = [p for name, p in model.named_parameters() if name.startswith("transformer.h.") and p.ndim == 2]
    known = {id(p) for p in inner}
    rest = [p for p in model.parameters() if id(p) not in known]
    return [
        torch.optim.Muon(inner, lr=RATE, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=RATE, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def loss_of(model, rows):
    logits = model(rows[:, :-1]).logits
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())


@torch.no_grad()
def held_loss(model, texts, tokenizer):
    rows = [next_rows for next_rows, _ in zip(stream(texts, tokenizer, 0), range(10))]
    return sum(loss_of(model, row).item() for row in rows) / len(rows)


def main(folder, steps):
    torch.manual_seed(SEED)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    train, held = (json.loads((folder / f"{name}.json").read_text()) for name in ("train", "held"))
    model = GPT2LMHeadModel(GPT2Config(**CONFIG))
    print(sum(p.numel() for p in model.parameters()), "parameters", flush=True)
    learning = optimizers(model)
    kept, first = folder / "state.pt", 0
    if kept.exists():
        state = torch.load(kept)
        model.load_state_dict(state["model"])
        for optimizer, was in zip(learning, state["optimizers"]):
            optimizer.load_state_dict(was)
        first = state["step"]
    rows = stream(train, tokenizer, SEED)
    for _ in range(first):
        next(rows)
    began, mean = time.time(), 0.0
    for step in range(first, steps):
        loss = loss_of(model, next(rows))
        for optimizer in learning:
            optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in learning:
            for group in optimizer.param_groups:
                group["lr"] = RATE * share(step, steps)
            optimizer.step()
        mean = loss.item() if step == first else 0.98 * mean + 0.02 * loss.item()
        if (step + 1) % 20 == 0:
            speed = (step + 1 - first) * BATCH * CONTEXT / (time.time() - began)
            print(f"{step + 1} loss {mean:.3f}, {speed:.0f} tokens/s", flush=True)
        if (step + 1) % 200 == 0:
            print(f"{step + 1} held out {held_loss(model, held, tokenizer):.3f}", flush=True)
            state = {
                "model": model.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in learning],
                "step": step + 1,
            }
            torch.save(state, kept)
    torch.save(model.state_dict(), folder / "model.pt")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
