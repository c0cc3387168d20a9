"""open_clip's byte-pair encoding, cut to its first merges: a small vocabulary that still encodes any text."""

from functools import lru_cache

from open_clip.tokenizer import SimpleTokenizer

MERGES = 3838
CONTEXT_LENGTH = 32
VOCABULARY = 512 + MERGES + 2
"""256 bytes, the same 256 at the end of a word, the merges, start and end of text; end has the highest id."""


class TinyTokenizer(SimpleTokenizer):
    """``tokenizer(texts)`` gives int64 (N, 32), like open_clip's; rarer words fall into more pieces."""

    all_special_ids: list[int]
    decoder: dict[int, str]
    bpe_ranks: dict[tuple[str, ...], int]

    def __init__(self) -> None:
        super().__init__(context_length=CONTEXT_LENGTH)
        specials = self.all_special_ids
        words = [self.decoder[i] for i in range(512 + MERGES)] + [self.decoder[i] for i in specials]
        self.bpe_ranks = {pair: rank for pair, rank in self.bpe_ranks.items() if rank < MERGES}
        self.encoder = {word: i for i, word in enumerate(words)}
        self.decoder = dict(enumerate(words))
        self.vocab_size = len(words)
        self.sot_token_id, self.eot_token_id = self.all_special_ids = [len(words) - 2, len(words) - 1]


@lru_cache(maxsize=1)
def tiny_tokenizer() -> TinyTokenizer:
    """The one shared tokenizer (reading the merges takes a moment)."""
    return TinyTokenizer()
