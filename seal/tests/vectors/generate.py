#!/usr/bin/env python3
"""Makes the vectors of crate `seal` a second time, in another language: ChaCha20-Poly1305 (RFC 8439), HKDF
(RFC 5869), the chunked construction and the files around it are written here by hand. Needs Python 3 and nothing
else, and reads nothing of the Rust code.

    python3 generate.py            writes chunked_chacha20poly1305.json and keys_and_files.json beside itself
    python3 generate.py --check    exits 1 if what is there is not what would be written
"""

import hashlib
import hmac
import json
import pathlib
import struct
import sys

# ChaCha20-Poly1305, RFC 8439.

MASK = 0xFFFFFFFF


def quarter(s, a, b, c, d):
    s[a] = (s[a] + s[b]) & MASK
    x = s[d] ^ s[a]
    s[d] = (x << 16 | x >> 16) & MASK
    s[c] = (s[c] + s[d]) & MASK
    x = s[b] ^ s[c]
    s[b] = (x << 12 | x >> 20) & MASK
    s[a] = (s[a] + s[b]) & MASK
    x = s[d] ^ s[a]
    s[d] = (x << 8 | x >> 24) & MASK
    s[c] = (s[c] + s[d]) & MASK
    x = s[b] ^ s[c]
    s[b] = (x << 7 | x >> 25) & MASK


ROUND = [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
         (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]


def chacha20_block(key, counter, nonce):
    start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574,
             *struct.unpack("<8I", key), counter, *struct.unpack("<3I", nonce)]
    state = list(start)
    for _ in range(10):
        for indexes in ROUND:
            quarter(state, *indexes)
    return struct.pack("<16I", *[(x + y) & MASK for x, y in zip(state, start)])


def xor(one, other):
    return bytes(x ^ y for x, y in zip(one, other))


def chacha20(key, nonce, text):
    blocks = (len(text) + 63) // 64
    return xor(text, b"".join(chacha20_block(key, 1 + i, nonce) for i in range(blocks)))


P = 2**130 - 5


