"""Trains the three date models on what make_dates.ts wrote, and measures them on the weights as they are kept (float16).

    python train.py <folder of the .tsv files> <folder for weights> {bahdanau,luong,transformer} [minutes]

Each model reads a normalised date, character by character, and writes the ten characters of its ISO form. They share the
vocabulary and the task; what differs is the attention:

- bahdanau: a bidirectional GRU; a GRU decoder whose additive attention asks with the state before each step.
- luong: the same encoder; a GRU decoder whose "general" attention asks with the state after the step; what it says comes
  from the attentional vector, which is also fed to the next step.
- transformer: two encoder and two decoder layers with four heads, normalised before each sublayer.

Matrices multiply from the right: (in, out).
"""

import collections
import hashlib
import json
import pathlib
import sys
import time

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

OUTPUT = "0123456789-"
START = len(OUTPUT)
LENGTH = 10
LIMIT = 64
PADDING, UNKNOWN = 0, 1
SEED = 7


def read(path):
    return [line.rstrip("\n").split("\t") for line in open(path, encoding="utf-8")]


def vocabulary_of(examples, rarest=40):
    counts = collections.Counter(character for text, _ in examples for character in text)
    return sorted(character for character, count in counts.items() if count >= rarest)


def encode(examples, vocabulary):
    number = {character: at + 2 for at, character in enumerate(vocabulary)}
    x = torch.zeros(len(examples), LIMIT, dtype=torch.int16)
    for row, (text, _) in enumerate(examples):
        x[row, : len(text)] = torch.tensor([number.get(character, UNKNOWN) for character in text], dtype=torch.int16)
    y = torch.tensor([[OUTPUT.index(character) for character in iso] for _, iso in examples], dtype=torch.int8)
    return x, y


def matrix(rows, columns):
    return nn.Parameter(torch.randn(rows, columns) / rows**0.5)


class Encoder(nn.Module):
    def __init__(self, vocabulary, embedding=32, hidden=64):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary + 2, embedding, padding_idx=PADDING)
        self.gru = nn.GRU(embedding, hidden, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * hidden, 2 * hidden)

    def forward(self, x):
        lengths = (x != PADDING).sum(1).clamp(min=1)
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        packed, last = self.gru(packed)
        H, _ = nn.utils.rnn.pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
        # The decoder starts from what the encoder knows at the end of each direction.
        return H, torch.tanh(self.bridge(torch.cat([last[0], last[1]], -1)))


class Bahdanau(nn.Module):
    def __init__(self, vocabulary, d_a=64, d_s=128, d_y=16):
        super().__init__()
        self.encoder = Encoder(vocabulary)
        self.output_embedding = nn.Embedding(len(OUTPUT) + 1, d_y)
        self.W_a, self.U_a = matrix(d_s, d_a), matrix(128, d_a)
        self.v_a = nn.Parameter(torch.randn(d_a) / d_a**0.5)
        self.cell = nn.GRUCell(d_y + 128, d_s)
        self.logits = nn.Linear(d_s + 128, len(OUTPUT))

    def forward(self, x, y=None):
        H, s = self.encoder(x)
        keys, empty = H @ self.U_a, (x == PADDING)
        before = torch.full((len(x),), START)
        said, weights, states = [], [], []
        for step in range(LENGTH):
            e = torch.tanh((s @ self.W_a)[:, None] + keys) @ self.v_a
            alpha = e.masked_fill(empty, -1e9).softmax(-1)
            c = (alpha[:, None] @ H)[:, 0]
            states.append(s)
            s = self.cell(torch.cat([self.output_embedding(before), c], -1), s)
            logits = self.logits(torch.cat([s, c], -1))
            said.append(logits)
            weights.append(alpha)
            before = logits.argmax(-1) if y is None else y[:, step]
        return torch.stack(said, 1), {"weights": torch.stack(weights, 1), "S": torch.stack(states, 1), "H": H}


