"""Long texts folded by what stands before them: copies of far-off stretches, which gzip, whose memory is 32 KB, does not see.

Games of one method at two sizes, and of two methods, are nearly the same bytes, often more than 32 KB apart. A folded
content is a list of (new bytes, length of a copy, how far back it begins) and all new bytes (after Ziv and Lempel, 1977).
"""

from __future__ import annotations

from collections.abc import Iterator

LEAST, EVERY = 32, 8  # bytes of a copy; bytes between two places that are known of what is new
PART = 4096  # bytes that are compared at once, at most


def folded(content: bytes, before: bytes = b"") -> bytes:
    """Bytes as copies of themselves and of what stands before them: how many bytes the list of copies has, the list, and what is
    new. Numbers have 7 bits a byte, the lowest first.
    """
    whole, ops, new, done = before + content, bytearray(), bytearray(), len(before)
    for start, length, back in copies(whole, len(before)):
        ops += b"".join(map(varied, (start - done, length, back)))
        new += whole[done:start]
        done = start + length
    new += whole[done:]
    return varied(len(ops)) + bytes(ops) + bytes(new)


def copies(whole: bytes, begin: int) -> Iterator[tuple[int, int, int]]:
    """Stretches from `begin` on that stand somewhere before: (where, how long, how far back), each behind the one before."""
    known = {whole[at : at + LEAST]: at for at in range(((begin - LEAST) // EVERY) * EVERY, -1, -EVERY)}
    at = done = begin
    while at + LEAST <= len(whole):
        piece = whole[at : at + LEAST]
        if (found := known.get(piece)) is None:
            if at % EVERY == 0:
                known[piece] = at
            at += 1
            continue
        earlier = alike_before(whole, found, at, at - done)
        end = at + LEAST + alike_after(whole, found + LEAST, at + LEAST)
        yield at - earlier, end - at + earlier, at - found
        at = done = end


def alike_after(whole: bytes, one: int, other: int) -> int:
    """How many bytes from here on are the same there."""
    length, part = 0, PART
    while part:
        there = whole[other + length : other + length + part]
        if len(there) == part and there == whole[one + length : one + length + part]:
            length += part
        else:
            part //= 2
    return length


def alike_before(whole: bytes, one: int, other: int, most: int) -> int:
    """How many bytes just before here are the same there, at most so many."""
    most = min(most, one)
    return next((i for i in range(most) if whole[one - 1 - i] != whole[other - 1 - i]), most)


def varied(number: int) -> bytes:
    """A whole number, 7 bits a byte, the lowest first; the highest bit says that more come."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])