def poly1305_key(key, nonce):
    """r (clamped) and s."""
    block = chacha20_block(key, 0, nonce)
    r = int.from_bytes(block[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    return r, int.from_bytes(block[16:32], "little")


def poly1305(r, s, message):
    total = 0
    for i in range(0, len(message), 16):
        total = (total + int.from_bytes(message[i:i + 16] + b"\1", "little")) * r % P
    return ((total + s) % 2**128).to_bytes(16, "little")


def padded(text):
    return text + bytes(-len(text) % 16)


def aead_tag(key, nonce, ciphertext, associated):
    lengths = struct.pack("<QQ", len(associated), len(ciphertext))
    return poly1305(*poly1305_key(key, nonce), padded(associated) + padded(ciphertext) + lengths)


def aead_seal(key, nonce, plaintext, associated=b""):
    ciphertext = chacha20(key, nonce, plaintext)
    return ciphertext + aead_tag(key, nonce, ciphertext, associated)


def aead_open(key, nonce, sealed, associated=b""):
    if len(sealed) < 16 or aead_tag(key, nonce, sealed[:-16], associated) != sealed[-16:]:
        return None
    return chacha20(key, nonce, sealed[:-16])


# HKDF with SHA-512, RFC 5869.


def extract(salt, ikm):
    return hmac.new(salt, ikm, hashlib.sha512).digest()


def expand(prk, info, count):
    okm = previous = b""
    number = 1
    while len(okm) < count:
        previous = hmac.new(prk, previous + info + bytes([number]), hashlib.sha512).digest()
        okm += previous
        number += 1
    return okm[:count]


# C2SP chunked encryption with AEAD_CHACHA20_POLY1305.

NAME = b"c2sp.org/chunked-encryption@v1+AEAD_CHACHA20_POLY1305"
CHUNK = 16 * 1024


def derive(key, salt, context):
    okm = expand(key, NAME + b"\0" + salt + context, 76)
    return okm[:32], okm[32:44], okm[44:]


def nonce_of(base, index):
    return xor(base, index.to_bytes(12, "big"))


def seal(key, context, salt, plaintext):
    single, base, commitment = derive(key, salt, context)
    box = salt + commitment
    # One chunk more than the whole ones: the last is always short, and may be empty.
    for index in range(len(plaintext) // CHUNK + 1):
        box += aead_seal(single, nonce_of(base, index), plaintext[index * CHUNK:(index + 1) * CHUNK])
    return box


def unseal(key, context, box, check_commitment=True):
    if len(box) < 56:
        return None
    single, base, commitment = derive(key, box[:24], context)
    if check_commitment and commitment != box[24:56]:
        return None
    body, index, plaintext = box[56:], 0, b""
    while True:
        chunk, body = body[:CHUNK + 16], body[CHUNK + 16:]
        opened = aead_open(single, nonce_of(base, index), chunk)
        if opened is None:
            return None
        plaintext, index = plaintext + opened, index + 1
        if len(opened) < CHUNK:
            return None if body else plaintext


# Contexts and keys of Counterfoil.

PREFIX = b"counterfoil.vault/v1/"


def context(purpose, *fields):
    return PREFIX + purpose + b"\0" + b"".join(fields)


def subkey(key, purpose, id16):
    return expand(key, PREFIX + b"key/" + purpose + b"\0" + id16, 32)


def ring_key(random_part, master, vault_id, domain, generation):
    root = hashlib.sha512(random_part).digest()
    info = PREFIX + b"ring-key\0" + vault_id + bytes([domain]) + generation.to_bytes(8, "big")
    return expand(extract(root, master), info, 32)


# Deterministic CBOR, RFC 8949 §4.2.1: numbers, byte strings and maps.


def cbor_head(kind, number):
    if number < 24:
        return bytes([kind << 5 | number])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([kind << 5 | extra]) + number.to_bytes(size, "big")
    raise ValueError(number)


def cbor(item):
    if isinstance(item, int):
        return cbor_head(0, item)
    if isinstance(item, bytes):
        return cbor_head(2, len(item)) + item
    return cbor_head(5, len(item)) + b"".join(cbor(key) + cbor(item[key]) for key in sorted(item))


# The vectors.

KEY = b"\x11" * 32
SALT = b"\x22" * 24
TEST = context(b"test")


def pattern(count):
    """The message of `count` bytes: byte i is i mod 251."""
    return (bytes(range(251)) * (count // 251 + 1))[:count]


def valid(comment, message, key=KEY, ctx=TEST, salt=SALT):
    box = seal(key, ctx, salt, message)
    small = len(message) <= 64
    assert len(message) > 100_000 or unseal(key, ctx, box) == message
    return box, {
        "comment": comment,
        "result": "valid",
        "key": key.hex(),
        "context": ctx.hex(),
        "salt": salt.hex(),
        **({"message": message.hex()} if small else {"message_pattern_bytes": len(message)}),
        "commitment": box[24:56].hex(),
        **({"box": box.hex()} if small else {}),
        "box_bytes": len(box),
        "box_sha256": hashlib.sha256(box).hexdigest(),
    }


def single_block_solution(rows):
    """Solves a·x + b·y = c (mod P) for two rows."""
    (a1, b1, c1), (a2, b2, c2) = rows
    inverse = pow(a1 * b2 - a2 * b1, -1, P)
    return (c1 * b2 - c2 * b1) * inverse % P, (a1 * c2 - a2 * c1) * inverse % P


def salamander(key, other_key, ctx, salt):
    """One chunk of 64 bytes and one tag that are right under two keys. Block 0 reads well under the first key,
    block 1 under the other, blocks 2 and 3 are solved for: Poly1305 is linear in them."""
    sides = []
    for k in (key, other_key):
        single, base, commitment = derive(k, salt, ctx)
        sides.append((single, nonce_of(base, 0), commitment, *poly1305_key(single, nonce_of(base, 0))))
    block0 = chacha20(*sides[0][:2], b"total: 1,000 EUR")
    block1 = chacha20(*sides[1][:2], bytes(16) + b"total: 9,000 EUR")[16:]
    known = [int.from_bytes(b + b"\1", "little") for b in (block0, block1, struct.pack("<QQ", 0, 64))]
    for tag in range(1, 1000):
        rows = []
        for _, _, _, r, s in sides:
            rest = known[0] * pow(r, 5, P) + known[1] * pow(r, 4, P) + known[2] * r
            rows.append((pow(r, 3, P), pow(r, 2, P), ((tag - s) % 2**128 - rest) % P))
        free = single_block_solution(rows)
        if all(x >> 128 == 1 for x in free):
            blocks = b"".join((x - 2**128).to_bytes(16, "little") for x in free)
            return salt + sides[0][2] + block0 + block1 + blocks + tag.to_bytes(16, "little")
    raise AssertionError("no solution")


def chunked():
    cases, boxes = [], {}

    def add_valid(name, comment, message, **more):
        boxes[name], case = valid(comment, message, **more)
        cases.append({"name": name, **case})

    def add_invalid(name, of, comment, slices=None, xors=(), append=b"", key=None, ctx=None):
        """An invalid box: slices of a valid one, one after the other, then bytes changed, then some appended."""
        whole = boxes[of]
        slices = slices if slices is not None else [[0, len(whole)]]
        box = bytearray(b"".join(whole[start:end] for start, end in slices))
        for offset, value in xors:
            box[offset] ^= value
        box += append
        like = next(case for case in cases if case["name"] == of)
        key, ctx = key or bytes.fromhex(like["key"]), ctx or bytes.fromhex(like["context"])
        assert unseal(key, ctx, bytes(box)) is None, name
        cases.append({
            "name": name,
            "comment": comment,
            "result": "invalid",
            "key": key.hex(),
            "context": ctx.hex(),
            "of": of,
            "slices": [list(pair) for pair in slices],
            "xor": [list(pair) for pair in xors],
            "append": append.hex(),
            "box_bytes": len(box),
            "box_sha256": hashlib.sha256(box).hexdigest(),
        })

    document, vault, shelf = bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 48))
    full = CHUNK + 16
    add_valid("hello", "a short message", b"hello")
    add_valid("empty", "no message: one empty chunk", b"")
    add_valid("one byte", "one byte", b"\0")
    add_valid("16383", "the longest single chunk", pattern(16383))
    add_valid("16384", "a whole chunk and an empty last one", pattern(16384))
    add_valid("16385", "a whole chunk and one byte", pattern(16385))
    add_valid("32769", "two whole chunks and one byte", pattern(32769))
    add_valid("piece", "a whole piece in its place", pattern(2**20), salt=b"\x44" * 24,
              ctx=context(b"piece", document, struct.pack(">IQQQ", 1, 2, 3, 2**21 + CHUNK)))
    add_valid("document key", "a wrapped key", b"\x33" * 32, salt=b"\x55" * 24,
              ctx=context(b"dek", vault, shelf, struct.pack(">IB", 7, 2), document, struct.pack(">I", 1)))

    add_invalid("wrong key", "hello", "another key", key=b"\x12" + KEY[1:])
    add_invalid("wrong context", "hello", "another context", ctx=context(b"tesu"))
    add_invalid("longer context", "hello", "a context that goes on", ctx=TEST + b"\0")
    add_invalid("other piece", "document key", "a wrapped key as a piece",
                ctx=context(b"piece", document, struct.pack(">IQQQ", 1, 0, 1, CHUNK)))
    add_invalid("flipped salt", "hello", "one bit of the salt", xors=[[0, 1]])
    add_invalid("flipped commitment", "hello", "one bit of the commitment; chunk and tag are right", xors=[[55, 0x80]])
    add_invalid("flipped text", "hello", "one bit of the ciphertext", xors=[[56, 1]])
    add_invalid("flipped tag", "hello", "one bit of the tag", xors=[[76, 0x80]])
    add_invalid("flipped middle", "32769", "one bit in the second chunk", xors=[[56 + full, 1]])
    add_invalid("nothing", "hello", "no bytes at all", slices=[])
    add_invalid("header alone", "hello", "no chunk", slices=[[0, 56]])
    add_invalid("cut byte", "hello", "the last byte is missing", slices=[[0, 76]])
    add_invalid("appended byte", "hello", "one byte too many", append=b"\0")
    add_invalid("cut chunk", "16385", "the short chunk is missing", slices=[[0, 56 + full]])
    add_invalid("cut empty chunk", "16384", "the empty last chunk is missing", slices=[[0, 56 + full]])
    add_invalid("cut middle", "32769", "the second chunk is missing", slices=[[0, 56 + full], [56 + 2 * full, 56 + 2 * full + 17]])
    add_invalid("reordered", "32769", "the whole chunks are swapped",
                slices=[[0, 56], [56 + full, 56 + 2 * full], [56, 56 + full], [56 + 2 * full, 56 + 2 * full + 17]])
    add_invalid("repeated", "16385", "the first chunk twice", slices=[[0, 56 + full], [56, 56 + full + 17]])
    add_invalid("last chunk first", "32769", "a last chunk where the first is", slices=[[0, 56], [56 + 2 * full, 56 + 2 * full + 17]])

    other_key, salt = b"\x99" * 32, b"\x66" * 24
    box = salamander(KEY, other_key, TEST, salt)
    one, two = unseal(KEY, TEST, box), unseal(other_key, TEST, box, check_commitment=False)
    assert one is not None and two is not None and one != two and unseal(other_key, TEST, box) is None
    return {
        "about": [
            "C2SP chunked encryption (c2sp.org/chunked-encryption) with AEAD_CHACHA20_POLY1305, the instance that",
            "Counterfoil seals with. Made by generate.py. message_pattern_bytes: n bytes, byte i is i mod 251.",
            "An invalid box is put together from the slices [start, end) of the box of the case `of`, then the bytes",
            "in `xor` are changed, then `append` is appended; it must not open.",
        ],
        "license": "MIT OR Apache-2.0",
        "cases": cases,
        "salamander": {
            "comment": "One box whose chunk and tag are right under two keys. Only the commitment tells them apart: the"
                       " box opens under `key`, and under `other_key` only if the commitment is not looked at.",
            "key": KEY.hex(),
            "other_key": other_key.hex(),
            "context": TEST.hex(),
            "box": box.hex(),
            "message": one.hex(),
            "other_message": two.hex(),
        },
    }


def keys_and_files():
    key, id16 = bytes(range(32)), bytes(range(100, 116))
    vault, slot = bytes(range(16, 32)), bytes(range(32, 48))
    key_file = b"\xaa" * 32

    def sealed_master(domain):
        ctx = context(b"slot", vault, slot, bytes([2, domain]))
        return seal(key_file, ctx, bytes([domain]) * 24, bytes([0xC0 + domain]) * 32)

    owner, purpose, key_id = bytes(range(48, 64)), b"device".ljust(16, b"\0"), bytes(range(64, 80))
    secret_key = subkey(key_file, b"key", owner)
    secret_box = seal(secret_key, context(b"key", owner, purpose, key_id), b"\x77" * 24, b"a private key")
    random_part = pattern(16320)
    return {
        "about": [
            "Derived keys, and slot and secret files that a key file opens. Made by generate.py; the formats are in",
            "seal/format.md.",
        ],
        "license": "MIT OR Apache-2.0",
        "subkeys": {
            "from": key.hex(),
            "id": id16.hex(),
            **{name: subkey(key, name.encode(), id16).hex()
               for name in ("dek", "head", "spool", "content", "meta", "manifest", "key")},
        },
        "ring_key": {
            "comment": "The random part of the seed slot has 16320 bytes, byte i is i mod 251.",
            "master_key": key.hex(),
            "vault_id": id16.hex(),
            "domain": 1,
            "generation": 258,
            "ring_key": ring_key(random_part, key, id16, 1, 258).hex(),
        },
        "slot_file": {
            "vault_id": vault.hex(),
            "slot_id": slot.hex(),
            "key_file": key_file.hex(),
            "masters": {"1": (b"\xc1" * 32).hex(), "2": (b"\xc2" * 32).hex()},
            "file": cbor({0: 1, 1: 2, 2: vault, 3: slot, 5: {1: sealed_master(1), 2: sealed_master(2)}}).hex(),
        },
        "secret_file": {
            "owner_id": owner.hex(),
            "purpose": purpose.hex(),
            "key_id": key_id.hex(),
            "key_file": key_file.hex(),
            "secret": b"a private key".hex(),
            "file": cbor({0: 1, 1: 2, 2: owner, 3: purpose, 4: key_id, 6: secret_box}).hex(),
        },
    }


def self_test():
    """RFC 8439 §2.8.2 and RFC 5869's shape, before anything is made with them."""
    sunscreen = (b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
                 b"sunscreen would be it.")
    sealed = aead_seal(bytes(range(0x80, 0xA0)), bytes.fromhex("070000004041424344454647"), sunscreen,
                       bytes.fromhex("50515253c0c1c2c3c4c5c6c7"))
    assert sealed[-16:].hex() == "1ae10b594f09e26a7e902ecbd0600691"
    assert sealed[:16].hex() == "d31a8d34648e60db7b86afbc53ef7ec2"


def main():
    self_test()
    here = pathlib.Path(__file__).resolve().parent
    stale = False
    for name, make in (("chunked_chacha20poly1305.json", chunked), ("keys_and_files.json", keys_and_files)):
        text = (json.dumps(make(), indent=1, ensure_ascii=True) + "\n").encode()
        path = here / name
        if sys.argv[1:] == ["--check"]:
            if not path.exists() or path.read_bytes() != text:
                print(f"{name} is not what this program makes", file=sys.stderr)
                stale = True
        else:
            path.write_bytes(text)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