class Luong(nn.Module):
    def __init__(self, vocabulary, d_s=128, d_o=128, d_y=16):
        super().__init__()
        self.encoder = Encoder(vocabulary)
        self.output_embedding = nn.Embedding(len(OUTPUT) + 1, d_y)
        self.W_a, self.W_c = matrix(d_s, 128), matrix(128 + d_s, d_o)
        # Nothing scales this score: it starts small, so that the softmax does not start saturated.
        self.W_a.data *= 0.2
        self.cell = nn.GRUCell(d_y + d_o, d_s)
        self.logits = nn.Linear(d_o, len(OUTPUT))

    def forward(self, x, y=None):
        H, s = self.encoder(x)
        empty = x == PADDING
        before = torch.full((len(x),), START)
        attentional = torch.zeros(len(x), self.W_c.shape[1])
        said, weights, states = [], [], []
        for step in range(LENGTH):
            s = self.cell(torch.cat([self.output_embedding(before), attentional], -1), s)
            e = (H @ (s @ self.W_a)[:, :, None])[:, :, 0]
            alpha = e.masked_fill(empty, -1e9).softmax(-1)
            c = (alpha[:, None] @ H)[:, 0]
            attentional = torch.tanh(torch.cat([c, s], -1) @ self.W_c)
            logits = self.logits(attentional)
            said.append(logits)
            weights.append(alpha)
            states.append(s)
            before = logits.argmax(-1) if y is None else y[:, step]
        return torch.stack(said, 1), {"weights": torch.stack(weights, 1), "S": torch.stack(states, 1), "H": H}


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.W_Q, self.W_K, self.W_V, self.W_O = (matrix(width, width) for _ in range(4))
        self.b_Q, self.b_K, self.b_V, self.b_O = (nn.Parameter(torch.zeros(width)) for _ in range(4))

    def forward(self, Xq, Xkv, allowed):
        split = lambda Y: Y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        Q, K, V = split(Xq @ self.W_Q + self.b_Q), split(Xkv @ self.W_K + self.b_K), split(Xkv @ self.W_V + self.b_V)
        scores = (Q @ K.mT / Q.shape[-1] ** 0.5).masked_fill(~allowed, -1e9)
        weights = scores.softmax(-1)
        return (weights @ V).transpose(1, 2).flatten(2) @ self.W_O + self.b_O, weights


class Layer(nn.Module):
    def __init__(self, width, heads, inner, crosses):
        super().__init__()
        self.self_norm, self.inner_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.self_attention = Attention(width, heads)
        if crosses:
            self.cross_norm, self.cross_attention = nn.LayerNorm(width), Attention(width, heads)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, X, allowed, memory=None, allowed_memory=None):
        normal = self.self_norm(X)
        mixed, own = self.self_attention(normal, normal, allowed)
        X, cross = X + F.dropout(mixed, 0.1, self.training), None
        if memory is not None:
            mixed, cross = self.cross_attention(self.cross_norm(X), memory, allowed_memory)
            X = X + F.dropout(mixed, 0.1, self.training)
        return X + F.dropout(self.down(F.relu(self.up(self.inner_norm(X)))), 0.1, self.training), own, cross


class Transformer(nn.Module):
    def __init__(self, vocabulary, width=64, heads=4, inner=128, layers=2):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary + 2, width, padding_idx=PADDING)
        self.output_embedding = nn.Embedding(len(OUTPUT) + 1, width)
        self.positions = nn.Parameter(torch.randn(LIMIT, width) * 0.1)
        self.output_positions = nn.Parameter(torch.randn(LENGTH, width) * 0.1)
        self.encoder = nn.ModuleList(Layer(width, heads, inner, False) for _ in range(layers))
        self.decoder = nn.ModuleList(Layer(width, heads, inner, True) for _ in range(layers))
        self.encoder_norm, self.decoder_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.logits = nn.Linear(width, len(OUTPUT))

    def encode(self, x):
        real = (x != PADDING)[:, None, None]
        X = self.embedding(x) + self.positions[: x.shape[1]]
        all_weights = []
        for layer in self.encoder:
            X, own, _ = layer(X, real)
            all_weights.append(own)
        return self.encoder_norm(X), real, all_weights

    def decode(self, y, memory, real):
        n = y.shape[1]
        causal = torch.ones(n, n, dtype=torch.bool).tril()
        Y = self.output_embedding(y) + self.output_positions[:n]
        all_own, all_cross = [], []
        for layer in self.decoder:
            Y, own, cross = layer(Y, causal, memory, real)
            all_own.append(own)
            all_cross.append(cross)
        return self.logits(self.decoder_norm(Y)), all_own, all_cross

    def forward(self, x, y=None):
        memory, real, encoder_weights = self.encode(x)
        start = torch.full((len(x), 1), START)
        if y is not None:
            logits, own, cross = self.decode(torch.cat([start, y[:, :-1]], 1), memory, real)
        else:
            said = start
            for _ in range(LENGTH):
                logits, own, cross = self.decode(said, memory, real)
                said = torch.cat([start, logits.argmax(-1)], 1)
        return logits, {"encoder": encoder_weights, "self": own, "cross": cross}


