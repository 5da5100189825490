"""The random generator of the lab, the same numbers here and in the browser (lab/chance.js).

    >>> from microgradx.show.web.chance import Chance
    >>> chance = Chance(1)
    >>> round(chance.random(), 6), sorted(chance.shuffled(4))
    (0.537443, [0, 1, 2, 3])

sfc32 by C. Doty-Humphrey (PractRand): 128 bits of state, 32-bit operations only, which both languages have exactly.
"""
MASK = 0xFFFFFFFF


class Chance:
    """Numbers from a seed. Each stream of one seed has its own: the data, the first weights, each epoch's order."""

    def __init__(self, seed: int, stream: int = 0) -> None:
        self.a, self.b, self.c, self.d = seed & MASK, stream & MASK, 0x9E3779B9, 1
        for _ in range(15):
            self.bits()

    def bits(self) -> int:
        """32 random bits."""
        found = (self.a + self.b + self.d) & MASK
        self.d = (self.d + 1) & MASK
        self.a = self.b ^ (self.b >> 9)
        self.b = (self.c + (self.c << 3)) & MASK
        self.c = (((self.c << 21) | (self.c >> 11)) + found) & MASK
        return found

    def random(self) -> float:
        """A number from 0 to below 1, with 53 random bits."""
        return ((self.bits() >> 5) * 67108864.0 + (self.bits() >> 6)) / 9007199254740992.0

    def uniform(self, low: float, high: float) -> float:
        """A number from low to high."""
        return low + (high - low) * self.random()

    def shuffled(self, count: int) -> list[int]:
        """0, 1, ..., count - 1 in random order (Fisher and Yates)."""
        order = list(range(count))
        for i in range(count - 1, 0, -1):
            j = int(self.random() * (i + 1))
            order[i], order[j] = order[j], order[i]
        return order
