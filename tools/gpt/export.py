"""Writes the trained GPT as a checkpoint in float16, and measures the weights as they are kept.

    python export.py <folder of train.py> <folder of the checkpoint>

Prints, and keeps in `measured.json`: the loss on held-out text in nats a token, and bits a byte; for each head its
previous-token score, the mean weight of the token before on held-out text, and its induction score, the mean weight, in the
second half of random tokens that come twice, of the token after the same one in the first half (Olsson et al. 2022).
"""

import json
import math
import pathlib
import sys

import torch
from tokenizers import Tokenizer
from train import CONFIG, CONTEXT, SEED
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

END = "<|endoftext|>"
TWICE, HALF = 16, 64


def export(folder, out):
    model = GPT2LMHeadModel(GPT2Config(**CONFIG))
    model.load_state_dict(torch.load(folder / "model.pt"))
    model.half().save_pretrained(out)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=END, eos_token=END, model_max_length=CONTEXT)
    fast.save_pretrained(out)
    (out / "generation_config.json").write_text(json.dumps({"bos_token_id": 0, "eos_token_id": 0}) + "\n")
    return tokenizer


@torch.no_grad()
def loss_of(model, texts, tokenizer):
    """Each text by itself, after the token that ends the one before; a longer one in parts."""
    nats = tokens = size = 0
    for text in texts:
        ids = [0, *tokenizer.encode(text).ids, 0]
        size += len(text.encode())
        for start in range(0, len(ids) - 1, CONTEXT):
            part = torch.tensor(ids[start : start + CONTEXT + 1])
            logits = model(part[None, :-1]).logits[0]
            nats += torch.nn.functional.cross_entropy(logits, part[1:], reduction="sum").item()
            tokens += len(part) - 1
    return {"nats_per_token": nats / tokens, "bits_per_byte": nats / math.log(2) / size, "tokens": tokens, "texts": len(texts)}


@torch.no_grad()
def heads_of(model, texts, tokenizer):
    previous = torch.zeros(CONFIG["n_layer"], CONFIG["n_head"])
    rows = [ids[:CONTEXT] for ids in (tokenizer.encode(text).ids for text in texts) if len(ids) >= 64][:64]
    for ids in rows:
        weights = torch.stack(model(torch.tensor([ids]), output_attentions=True).attentions)[:, 0]
        previous += weights.diagonal(offset=-1, dim1=-2, dim2=-1).mean(-1) / len(rows)
    once = torch.randint(1, CONFIG["vocab_size"], (TWICE, HALF), generator=torch.Generator().manual_seed(SEED))
    weights = torch.stack(model(torch.cat([once, once], 1), output_attentions=True).attentions)
    induction = weights.diagonal(offset=1 - HALF, dim1=-2, dim2=-1)[..., 1:].mean((1, 3))
    return previous, induction


def main(folder, out):
    tokenizer = export(folder, out)
    model = GPT2LMHeadModel.from_pretrained(out, dtype=torch.float32, attn_implementation="eager").eval()
    held = json.loads((folder / "held.json").read_text())
    measured = loss_of(model, held, tokenizer)
    previous, induction = heads_of(model, held, tokenizer)
    measured["previous_token"] = [[round(score, 3) for score in layer] for layer in previous.tolist()]
    measured["induction"] = [[round(score, 3) for score in layer] for layer in induction.tolist()]
    (out / "measured.json").write_text(json.dumps(measured) + "\n")
    print(json.dumps(measured, indent=1))
    for text in ("This package contains the", "A fast and lightweight", "The attention mechanism"):
        ids = tokenizer.encode(text).ids
        said = model.generate(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids)), max_new_tokens=40, do_sample=False, pad_token_id=0)
        print(repr(tokenizer.decode(said[0].tolist())))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
