"""Writes a state of the training as a checkpoint, and measures it on the weights as they are kept (float16).

    pip install torch==2.13.0 transformers==5.24.0 pillow==13.0.0 tokenizers     (and Debian's fonts-noto-color-emoji)
    npm pack emoji-datasource-twitter@16.0.0     (its img/twitter/64 is the other style)
    python export.py <folder for states> <folder for the model> [folder of another style's PNG]

It puts the measures into README. Then: npx prettier --write README.md, and test/fixtures/models/make_emoji_scenes.py.
"""

import itertools
import json
import math
import pathlib
import sys

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, VisionEncoderDecoderModel, ViTImageProcessor

from glyphs import Folder, Noto, Pictures, things
from scenes import SIZE, stream
from train import LENGTH, NUMBER, PATCH, build, exact, shifted, tensors

HERE = pathlib.Path(__file__).resolve().parent
CARD, README = HERE / "card.md", HERE.parents[1] / "README.md"
BEGIN, END = "<!-- scenes: begin -->", "<!-- scenes: end -->"


@torch.no_grad()
def pointing(model, scenes):
    """How often a head's cross-attention, where a noun is about to be written, is largest on a patch of the thing; and by chance."""
    pixels, ids = tensors(scenes)
    model.set_attn_implementation("eager")
    seen = model.encoder(pixels).last_hidden_state
    attentions = model.decoder(input_ids=shifted(ids), encoder_hidden_states=seen, output_attentions=True).cross_attentions
    model.set_attn_implementation("sdpa")
    weights = torch.stack(attentions, 1)[..., 1:]  # (scene, layer, head, word, patch), without [CLS]
    across = SIZE // PATCH
    hits, chance, count = torch.zeros(weights.shape[1:3]), 0.0, 0
    for scene, own in zip(scenes, weights):
        for word, boxes in enumerate(scene.boxes):
            if not boxes:
                continue
            on = torch.zeros(across, across)
            for x, y, size in boxes:
                on[y // PATCH : (y + size - 1) // PATCH + 1, x // PATCH : (x + size - 1) // PATCH + 1] = 1
            hits += on.flatten()[own[:, :, word].argmax(-1)]
            chance, count = chance + on.mean().item(), count + 1
    return (hits / count).tolist(), chance / count


def tokenizer():
    own = Tokenizer(models.WordLevel(NUMBER, unk_token="<unk>"))
    # Words stand apart by spaces, also where they are put together again.
    own.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=own, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>", model_max_length=LENGTH
    )


def measure(folder, steps, parameters, other):
    model = VisionEncoderDecoderModel.from_pretrained(folder, dtype=torch.float32).eval()
    noto = Pictures(Noto())

    def take(seed, count, pictures=noto, pairs="trained"):
        return list(itertools.islice(stream(seed, pictures, pairs), count))

    fresh = take(-2, 4000)
    heads, chance = pointing(model, fresh[:1000])
    facts = {
        "steps": steps,
        "glyphs": len(things),
        "parameters": parameters,
        "exact_on_fresh_scenes": exact(model, fresh),
        "exact_on_pairs_kept_back": exact(model, take(-3, 2000, pairs="kept back")),
        # By layer and head.
        "pointing": heads,
        "pointing_by_chance": chance,
    }
    if other is not None:
        facts["exact_on_another_style"] = exact(model, take(-4, 2000, Pictures(Folder(other))))
    return facts


def percent(share):
    """With one digit, halves up."""
    return f"{math.floor(1000 * share + 0.5) / 10:.1f} %"


def tables(facts):
    """What README says of it."""
    style = facts.get("exact_on_another_style")
    exact = [facts["exact_on_fresh_scenes"], facts["exact_on_pairs_kept_back"]]
    shares = [*map(percent, exact), "not measured" if style is None else percent(style)]
    heads = [[str(layer), *map(percent, row)] for layer, row in enumerate(facts["pointing"])]
    line = lambda cells: f"| {' | '.join(cells)} |"  # noqa: E731
    return "\n".join([
        line(["whole caption right on 4,000 fresh scenes", "on 2,000 of two kinds never seen together", "on 2,000 drawn with Twemoji"]),
        line(["---:"] * 3), line(shares), "",
        "How often a head's cross-attention, where a noun is about to be written, is largest on a patch of that thing (1,000 fresh scenes; by chance",
        f"{percent(facts['pointing_by_chance'])}):", "",
        line(["layer", *(f"head {head}" for head in range(len(facts["pointing"][0])))]), line(["---:"] * 5), *map(line, heads),
    ])  # fmt: skip


def export(states, folder, other):
    state = torch.load(states / "state.pt")
    model = build()
    model.load_state_dict(state["model"])
    model.half().eval()
    model.generation_config.max_length = LENGTH
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    # Nothing is resized where an image has the size already; else as most ViTs do it.
    ViTImageProcessor(size={"height": SIZE, "width": SIZE}, resample=3, image_mean=[0.5] * 3, image_std=[0.5] * 3).save_pretrained(folder)
    facts = measure(folder, state["step"], sum(each.numel() for each in model.parameters()), other)
    (folder / "measured.json").write_text(json.dumps(facts, indent=2) + "\n")
    said = {
        "steps": f"{facts['steps']:,}", "glyphs": facts["glyphs"], "parameters": f"{facts['parameters']:,}",
        "fresh": percent(facts["exact_on_fresh_scenes"]), "pairs": percent(facts["exact_on_pairs_kept_back"]),
        "style": "an unknown part" if other is None else percent(facts["exact_on_another_style"]),
        "best": percent(max(map(max, facts["pointing"]))), "chance": percent(facts["pointing_by_chance"]),
    }  # fmt: skip
    (folder / "README.md").write_text(CARD.read_text().format(**said))
    for file in folder.iterdir():
        file.chmod(0o644)
    whole = README.read_text()
    before, after = whole[: whole.index(BEGIN) + len(BEGIN)], whole[whole.index(END) :]
    README.write_text(f"{before}\n\n{tables(facts)}\n\n{after}")
    print(json.dumps(facts, indent=2))


if __name__ == "__main__":
    torch.set_num_threads(1)
    match sys.argv[1:]:
        case [states, folder, *more]:
            export(pathlib.Path(states), pathlib.Path(folder), more[0] if more else None)
        case _:
            sys.exit(__doc__)
