"""What is pushed in every design: one HTML fragment of a given size that ends in its number."""

FANOUT_BYTES, SLOW_BYTES = 700, 30_000
CHANNEL, GROUP = "bench", "bench"


def mark(seq: int) -> str:
    """Return the end of a fragment, by which a reader knows that it has all of it."""
    return f"<!--{seq:08}-->"


def fragment(seq: int, size: int) -> str:
    """Return a fragment of `size` bytes."""
    head = f'<div id="board" hx-swap-oob="morph" data-topic="board" data-seq="{seq}">'
    tail = f"</div>{mark(seq)}"
    return head + "x" * (size - len(head) - len(tail)) + tail
