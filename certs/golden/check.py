#!/usr/bin/env python3
"""Computes the golden values once more from format.md, with nothing but Python's standard library.

Reads the files beside it and ends with 0 if all agree. Not a parser for anything but these files.
"""
import hashlib
import hmac
import pathlib
import struct
import sys

FOLDER = pathlib.Path(__file__).parent
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def load(name):
    lines = (FOLDER / name).read_text().splitlines()
    return dict(line.split(" = ", 1) for line in lines)


def decode(data, at=0):
    """One CBOR item of our subset, and where it ends."""
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    width = {24: 1, 25: 2, 26: 4, 27: 8}.get(info, 0)
    value = int.from_bytes(data[at:at + width], "big") if width else info
    at += width
    if major == 0:
        return value, at
    if major in (2, 3):
        raw = bytes(data[at:at + value])
        return (raw if major == 2 else raw.decode()), at + value
    if major == 4:
        items = []
        for _ in range(value):
            item, at = decode(data, at)
            items.append(item)
        return items, at
    if major == 5:
        pairs = {}
        for _ in range(value):
            key, at = decode(data, at)
            pairs[key], at = decode(data, at)
        return pairs, at
    raise ValueError("not our subset")


def lp(part):
    return struct.pack(">I", len(part)) + part


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def transcript(label, *parts):
    return hashlib.sha256(label + b"\0" + b"".join(lp(part) for part in parts)).digest()


def base32(bits, count):
    return "".join(SYMBOLS[bits >> (5 * at) & 31] for at in reversed(range(count)))


def multiply(left, right):
    product = 0
    for bit in range(5):
        product ^= (left << bit) * (right >> bit & 1)
    for bit in range(8, 4, -1):
        product ^= (0x25 << (bit - 5)) * (product >> bit & 1)
    return product


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return crc


def check(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: {found!r} is not {wanted!r}")


def invitation_keys():
    file = load("invitation.txt")
    secret, pin = bytes.fromhex(file["secret"]), bytes.fromhex(file["pin"])
    number, host = int(file["id"]), file["host"].encode()
    bits = number << 85 | int.from_bytes(secret, "big") >> 3

    data = [bits >> (5 * at) & 31 for at in reversed(range(23))]
    # The check symbols are the two for which the whole vanishes at a and a^2: tried one by one.
    def at_root(symbols, root):
        total = 0
        for value in symbols:
            total = multiply(total, root) ^ value
        return total

    tails = [(one, two) for one in range(32) for two in range(32)
             if at_root(data + [one, two], 2) == 0 and at_root(data + [one, two], 4) == 0]
    check("check symbols", len(tails), 1)
    code = "".join(SYMBOLS[value] for value in data + list(tails[0]))
    check("code", "-".join(code[at:at + 5] for at in range(0, 25, 5)), file["code"])

    word = b"\1" + (bits << 5).to_bytes(15, "big") + pin + struct.pack(">IHB", int(file["expires"]),
                                                                     int(file["port"]), len(host)) + host
    word += struct.pack(">H", crc16(word))
    count = -(-len(word) * 8 // 5)
    whole = int.from_bytes(word, "big") << (count * 5 - len(word) * 8)
    check("word", "CF1" + base32(whole, count), file["word"])

    keys, context = {}, b"counterfoil/invite/v1"
    for side in (b"server", b"client", b"reply"):
        extracted = mac(context, secret)
        info = context + b" " + side + b"\0" + lp(struct.pack(">I", number)) + lp(pin)
        keys[side] = mac(extracted, info, b"\1")
    check("keys", b"".join(keys.values()).hex(), file["keys"])
    return number, keys


def enrolment(number, keys):
    file = load("enrolment.txt")
    exporter = bytes.fromhex(file["exporter"])
    hello = bytes.fromhex(file["hello"])
    check("exporter context", hashlib.sha256(hello).hexdigest(), file["exporter context"])
    check("hello", decode(hello)[0][1], number)
    offer, offer_mac = decode(bytes.fromhex(file["offer"]))[0]
    request, pop_tls, pop_sign, request_mac = decode(bytes.fromhex(file["request"]))[0]
    reply, reply_mac = decode(bytes.fromhex(file["reply"]))[0]

    t1 = transcript(b"counterfoil/enrol/v1 offer", exporter, hello, offer)
    check("mac_s", mac(keys[b"server"], t1), offer_mac)
    t2 = transcript(b"counterfoil/enrol/v1 request", t1, offer_mac, request)
    client = mac(keys[b"client"], b"counterfoil/enrol/v1 client\0", t2, pop_tls, pop_sign)
    check("mac_c", client, request_mac)
    answer = mac(keys[b"reply"], b"counterfoil/enrol/v1 reply\0", t2, request_mac, lp(reply))
    check("mac_r", answer, reply_mac)

    request, reply = decode(request)[0], decode(reply)[0]
    practice = load("certificates.txt")["practice"].encode()
    digest = transcript(b"counterfoil/enrol/v1 check", practice, struct.pack(">I", number), request[1], request[2],
                        reply[7])
    digits = int.from_bytes(digest, "big") % 10**8
    check("digits", f"{digits // 10000:04} {digits % 10000:04}", file["digits"])


def renewal():
    file = load("renewal.txt")
    exporter, leaf = bytes.fromhex(file["exporter"]), bytes.fromhex(file["leaf"])
    request = decode(bytes.fromhex(file["renew"]))[0][1]
    check("exporter context", hashlib.sha256(request).hexdigest(), file["exporter context"])
    found = transcript(b"counterfoil/renew/v1 request", exporter, hashlib.sha256(leaf).digest(), request)
    check("renewal transcript", found.hex(), file["transcript"])


def root_record():
    body, signatures = decode(bytes.fromhex(load("root-record.txt")["record 1"]))[0]
    record, certificates = decode(body)[0], load("certificates.txt")
    spki = hashlib.sha256(signatures[0][0]).digest()
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    first = int.from_bytes(spki[:10], "big")
    practice = "".join(alphabet[first >> (5 * at) & 31] for at in reversed(range(16)))
    check("practice", (record[1], practice), (certificates["practice"],) * 2)
    check("pin", base32(int.from_bytes(spki[:16], "big") << 2, 26), certificates["pin"])
    check("root", record[3][0].hex(), certificates["root"])


enrolment(*invitation_keys())
renewal()
root_record()