MODELS = {"bahdanau": Bahdanau, "luong": Luong, "transformer": Transformer}


def batch_of(x, y, rows):
    bx = x[rows].long()
    return bx[:, : int((bx != PADDING).sum(1).max())], y[rows].long()


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    right = 0
    order = (x != PADDING).sum(1).argsort()
    for start in range(0, len(x), 500):
        bx, by = batch_of(x, y, order[start : start + 500])
        right += (model(bx)[0].argmax(-1) == by).all(1).sum().item()
    model.train()
    return right / len(x)


def rounded(model):
    """The weights as they are kept."""
    return {name: each.detach().half().contiguous() for name, each in model.state_dict().items()}


def main(data, out, name, minutes=15.0):
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    data, out = pathlib.Path(data), pathlib.Path(out)
    train, held_out, unseen = (read(data / f"{part}.tsv") for part in ("train", "held-out", "unseen"))
    vocabulary = vocabulary_of(train)
    x, y = encode(train, vocabulary)
    tests = {"heldOut": encode(held_out, vocabulary), "unseen": encode(unseen, vocabulary)}
    model = MODELS[name](len(vocabulary))
    print(name, sum(each.numel() for each in model.parameters()), "weights,", len(vocabulary), "characters", flush=True)

    size = 256
    peak = 2e-3 if name == "transformer" else 3e-3
    optimiser = torch.optim.AdamW(model.parameters(), lr=peak, weight_decay=1e-4)
    lengths = (x != PADDING).sum(1)
    began, step, epoch = time.time(), 0, 0
    while True:
        # Dates of about the same length go together.
        order = torch.randperm(len(x))
        pools = [chunk[lengths[chunk].argsort()] for chunk in order.split(size * 64)]
        batches = [rows for pool in pools for rows in pool.split(size)]
        for at in torch.randperm(len(batches)).tolist():
            share = (time.time() - began) / (60 * minutes)
            if share >= 1:
                break
            for group in optimiser.param_groups:
                group["lr"] = peak * min(1, step / 300) * (1 - share) ** 0.7 + 1e-5
            bx, by = batch_of(x, y, batches[at])
            # Now and then a character that was never seen.
            bx = bx.masked_fill((torch.rand(bx.shape) < 0.01) & (bx != PADDING), UNKNOWN)
            logits, _ = model(bx, by)
            loss = F.cross_entropy(logits.flatten(0, 1), by.flatten())
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            step += 1
            if step % 250 == 0:
                few = {part: (tx[:1000], ty[:1000]) for part, (tx, ty) in tests.items()}
                shown = " ".join(f"{part} {accuracy(model, *each):.4f}" for part, each in few.items())
                print(f"{time.time() - began:6.0f} s  step {step}  loss {loss.item():.4f}  {shown}", flush=True)
        epoch += 1
        if time.time() - began >= 60 * minutes:
            break

    kept = rounded(model)
    model.load_state_dict({key: each.float() for key, each in kept.items()})
    figures = {part: round(accuracy(model, *each), 4) for part, each in tests.items()}
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{name}.safetensors"
    save_file(kept, path)
    (out / "vocabulary.json").write_text(json.dumps(vocabulary, ensure_ascii=False) + "\n", encoding="utf-8")
    card = {
        "name": name,
        "figures": {"heldOut": figures["heldOut"], "unseen": figures["unseen"], "tested": len(held_out)},
        "weights": sum(each.numel() for each in kept.values()),
        "limit": LIMIT,
        "trained": {"dates": len(train), "steps": step, "seed": SEED, "torch": torch.__version__.split("+")[0]},
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    (out / f"{name}.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(card), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4], *(float(each) for each in sys.argv[4:5]))
