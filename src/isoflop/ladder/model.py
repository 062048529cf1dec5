"""A decoder-only byte-level transformer: RMSNorm, RoPE, SwiGLU, tied embedding."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isoflop.ladder.shape import VOCABULARY_SIZE, Shape

NORM_EPSILON = 1e-6
ROPE_BASE = 10_000.0


class Block(nn.Module):
    """Attention, then a gated feed-forward layer, each on a normed copy of the residual stream."""

    def __init__(self, shape: Shape) -> None:
        """Set up the matrices; `Decoder` draws their values."""
        super().__init__()
        width, hidden = shape.width, shape.hidden
        self.heads = shape.heads
        self.norm_attention = nn.Parameter(torch.ones(width))
        self.norm_hidden = nn.Parameter(torch.ones(width))
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.gate_up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Map (batch, context, width) to the same shape."""
        batch, context, width = x.shape
        normed = F.rms_norm(x, (width,), self.norm_attention, NORM_EPSILON)
        qkv = self.query_key_value(normed).view(batch, context, 3, self.heads, width // self.heads)
        first, second = qkv[:, :, :2].chunk(2, -1)
        turned = torch.cat((first * cos - second * sin, first * sin + second * cos), -1)
        query, key = turned.permute(2, 0, 3, 1, 4).unbind(0)
        value = qkv[:, :, 2].transpose(1, 2)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, context, width))
        gate, up = self.gate_up(F.rms_norm(x, (width,), self.norm_hidden, NORM_EPSILON)).chunk(2, -1)
        widened: Tensor = x + self.down(F.silu(gate) * up)
        return widened


class Decoder(nn.Module):
    """The whole model; `forward` gives one logit per byte value at every position."""

    cos: Tensor
    sin: Tensor

    def __init__(self, shape: Shape, context: int) -> None:
        """Draw the initial values from torch's current random state."""
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(VOCABULARY_SIZE, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.depth))
        self.norm = nn.Parameter(torch.ones(shape.width))
        half = shape.width // shape.heads // 2
        angle = torch.arange(context)[:, None] * ROPE_BASE ** (-torch.arange(half) / half)
        self.register_buffer("cos", angle.cos()[:, None, None], persistent=False)
        self.register_buffer("sin", angle.sin()[:, None, None], persistent=False)
        self._draw()

    def _draw(self) -> None:
        """Normal values of variance 1/fan-in; branches into the residual stream start smaller."""
        nn.init.normal_(self.embedding.weight, std=0.5 / math.sqrt(self.shape.width))
        branch = 1 / math.sqrt(2 * self.shape.depth)
        for name, layer in self.named_modules():
            if isinstance(layer, nn.Linear):
                scale = branch if name.endswith(("out", "down")) else 1.0
                nn.init.normal_(layer.weight, std=scale / math.sqrt(layer.in_features))

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (batch, context) byte values to (batch, context, 256) logits of the next byte."""
        x = self.embedding(tokens)
        context = tokens.shape[1]
        cos, sin = self.cos[:context], self.sin[:context]
        for block in self.blocks:
            x = block(x, cos, sin)
        x = F.rms_norm(x, (self.shape.width,), self.norm, NORM_EPSILON)
        return F.linear(x, self.embedding.weight)
